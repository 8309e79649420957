/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.org: where things are and what its index files say. With
 * KTSTR_KERNEL_ORG set, every URL is below that base. Nothing here talks to
 * the network. Strings returned are the caller's to free.
 */
#ifndef KERNEL_ORG_H
#define KERNEL_ORG_H

#include <stdbool.h>

#include "base/str.h"

/* Whether it is a release candidate: those are snapshots without checksums. */
bool org_is_rc(const char *version);

char *org_tarball_url(const char *version);
char *org_sums_url(const char *version);
char *org_releases_url(void);
/* The directory of all tarballs of a series' major version. */
char *org_listing_url(const char *series);

/* The name of a version's tarball in sha256sums.asc: "linux-6.12.9.tar.xz". */
char *org_tarball_name(const char *version);

/* Find a file's digest in the text of sha256sums.asc, up to the signature:
 * true with sum filled (64 hex digits, lower case). */
bool org_find_sum(const char *text, const char *name, char sum[65]);

/* The newest release of series "6.14" or "6" by the text of a directory
 * listing: "6.14.11", "6.14" when its first release is all there is, or NULL. */
char *org_newest_listed(const char *text, const char *series);

#endif
