/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a result comes from: the project's commit, the kernel's version and
 * commit, the kind of run. What cannot be found out is NULL, never an error.
 * Texts returned are the caller's to free.
 *
 * A commit is the first seven hex digits of HEAD, with "-dirty" behind them
 * when a tracked file differs between HEAD, index and work tree.
 */
#ifndef RESULT_PROVENANCE_H
#define RESULT_PROVENANCE_H

/* Of the repository the current directory lies in. */
char *project_commit(void);

/* kernel as in KTSTR_KERNEL: a path, a version or a cache key; may be NULL. */
char *kernel_version_of(const char *kernel);

/* HEAD of the kernel's source tree, where it is a git tree itself. */
char *kernel_commit_of(const char *kernel);

/* The source tree itself: a path's own or the one its cache entry names. */
char *kernel_tree_of(const char *kernel);

/* "ci" when KTSTR_CI is set, else "local". */
const char *run_source(void);

#endif
