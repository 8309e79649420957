/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One metric over the project's commits: results grouped into series, each
 * series put into git's order and searched for changes.
 */
#ifndef PLOT_TREND_H
#define PLOT_TREND_H

#include <stdio.h>

#include "plot/box.h"
#include "plot/changepoint.h"
#include "compare/compare.h"
#include "plot/history.h"
#include "result/rows.h"
#include "compare/sides.h"

/* What series are made by; TREND_TEST stands beside the dimensions. */
#define TREND_TEST DIM_COUNT
#define TREND_KEYS (DIM_COUNT + 1)

/* The results of one commit in one series. */
struct point {
	const struct commit *commit;
	bool dirty;      /* sources had uncommitted changes */
	size_t from, to; /* its values in the series */
	struct box box;  /* over a sorted copy of them, the trend's */
};

struct series {
	const char *key[TREND_KEYS]; /* NULL: not grouped by it, or absent */
	struct point *points;
	size_t n_points;
	double *v; /* in order of commits; within one in stream order */
	unsigned *step;
	size_t n;
	bool enough;           /* runs and commits to find a change in */
	struct change *change; /* at: index into v */
	size_t n_changes;
	double p, p_adjusted; /* of the most marked change */
	double *sorted;
};

/* Results that have no place in the order. */
struct elsewhere {
	char *commit;
	const char *why;
	size_t results;
};

struct trend {
	const struct metric_def *metric;
	uint32_t def;
	double alpha;
	bool by[TREND_KEYS];
	struct history history;
	struct series *series; /* those with changes first, by p; then by key */
	size_t n;
	struct elsewhere *elsewhere;
	size_t n_elsewhere;
	size_t results, no_commit, failed, skipped, no_value;
};

/* Where the commit of a series' change is: the first point behind it. */
const struct point *change_point(const struct series *s, const struct change *c);
/* Medians of the stretches before and behind a change, up to the next ones. */
void change_levels(const struct series *s, size_t i, double *before, double *after);
/* "regression", "improvement" or "change". */
const char *change_verdict(const struct trend *t, double before, double after);

/* "cgroup_steady  scx_rusty  1n2l4c2t": a series' name, caller frees. */
char *series_name(const struct trend *t, const struct series *s);

/* Fill t from the selected rows; metric, def, alpha and by are the caller's.
 * dir lies in the project's repository. -1 with e when there is none. */
int trend_make(struct trend *t, const struct selection *rows, const char *dir, struct err *e);
void trend_release(struct trend *t);

/* What comes out. */
void trend_text(const struct trend *t, FILE *out);
void trend_json(const struct trend *t, struct str *out);
void trend_plot(const struct trend *t, struct str *out);

#endif
