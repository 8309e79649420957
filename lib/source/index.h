/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.org's release index from the network, kept in the cache root. With
 * KTSTR_OFFLINE set, or when kernel.org cannot be reached, the stored copy
 * has to do, and a note says how old it is.
 */
#ifndef SOURCE_INDEX_H
#define SOURCE_INDEX_H

#include "kernel/releases.h"

/* The index, current if that can be had: 0, or -1 with "fetch URL: …" or what
 * is wrong with it. Release r in any case. */
int index_get(struct releases *r, struct err *e);

/* The newest release of a series that the index does not list, by kernel.org's
 * directory listing, which is asked each time; the last answer has to do where
 * it cannot be. 0 with *version the caller's; 1 when kernel.org has none, -1
 * when it cannot be asked and never was, both with e. */
int index_probe(struct releases *r, const char *series, char **version, struct err *e);

/* The newest release of a series that is built and cached, one that the
 * present configuration takes before others; NULL. Caller frees. */
char *index_newest_cached(const char *series, bool lean);

#endif
