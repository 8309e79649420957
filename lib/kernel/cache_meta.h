/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metadata.json of a cache entry: reading it, and saying what is wrong with
 * one that cannot be read. Unknown keys are ignored.
 */
#ifndef KERNEL_CACHE_META_H
#define KERNEL_CACHE_META_H

#include "kernel/cache.h"

#define CACHE_STAGE ".tmp-" /* what a directory that is no entry yet begins with */

/* Fill c from {c->dir}/metadata.json; what is wrong goes to c->problem and
 * c->problem_kind, and an entry without a problem has its image. */
void cache_meta_load(struct cache_entry *c);

/* Whether a name may be an image's: no '/', no '\\', no "..", not empty. */
bool cache_image_ok(const char *name);

/* The first file of the entry's directory that is no part of an entry; caller
 * frees, NULL for none. */
char *cache_stranger(const char *dir);

/* Whether a directory without metadata.json is something else's. */
bool cache_is_foreign(const struct cache_entry *c);

/* The root as a path that means the same in every directory; caller frees,
 * NULL with e. */
char *cache_absolute_root(struct err *e);

/* The size and checksum of a file of dir as it is now: 0 or -1. */
int cache_sum_file(const char *dir, const char *name, struct cache_sum *s, struct err *e);

#endif
