/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test targets share: limits, and the scheduler most of them run
 * under. It is from the kernel's tools/sched_ext.
 */
#ifndef SCHEDULERS_H
#define SCHEDULERS_H

#include <ktstr.h>

/* Wide enough for an emulated guest on a busy host. */
#define LIMITS                                     \
	{                                          \
		.not_starved = KTSTR_ON,           \
		.max_gap_ms = KTSTR_LIMIT(1500),   \
		.max_spread_pct = KTSTR_LIMIT(30), \
	}

KTSTR_SCHEDULER(simple, .name = "scx_simple", .binary = "scx_simple", .assert = LIMITS);

#endif
