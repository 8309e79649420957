/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/xml.h"
#include "plot/report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compare/significance.h"

#define FAILURES 1000 /* listed at most; the others are counted */

static void tag(struct str *out, const char *name, const char *text)
{
	str_addf(out, "<%s>", name);
	xml_text(out, text);
	str_addf(out, "</%s>", name);
}

/* A path as part of a link. */
static void put_url(struct str *out, const char *path)
{
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("/._-~+", *path))
			str_addc(out, *path);
		else
			str_addf(out, "%%%02X", (unsigned char)*path);
}

static void put_link(struct str *out, const char *base, const char *run, const char *file, const char *text)
{
	str_add(out, "<td><a href=\"");
	put_url(out, base);
	str_addc(out, '/');
	put_url(out, run);
	str_addc(out, '/');
	put_url(out, file);
	str_add(out, "\">");
	xml_text(out, text);
	str_add(out, "</a></td>");
}

static void cell(struct str *out, const char *text)
{
	tag(out, "td", text ? text : "");
}

static void cell_count(struct str *out, size_t n, bool bad)
{
	str_addf(out, "<td class=\"n%s\">%zu</td>", bad && n ? " bad" : "", n);
}

/* A column's name; number: its cells are sorted as numbers. */
static void column(struct str *out, const char *name, bool number)
{
	str_add(out, number ? "<th class=\"n\">" : "<th>");
	xml_text(out, name);
	str_add(out, "</th>");
}

static void table_begin(struct str *out, const char *id, const char *title)
{
	str_addf(out, "<h2 id=\"%s\">%s</h2>\n<div class=\"wide\"><table>\n<thead><tr>", id, title);
}

static void table_body(struct str *out)
{
	str_add(out, "</tr></thead>\n<tbody>\n");
}

static void table_end(struct str *out)
{
	str_add(out, "</tbody></table></div>\n");
}

