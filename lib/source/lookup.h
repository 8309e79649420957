/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Versions that only kernel.org can tell, by way of ktstr-releases: who links
 * this needs no network library, and who needs no look-up starts nothing.
 */
#ifndef SOURCE_LOOKUP_H
#define SOURCE_LOOKUP_H

#include "base/str.h"

struct lookup {
	const char *spec; /* a series or a range; NULL: the newest stable release */
	struct strv versions;
	bool failed;
	struct err why;
};

/* Answer them all: 0, each with versions or failed; -1 when none could be. */
int lookup_run(struct lookup *v, size_t n, struct err *e);
void lookup_release(struct lookup *l);

#endif
