/* SPDX-License-Identifier: GPL-2.0-only */
/* Box plots of a report: a panel for each metric, a row for each variant. */
#include <math.h>
#include <stdlib.h>

#include "plot/report.h"

#define ROWS 40 /* of one metric; the others are counted */

static bool all_zero(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] != 0)
			return false;
	return true;
}

/* Rows for one metric: how many variants have it; up to ROWS of them in out,
 * whose values are the caller's to free. */
static size_t metric_rows(const struct variants *groups, uint32_t def, struct box_row out[ROWS], bool *zero)
{
	size_t found = 0;

	for (size_t i = 0; i < groups->n; i++) {
		double *v = xcalloc(groups->v[i].n, sizeof(*v));
		size_t n = variant_samples(&groups->v[i], def, v);

		*zero = *zero && all_zero(v, n);
		if (n && found < ROWS)
			out[found] = (struct box_row){ .label = variant_name(&groups->v[i]),
						       .class = "a",
						       .box = box_of(v, n) };
		else
			free(v);
		found += n > 0;
	}
	return found;
}

static void plot(const struct metric_def *m, const struct box_row *rows, size_t found, struct str *out)
{
	size_t n = found < ROWS ? found : ROWS;
	struct svg s;
	double y;

	svg_open(&s, BOX_WIDTH, m->name, false);
	y = box_panel(&s, 0, m->name, m->unit ? m->unit : "", rows, n);
	if (found > n) {
		auto_free char *more = xasprintf("… and %zu more", found - n);

		svg_text(&s, "dim", 12, y - 4, ANCHOR_START, more);
		y += 16;
	}
	svg_close(&s, y);
	str_add(out, s.out.s);
	svg_release(&s);
}

void report_plots(const struct rows *rows, const struct variants *groups, struct str *out)
{
	for (uint32_t def = 0; def < rows->n_defs; def++) {
		struct box_row list[ROWS];
		bool zero = true;
		size_t found = metric_rows(groups, def, list, &zero);

		if (!zero)
			plot(&rows->defs[def], list, found, out);
		for (size_t i = 0; i < found && i < ROWS; i++) {
			free((char *)list[i].label);
			free((double *)list[i].box.v);
		}
	}
}
