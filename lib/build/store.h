/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a built tree to an entry of the cache: whether the tree is still what
 * its key says, what the entry says it was built from, and what people are
 * told of it. The job's strings stay the job's.
 */
#ifndef BUILD_STORE_H
#define BUILD_STORE_H

#include "build/job.h"

/* A tree of the user's, after make: false, and said why, when it is not what
 * it was when the build began. */
bool build_still_same(struct build_job *j);

/* Put the results in the cache: 0 with j->dir, or -1. */
int build_store(struct build_job *j, struct err *e);

/* Where the kernel is now, and for one that was not stored why. */
void build_say_cached(const struct build_job *j);
void build_say_not_cached(const struct build_job *j);

#endif
