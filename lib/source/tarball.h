/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel sources as a tarball on disk, named by the digest of its bytes. A
 * digest once computed is remembered in {cache root}/.digests, one JSON line
 * a file, for as long as path, size, modification time and inode stay.
 */
#ifndef SOURCE_TARBALL_H
#define SOURCE_TARBALL_H

#include <stdbool.h>

#include "base/err.h"

#define SHA256_HEX 65 /* 64 digits and a NUL */

/* Whether the name ends in .tar, .tar.xz, .tar.gz or .tar.zst. */
bool tarball_name(const char *path);

/* SHA-256 of the file at the canonical path: 0, or -1. Not being able to read
 * or write the memory is no error. */
int tarball_sha256(const char *path, const char *cache_root, char hex[SHA256_HEX], struct err *e);

#endif
