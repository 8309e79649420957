/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of CPUs, and the topology of the machine this process runs on as sysfs
 * tells it.
 */
#ifndef TEST_CPUS_H
#define TEST_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CPUS_MAX 1024

struct cpus {
	uint64_t bits[CPUS_MAX / 64];
};

void cpus_set(struct cpus *c, uint32_t cpu); /* beyond CPUS_MAX: nothing */
bool cpus_has(const struct cpus *c, uint32_t cpu);
uint32_t cpus_count(const struct cpus *c);
void cpus_or(struct cpus *to, const struct cpus *from);
void cpus_minus(struct cpus *from, const struct cpus *what);
bool cpus_equal(const struct cpus *a, const struct cpus *b);

/* "0-1,3": 0, or -1 when it is no list of CPUs below CPUS_MAX. */
int cpus_parse(const char *list, struct cpus *c);
/* The list with its ranges, appended. */
void cpus_print(const struct cpus *c, struct str *out);

/* CPUs this process may run on, at least 1. */
uint32_t cpus_allowed_count(void);

struct cpu_topo {
	struct cpus all;
	struct cpus *llc, *node; /* which CPUs each has, by first CPU */
	uint32_t cpus, llcs, nodes;
};
/* 0, or -1 when sysfs does not tell. Caches and nodes that are not described
 * count as one of everything. */
int cpu_topo_read(struct cpu_topo *t);
void cpu_topo_release(struct cpu_topo *t);

#endif
