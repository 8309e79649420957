/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/judge.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compare/samples.h"
#include "compare/significance.h"

struct judge {
	struct comparison *c;
	const struct policy *policy;
	double level; /* what "enough runs" is told by */
	bool all_intervals;
	struct samples a, b;
	size_t cap; /* of c->findings */
};

/* How much worse b is than a, in the metric's unit; below 0: better. */
static double harm(const struct metric_def *m, double a, double b)
{
	switch (m->polarity) {
	case HIGHER:
		return a - b;
	case TARGET:
		return fabs(b - m->target) - fabs(a - m->target);
	default:
		return b - a;
	}
}

static void measure(struct finding *f)
{
	f->delta = f->b - f->a;
	f->rel = fabs(f->a) > DBL_EPSILON ? f->delta / fabs(f->a) : copysign(INFINITY, f->delta);
}

/* The dual gate: large enough in the metric's unit and in terms of a. */
static enum verdict by_threshold(const struct metric_def *m, const struct finding *f, double threshold)
{
	double worse = harm(m, f->a, f->b);
	double rel = fabs(f->a) > DBL_EPSILON ? fabs(worse / f->a) : INFINITY;

	if (worse == 0 || fabs(worse) < m->abs || rel < threshold)
		return UNCHANGED;
	if (m->polarity == UNKNOWN)
		return CHANGED;
	return worse > 0 ? REGRESSION : IMPROVEMENT;
}

static struct finding *add(struct judge *j)
{
	struct comparison *c = j->c;

	GROW(c->findings, c->n_findings, j->cap);
	return &c->findings[c->n_findings++];
}

static double rate(const struct group *g)
{
	return 100.0 * (double)g->passed / (double)(g->passed + g->failed);
}

/* Whether a side still passes: skips are neither pass nor failure. */
static void judge_passes(struct judge *j, const struct pair *p)
{
	const struct group *a = &p->side[SIDE_A], *b = &p->side[SIDE_B];
	struct finding f = { .pair = p, .def = PASS_RATE, .n_a = a->passed + a->failed, .n_b = b->passed + b->failed };
	const struct metric_def *m;

	if (!f.n_a || !f.n_b || a->failed + b->failed == 0 || a->passed + b->passed == 0)
		return;
	m = finding_metric(j->c, &f);
	f.a = rate(a);
	f.b = rate(b);
	measure(&f);
	f.verdict = by_threshold(m, &f, m->rel);
	/* what always passes on one side only counts, however few the failures */
	if (!a->failed || !b->failed)
		f.verdict = a->failed ? IMPROVEMENT : REGRESSION;
	f.enough = least_p(f.n_a, f.n_b) <= j->level;
	f.p = f.p_adjusted = f.enough ? fisher_exact(a->passed, a->failed, b->passed, b->failed) : 1;
	*add(j) = f;
}

static void judge_metric(struct judge *j, const struct pair *p, uint32_t def)
{
	const struct metric_def *m = &j->c->rows->defs[def];
	const double *a = samples_of(&j->a, def), *b = samples_of(&j->b, def);
	struct finding f = { .pair = p,
			     .def = def,
			     .n_a = samples_count(&j->a, def),
			     .n_b = samples_count(&j->b, def),
			     .a = samples_mean(&j->a, def),
			     .b = samples_mean(&j->b, def),
			     .p = 1,
			     .p_adjusted = 1 };

	if (!f.n_a || !f.n_b) {
		j->c->one_sided += f.n_a || f.n_b;
		return;
	}
	if (fabs(f.a) < DBL_EPSILON && fabs(f.b) < DBL_EPSILON)
		return;
	measure(&f);
	f.verdict = by_threshold(m, &f, policy_threshold(j->policy, m, def));
	f.enough = least_p(f.n_a, f.n_b) <= j->level;
	if (f.enough) {
		f.p = mann_whitney(a, f.n_a, b, f.n_b);
		if (j->all_intervals || f.verdict != UNCHANGED)
			f.has_interval = change_interval(a, f.n_a, b, f.n_b, 0.95, &f.ci_lo, &f.ci_hi);
	}
	*add(j) = f;
}

/* Adjust the p-values of all metrics tested, then let them decide if asked. */
static void decide(struct judge *j)
{
	struct comparison *c = j->c;
	double *p = xcalloc(c->n_findings + 1, sizeof(*p));
	size_t n = 0;

	for (size_t i = 0; i < c->n_findings; i++)
		if (c->findings[i].enough && c->findings[i].def != PASS_RATE)
			p[n++] = c->findings[i].p;
	benjamini_hochberg(p, n);
	n = 0;
	for (size_t i = 0; i < c->n_findings; i++) {
		struct finding *f = &c->findings[i];

		if (f->enough && f->def != PASS_RATE)
			f->p_adjusted = p[n++];
		if (c->alpha > 0 && f->verdict != UNCHANGED && f->def != PASS_RATE && !(f->p_adjusted <= c->alpha))
			f->verdict = f->enough ? UNCHANGED : UNDECIDED;
		c->verdict[f->verdict]++;
		c->too_few += !f->enough;
	}
	free(p);
}

void judge_pairs(struct comparison *c, const struct policy *policy, bool all_intervals)
{
	struct judge j = { .c = c,
			   .policy = policy,
			   .level = c->alpha > 0 ? c->alpha : DEFAULT_ALPHA,
			   .all_intervals = all_intervals };

	samples_init(&j.a, c->rows->n_defs);
	samples_init(&j.b, c->rows->n_defs);
	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct pair *p = &c->pairs[i];

		if (p->state != PAIR_COMPARED && p->state != PAIR_SKIPPED)
			continue;
		judge_passes(&j, p);
		if (p->state == PAIR_SKIPPED)
			continue;
		samples_take(&j.a, &p->side[SIDE_A]);
		samples_take(&j.b, &p->side[SIDE_B]);
		for (uint32_t d = 0; d < c->rows->n_defs; d++)
			judge_metric(&j, p, d);
	}
	samples_release(&j.a);
	samples_release(&j.b);
	decide(&j);
}
