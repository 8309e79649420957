/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tarballs that were fetched once: {cache root}/.tarballs/linux-V.tar.xz and
 * beside each its digest in a file that sha256sum -c reads. A kernel that is
 * configured anew is unpacked from there. Those not used for longest go when
 * all take more than KTSTR_TARBALLS_MAX MiB; with 0 none stays.
 */
#ifndef SOURCE_TARBALLS_H
#define SOURCE_TARBALLS_H

#include <stdbool.h>

#include "base/err.h"
#include "source/tarball.h"

/* Where a tarball of that name is or will be, its directory made; caller
 * frees, NULL with e. */
char *tarballs_path(const char *name, struct err *e);

/* Whether it is there, and the digest it must have. */
bool tarballs_has(const char *path, char sum[SHA256_HEX]);

/* It has been put at path: keep its digest. */
int tarballs_keep(const char *path, const char *sum, struct err *e);

/* The one at path has been used and nobody's lock is on it any more: remove
 * what is too much, it too when there is room for none. */
void tarballs_trim(const char *path);

/* It is damaged. */
void tarballs_drop(const char *path);

#endif
