/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/analysis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"

#define OUTLIER_SIGMAS 2.0

/* --- outliers ---------------------------------------------------------- */

static const struct {
	const char *label;
	enum metric_id id;
} columns[] = {
	{ "spread", M_SPREAD },
	{ "gap_ms", M_GAP_MS },
	{ "migrations", M_MIGRATIONS },
	{ "migration_ratio", M_MIGRATION_RATIO },
	{ "imbalance", M_IMBALANCE },
	{ "dsq_depth", M_DSQ_DEPTH },
	{ "stuck", M_STUCK },
	{ "fallback", M_FALLBACK },
	{ "keep_last", M_KEEP_LAST },
	{ "worst_p99_wake_latency_us", M_P99_WAKE },
	{ "worst_wake_latency_cv", M_WAKE_CV },
	{ "worst_mean_run_delay_us", M_MEAN_RUN_DELAY },
	{ "worst_run_delay_us", M_RUN_DELAY },
};

static const char *scenario_of(const struct row *row)
{
	return row->test;
}

static const char *topology_of(const struct row *row)
{
	return row->topology;
}

static const char *work_type_of(const struct row *row)
{
	return row->work_type;
}

/* In sums and means a metric that a result does not have counts as 0. */
static double value_of(const struct row *row, enum metric_id id)
{
	double v;

	return row_value(row, id, &v) ? v : 0;
}

/* The different values of a field over all rows, sorted. Equal texts of rows
 * are one pointer. */
struct names {
	const char **v;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct names values_of(const struct rows *r, const char *(*field)(const struct row *))
{
	struct names all = { .v = xcalloc(r->n + 1, sizeof(*all.v)) };
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		all.v[i] = field(&r->v[i]);
	if (r->n)
		qsort(all.v, r->n, sizeof(*all.v), by_text);
	for (size_t i = 0; i < r->n; i++)
		if (i == 0 || all.v[i] != all.v[i - 1])
			all.v[n++] = all.v[i];
	all.n = n;
	return all;
}

static double scenario_mean(const struct rows *r, const char *scenario, enum metric_id id)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].test, scenario) == 0) {
			sum += value_of(&r->v[i], id);
			n++;
		}
	return n ? sum / (double)n : 0;
}

static void find_in_column(const struct rows *r, const struct names *scenarios, size_t column, struct outliers *found)
{
	enum metric_id id = columns[column].id;
	double mean = 0, squares = 0, deviation;

	for (size_t i = 0; i < r->n; i++)
		mean += value_of(&r->v[i], id);
	mean /= (double)r->n;
	for (size_t i = 0; i < r->n; i++)
		squares += (value_of(&r->v[i], id) - mean) * (value_of(&r->v[i], id) - mean);
	deviation = r->n < 2 ? 0 : sqrt(squares / (double)(r->n - 1));
	if (deviation < DBL_EPSILON)
		return;
	for (size_t i = 0; i < scenarios->n; i++) {
		double own = scenario_mean(r, scenarios->v[i], id), limit = mean + OUTLIER_SIGMAS * deviation;

		if (own <= limit)
			continue;
		GROW(found->v, found->n, found->cap);
		found->v[found->n++] = (struct outlier){ .scenario = scenarios->v[i],
							 .label = columns[column].label,
							 .id = id,
							 .mean = own,
							 .overall = mean,
							 .sigma = (own - mean) / deviation,
							 .threshold = limit };
	}
}

static int by_sigma(const void *a, const void *b)
{
	const struct outlier *x = a, *y = b;

	if (x->sigma != y->sigma)
		return x->sigma > y->sigma ? -1 : 1;
	return x->id != y->id ? (int)x->id - (int)y->id : strcmp(x->scenario, y->scenario);
}

struct outliers outliers_find(const struct rows *r)
{
	struct names scenarios = values_of(r, scenario_of);
	struct outliers found = { 0 };

	for (size_t c = 0; r->n && c < ARRAY_SIZE(columns); c++)
		find_in_column(r, &scenarios, c, &found);
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), by_sigma);
	free(scenarios.v);
	return found;
}

bool outlier_has(const struct outlier *o, const struct row *row)
{
	return strcmp(row->test, o->scenario) == 0 && value_of(row, o->id) > o->threshold;
}

static void print_outlier(const struct rows *r, const struct outlier *o, FILE *out)
{
	const char *lead = "    worst on: ";

	print_plain(out, "  %s: %s %.1f (overall avg %.1f, +%.1fσ)\n", o->scenario, o->label, o->mean, o->overall,
		    o->sigma);
	for (size_t i = 0; i < r->n; i++) {
		if (!outlier_has(o, &r->v[i]))
			continue;
		print_plain(out, "%s%s", lead, r->v[i].topology);
		lead = ", ";
	}
	if (lead[0] == ',')
		fputc('\n', out);
}

