/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The building of one source under its locks: what the tree holds is looked at
 * when its lock is held and again after make, the cache is asked once more,
 * and only what surely is what its key says is stored. How make is run is
 * build_make's, what an entry says is build_store's.
 */
#ifndef BUILD_ONE_H
#define BUILD_ONE_H

#include "build/job.h"

/* Build it, or find it built meanwhile: 0 with j's key and dir, and stored
 * when that is an entry of the cache; or -1. A source of ours that has done
 * its work is j->run->spent then. */
int build_one(struct build_job *j, struct err *e);

#endif
