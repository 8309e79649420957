/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kernel of a prepared set as a record: its source is looked at as far as
 * its key needs it, then the cache. Begins the editor; the caller writes it.
 */
#ifndef SOURCE_RESOLVE_RECORD_H
#define SOURCE_RESOLVE_RECORD_H

#include "json/record.h"
#include "source/resolve.h"

/* "cached", "fetched" or "missing"; "error", said on stderr too, for one that
 * failed before or does so now. */
void resolve_record(struct resolve *r, size_t index, struct edit *d);

/* A set that cannot be run at all is one failed record. */
void resolve_refusal(struct resolve *r, char **words, size_t n, const struct err *why, struct edit *d);

#endif
