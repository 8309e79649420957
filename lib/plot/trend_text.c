/* SPDX-License-Identifier: GPL-2.0-only */
/* A trend for the terminal. */
#include <math.h>
#include <string.h>

#include "base/term.h"
#include "plot/trend.h"

#define BAR 24 /* columns of the longest bar */

static const char *const better[] = { [LOWER] = "lower is better", [HIGHER] = "higher is better" };

static void put_better(const struct metric_def *m, struct str *out)
{
	if (m->polarity == TARGET)
		str_addf(out, ", %.15g is best", m->target);
	else if (m->polarity != UNKNOWN)
		str_addf(out, ", %s", better[m->polarity]);
}

static size_t count_placed(const struct trend *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->series[i].n;
	return n;
}

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static void head(const struct trend *t, FILE *out)
{
	auto_str struct str text = { 0 };
	size_t n = count_placed(t), commits = t->history.placed;

	str_add(&text, t->metric->name);
	if (*t->metric->unit)
		str_addf(&text, " in %s", t->metric->unit);
	put_better(t->metric, &text);
	print_plain(out, "%s: %zu %s of %zu %s in %zu series, oldest commit first\n", str_c(&text), n,
		    plural(n, "result", "results"), commits, plural(commits, "commit", "commits"), t->n);
}

/* A bar in eighths of a column. */
static void put_bar(struct str *out, double share)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	long n = lround(fmin(fmax(share, 0), 1) * BAR * 8);

	for (long i = 0; i < n / 8; i++)
		str_add(out, "█");
	str_add(out, eighths[n % 8]);
}

static double largest(const struct series *s)
{
	double max = 0;

	for (size_t i = 0; i < s->n_points; i++)
		max = fmax(max, fabs(s->points[i].box.median));
	return max > 0 ? max : 1;
}

static void cell_value(struct table *table, double v)
{
	auto_str struct str text = { 0 };

	str_add_value(&text, v, NULL);
	table_cell(table, str_c(&text));
}

static bool is_change(const struct series *s, const struct point *p)
{
	for (size_t i = 0; i < s->n_changes; i++)
		if (change_point(s, &s->change[i]) == p)
			return true;
	return false;
}

static void add_point(struct table *table, const struct series *s, const struct point *p, double max)
{
	auto_free char *commit = xasprintf("%s%s", p->commit->name, p->dirty ? "-dirty" : "");
	auto_free char *n = xasprintf("%zu", p->box.n);
	auto_str struct str bar = { 0 };

	table_cell(table, is_change(s, p) ? ">" : "");
	table_cell(table, commit);
	table_cell(table, n);
	cell_value(table, p->box.median);
	cell_value(table, p->box.v[0]);
	cell_value(table, p->box.v[p->box.n - 1]);
	put_bar(&bar, fabs(p->box.median) / max);
	table_cell(table, str_c(&bar));
	table_cell(table, p->commit->subject);
}

static void table_of(const struct series *s, FILE *out)
{
	static const char *const heads[] = { "", "COMMIT", "N", "MEDIAN", "MIN", "MAX", "", "SUBJECT" };
	double max = largest(s);
	struct table table;

	table_init(&table, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_cell(&table, heads[i]);
	for (size_t i = 0; i < s->n_points; i++)
		add_point(&table, s, &s->points[i], max);
	table_print(&table, out);
	table_release(&table);
}

static void put_change(const struct trend *t, const struct series *s, size_t i, FILE *out)
{
	const struct point *p = change_point(s, &s->change[i]);
	auto_str struct str text = { 0 };
	double before, after;

	change_levels(s, i, &before, &after);
	str_addf(&text, " %s at %s%s: ", change_verdict(t, before, after), p->commit->name, p->dirty ? "-dirty" : "");
	str_add_value(&text, before, NULL);
	str_add(&text, " -> ");
	str_add_value(&text, after, t->metric->unit);
	if (before != 0)
		str_addf(&text, " (%+.1f %%)", (after - before) / fabs(before) * 100);
	str_addf(&text, ", p = %.2g", s->change[i].p);
	print_plain(out, "%s\n", str_c(&text));
}

static void put_series(const struct trend *t, const struct series *s, FILE *out)
{
	auto_free char *name = series_name(t, s);

	print_plain(out, "\n%s\n", name);
	table_of(s, out);
	for (size_t i = 0; i < s->n_changes; i++)
		put_change(t, s, i, out);
	if (s->n_points < 2)
		fprintf(out, " one commit only: nothing to compare it with\n");
	else if (!s->enough)
		fprintf(out, " too few runs to find a change: %zu, where %d are needed\n", s->n, CHANGE_MIN);
	else if (!s->n_changes)
		fprintf(out, " no change found, p = %.2g\n", s->p_adjusted);
}

static void left_out(size_t n, const char *why, FILE *out)
{
	if (n)
		print_plain(out, " %zu %s %s\n", n, plural(n, "result", "results"), why);
}

static void put_elsewhere(const struct trend *t, FILE *out)
{
	if (t->n_elsewhere || t->failed || t->skipped || t->no_commit || t->no_value)
		fprintf(out, "\nnot shown:\n");
	for (size_t i = 0; i < t->n_elsewhere; i++) {
		auto_free char *why = xasprintf("of %s: %s", t->elsewhere[i].commit, t->elsewhere[i].why);

		left_out(t->elsewhere[i].results, why, out);
	}
	left_out(t->no_commit, "without a commit", out);
	left_out(t->failed, "that failed", out);
	left_out(t->skipped, "that were skipped", out);
	left_out(t->no_value, "without this metric", out);
}

void trend_text(const struct trend *t, FILE *out)
{
	head(t, out);
	for (size_t i = 0; i < t->n; i++)
		put_series(t, &t->series[i], out);
	put_elsewhere(t, out);
}