static void counts_head(struct str *out)
{
	static const char *const names[] = { "results", "passed", "failed", "skipped" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		column(out, names[i], true);
}

static void counts(struct str *out, const struct variant *v)
{
	cell_count(out, v->n, false);
	cell_count(out, v->passed, false);
	cell_count(out, v->failed, true);
	cell_count(out, v->skipped, false);
}

/* The one value all rows have, or how many there are. */
static void cell_common(struct str *out, const struct variant *v, size_t at)
{
	const char *first = *(const char *const *)((const char *)v->v[0] + at);
	bool same = true;

	/* texts are interned */
	for (size_t i = 1; i < v->n && same; i++)
		same = *(const char *const *)((const char *)v->v[i] + at) == first;
	cell(out, same ? first : "several");
}

static void cell_times(struct str *out, const struct variant *v)
{
	const char *first = NULL, *last = NULL;

	for (size_t i = 0; i < v->n; i++) {
		const char *t = v->v[i]->timestamp;

		if (!t || !*t)
			continue;
		first = !first || strcmp(t, first) < 0 ? t : first;
		last = !last || strcmp(t, last) > 0 ? t : last;
	}
	cell(out, first);
	cell(out, last);
}

static void runs_table(const struct variants *runs, const char *base, struct str *out)
{
	static const char *const names[] = { "run", "kernel", "commit", "source" };

	table_begin(out, "runs", "Runs");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		column(out, names[i], false);
	counts_head(out);
	column(out, "first", false);
	column(out, "last", false);
	table_body(out);
	for (size_t i = 0; i < runs->n; i++) {
		const struct variant *v = &runs->v[i];
		const char *run = v->v[0]->run ? v->v[0]->run : "";

		str_add(out, "<tr>");
		put_link(out, base, run, "", *run ? run : ".");
		cell_common(out, v, offsetof(struct row, kernel));
		cell_common(out, v, offsetof(struct row, project_commit));
		cell_common(out, v, offsetof(struct row, run_source));
		counts(out, v);
		cell_times(out, v);
		str_add(out, "</tr>\n");
	}
	table_end(out);
}

static const char *const key_names[] = { "test", "scheduler", "topology", "work type", "kernel" };

static void key_cells(struct str *out, const struct row *r, bool with_test)
{
	if (with_test)
		cell(out, r->test);
	cell(out, r->scheduler);
	cell(out, r->topology);
	cell(out, r->work_type);
	cell(out, r->kernel);
}

static void failures_table(const struct variants *groups, const char *base, struct str *out)
{
	size_t n = 0;

	table_begin(out, "failures", "Failures");
	for (size_t i = 0; i < ARRAY_SIZE(key_names); i++)
		column(out, key_names[i], false);
	column(out, "run", false);
	column(out, "when", false);
	table_body(out);
	for (size_t i = 0; i < groups->n; i++)
		for (size_t k = 0; k < groups->v[i].n; k++) {
			const struct row *r = groups->v[i].v[k];

			if (r->passed || r->skipped || n++ >= FAILURES)
				continue;
			str_add(out, "<tr>");
			put_link(out, base, r->run ? r->run : "", r->file ? r->file : "", r->test);
			key_cells(out, r, false);
			cell(out, r->run);
			cell(out, r->timestamp);
			str_add(out, "</tr>\n");
		}
	table_end(out);
	if (n > FAILURES)
		str_addf(out, "<p class=\"dim\">… and %zu more.</p>\n", n - FAILURES);
}

/* Which metrics have a column: those any result has and that are not 0 in
 * all. */
static bool *metrics_seen(const struct rows *rows)
{
	bool *seen = xcalloc(rows->n_defs, sizeof(*seen));

	for (size_t i = 0; i < rows->n; i++)
		for (uint32_t k = 0; k < rows->v[i].n_values; k++)
			if (rows->v[i].values[k].v != 0)
				seen[rows->v[i].values[k].def] = true;
	return seen;
}

static void cell_median(struct str *out, const struct variant *v, uint32_t def)
{
	auto_free double *samples = xcalloc(v->n, sizeof(*samples));
	size_t n = variant_samples(v, def, samples);
	double median;

	if (!n) {
		str_add(out, "<td class=\"n\"></td>");
		return;
	}
	median = median_of_values(samples, n);
	str_addf(out, "<td class=\"n\" data-v=\"%.17g\">", median);
	str_add_value(out, median, NULL);
	str_add(out, "</td>");
}

static void variants_table(const struct rows *rows, const struct variants *groups, struct str *out)
{
	auto_free bool *seen = metrics_seen(rows);

	table_begin(out, "tests", "Tests, with the median of each metric");
	for (size_t i = 0; i < ARRAY_SIZE(key_names); i++)
		column(out, key_names[i], false);
	counts_head(out);
	for (size_t d = 0; d < rows->n_defs; d++)
		if (seen[d]) {
			const char *unit = rows->defs[d].unit;
			auto_free char *name =
				xasprintf("%s%s%s", rows->defs[d].name, unit && *unit ? ", " : "", unit ? unit : "");

			column(out, name, true);
		}
	table_body(out);
	for (size_t i = 0; i < groups->n; i++) {
		str_add(out, "<tr>");
		key_cells(out, groups->v[i].v[0], true);
		counts(out, &groups->v[i]);
		for (uint32_t d = 0; d < rows->n_defs; d++)
			if (seen[d])
				cell_median(out, &groups->v[i], d);
		str_add(out, "</tr>\n");
	}
	table_end(out);
}

static void summary(const struct rows *rows, const struct variants *runs, const struct variants *groups,
		    struct str *out)
{
	size_t passed = 0, failed = 0, skipped = 0;

	for (size_t i = 0; i < groups->n; i++) {
		passed += groups->v[i].passed;
		failed += groups->v[i].failed;
		skipped += groups->v[i].skipped;
	}
	str_addf(out, "<p>%zu results of %zu variants in %zu runs: <b>%zu passed</b>, <b>%zu failed</b>, %zu skipped.",
		 rows->n, groups->n, runs->n, passed, failed, skipped);
	if (rows->corrupt || rows->unreadable)
		str_addf(out, " <b>%zu files could not be read.</b>", rows->corrupt + rows->unreadable);
	str_add(out, "</p>\n<nav><a href=\"#runs\">Runs</a>");
	if (failed)
		str_add(out, "<a href=\"#failures\">Failures</a>");
	str_add(out, "<a href=\"#tests\">Tests</a><a href=\"#plots\">Plots</a></nav>\n");
}

void report_page(const struct rows *rows, const char *base, const char *only, struct str *out)
{
	struct variants runs, groups;
	size_t failed = 0;

	variants_by_run(&runs, rows);
	variants_by_key(&groups, rows);
	for (size_t i = 0; i < groups.n; i++)
		failed += groups.v[i].failed;
	str_add(out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>Scheduler test results</title>\n");
	str_addf(out, "<style>%s%s</style>\n</head><body>\n<h1>Scheduler test results</h1>\n", report_style, svg_style);
	if (*only) {
		str_add(out, "<p>Only ");
		xml_text(out, only);
		str_add(out, ".</p>\n");
	}
	summary(rows, &runs, &groups, out);
	runs_table(&runs, base, out);
	if (failed)
		failures_table(&groups, base, out);
	variants_table(rows, &groups, out);
	str_add(out, "<h2 id=\"plots\">Plots</h2>\n<p class=\"dim\">Results that passed. Box: quartiles and median; "
		     "whiskers: "
		     "the last value within 1.5 boxes; dots: what is beyond, or every value where there are fewer than "
		     "five.</p>\n");
	report_plots(rows, &groups, out);
	str_addf(out, "<script>%s</script>\n</body></html>\n", report_script);
	variants_release(&runs);
	variants_release(&groups);
}
