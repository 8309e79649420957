/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metadata.json of a cache entry: reading it, and saying what is wrong with
 * one that cannot be read. Unknown keys are ignored.
 */
#ifndef KERNEL_CACHE_META_H
#define KERNEL_CACHE_META_H

#include "kernel/cache.h"

/* Fill c from {c->dir}/metadata.json; what is wrong goes to c->problem and
 * c->problem_kind, and an entry without a problem has its image. */
void cache_meta_load(struct cache_entry *c);

/* Whether a name may be an image's: no '/', no '\\', no "..", not empty. */
bool cache_image_ok(const char *name);

#endif
