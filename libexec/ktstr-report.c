/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-report: the results given as records on stdin as one page that needs
 * no network, no server and nothing beside it.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "compare/pick.h"
#include "result/place.h"
#include "plot/report.h"

static const char *output, *dir;
static struct pick pick;
static struct opt opts[] = {
	{ "output", 'o', OPT_STR, &output, "DIR", "write DIR/index.html", .required = true },
	PICK_OPTS(&pick),
	{ "dir", 0, OPT_STR, &dir, "DIR", "where the runs are, which the page links to" },
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-report",
	.about = "write results into a page with tables and plots",
	.opts = opts,
};

/* Two absolute paths without links: how to get from one directory to the
 * other. */
static char *way(const char *from, const char *to)
{
	size_t common = 0;
	struct str path = { 0 };

	for (size_t i = 0;; i++) {
		bool end_from = !from[i] || from[i] == '/', end_to = !to[i] || to[i] == '/';

		if (end_from && end_to)
			common = i;
		if (from[i] != to[i] || !from[i])
			break;
	}
	for (const char *p = from + common; *p; p++)
		if (*p == '/' && p[1])
			str_add(&path, "../");
	str_add(&path, to[common] ? to + common + 1 : ".");
	if (path.len > 1 && path.s[path.len - 1] == '/')
		path.s[--path.len] = '\0';
	return str_take(&path);
}

/* Where the runs are, seen from the page. */
static char *base_of(const char *page)
{
	auto_free char *root = dir ? xstrdup(dir) : runs_root();
	auto_free char *from = real_path(page), *to = real_path(root);

	return from && to ? way(from, to) : xstrdup(root);
}

/* Only the chosen results from here on. */
static void choose(struct rows *rows)
{
	struct selection chosen;

	if (!rows->n)
		die("there are no results to report; 'cargo ktstr test' makes some");
	pick_rows(&pick, rows, &chosen);
	if (!chosen.n)
		die("there are no results to report: nothing matches the filters; 'cargo ktstr stats list-values' has "
		    "what there is");
	rows_keep(rows, chosen.v, chosen.n);
	selection_release(&chosen);
}

int main(int argc, char **argv)
{
	auto_str struct str text = { 0 }, asked = { 0 };
	auto_free char *base = NULL, *path = NULL;
	struct rows rows;
	struct err e;

	start(&program, argc, argv, NULL);
	if (pick_resolve(&pick, &e) < 0 || rows_read(&rows, STDIN_FILENO, &e) < 0)
		die_err(&e);
	choose(&rows);
	pick_say(&pick, &asked);
	if (make_dirs(output, &e) < 0)
		die_err(&e);
	base = base_of(output);
	path = xasprintf("%s/index.html", output);
	report_page(&rows, base, str_c(&asked), &text);
	if (write_file(path, text.s, text.len, 0644, &e) < 0)
		die_err(&e);
	printf("%s\n", path);
	rows_release(&rows);
	return finish(0);
}
