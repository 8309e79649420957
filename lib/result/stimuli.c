/* SPDX-License-Identifier: GPL-2.0-only */
/* The stimulus cross-tab: what each step of a scenario did to the workers'
 * pace, over all runs of it. */
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "result/analysis.h"

static void add_sample(struct step_samples *s, double v)
{
	GROW(s->v, s->n, s->cap);
	s->v[s->n++] = v;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double steps_median(struct step_samples *s)
{
	qsort(s->v, s->n, sizeof(*s->v), ascending);
	return s->n % 2 ? s->v[s->n / 2] : (s->v[s->n / 2 - 1] + s->v[s->n / 2]) / 2;
}

static struct step *step_for(struct steps *all, const struct sidecar *s, const char *label)
{
	for (size_t i = 0; i < all->n; i++) {
		struct step *p = &all->v[i];

		if (strcmp(p->scenario, s->test_name) == 0 && strcmp(p->label, label) == 0 &&
		    strcmp(p->work_type, s->work_type) == 0)
			return p;
	}
	GROW(all->v, all->n, all->cap);
	all->v[all->n] = (struct step){ .scenario = s->test_name, .label = label, .work_type = s->work_type };
	return &all->v[all->n++];
}

static int by_elapsed(const void *a, const void *b)
{
	const struct stimulus_event *x = *(struct stimulus_event *const *)a, *y = *(struct stimulus_event *const *)b;

	if (x->elapsed_ms != y->elapsed_ms)
		return x->elapsed_ms < y->elapsed_ms ? -1 : 1;
	return (x > y) - (x < y);
}

static void collect(struct steps *all, const struct sidecar *s)
{
	const struct stimulus_event *first = s->stimulus_events.v;
	size_t n = s->stimulus_events.n;
	const struct stimulus_event **order = xcalloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = &first[i];
	qsort(order, n, sizeof(*order), by_elapsed);
	for (size_t i = 0; order[i]; i++) {
		const struct stimulus_event *now = order[i], *next = order[i + 1];
		struct step *step = step_for(all, s, now->label);

		add_sample(&step->at_ms, (double)now->elapsed_ms);
		if (!next || next->elapsed_ms == now->elapsed_ms || !next->total_iterations.set ||
		    next->total_iterations.v < now->total_iterations.v)
			continue;
		add_sample(&step->pace, (double)(next->total_iterations.v - now->total_iterations.v) * 1000 /
						(double)(next->elapsed_ms - now->elapsed_ms));
	}
	free(order);
}

static int in_order(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	int c = strcmp(x->scenario, y->scenario);

	c = c ? c : strcmp(x->work_type, y->work_type);
	c = c ? c : ascending(&x->at_ms.v[x->at_ms.n / 2], &y->at_ms.v[y->at_ms.n / 2]);
	return c ? c : strcmp(x->label, y->label);
}

static void print_step(struct step *s, FILE *out)
{
	fputs("  ", out);
	print_left(out, s->scenario, 24);
	fputc(' ', out);
	print_left(out, s->work_type, 12);
	fputc(' ', out);
	print_left(out, s->label, 16);
	print_plain(out, " %6zu %10.0f ", s->at_ms.n, steps_median(&s->at_ms));
	if (s->pace.n)
		print_plain(out, "%14.1f\n", steps_median(&s->pace));
	else
		print_plain(out, "%14s\n", "-");
}

struct steps steps_find(const struct rows *r)
{
	struct steps all = { 0 };

	for (size_t i = 0; i < r->n; i++)
		if (r->results[i])
			collect(&all, r->results[i]);
	for (size_t i = 0; i < all.n; i++)
		steps_median(&all.v[i].at_ms); /* leaves them sorted, as in_order wants */
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), in_order);
	return all;
}

void steps_release(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].at_ms.v);
		free(s->v[i].pace.v);
	}
	free(s->v);
}

void analysis_stimuli(const struct rows *r, FILE *out)
{
	struct steps all = steps_find(r);

	if (all.n)
		print_plain(out, "\nStimulus cross-tab:\n  %-24s %-12s %-16s %6s %10s %14s\n", "scenario", "work_type",
			    "step", "events", "median_ms", "iterations/s");
	for (size_t i = 0; i < all.n; i++)
		print_step(&all.v[i], out);
	steps_release(&all);
}
