/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU budget: how many CPUs a build may use, and which. A build reserves
 * CPUs for as long as make runs, so that builds side by side use different
 * ones and tests that measure are left alone. Reserved is a CPU by a lock on
 * {lock dir}/ktstr-cpu-N.lock and, shared, on {lock dir}/ktstr-llc-N.lock of
 * the last-level cache it belongs to; the locks die with their holder.
 *
 * Only the child that budget_child is called in is confined to the CPUs:
 * by a cgroup of its own where that can be had, and by its affinity.
 *
 * KTSTR_CPU_CAP stands for a cap that is not given; KTSTR_BYPASS_LLC_LOCKS
 * and KTSTR_CARGO_TEST_MODE give all CPUs and reserve none.
 *
 * A struct budget owns its locks and its cgroup until budget_release.
 */
#ifndef HOST_BUDGET_H
#define HOST_BUDGET_H

#include "base/cpus.h"
#include "base/lock.h"
#include "host/cgroup.h"

struct budget {
	const char *label; /* in: whose progress it is while waiting; may be NULL */
	const char *root;  /* in: where /proc and /sys are read, for tests; NULL */
	unsigned cpus;     /* make's -j */
	struct cpus set;   /* the CPUs to stay on; empty: any */
	struct cpus nodes; /* the NUMA nodes they belong to */
	struct cpus llcs;  /* indices of the caches reserved */
	bool many_nodes;   /* the host has more than these */
	struct lock *locks;
	size_t n_locks;
	struct sandbox sandbox;
};

#define BUDGET_NONE { .sandbox = SANDBOX_NONE }

/* What to hand to budget_take for --cpu-cap, or without it by KTSTR_CPU_CAP: 0
 * with the cap (0: none), or -1 when it is no cap for this host. given is -1
 * when the option was not there; root as in struct budget. */
int budget_cap(long given, const char *root, unsigned *cap, struct err *e);

/*
 * Reserve cap CPUs, or without a cap up to 30 % of those this process may
 * run on. While others have reserved what is needed this waits, and says for
 * whom; stop_wanted ends the waiting. 0, or -1. Fill b from BUDGET_NONE
 * first; it needs budget_release in either case.
 */
int budget_take(struct budget *b, unsigned cap, struct err *e);

/* In a forked child, before exec: confine it. Fits struct child's enter. */
void budget_child(const void *budget);

/* Once the child is gone: what it left in the cgroup is ended, the cgroup
 * removed, the locks let go. */
void budget_release(struct budget *b);

#endif
