/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as rows: what the reports and comparisons compute with. Rows point
 * into the results they were made from.
 */
#ifndef RESULT_ROWS_H
#define RESULT_ROWS_H

#include "result/metrics.h"

struct row {
	const struct sidecar *s;
	bool passed, skipped; /* passed is false for a skip */
	double v[METRIC_COUNT];
	bool has[METRIC_COUNT];
};

/* Results read from a record stream, and their rows. */
struct rows {
	struct sidecar **results;
	struct row *v;
	size_t n, cap, results_cap;
};

/* Read "sidecar" records from fd until its end; others are of no interest.
 * 0, or -1 with e when the stream is broken. */
int rows_read(struct rows *r, int fd, struct err *e);
void rows_release(struct rows *r);

#endif
