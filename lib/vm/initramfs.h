/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's first filesystem: a list of entries, written as one plain newc
 * cpio archive into memory. Paths are the guest's, absolute, without "..".
 * Every entry owns copies of what it was given. Parent directories come by
 * themselves.
 */
#ifndef VM_INITRAMFS_H
#define VM_INITRAMFS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct initramfs_entry {
	char *path;      /* with the leading '/' */
	char *from;      /* regular file: the host's file; link: its target */
	struct str data; /* regular file without a host file */
	mode_t mode;     /* type and permissions */
	dev_t device;
};

struct initramfs {
	struct initramfs_entry **v;
	size_t n, cap;
	void *by_path; /* tsearch tree of the same entries */
};
void initramfs_release(struct initramfs *i);

/* The entry at a path, or NULL. */
const struct initramfs_entry *initramfs_find(const struct initramfs *i, const char *path);

/* Add an entry; the path must be free. Directories may be added again. */
void initramfs_dir(struct initramfs *i, const char *path);
void initramfs_file(struct initramfs *i, const char *path, const char *host, mode_t perm);
void initramfs_data(struct initramfs *i, const char *path, const void *data, size_t n, mode_t perm);
void initramfs_link(struct initramfs *i, const char *path, const char *target);
void initramfs_char(struct initramfs *i, const char *path, dev_t device, mode_t perm);

/* Write the archive: its descriptor (a memory file, the caller closes it) and
 * its size, or -1 with e. */
int initramfs_write(const struct initramfs *i, uint64_t *size, struct err *e);

#endif
