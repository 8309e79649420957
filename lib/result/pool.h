/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding result files: which directories are runs, which files are results.
 * Order is by path, so that the same files give the same output everywhere.
 */
#ifndef RESULT_POOL_H
#define RESULT_POOL_H

#include <time.h>

#include "base/str.h"

/* Append the result files of dir and of its sub-directories, one level deep.
 * -1 with e when dir itself cannot be read. */
int pool_files(const char *dir, struct strv *paths, struct err *e);

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

/* Read one result file's text: 0 or -1 with why it cannot be read (no
 * regular file, too large, an I/O error). */
int pool_read(const char *path, struct str *text, struct err *e);

#endif
