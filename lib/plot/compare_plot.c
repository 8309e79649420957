/* SPDX-License-Identifier: GPL-2.0-only */
/* A comparison as box plots: a panel for each metric, in it two rows for each
 * pair. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/box.h"
#include "compare/compare.h"
#include "result/rows.h"

#define PAIRS 40 /* of one metric; the others are counted */

static const char *const verdict_words[VERDICTS] = {
	[IMPROVEMENT] = "improvement",
	[REGRESSION] = "regression",
	[CHANGED] = "changed",
	[UNDECIDED] = "too few runs",
};

struct panel {
	const struct comparison *c;
	const struct finding **v; /* of one metric */
	size_t n;
};

static int rank_of(enum verdict v)
{
	static const int ranks[VERDICTS] = {
		[REGRESSION] = 0, [CHANGED] = 1, [UNDECIDED] = 2, [IMPROVEMENT] = 3, [UNCHANGED] = 4
	};

	return ranks[v];
}

/* What matters most is drawn first: regressions, then large changes. */
static int by_weight(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a, *y = *(const struct finding *const *)b;
	int d = rank_of(x->verdict) - rank_of(y->verdict);

	if (!d)
		d = (fabs(x->rel) < fabs(y->rel)) - (fabs(x->rel) > fabs(y->rel));
	return d ? d : (x->pair > y->pair) - (x->pair < y->pair);
}

static char *note_of(const struct finding *f)
{
	struct str note = { 0 };

	if (isfinite(f->rel))
		str_addf(&note, "mean %+.1f %%", f->rel * 100);
	else
		str_add(&note, "mean from 0");
	if (verdict_words[f->verdict])
		str_addf(&note, " %s", verdict_words[f->verdict]);
	return str_take(&note);
}

/* Two rows for one finding; the values are the rows' from here on. */
static void pair_rows(const struct finding *f, struct box_row row[SIDES])
{
	static const char *const classes[SIDES] = { "a", "b" };

	for (int side = 0; side < SIDES; side++) {
		double *v = xcalloc(f->pair->side[side].n, sizeof(*v));
		size_t n = pair_samples(f->pair, (enum side)side, f->def, v);

		row[side] = (struct box_row){ .label = side == SIDE_A ? f->pair->name : NULL,
					      .class = classes[side],
					      .note = side == SIDE_B ? note_of(f) : NULL,
					      .bad = side == SIDE_B && f->verdict == REGRESSION,
					      .box = box_of(v, n) };
		if (!n)
			free(v);
	}
}

static double draw_panel(struct svg *s, const struct panel *p, double y)
{
	const struct metric_def *m = finding_metric(p->c, p->v[0]);
	size_t n = p->n < PAIRS ? p->n : PAIRS;
	auto_free struct box_row *rows = xcalloc(n, SIDES * sizeof(*rows));

	qsort(p->v, p->n, sizeof(*p->v), by_weight);
	for (size_t i = 0; i < n; i++)
		pair_rows(p->v[i], rows + SIDES * i);
	y = box_panel(s, y, m->name, m->unit ? m->unit : "", rows, SIDES * n);
	for (size_t i = 0; i < SIDES * n; i++) {
		free((double *)rows[i].box.v);
		free((char *)rows[i].note);
	}
	if (p->n > n) {
		auto_free char *more = xasprintf("… and %zu more pairs, changed less", p->n - n);

		svg_text(s, "dim", 12, y - 4, ANCHOR_START, more);
		y += 16;
	}
	return y;
}

static double legend(struct svg *s, const struct comparison *c)
{
	svg_label(s, "head", 12, 24, ANCHOR_START, "What changed between two sides", 100);
	svg_rect(s, "a", 12, 36, 12, 12);
	svg_label(s, "", 30, 46, ANCHOR_START, c->label[SIDE_A], 60);
	svg_rect(s, "b", 12, 54, 12, 12);
	svg_label(s, "", 30, 64, ANCHOR_START, c->label[SIDE_B], 60);
	return 84;
}

/* The findings of each metric, in the order of the metrics. */
static double panels(struct svg *s, const struct comparison *c, double y)
{
	auto_free const struct finding **v = xcalloc(c->n_findings, sizeof(*v));

	for (uint32_t def = 0; def < c->rows->n_defs; def++) {
		struct panel p = { .c = c, .v = v };

		for (size_t i = 0; i < c->n_findings; i++)
			if (c->findings[i].def == def && (c->findings[i].a != 0 || c->findings[i].b != 0))
				v[p.n++] = &c->findings[i];
		if (p.n)
			y = draw_panel(s, &p, y);
	}
	return y;
}

int plot_comparison(const struct comparison *c, const char *path, struct err *e)
{
	struct svg s;
	double y;
	int rc;

	svg_open(&s, BOX_WIDTH, "What changed between two sides", true);
	y = legend(&s, c);
	if (c->n_findings)
		y = panels(&s, c, y);
	else
		svg_text(&s, "dim", 12, (y += 20) - 6, ANCHOR_START, "no metric of any pair can be compared");
	svg_close(&s, y);
	rc = write_file(path, s.out.s, s.out.len, 0644, e);
	svg_release(&s);
	return rc;
}
