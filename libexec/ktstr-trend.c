/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-trend: one metric of the results given as records on stdin, over the
 * project's commits in git's order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "compare/pick.h"
#include "plot/trend.h"

static bool json;
static const char *jq, *by, *plot;
static double alpha = 0.05;
static struct pick pick;

static struct opt opts[] = {
	{ "by", 0, OPT_STR, &by, "LIST", "what makes a series (test,scheduler,topology,work-type,kernel)",
	  "Names joined by commas: test, scheduler, topology, work-type, kernel, kernel-commit,\n"
	  "run-source. Results that differ in nothing listed are one series." },
	PICK_OPTS(&pick),
	{ "alpha", 0, OPT_REAL, &alpha, "P", "what a change's p-value may be at most (0.05)" },
	{ "plot", 0, OPT_STR, &plot, "FILE", "draw it into this SVG file too" },
	{ "json", 0, OPT_FLAG, &json, NULL, "print JSON" },
	JQ_OPT(&jq),
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-trend",
	.args = "METRIC",
	.about = "show a metric over the project's commits, with its changes marked",
	.detail = "The repository is the one the current directory lies in.",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
};

static int key_named(const char *word, size_t n)
{
	for (int k = 0; k < DIM_COUNT; k++)
		if (k != DIM_PROJECT_COMMIT && strlen(dimension_names[k]) == n &&
		    strncmp(word, dimension_names[k], n) == 0)
			return k;
	return n == 4 && strncmp(word, "test", 4) == 0 ? TREND_TEST : -1;
}

static void read_by(bool keys[TREND_KEYS])
{
	for (const char *p = by ? by : "test,scheduler,topology,work-type,kernel"; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		int key = key_named(p, n);

		if (key < 0)
			usage_error(&program,
				    "'%.*s' in --by is none of test, scheduler, topology, work-type, kernel, "
				    "kernel-commit, run-source",
				    (int)n, p);
		keys[key] = true;
		p += n;
	}
}

/* The metric of that name, or death with what there is. */
static uint32_t metric_named(const struct rows *rows, const char *name)
{
	auto_free const char **names = xcalloc(rows->n_defs + 1, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < rows->n_defs; i++) {
		names[i] = rows->defs[i].name;
		if (strcmp(names[i], name) == 0)
			return (uint32_t)i;
	}
	near = suggest(name, names);
	if (near)
		die("no metric is called '%s'; did you mean '%s'?", name, near);
	die("no metric is called '%s'; 'cargo ktstr stats list-metrics' lists them", name);
}

static void print(const struct trend *t)
{
	auto_str struct str text = { 0 };

	if (!json) {
		trend_text(t, stdout);
		return;
	}
	trend_json(t, &text);
	fputs(str_c(&text), stdout);
}

static void draw(const struct trend *t)
{
	auto_str struct str text = { 0 };
	struct err e;

	trend_plot(t, &text);
	if (write_file(plot, text.s, text.len, 0644, &e) < 0)
		die_err(&e);
}

int main(int argc, char **argv)
{
	struct trend t = { 0 };
	struct selection chosen = { 0 };
	struct rows rows;
	struct err e;
	int n;
	char **args = start(&program, argc, argv, &n);

	if (!(alpha > 0 && alpha < 1))
		usage_error(&program, "--alpha must lie between 0 and 1");
	read_by(t.by);
	jq_begin(jq);
	if (pick_resolve(&pick, &e) < 0)
		die_err(&e);
	if (rows_read(&rows, STDIN_FILENO, &e) < 0)
		die_err(&e);
	t.alpha = alpha;
	t.def = metric_named(&rows, args[0]);
	t.metric = &rows.defs[t.def];
	pick_rows(&pick, &rows, &chosen);
	if (!chosen.n)
		die("no results to show%s",
		    rows.n ? ": nothing matches the filters" : "; 'cargo ktstr test' makes some");
	if (trend_make(&t, &chosen, ".", &e) < 0)
		die_err(&e);
	print(&t);
	if (plot)
		draw(&t);
	trend_release(&t);
	selection_release(&chosen);
	rows_release(&rows);
	return finish(0);
}
