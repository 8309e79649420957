/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What "kernel build" says of the kernels of a run besides how each is built:
 * which one of a range is next, which are cached already, and at the end which
 * of a range failed.
 */
#ifndef BUILD_TALLY_H
#define BUILD_TALLY_H

#include "kernel/krecord.h"

/* Zeroed at first; tally_end releases it. */
struct tally {
	char *range; /* as typed, NULL for other specs */
	size_t total;
	struct strv failed; /* versions */
};

/* A record has come: say what it is. */
void tally_next(struct tally *t, const struct krecord *k);
/* It could not be fetched or built. */
void tally_failed(struct tally *t, const struct krecord *k);
/* All have come: say what failed of a range. */
void tally_end(struct tally *t);

#endif
