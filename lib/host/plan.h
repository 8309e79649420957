/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs to reserve. Nothing here looks at the host or locks anything.
 *
 * LLCs nobody uses come first, so that builds side by side have caches of
 * their own; one LLC that has room for all is better than several, and then
 * those on the same node or near it. LLCs are taken whole but for the last
 * one. Within it idle cores come first, a thread of each, then the second
 * threads of cores that are ours, then those of other people's.
 */
#ifndef HOST_PLAN_H
#define HOST_PLAN_H

#include "host/llc.h"

struct plan {
	struct cpus cpus;  /* as many as wanted, or all there are */
	struct cpus llcs;  /* indices */
	struct cpus nodes; /* of these LLCs */
};

struct plan_state {
	struct cpus free; /* CPUs that may be taken */
	struct cpus shut; /* indices of LLCs that somebody has to himself */
	struct cpus used; /* indices of LLCs that somebody has a part of */
};

/* Choose want CPUs; the number found, which may be less. */
uint32_t plan_make(struct plan *p, const struct llc_map *m, const struct plan_state *s, uint32_t want);

#endif
