/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How large a relative change must be to count: by the metric's own row, by
 * one figure for all of them, or by a file with figures for some.
 */
#ifndef COMPARE_POLICY_H
#define COMPARE_POLICY_H

#include "result/rows.h"

struct policy {
	double all; /* fraction; negative: each metric's own */
	double own[METRIC_COUNT];
};

#define POLICY_DEFAULT -1.0

/* Each metric's own thresholds. */
void policy_init(struct policy *p);

/* One threshold for every metric, in percent. -1 for a negative one. */
int policy_percent(struct policy *p, double percent, struct err *e);

/* Read {"default_percent": N, "per_metric_percent": {"NAME": N}}. */
int policy_read(struct policy *p, const char *path, struct err *e);

/* The relative threshold of a metric, as a fraction. */
double policy_threshold(const struct policy *p, const struct metric_def *m, size_t def);

#endif
