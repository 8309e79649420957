/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where result files go: {runs root}/{kernel version}-{project commit}/, or
 * KTSTR_SIDECAR_DIR as it is. A run directory holds one run: the first writer
 * of a new run empties it, every other one finds its token in the mark
 * (mark.h) and adds to what is there.
 *
 * Two kernels of one version in one run (two trees, two configurations) must
 * not overwrite each other: the first keeps the run directory, each further
 * kernel label gets a sub-directory of it, one level deep, which every reader
 * of this format looks into. Results without a label, as of tests on the
 * host, stay in the run directory.
 */
#ifndef RESULT_PLACE_H
#define RESULT_PLACE_H

#include "base/lock.h"
#include "base/str.h"

/* ktstr in cargo's target directory (target.h). Caller frees. */
char *runs_root(void);

struct place {
	char *dir;  /* exists; result files go here */
	bool first; /* this run's first writer, which emptied the directory */
	struct lock lock;
};

/* Find, make, lock and, for a new run, empty the directory. version, commit
 * and label may be NULL. The lock is held until place_close. 0 or -1. */
int place_open(struct place *p, const char *version, const char *commit, const char *label, struct err *e);
void place_close(struct place *p);

#endif
