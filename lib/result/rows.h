/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as rows: what reports and comparisons compute with. Read from the
 * record stream of ktstr-sidecar read, compact or whole. A struct rows owns
 * all its rows point to; texts are interned, so equal texts are one pointer.
 */
#ifndef RESULT_ROWS_H
#define RESULT_ROWS_H

#include "host/context.h"
#include "result/metrics.h"

enum polarity { LOWER, HIGHER, TARGET, UNKNOWN };

/* A metric: a row of the registry, or a name some payload or extension has. */
struct metric_def {
	const char *name;
	enum polarity polarity;
	double target;   /* for TARGET */
	double abs, rel; /* a difference counts when it reaches both */
	const char *unit;
	bool registered;
};

struct value {
	uint32_t def; /* index into rows.defs */
	double v;
};

struct row {
	const char *test, *topology, *scheduler, *work_type;              /* "" when the record has none */
	const char *kernel, *project_commit, *kernel_commit, *run_source; /* NULL when absent */
	const char *run, *file, *timestamp, *run_id;
	int host;                   /* index into rows.hosts, or -1 */
	bool passed, skipped;       /* passed is false for a skip */
	const struct value *values; /* by def; what the result does not have is not there */
	uint32_t n_values;
};

struct rows_store;

struct rows {
	struct row *v;
	size_t n, cap;
	/* the first METRIC_COUNT are the registry, in its order; then those of
	 * extensions and payloads by name, with "ext." or "payload." in front
	 * of a name that would be there twice */
	struct metric_def *defs;
	size_t n_defs, defs_cap;
	struct host_context **hosts;
	size_t n_hosts, hosts_cap;
	struct sidecar **results; /* per row the whole result, NULL for a compact one */
	size_t results_cap;
	size_t files, corrupt, unreadable; /* what the reader of the pool has counted */
	bool whole;                        /* its last record has come: nothing is cut off */
	struct rows_store *store;
};

/*
 * Read rows from fd until its end: "row" and "host" records, whole "sidecar"
 * records too, the final "pool" record; others are of no interest. A stream
 * without its final record gives a warning. 0, or -1 with e when a record is
 * broken. Release in either case.
 */
int rows_read(struct rows *r, int fd, struct err *e);
void rows_release(struct rows *r);

/* Drop all rows but n of its own, which come in its order. */
void rows_keep(struct rows *r, const struct row *const *keep, size_t n);

/* No rows, but the registered metrics. Always 0. */
int rows_none(struct rows *r, struct err *e);

/* The row's value of a metric; false when it has none. */
bool row_value(const struct row *row, uint32_t def, double *v);

/* Write the member "polarity" as results have it. */
struct jw;
void metric_polarity(struct jw *w, const struct metric_def *m);

#endif
