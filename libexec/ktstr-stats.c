/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-stats: what result records on stdin amount to.
 *
 *	report	summary of one run
 *	metrics	the metrics there are and their thresholds; reads nothing
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/jq.h"
#include "cli/verb.h"
#include "base/term.h"
#include "result/analysis.h"

static int verb_report(int argc, char **argv)
{
	static const struct program program = { .name = "ktstr-stats report",
						.about = "summarise the results given as records on stdin" };
	struct rows rows;
	struct err e;

	start(&program, argc, argv, NULL);
	if (rows_read(&rows, STDIN_FILENO, &e) < 0)
		die_err(&e);
	analysis_print(&rows, stdout);
	rows_release(&rows);
	return 0;
}

static void metrics_json(void)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_array(&w);
	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT; m++) {
		jw_object(&w);
		jw_key_str(&w, "name", m->name);
		jw_key_str(&w, "polarity", m->higher_is_better ? "HigherBetter" : "LowerBetter");
		jw_key(&w, "kind");
		json_copy(&w, (struct slice){ m->kind, strlen(m->kind) });
		jw_key_f64(&w, "default_abs", m->abs);
		jw_key_f64(&w, "default_rel", m->rel);
		jw_key_str(&w, "display_unit", m->unit);
		jw_end(&w);
	}
	jw_end(&w);
	puts(text.s);
}

static void metrics_table(void)
{
	static const char *const heads[] = { "NAME", "POLARITY", "DEFAULT_ABS", "DEFAULT_REL", "UNIT" };
	struct table t;

	table_init(&t, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_cell(&t, heads[i]);
	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT; m++) {
		auto_free char *abs = xasprintf("%.15g", m->abs), *rel = xasprintf("%.15g", m->rel);

		table_cell(&t, m->name);
		table_cell(&t, m->higher_is_better ? "higher" : "lower");
		table_cell(&t, abs);
		table_cell(&t, rel);
		table_cell(&t, m->unit);
	}
	table_print(&t, stdout);
	table_release(&t);
}

static int verb_metrics(int argc, char **argv)
{
	static bool json;
	static const char *jq;
	static struct opt opts[] = { { "json", 0, OPT_FLAG, &json, .help = "print JSON, not a table" },
				     JQ_OPT(&jq),
				     { 0 } };
	static const struct program program = { .name = "ktstr-stats metrics",
						.about = "list the metrics and their thresholds",
						.opts = opts };

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	if (json)
		metrics_json();
	else
		metrics_table();
	return 0;
}

int main(int argc, char **argv)
{
	static struct program program = { .name = "ktstr-stats",
					  .args = "report|metrics",
					  .about = "summarise result records",
					  .min_args = 1,
					  .tail = true };
	static const struct verb verbs[] = { { "report", verb_report }, { "metrics", verb_metrics }, { 0 } };

	return verb_main(&program, verbs, argc, argv);
}
