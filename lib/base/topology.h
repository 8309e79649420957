/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU topology of a guest: NUMA nodes, last-level caches, cores of each
 * cache, threads of each core. CPU numbers count threads first, then cores,
 * then caches; the caches are dealt to the nodes in consecutive runs.
 */
#ifndef BASE_TOPOLOGY_H
#define BASE_TOPOLOGY_H

#include <stdint.h>

#include "base/err.h"

struct topology {
	uint32_t nodes, llcs, cores, threads;
};

/* Parse a label, "1n2l4c1t". 0, or -1 for what is no label, for caches that
 * the nodes cannot share evenly, and for more CPUs than anybody counts. */
int topology_parse(struct topology *t, const char *label, struct err *e);

/* Parse "1,2,4,1": nodes, caches, cores, threads. 0 or -1, as above. */
int topology_parse_list(struct topology *t, const char *text, struct err *e);

/* The label; caller frees. */
char *topology_label(const struct topology *t);

/* Caches, cores and threads multiplied; 64 bits hold what a test declares. */
uint64_t topology_cpus(const struct topology *t);

#endif
