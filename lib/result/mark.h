/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark of a run directory, {runs root}/.locks/{run}.run, read and written
 * under the directory's lock: which runs have emptied the directory and who
 * makes them, whose kernel lies in it, and the sub-directories of the others.
 * Two runs at once thus empty it once each and never each other's later
 * results, and nobody removes what a run has written that still goes on.
 */
#ifndef RESULT_MARK_H
#define RESULT_MARK_H

#include "base/str.h"

struct mark {
	struct strv runs;    /* tokens, the latest last */
	struct strv runners; /* their processes, as far as they are known */
	struct strv others;  /* sub-directories */
	char *label;
};

/* A mark that cannot be read is none. */
void mark_load(struct mark *m, const char *path);
int mark_save(const struct mark *m, const char *path, struct err *e);
void mark_release(struct mark *m);

/* Path of a run directory's mark; caller frees. */
char *mark_path(const char *root, const char *run);

/* Note who makes this run, and forget who is gone. Whether that changed it. */
bool mark_runner(struct mark *m);

/* The process that is still making a run in this directory, "pid=N cmd=…";
 * caller frees. NULL when there is none. */
char *run_going_on(const char *root, const char *run);

#endif
