/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The topology of the machine this process runs on as sysfs tells it.
 */
#ifndef TEST_TOPO_H
#define TEST_TOPO_H

#include "base/cpus.h"

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
