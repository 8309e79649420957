/* SPDX-License-Identifier: GPL-2.0-only */
/* A trend as a drawing: for each series every value over its commit, the
 * stretches between changes as lines at their medians, changes as marks. */
#include <math.h>

#include "compare/significance.h"
#include "plot/svg.h"
#include "plot/trend.h"

#define WIDTH  960
#define LEFT   90
#define RIGHT  30
#define HIGH   170 /* of the area with the values */
#define SERIES 40  /* drawn at most; the others are counted */

struct frame {
	struct svg *svg;
	const struct series *s;
	struct scale y;
	double top, bottom;
};

static double x_of(const struct frame *f, double step)
{
	double room = WIDTH - LEFT - RIGHT;

	return LEFT + (step + 0.5) * room / (double)f->s->n_points;
}

static struct scale span(const struct series *s, double top, double bottom)
{
	double min = INFINITY, max = -INFINITY;

	for (size_t i = 0; i < s->n; i++) {
		min = fmin(min, s->v[i]);
		max = fmax(max, s->v[i]);
	}
	return scale_over(min, max, bottom, top);
}

static void axes(const struct frame *f, const char *unit)
{
	auto_str struct str text = { 0 };

	for (long i = 0; i <= lround((f->y.hi - f->y.lo) / f->y.step); i++) {
		double v = f->y.lo + (double)i * f->y.step, at;

		if (fabs(v) < f->y.step / 1000)
			v = 0;
		at = scale_at(&f->y, v);
		svg_line(f->svg, "grid", LEFT, at, WIDTH - RIGHT, at);
		str_clear(&text);
		str_add_value(&text, v, unit);
		svg_text(f->svg, "dim", LEFT - 8, at + 4, ANCHOR_END, str_c(&text));
	}
	svg_line(f->svg, "axis", LEFT, f->bottom, WIDTH - RIGHT, f->bottom);
}

/* As many names as there is room for. */
static void commits(const struct frame *f)
{
	size_t every = f->s->n_points / 10 + 1;

	for (size_t i = 0; i < f->s->n_points; i += every) {
		const struct point *p = &f->s->points[i];
		auto_free char *name = xasprintf("%s%s", p->commit->name, p->dirty ? "*" : "");

		svg_label(f->svg, "dim", x_of(f, (double)i), f->bottom + 15, ANCHOR_MIDDLE, name, 12);
	}
}

static void values(const struct frame *f)
{
	for (size_t i = 0; i < f->s->n_points; i++) {
		const struct point *p = &f->s->points[i];

		for (size_t k = p->from; k < p->to; k++) {
			auto_free char *title = xasprintf("%s%s: %.15g\n%s", p->commit->name, p->dirty ? "-dirty" : "",
							  f->s->v[k], p->commit->subject);

			svg_dot(f->svg, p->dirty ? "b" : "a", x_of(f, (double)i), scale_at(&f->y, f->s->v[k]), 3,
				title);
		}
	}
}

/* The stretch of values [from, to) as a line at its median. */
static void level(const struct frame *f, size_t from, size_t to, double median)
{
	double y = scale_at(&f->y, median);

	svg_line(f->svg, "a", x_of(f, f->s->step[from] - 1 - 0.4), y, x_of(f, f->s->step[to - 1] - 1 + 0.4), y);
}

static void mark(const struct frame *f, const struct trend *t, size_t i, double before, double after)
{
	const struct change *c = &f->s->change[i];
	const struct point *p = change_point(f->s, c);
	double x = x_of(f, f->s->step[c->at] - 1.5);
	auto_str struct str text = { 0 };
	bool late = x > WIDTH * 0.7;

	svg_line(f->svg, "mark", x, f->top - 4, x, f->bottom);
	str_addf(&text, "%s at %s", change_verdict(t, before, after), p->commit->name);
	if (before != 0)
		str_addf(&text, ", %+.1f %%", (after - before) / fabs(before) * 100);
	svg_text(f->svg, "mark", late ? x - 5 : x + 5, f->top + 4, late ? ANCHOR_END : ANCHOR_START, str_c(&text));
}

static void levels(const struct frame *f, const struct trend *t)
{
	const struct series *s = f->s;
	double before, after;

	if (!s->n_changes) {
		level(f, 0, s->n, median_of_values(s->v, s->n));
		return;
	}
	for (size_t i = 0; i < s->n_changes; i++) {
		change_levels(s, i, &before, &after);
		level(f, i ? s->change[i - 1].at : 0, s->change[i].at, before);
		if (i + 1 == s->n_changes)
			level(f, s->change[i].at, s->n, after);
		mark(f, t, i, before, after);
	}
}

static double panel(struct svg *svg, const struct trend *t, const struct series *s, double y)
{
	struct frame f = { .svg = svg, .s = s, .top = y + 34, .bottom = y + 34 + HIGH };
	auto_free char *name = series_name(t, s), *n = xasprintf("n=%zu", s->n);

	f.y = span(s, f.top, f.bottom);
	svg_label(svg, "head", 12, y + 16, ANCHOR_START, name, 100);
	svg_text(svg, "dim", WIDTH - RIGHT, y + 16, ANCHOR_END, n);
	axes(&f, t->metric->unit);
	values(&f);
	levels(&f, t);
	commits(&f);
	return f.bottom + 40;
}

void trend_plot(const struct trend *t, struct str *out)
{
	auto_free char *title = xasprintf("%s over commits", t->metric->name);
	struct svg svg;
	double y = 40;

	svg_open(&svg, WIDTH, title, true);
	svg_label(&svg, "head", 12, 24, ANCHOR_START, title, 100);
	if (!t->n) {
		svg_text(&svg, "dim", 12, y + 14, ANCHOR_START, "no results");
		y += 30;
	}
	for (size_t i = 0; i < t->n && i < SERIES; i++)
		y = panel(&svg, t, &t->series[i], y);
	if (t->n > SERIES) {
		auto_free char *more = xasprintf("… and %zu more series", t->n - SERIES);

		svg_text(&svg, "dim", 12, y + 4, ANCHOR_START, more);
		y += 20;
	}
	svg_close(&svg, y);
	str_add(out, svg.out.s);
	svg_release(&svg);
}
