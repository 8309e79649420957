/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-compare: what changed between two sides of a pool of results, read as
 * a record stream. Exits 1 when something got worse.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/jq.h"
#include "compare/findings.h"
#include "compare/judge.h"
#include "result/place.h"
#include "compare/pick.h"
#include "result/rows.h"
#include "compare/sides.h"
#include "plot/svg.h"

static struct side_filter both, own[SIDES];
static struct question question;
static const char *format = "table", *policy_file, *dir, *jq, *plot;
static double threshold;
static bool require_pairs, all, json;

static const char *const formats[] = { "table", "json", "csv", "markdown", "junit", NULL };
static void (*const printers[])(const struct report *, FILE *) = { findings_table, findings_json, findings_csv,
								   findings_markdown, findings_junit };

#define DIMENSION(d, n, a)                                                                         \
	{ n, 0, OPT_LIST, &both.values[d], a, "both sides: results with this " n "; repeatable" }, \
		{ "a-" n, 0, OPT_LIST, &own[SIDE_A].values[d], a, "side A: instead of --" n },     \
	{                                                                                          \
		"b-" n, 0, OPT_LIST, &own[SIDE_B].values[d], a, "side B: instead of --" n          \
	}

static struct opt opts[] = {
	DIMENSION(DIM_KERNEL, "kernel", "VERSION"),
	DIMENSION(DIM_SCHEDULER, "scheduler", "NAME"),
	DIMENSION(DIM_TOPOLOGY, "topology", "LABEL"),
	DIMENSION(DIM_WORK_TYPE, "work-type", "TYPE"),
	DIMENSION(DIM_PROJECT_COMMIT, "project-commit", "REV"),
	DIMENSION(DIM_KERNEL_COMMIT, "kernel-commit", "REV"),
	DIMENSION(DIM_RUN_SOURCE, "run-source", "NAME"),
	{ "filter", 'E', OPT_STR, &question.filter, "TEXT",
	  "only rows whose scenario, topology, scheduler or work type has it" },
	{ "threshold", 0, OPT_REAL, &threshold, "PCT", "relative threshold of every metric, in percent",
	  .conflicts = "policy" },
	{ "policy", 0, OPT_STR, &policy_file, "FILE", "JSON file of thresholds" },
	{ "alpha", 0, OPT_REAL, &question.alpha, "P", "count a change only if it is significant at this level" },
	{ "no-average", 0, OPT_FLAG, &question.apart, .help = "keep every result apart" },
	{ "require-pairs", 0, OPT_FLAG, &require_pairs, .help = "exit 1 when nothing could be compared" },
	{ "all", 0, OPT_FLAG, &all, .help = "list what did not change, too" },
	{ "format", 0, OPT_STR, &format, "FORMAT", "table, json, csv, markdown or junit", .choices = formats },
	{ "json", 0, OPT_FLAG, &json, .help = "the same as --format json", .conflicts = "format" },
	JQ_OPT(&jq),
	{ "plot", 0, OPT_STR, &plot, "FILE", "draw box plots of what was compared into this SVG file too" },
	{ "dir", 0, OPT_STR, &dir, "DIR", "where the results were read from, for messages" },
	{ 0 }
};

static const struct program program = { .name = "ktstr-compare",
					.args = "[FILE]",
					.about = "compare two sides of a pool, read as records from FILE or stdin",
					.opts = opts,
					.max_args = 1 };

static bool is_given(const char *name)
{
	for (const struct opt *o = opts; o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o->given;
	return false;
}

static void take_policy(struct policy *p)
{
	struct err e;

	policy_init(p);
	if (is_given("threshold") && policy_percent(p, threshold, &e) < 0)
		die_err(&e);
	if (policy_file && policy_read(p, policy_file, &e) < 0)
		die_err(&e);
	question.policy = p;
}

static void check_alpha(void)
{
	if (is_given("alpha") && (question.alpha <= 0 || question.alpha >= 1))
		usage_error(&program, "--alpha is a probability, above 0 and below 1; got %g", question.alpha);
}

static void take_sides(void)
{
	struct err e;

	if (commits_resolve(&both, "", &e) < 0 || commits_resolve(&own[SIDE_A], "a-", &e) < 0 ||
	    commits_resolve(&own[SIDE_B], "b-", &e) < 0)
		die_err(&e);
	for (int s = 0; s < SIDES; s++)
		for (int d = 0; d < DIM_COUNT; d++)
			question.side[s].values[d] = own[s].values[d].n ? own[s].values[d] : both.values[d];
}

static void read_rows(struct rows *rows, const char *path)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	struct err e;

	if (fd < 0)
		die_sys("open %s", path);
	if (rows_read(rows, fd, &e) < 0)
		die_err(&e);
	if (path)
		close(fd);
}

static void print(const struct report *r)
{
	size_t i = 0;

	while (strcmp(formats[i], json ? "json" : format) != 0)
		i++;
	printers[i](r, stdout);
}

int main(int argc, char **argv)
{
	struct comparison c;
	struct policy policy;
	struct report r;
	struct rows rows;
	struct err e;
	char **files;
	int n;

	files = start(&program, argc, argv, &n);
	jq_begin(jq);
	take_policy(&policy);
	check_alpha();
	take_sides();
	question.where = dir ? dir : runs_root();
	question.all_intervals = all;
	if (comparison_ask(&c, &question, &e) < 0)
		die_err(&e);
	read_rows(&rows, n ? files[0] : NULL);
	if (comparison_make(&c, &rows, &question, &e) < 0)
		die_err(&e);
	if (plot && plot_comparison(&c, plot, &e) < 0)
		die_err(&e);
	report_init(&r, &c, all);
	print(&r);
	return finish(c.verdict[REGRESSION] || (require_pairs && !c.state[PAIR_COMPARED]));
}