void analysis_outliers(const struct rows *r, FILE *out)
{
	struct outliers found = outliers_find(r);

	fputs(found.n ? "Outliers detected:\n" : "No outliers detected.\n", out);
	for (size_t i = 0; i < found.n; i++)
		print_outlier(r, &found.v[i], out);
	free(found.v);
}

/* --- summaries by one field -------------------------------------------- */

static struct summary summary_of(const struct rows *r, const char *name, const char *(*field)(const struct row *))
{
	struct summary sum = { .name = name };

	for (size_t i = 0; i < r->n; i++) {
		const struct row *row = &r->v[i];
		const struct sidecar *whole = r->results[i];
		const char *outcome = whole && whole->outcome ? whole->outcome : "";

		if (strcmp(field(row), name) != 0)
			continue;
		sum.total++;
		sum.passed += row->passed;
		sum.skipped += row->skipped;
		sum.crashed += strcmp(outcome, "crash") == 0;
		sum.timed_out += strcmp(outcome, "timeout") == 0;
		for (int m = 0; m < METRIC_COUNT; m++)
			sum.sum[m] += value_of(row, (enum metric_id)m);
	}
	return sum;
}

double summary_mean(const struct summary *s, enum metric_id id)
{
	return s->sum[id] / (double)s->total;
}

static int by_spread(const void *a, const void *b)
{
	const struct summary *x = a, *y = b;
	double xs = summary_mean(x, M_SPREAD), ys = summary_mean(y, M_SPREAD);

	if (xs != ys)
		return xs > ys ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void print_summary(const struct summary *s, FILE *out)
{
	fputs("  ", out);
	print_left(out, s->name, 25);
	print_plain(out, " %zu/%zu passed (%zu skipped, %zu failed)  avg_spread=%.1f%%  avg_gap=%.0fms", s->passed,
		    s->total, s->skipped, s->total - s->passed - s->skipped, summary_mean(s, M_SPREAD),
		    summary_mean(s, M_GAP_MS));
	if (summary_mean(s, M_IMBALANCE) > 1.0)
		print_plain(out, "  imbal=%.1f", summary_mean(s, M_IMBALANCE));
	if (summary_mean(s, M_DSQ_DEPTH) > 0)
		print_plain(out, "  dsq=%.0f", summary_mean(s, M_DSQ_DEPTH));
	if (s->sum[M_STUCK] > 0)
		print_plain(out, "  stuck=%.0f", s->sum[M_STUCK]);
	if (summary_mean(s, M_FALLBACK) > 0)
		print_plain(out, "  fallback=%.0f", summary_mean(s, M_FALLBACK));
	/* failures that ended without a verdict from the guest */
	if (s->crashed)
		print_plain(out, "  crash=%zu", s->crashed);
	if (s->timed_out)
		print_plain(out, "  timeout=%zu", s->timed_out);
	fputc('\n', out);
}

struct summaries summaries_of(const struct rows *r, enum summary_by by)
{
	static const char *(*const fields[])(const struct row *) = {
		[BY_SCENARIO] = scenario_of, [BY_TOPOLOGY] = topology_of, [BY_WORK_TYPE] = work_type_of
	};
	struct names names = values_of(r, fields[by]);
	struct summaries list = { xcalloc(names.n + 1, sizeof(*list.v)), names.n };

	for (size_t i = 0; i < names.n; i++)
		list.v[i] = summary_of(r, names.v[i], fields[by]);
	qsort(list.v, list.n, sizeof(*list.v), by_spread);
	free(names.v);
	return list;
}

static void print_by(const struct rows *r, const char *heading, enum summary_by by, size_t at_least, FILE *out)
{
	struct summaries list = summaries_of(r, by);

	if (list.n >= at_least)
		print_plain(out, "\n%s\n", heading);
	for (size_t i = 0; i < list.n && list.n >= at_least; i++)
		print_summary(&list.v[i], out);
	free(list.v);
}

void analysis_dimensions(const struct rows *r, FILE *out)
{
	print_by(r, "By scenario (worst first):", BY_SCENARIO, 1, out);
	print_by(r, "By topology:", BY_TOPOLOGY, 1, out);
	print_by(r, "By work_type:", BY_WORK_TYPE, 2, out);
}

void analysis_print(const struct rows *r, FILE *out)
{
	if (!r->n)
		return;
	fputs("\n=== GAUNTLET ANALYSIS ===\n\n", out);
	analysis_outliers(r, out);
	analysis_dimensions(r, out);
	analysis_stimuli(r, out);
	analysis_verifier(r, out);
	analysis_callbacks(r, out);
	analysis_kvm(r, out);
}
