/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks between processes: flock(2) on files that stay forever. A lock dies
 * with its holder. Lock files on filesystems where flock does not exclude
 * other hosts (NFS, CIFS, Ceph, AFS, FUSE) are refused.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdbool.h>

#include "base/str.h"

struct lock {
	int fd; /* -1 when not held */
	char *path;
};

#define LOCK_NONE { .fd = -1 }

enum lock_mode { LOCK_SHARED, LOCK_EXCLUSIVE };

#define LOCK_FOREVER (-1)

/*
 * Take it, making the file and its directory when missing. timeout_ms 0 tries
 * once, LOCK_FOREVER waits; stop_wanted (base/stop.h) ends the waiting. 0: held. 1: busy, e says who holds it ("… timed
 * out after Ns (lockfile PATH, holders: …)"). -1: error. what names the thing
 * in messages: "cache entry \"K\"".
 */
int lock_take(struct lock *l, const char *path, enum lock_mode mode, int timeout_ms, const char *what, struct err *e);

/* Wait for it without limit. When somebody else has it, say so first on
 * stderr: waiting, then who holds it. 0, or -1. */
int lock_wait(struct lock *l, const char *path, enum lock_mode mode, const char *waiting, struct err *e);

/* Whether path lies on a filesystem whose locks are refused. */
bool lock_is_remote(const char *path);
/* The same as an error that says which and why: 0, or -1 where locks are
 * refused. */
int lock_check_fs(const char *path, struct err *e);

/* Let go; nothing when not held. */
void lock_drop(struct lock *l);

/* Append "  pid=N cmd=…" lines of the holders by /proc/locks, or
 * "<none recorded>". */
void lock_holders(const char *path, struct str *out);

#endif
