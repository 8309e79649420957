/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs of this host are online, which last-level cache (LLC) and NUMA
 * node each belongs to, as sysfs tells it.
 *
 * An LLC is named by its index here, in the order of the caches' ids: that is
 * the N of ktstr-llc-N.lock. CPUs whose caches are not described share one.
 */
#ifndef HOST_LLC_H
#define HOST_LLC_H

#include "base/cpus.h"

struct llc {
	unsigned level, id, node;
	struct cpus cpus; /* online ones */
};

struct llc_map {
	const char *root; /* in front of /sys, "" for this host; the caller's */
	struct cpus online;
	struct llc *llc;
	size_t n;
	struct cpus nodes; /* online NUMA nodes, or those of the caches */
};

/* 0, or -1 when sysfs does not tell which CPUs are online. root may be NULL. */
int llc_map_read(struct llc_map *m, const char *root, struct err *e);
void llc_map_release(struct llc_map *m);

/* The LLC a CPU belongs to, or NULL. */
const struct llc *llc_of(const struct llc_map *m, uint32_t cpu);

/* Hardware threads of the CPU's core, at least the CPU itself. */
void llc_core_of(const struct llc_map *m, uint32_t cpu, struct cpus *core);

/* Distance between nodes: 10 to itself, 255 for unknown. */
unsigned llc_node_distance(const struct llc_map *m, unsigned from, unsigned to);

#endif
