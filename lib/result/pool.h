/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding runs: the directories of a pool. */
#ifndef RESULT_POOL_H
#define RESULT_POOL_H

#include <time.h>

#include "base/str.h"

struct run {
	char *name, *path;
	struct timespec mtime;
	bool has_mtime;
};

/* The directories under root, newest first, then by name; those with a
 * leading dot only if hidden. A missing root has none. Caller runs_release. */
size_t pool_runs(const char *root, bool hidden, struct run **runs);
void runs_release(struct run *runs, size_t n);

/* Where the newest results are: KTSTR_SIDECAR_DIR or the newest run; caller
 * frees, NULL when there is none. */
char *pool_newest(void);

/* The name of a run directory given by any path; caller frees. */
char *run_name(const char *dir);

#endif
