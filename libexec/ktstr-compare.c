/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-compare: what result records on stdin amount to.
 *
 *	report	summary of one run
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "result/analysis.h"

static int report(int argc, char **argv)
{
	static const struct program program = { .name = "ktstr-compare report",
						.about = "summarise the results given as records on stdin" };
	struct rows rows;
	struct err e;

	start(&program, argc, argv, NULL);
	if (rows_read(&rows, STDIN_FILENO, &e) < 0)
		die_err(&e);
	analysis_print(&rows, stdout);
	rows_release(&rows);
	return finish(0);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "ktstr-compare", .args = "report", .about = "summarise result records", .tail = true
	};
	int n;

	argv = start(&program, argc, argv, &n);
	if (n && strcmp(argv[0], "report") == 0)
		return report(n, argv);
	die("stats %s is not available in this version", n && argv[0][0] != '-' ? argv[0] : "compare");
}
