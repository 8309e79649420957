/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot/box.h"

#include <math.h>
#include <stdlib.h>

#define LABELS 390 /* where the axis begins */
#define NOTES  350 /* room at the right of it */
#define ROW    18

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(const double *v, size_t n, double p)
{
	double at = p * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

struct box box_of(double *v, size_t n)
{
	struct box b = { .n = n, .v = v };
	double reach;

	if (!n)
		return b;
	qsort(v, n, sizeof(*v), by_value);
	b.q1 = quantile(v, n, 0.25);
	b.median = quantile(v, n, 0.5);
	b.q3 = quantile(v, n, 0.75);
	reach = 1.5 * (b.q3 - b.q1);
	b.lo = b.q1;
	b.hi = b.q3;
	for (size_t i = 0; i < n; i++) {
		if (v[i] >= b.q1 - reach && v[i] < b.lo)
			b.lo = v[i];
		if (v[i] <= b.q3 + reach && v[i] > b.hi)
			b.hi = v[i];
	}
	return b;
}

static void dot(struct svg *s, const char *class, const struct scale *x, double v, double y)
{
	auto_free char *title = xasprintf("%.15g", v);

	svg_dot(s, class, scale_at(x, v), y, 3, title);
}

static void draw_box(struct svg *s, const char *class, const struct scale *x, const struct box *b, double y)
{
	auto_free char *thin = xasprintf("%s thin", class);
	double q1 = scale_at(x, b->q1), q3 = scale_at(x, b->q3), median = scale_at(x, b->median);

	if (b->n >= BOX_FEW) {
		svg_line(s, thin, scale_at(x, b->lo), y, q1, y);
		svg_line(s, thin, q3, y, scale_at(x, b->hi), y);
		svg_line(s, thin, scale_at(x, b->lo), y - 3, scale_at(x, b->lo), y + 3);
		svg_line(s, thin, scale_at(x, b->hi), y - 3, scale_at(x, b->hi), y + 3);
		svg_rect(s, class, q1, y - 6, fmax(q3 - q1, 0.5), 12);
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->n < BOX_FEW || b->v[i] < b->lo || b->v[i] > b->hi)
			dot(s, class, x, b->v[i], y);
	svg_line(s, class, median, y - 6, median, y + 6);
}

static struct scale span(const struct svg *s, const struct box_row *rows, size_t n)
{
	double min = INFINITY, max = -INFINITY;

	for (size_t i = 0; i < n; i++)
		if (rows[i].box.n) {
			min = fmin(min, rows[i].box.v[0]);
			max = fmax(max, rows[i].box.v[rows[i].box.n - 1]);
		}
	if (!(min <= max))
		min = max = 0;
	return scale_over(min, max, LABELS, s->width - NOTES);
}

static void axis(struct svg *s, const struct scale *x, double top, double bottom, const char *unit)
{
	auto_str struct str text = { 0 };

	for (long i = 0; i <= lround((x->hi - x->lo) / x->step); i++) {
		/* the middle of rounding noise is 0 */
		double v = x->lo + (double)i * x->step, at;

		if (fabs(v) < x->step / 1000)
			v = 0;
		at = scale_at(x, v);
		svg_line(s, "grid", at, top, at, bottom);
		str_clear(&text);
		str_add_value(&text, v, NULL);
		svg_text(s, "dim", at, bottom + 14, ANCHOR_MIDDLE, str_c(&text));
	}
	svg_line(s, "axis", x->from, bottom, x->to, bottom);
	if (*unit)
		svg_text(s, "dim", x->to + 24, bottom + 14, ANCHOR_START, unit);
}

static void draw_row(struct svg *s, const struct scale *x, const struct box_row *r, const char *unit, double y)
{
	auto_str struct str note = { 0 };

	if (r->label)
		svg_label(s, "", LABELS - 10, y + 4, ANCHOR_END, r->label, 56);
	str_addf(&note, "n=%zu", r->box.n);
	if (r->box.n) {
		draw_box(s, r->class, x, &r->box, y);
		str_add(&note, "  median ");
		str_add_value(&note, r->box.median, unit);
	}
	if (r->note)
		str_addf(&note, "  %s", r->note);
	svg_label(s, r->bad ? "dim mark" : "dim", x->to + 12, y + 4, ANCHOR_START, str_c(&note), 54);
}

double box_panel(struct svg *s, double y, const char *title, const char *unit, const struct box_row *rows, size_t n)
{
	struct scale x = span(s, rows, n);
	double top = y + 26, bottom = top;

	for (size_t i = 0; i < n; i++)
		bottom += ROW + (i && rows[i].label ? 6 : 0);
	svg_label(s, "head", 12, y + 16, ANCHOR_START, title, 100);
	axis(s, &x, top, bottom + 4, unit);
	y = top + ROW / 2.0;
	for (size_t i = 0; i < n; i++) {
		y += i && rows[i].label ? 6 : 0;
		draw_row(s, &x, &rows[i], unit, y);
		y += ROW;
	}
	return bottom + 34;
}
