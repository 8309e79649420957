/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sides of a comparison: what each takes of the pool, what tells them
 * apart, and what to say when one is empty.
 */
#ifndef COMPARE_SIDES_H
#define COMPARE_SIDES_H

#include "compare/compare.h"

/* Value of a dimension; NULL where the row has none. */
const char *row_dimension(const struct row *row, enum dimension d);

/* Whether a filter's value takes a row's: the same, or a kernel of the series
 * 6.12. */
bool dimension_matches(const char *value, const char *wanted, enum dimension d);

/* From what the sides ask for: which dimensions separate them, which are left
 * to pair on. -1 when nothing separates them. */
int sides_slice(const struct side_filter side[SIDES], bool slicing[DIM_COUNT], bool pairing[DIM_COUNT], struct err *e);

/* The values that separate a side from the other, or "A" or "B" where there
 * are none or more than three; caller frees. */
char *side_label(const struct side_filter *f, const bool slicing[DIM_COUNT], enum side side);

/* Whether "TEST TOPOLOGY SCHEDULER WORK-TYPE" has a text in it; NULL is in
 * any. */
bool has_text(const char *test, const char *topology, const char *scheduler, const char *work_type, const char *text);

struct selection {
	const struct row **v; /* in stream order */
	size_t n;
};

/* The rows a side takes. */
void side_select(const struct rows *rows, const struct side_filter *f, struct selection *s);
void selection_release(struct selection *s);

/* The error for a side nothing matches, with hints from what the pool has. -1. */
int side_empty(const struct rows *rows, const struct side_filter *f, enum side side, struct err *e);

/* Warn of results whose sources had uncommitted changes; once for both. */
void warn_dirty(const struct selection side[SIDES]);

#endif
