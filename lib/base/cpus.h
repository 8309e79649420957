/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of CPUs (or of NUMA nodes), of fixed size and owned by nobody.
 */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CPUS_MAX 8192 /* the most a kernel can be configured for */

struct cpus {
	uint64_t bits[CPUS_MAX / 64];
};

void cpus_set(struct cpus *c, uint32_t cpu); /* beyond CPUS_MAX: nothing */
void cpus_unset(struct cpus *c, uint32_t cpu);
bool cpus_has(const struct cpus *c, uint32_t cpu);
uint32_t cpus_count(const struct cpus *c);
/* The first one at or behind from, CPUS_MAX for none. */
uint32_t cpus_next(const struct cpus *c, uint32_t from);
#define CPUS_EACH(cpu, c) for (uint32_t cpu = cpus_next((c), 0); cpu < CPUS_MAX; cpu = cpus_next((c), cpu + 1))

void cpus_or(struct cpus *to, const struct cpus *from);
void cpus_and(struct cpus *to, const struct cpus *with);
void cpus_minus(struct cpus *from, const struct cpus *what);
bool cpus_equal(const struct cpus *a, const struct cpus *b);

/* "0-1,3": 0, or -1 when it is no list of CPUs below CPUS_MAX. */
int cpus_parse(const char *list, struct cpus *c);
/* The list with its ranges, appended. */
void cpus_print(const struct cpus *c, struct str *out);

/* The CPUs this process may run on: 0, or -1 when the system does not say. */
int cpus_allowed(struct cpus *c);
/* How many that are, at least 1. */
uint32_t cpus_allowed_count(void);
/* Confine this process to these; what it starts inherits that. 0, or -1 with
 * errno. */
int cpus_confine(const struct cpus *c);

#endif
