/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass over a tarball's bytes: digest, unpacker and progress at once.
 */
#ifndef SOURCE_PASS_H
#define SOURCE_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/progress.h"
#include "source/tarball.h"

struct unpack;

struct pass {
	const char *label; /* of the kernel, for progress */
	const char *from;  /* URL or file, for messages */
	const char *dir;   /* unpacked into */
	const char *top;   /* the one directory it may hold, or NULL */
	const char *text;  /* of the progress */

	uint64_t done, total;
	char sum[SHA256_HEX]; /* after pass_end */

	struct unpack *unpack;
	void *digest; /* libcrypto's */
	bool unpacked_no_more;
	struct progress progress;
};

/* The fields above done are the caller's; after this one pass_end or
 * pass_abort. */
void pass_begin(struct pass *p);

/* The next bytes. They are counted and digested to the end also when the
 * unpacker has given up: what is wrong with the whole is worth more. */
void pass_feed(struct pass *p, const void *bytes, size_t n);

/* The whole file from its beginning: 0, or -1 when it cannot be read or it is
 * time to end. */
int pass_feed_file(struct pass *p, int fd, struct err *e);

/* All has been fed: the digest is there, and *top (caller frees). -1 when it
 * could not be unpacked. */
int pass_end(struct pass *p, char **top, struct err *e);
void pass_abort(struct pass *p);

/* Whether it hashed to want; says so. */
int pass_verify(const struct pass *p, const char *want, const char *hint, struct err *e);

#endif
