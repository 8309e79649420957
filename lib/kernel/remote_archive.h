/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cache entry as one file: a tar, compressed by zstd, of metadata.json, the
 * boot image and, when there is one, vmlinux; in that order, plain files of
 * mode 0644. metadata.json has the sizes and checksums of the others and the
 * key, and no path of the machine it comes from. Readers take a tar that is
 * compressed by zstd, xz or gzip, or not at all.
 */
#ifndef KERNEL_REMOTE_ARCHIVE_H
#define KERNEL_REMOTE_ARCHIVE_H

#include "kernel/cache.h"

#define REMOTE_MAX (1ull << 30) /* bytes in an archive, packed and unpacked */

/* Write the entry to fd: 0 or -1. */
int remote_pack(const struct cache_entry *c, int fd, struct err *e);

/*
 * Unpack the file fd into dir, an empty directory, and believe nothing: names
 * other than those three, links, more than REMOTE_MAX bytes, another key, a
 * kernel for another machine, sizes and checksums that do not fit are errors.
 */
int remote_unpack(int fd, const char *dir, const char *key, struct err *e);

#endif
