/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison of two sides of a pool: which results stand for side A and
 * side B, how they pair up, and what changed in each metric.
 *
 * A struct comparison points into the rows it was made from, which must live
 * as long; everything else it owns until comparison_release.
 */
#ifndef COMPARE_COMPARE_H
#define COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct metric_def;
struct row;
struct rows;
struct policy;

enum side { SIDE_A, SIDE_B, SIDES };

/* What results can be told apart by, in the order they are named in. */
enum dimension {
	DIM_KERNEL,
	DIM_SCHEDULER,
	DIM_TOPOLOGY,
	DIM_WORK_TYPE,
	DIM_PROJECT_COMMIT,
	DIM_KERNEL_COMMIT,
	DIM_RUN_SOURCE,
	DIM_COUNT
};

/* Which rows a side takes: for each dimension the values it may have; none
 * means any. */
struct side_filter {
	struct strv values[DIM_COUNT];
};

/* The results of one side under one key, in stream order. */
struct group {
	const struct row **v;
	size_t n, passed, failed, skipped;
	char *commit, *kernel_commit; /* with "+mixed" where they are clean and dirty; NULL for none */
};

enum pair_state {
	PAIR_COMPARED,
	PAIR_SKIPPED, /* a side has no run that passed: no metric is compared */
	PAIR_NEW,     /* nothing on side A */
	PAIR_REMOVED, /* nothing on side B */
	PAIR_HIDDEN,  /* -E asks for others */
	PAIR_STATES
};

struct pair {
	char *name; /* scenario and the values paired on, joined by "/" */
	const char *test, *topology, *scheduler, *work_type;
	struct group side[SIDES]; /* n is 0 where the side has nothing */
	enum pair_state state;
};

enum verdict {
	UNCHANGED,
	IMPROVEMENT,
	REGRESSION,
	CHANGED,   /* a metric of which nobody said what is better */
	UNDECIDED, /* passes the thresholds, but significance is asked for and there are too few runs */
	VERDICTS
};

/* The metric number of "pass_rate", which is no value of a row. */
#define PASS_RATE UINT32_MAX

/* One metric of one pair. Values are means over the runs that have it. */
struct finding {
	const struct pair *pair;
	uint32_t def; /* index into rows.defs, or PASS_RATE */
	enum verdict verdict;
	double a, b, delta;
	double rel;          /* delta in terms of |a|, with its sign; +-INFINITY from a zero */
	size_t n_a, n_b;     /* values behind the means */
	bool enough;         /* enough runs to tell; else p is 1 and there is no interval */
	bool has_interval;   /* ci_lo, ci_hi are set */
	double ci_lo, ci_hi; /* 95 % interval of rel */
	double p, p_adjusted;
};

struct comparison {
	const struct rows *rows;
	char *label[SIDES];
	bool slicing[DIM_COUNT], pairing[DIM_COUNT];
	size_t results[SIDES]; /* matching results, before averaging */
	size_t overlap;        /* of them on both sides */
	struct pair *pairs;    /* side B's in stream order, then what only A has */
	size_t n_pairs;
	struct finding *findings; /* every metric both sides of a pair have, unchanged ones
				   * too: pair by pair, in the order of rows.defs */
	size_t n_findings;
	size_t state[PAIR_STATES], verdict[VERDICTS]; /* how many of each */
	size_t partial;                               /* pairs compared with failures or skips left out */
	size_t one_sided;                             /* metrics only one side of a pair has */
	size_t too_few;                               /* findings without enough runs */
	double alpha;                                 /* 0: significance decides nothing */
	bool averaged;
};

/* What is asked. */
struct question {
	struct side_filter side[SIDES];
	const char *filter; /* -E, or NULL */
	const struct policy *policy;
	const char *where; /* the pool's name in messages */
	double alpha;      /* see struct comparison */
	bool apart;        /* no averages: a side has one result a key */
	bool all_intervals;
};

/*
 * Start a comparison: what separates the sides, what they are called, what is
 * paired on. -1 when nothing separates them. Then make it from rows: -1 when
 * there are none, for a side or at all, or twice one key where results stay
 * apart. Both warn of what is legal and likely not meant. Release in any case.
 */
int comparison_ask(struct comparison *c, const struct question *q, struct err *e);
int comparison_make(struct comparison *c, const struct rows *rows, const struct question *q, struct err *e);
void comparison_release(struct comparison *c);

extern const char *const dimension_names[DIM_COUNT];

/* The metric of a finding: never NULL. */
const struct metric_def *finding_metric(const struct comparison *c, const struct finding *f);

/* Values of a metric on one side of a pair, over the results that passed and
 * have it, in stream order: how many; out has room for pair->side[side].n. */
size_t pair_samples(const struct pair *pair, enum side side, uint32_t def, double *out);

#endif
