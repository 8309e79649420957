/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds a flock and who waits for one, by /proc/locks. Both tables are
 * read once, then any number of files can be looked up.
 *
 * A file is matched by inode and by the device of its filesystem, which is
 * the mount's own in mountinfo: st_dev is another one on btrfs and overlay.
 * Processes of other PID namespaces cannot be seen.
 */
#ifndef BASE_LOCKERS_H
#define BASE_LOCKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct locker {
	uint64_t dev, inode;
	long pid;
	bool write;   /* exclusive */
	bool waiting; /* does not have it yet */
	size_t place; /* in the kernel's list */
};

struct lockers {
	struct locker *v; /* by device and inode, then as the kernel lists them */
	size_t n, cap;
	struct mount {
		uint64_t id, dev;
	} *mounts; /* by id */
	size_t n_mounts, cap_mounts;
};

/* Read the tables. What cannot be read is empty. */
void lockers_read(struct lockers *l);
void lockers_release(struct lockers *l);

/* Those of one file, *n of them, inside the table; NULL for none. */
const struct locker *lockers_of(const struct lockers *l, const char *path, size_t *n);

/* Append the command line of a process, blanks between the words, cut to 100
 * characters; "<cmdline unavailable>" when there is none. */
void str_add_cmdline(struct str *out, long pid);

#endif
