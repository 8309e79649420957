/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel build runs in its source tree: the tools it needs, make under
 * a budget of CPUs with the log and the lock its processes share, and where
 * the results lie afterwards. The caller holds the source; nothing here looks
 * at the cache.
 */
#ifndef BUILD_COMPILE_H
#define BUILD_COMPILE_H

#include "build/job.h"

/* Whether the programs a build starts are there: 0, or -1 naming each that is
 * not. */
int build_check_tools(bool lean, struct err *e);

/* make mrproper, in trees of the user's only: 0 or -1. */
int build_clean(struct build_job *j, struct err *e);

/* Configure and build: 0 with j's image, and vmlinux unless there is none, or
 * -1. */
int build_make(struct build_job *j, struct err *e);

#endif
