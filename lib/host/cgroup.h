/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cgroup (v2) of its own for what a child starts, below the cgroup this
 * process is in. This process never enters it, so that nothing has to be
 * moved back: the child joins between fork and exec.
 *
 * Since this process stays in the parent, the kernel lets the parent have
 * threaded children only; cpuset, the one controller wanted, can be that.
 *
 * It is named ktstr-build-{time}-{pid} and held by a lock on its directory;
 * the next one to make a sandbox removes those whose holder is gone.
 */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include "base/cpus.h"

struct sandbox {
	char *path; /* NULL: there is none */
	int dir;    /* open and locked */
	int procs;  /* its cgroup.procs, open for writing */
};

#define SANDBOX_NONE { .dir = -1, .procs = -1 }

/* Whether one could be made, as far as can be seen without trying: 0, or -1
 * with the reason. */
int sandbox_check(struct err *e);

/* Make it for these CPUs and nodes. -1 with the reason where this host does
 * not let us; s is empty then. */
int sandbox_make(struct sandbox *s, const struct cpus *cpus, const struct cpus *nodes, struct err *e);

/* In the child: join. 0, or -1 with errno. */
int sandbox_join(const struct sandbox *s);

/* End whatever is left in it and remove it. */
void sandbox_remove(struct sandbox *s);

#endif
