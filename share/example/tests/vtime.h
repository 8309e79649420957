/* SPDX-License-Identifier: GPL-2.0-only */
/* The arithmetic of a weighted vtime scheduler, shared with its tests. */
#ifndef VTIME_H
#define VTIME_H

#include <stdint.h>

#define VTIME_DEFAULT_WEIGHT 100

/* How far ran_ns on a CPU moves a task's vtime; weight is 1 to 10000. */
static inline uint64_t vtime_charge(uint64_t ran_ns, uint32_t weight)
{
	return ran_ns * VTIME_DEFAULT_WEIGHT / weight;
}

/* Whether vtime a comes before b; the counters may wrap. */
static inline int vtime_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

#endif
