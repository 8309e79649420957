/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a listing of the cache looks, as rows and as JSON.
 */
#ifndef KERNEL_CACHE_SHOW_H
#define KERNEL_CACHE_SHOW_H

#include "json/write.h"
#include "kernel/cache.h"
#include "kernel/releases.h"

/* What entries are compared with. */
struct cache_view {
	char fragment[9];       /* crc32 of our kconfig fragment */
	struct releases active; /* the stored index of kernel.org */
	bool knows_active;
	struct err unknown; /* why not */
};

/* Read the fragment and the stored index, without the network: 0, or -1 when
 * there is no fragment. */
int cache_view_load(struct cache_view *v, struct err *e);
void cache_view_release(struct cache_view *v);

/* Which tags were shown, for the legends. */
struct cache_tags {
	bool eol, stale, untracked;
	size_t corrupt;
};

/* Header and rows on stdout. */
void cache_show_rows(const struct cache_view *v, const struct cache_entry *list, size_t n, struct cache_tags *seen);
/* What the tags mean, on stderr. */
void cache_show_legends(const struct cache_view *v, const struct cache_tags *seen, const char *root);

/* One entry as a JSON object; all of them as one document. */
void cache_put_entry(struct jw *w, const struct cache_view *v, const struct cache_entry *c);
void cache_put_list(struct jw *w, const struct cache_view *v, const struct cache_entry *list, size_t n);

#endif
