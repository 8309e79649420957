/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A download into a file that is whole or not there. What has come so far is
 * kept as PATH.part, with its URL and validator in PATH.part.json, so that a
 * later run goes on where this one ended. One process at a time has PATH.part,
 * by a lock on PATH.lock; the lock's file stays.
 */
#ifndef NET_PARTIAL_H
#define NET_PARTIAL_H

#include "base/lock.h"
#include "net/transfer.h"

struct partial {
	char *path;
	int fd; /* PATH.part, or -1 */
	struct lock lock;
	bool checked; /* set after partial_open: whoever uses the file sees for
		       * himself that it is whole, so nothing waits for the disk */
	bool resumed; /* out: part of it came in an earlier run */

	/* inside partial_get */
	struct transfer *t;
	const struct transfer *asked; /* with the consumer's functions */
	bool handed;                  /* the consumer has seen bytes */
	bool refused, broken;         /* by the consumer; by the file, see why */
	struct err why;
};

/* Wait for the lock (waiting is said first when somebody else has it) and
 * open PATH.part: 0, or -1. partial_close either way. */
int partial_open(struct partial *p, const char *path, const char *waiting, struct err *e);

/*
 * Get t->url into the file, going on with what is there. t->begin, data,
 * restart and ctx see the whole body, what was there already first; data may
 * be NULL. As transfer_get, and -1 also when the file cannot be written.
 */
int partial_get(struct partial *p, struct transfer *t, struct err *e);

/* It is what it should be: flush it (unless checked) and put it at PATH. */
int partial_commit(struct partial *p, struct err *e);

/* It is not: forget what came. */
void partial_discard(struct partial *p);

/* Let go; what came stays for later. */
void partial_close(struct partial *p);

#endif
