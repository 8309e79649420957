/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-stats: what result records on stdin amount to.
 *
 *	report	summary of one run
 *	metrics	the metrics there are and their thresholds, or those of results
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/jq.h"
#include "cli/verb.h"
#include "result/analysis.h"
#include "result/metric_list.h"

static int verb_report(int argc, char **argv)
{
	static bool json;
	static const char *jq;
	static struct opt opts[] = { { "json", 0, OPT_FLAG, &json, .help = "print JSON, not a report" },
				     JQ_OPT(&jq),
				     { 0 } };
	static const struct program program = { .name = "ktstr-stats report",
						.about = "summarise the results given as records on stdin",
						.opts = opts };
	struct rows rows;
	struct err e;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	if (rows_read(&rows, STDIN_FILENO, &e) < 0)
		die_err(&e);
	if (json)
		analysis_json(&rows, stdout);
	else
		analysis_print(&rows, stdout);
	rows_release(&rows);
	return 0;
}

static int verb_metrics(int argc, char **argv)
{
	static bool json, found;
	static const char *jq;
	static struct opt opts[] = {
		{ "json", 0, OPT_FLAG, &json, .help = "print JSON, not a table" },
		JQ_OPT(&jq),
		{ "found", 0, OPT_FLAG, &found,
		  .help = "read result records: which metrics they have, and how many results each" },
		{ 0 }
	};
	static const struct program program = { .name = "ktstr-stats metrics",
						.about = "list the metrics and their thresholds",
						.opts = opts };
	struct rows rows;
	struct err e;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	if ((found ? rows_read(&rows, STDIN_FILENO, &e) : rows_none(&rows, &e)) < 0)
		die_err(&e);
	if (json)
		metrics_json(&rows, found, stdout);
	else
		metrics_table(&rows, found, stdout);
	rows_release(&rows);
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
