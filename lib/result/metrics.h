/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metrics results are compared by, as rows: name, direction, the two
 * thresholds a difference must pass. Every list of metrics anywhere is this
 * table, in this order; where in a result the value stands says sidecar.c.
 */
#ifndef RESULT_METRICS_H
#define RESULT_METRICS_H

#include "result/sidecar.h"

enum metric_id {
	M_SPREAD,
	M_GAP_MS,
	M_MIGRATIONS,
	M_MIGRATION_RATIO,
	M_IMBALANCE,
	M_DSQ_DEPTH,
	M_STUCK,
	M_FALLBACK,
	M_KEEP_LAST,
	M_P99_WAKE,
	M_MEDIAN_WAKE,
	M_WAKE_CV,
	M_ITERATIONS,
	M_MEAN_RUN_DELAY,
	M_RUN_DELAY,
	M_TAIL_RATIO,
	M_ITERATIONS_PER_WORKER,
	M_PAGE_LOCALITY,
	M_CROSS_NODE,
	METRIC_COUNT
};

/* A tail ratio of fewer iterations is noise. */
#define TAIL_MIN_ITERATIONS 100

#define PART_COUNT (PART_METRICS + METRIC_COUNT)

struct metric {
	const char *name;
	bool higher_is_better;
	double abs, rel;  /* a difference counts when it reaches both */
	const char *unit; /* "" for none */
	const char *kind; /* JSON: how samples of it combine */
};

extern const struct metric metrics[METRIC_COUNT];

#endif
