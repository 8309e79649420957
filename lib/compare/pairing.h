/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bringing the two sides together: rows of one key are a group, the groups of
 * both sides under one key are a pair.
 */
#ifndef COMPARE_PAIRING_H
#define COMPARE_PAIRING_H

#include "compare/sides.h"

/*
 * Take the kernel's commit out of what is paired on where it could only keep
 * pairs apart: slicing on the kernel, each kernel has a commit of its own.
 */
void pairing_relax(bool pairing[DIM_COUNT], const bool slicing[DIM_COUNT], const struct selection side[SIDES]);

/* Fill c->pairs from the sides, by c->pairing. filter is what -E asks for, or
 * NULL. Sides' groups count what they hold; states are set and counted. */
void pair_up(struct comparison *c, const struct selection side[SIDES], const char *filter);

/* -1 when a side has several results under one key. */
int pairs_refuse_twice(const struct comparison *c, struct err *e);

/* Dimensions paired on of which the sides have no value in common, joined by
 * ", "; "" for none. Caller frees. */
char *pairing_apart(const struct comparison *c);

#endif
