/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source tree of one commit, one commit deep, by the git program.
 */
#ifndef SOURCE_GIT_FETCH_H
#define SOURCE_GIT_FETCH_H

#include "kernel/krecord.h"

/*
 * Fetch the commit of k (kind "git") into dir/linux with HEAD detached there.
 * A commit known by the beginning of its id is looked for in the history
 * first. 0 with *top "linux" (caller frees), or -1: "clone …".
 */
int git_fetch(const struct krecord *k, const char *dir, char **top, struct err *e);

/* The id HEAD of such a tree holds, or NULL; caller frees. */
char *git_fetched_commit(const char *tree);

#endif
