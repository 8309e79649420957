/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel.org's releases.json says, and the copy of it that is kept in
 * {cache root}/.releases.json with the time it was last known to be current.
 * Nothing here talks to the network; source/index.h does.
 */
#ifndef KERNEL_RELEASES_H
#define KERNEL_RELEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "kernel/version.h"

struct release {
	char *moniker; /* "mainline", "stable", "longterm", "linux-next" */
	char *version;
	struct version v; /* when parsed */
	bool parsed;      /* version is one by our grammar */
	bool eol;         /* listed, and said to have ended */
};

/* The newest release of a series that the index no longer lists, as the
 * directory listing had it. */
struct probe {
	char *series, *version;
	int64_t at; /* seconds since the epoch */
};

struct releases {
	struct release *v; /* in the file's order */
	size_t n, cap;
	struct probe *probes;
	size_t n_probes, cap_probes;
	char *url;             /* where it came from */
	char *etag, *modified; /* of that answer, or NULL */
	int64_t checked;       /* when it was known to be current; 0: never */
};
void releases_release(struct releases *r);

/* Take the rows out of the text of releases.json (or of the stored copy).
 * Rows without the two strings are dropped, with one warning. 0, or -1 with
 * "parse releases.json: …" or "releases.json: missing releases array". */
int releases_parse(struct releases *r, const char *json, size_t n, struct err *e);

/* The stored copy: 1; 0 when there is none for this kernel.org or it is
 * damaged; -1 when there is no cache root. Release r in any case. */
int releases_load_stored(struct releases *r, struct err *e);
int releases_store(const struct releases *r, struct err *e);

/* "5m 3s": time since the index was known to be current. */
void releases_add_age(const struct releases *r, struct str *out);

/* Whether a version's series is listed and not at its end. An empty index
 * knows nothing: then everything counts as active. */
bool releases_is_active(const struct releases *r, const char *version);

/* The newest stable or longterm release with a patch number of 8 or more, by
 * the order of the file; NULL. What these return belongs to r. */
const char *releases_latest(const struct releases *r);

/* The newest release of series "6.14" or "6", never a candidate; NULL. */
const char *releases_newest(const struct releases *r, const char *series);

/* Append the stable and longterm releases from a to b, oldest first. */
void releases_range(const struct releases *r, const struct version *a, const struct version *b, struct strv *out);

/* The newest row of all series but linux-next; NULL for an empty index. */
const struct release *releases_last(const struct releases *r);

void releases_add_probe(struct releases *r, const char *series, const char *version);
const struct probe *releases_probe(const struct releases *r, const char *series);

#endif
