/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-complete: values that only the tool knows, for completion scripts. One
 * a line, behind a tab what it is. It reads directories, a few files and the
 * help of the program that gets the words, never the network, and stops after
 * 15 ms: whoever presses Tab waits.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/term.h"
#include "base/where.h"
#include "cli/helptext.h"
#include "cli/opt.h"
#include "json/read.h"
#include "kernel/cache.h"
#include "result/listing.h"
#include "result/load.h"
#include "result/metrics.h"
#include "result/place.h"
#include "result/pool.h"

#define PATIENCE_MS 15
#define RESULTS_MIN 64 /* are looked at however long it takes */

static const struct program program = {
	.name = "ktstr-complete",
	.args = "KIND [WORD]...",
	.about = "List values for completion scripts",
	.detail = "KIND is kernel, metric, preset, run, test, topology or row.NAME, NAME being what results\n"
		  "are compared by: kernel, scheduler, topology, work-type, run-source, project-commit,\n"
		  "kernel-commit; or the command whose tail is completed: nextest, llvm-cov-nextest,\n"
		  "llvm-cov. The words are those of the command line so far, for its --dir.",
	.min_args = 1,
	.max_args = -1,
	.stop = true,
};

static char **words;    /* of the command line that is completed */
static long long began; /* ms */

static void say(const char *value, const char *what)
{
	if (*value && !value[strcspn(value, "\t\n")])
		printf("%s\t%s\n", value, what);
}

/* The same for values that may come again and again; there are few of them. */
static void say_once(const char *value, const char *what)
{
	static struct strv seen;

	if (strv_has(&seen, value))
		return;
	strv_add(&seen, value);
	say(value, what);
}

/* --- kernels ------------------------------------------------------------- */

/* Cache entries by their names, which is all a key is. */
static void list_kernels(void)
{
	auto_free char *root = NULL;
	struct strv keys = { 0 };
	const char *last = NULL;
	struct dirent *d;
	struct err e;
	DIR *dir;

	root = cache_root(&e);
	dir = root ? opendir(root) : NULL;
	while (dir && (d = readdir(dir)))
		if (cache_key_check(d->d_name, &e) == 0)
			strv_add(&keys, d->d_name);
	if (dir)
		closedir(dir);
	strv_sort(&keys);
	for (size_t i = 0; i < keys.n; i++)
		say(keys.v[i], "cached kernel");
	for (size_t i = 0; i < keys.n; i++) {
		char *end = strstr(keys.v[i], "-tarball-");

		if (!end)
			continue;
		*end = '\0';
		/* keys of one version stand side by side */
		if (!last || strcmp(last, keys.v[i]) != 0)
			say(keys.v[i], "cached version");
		last = keys.v[i];
	}
	strv_release(&keys);
}

/* --- results ------------------------------------------------------------- */

/* --dir of the command line, else the runs root. */
static char *root_of_line(void)
{
	for (char **w = words; *w; w++) {
		if (strcmp(*w, "--dir") == 0 && w[1])
			return xstrdup(w[1]);
		if (starts_with(*w, "--dir="))
			return xstrdup(*w + strlen("--dir="));
	}
	return runs_root();
}

/* Every result file, newest run first, until time is up. */
static void each_result(void (*fn)(int dir, const char *file, const void *ctx), const void *ctx)
{
	long long end = began + PATIENCE_MS;
	size_t seen = 0;
	auto_free char *root = root_of_line();
	struct run *runs;
	size_t n = pool_runs(root, false, &runs);
	struct err e;

	for (size_t i = 0; i < n && (seen < RESULTS_MIN || now_ms() < end); i++) {
		struct listing files;

		bool there = listing_read(&files, runs[i].path, &e) == 0;

		for (size_t k = 0; there && k < files.n && (seen++ < RESULTS_MIN || now_ms() < end); k++)
			fn(files.fd, files.names[k], ctx);
		listing_release(&files);
	}
	runs_release(runs, n);
}

static void list_runs(void)
{
	auto_free char *root = root_of_line();
	struct run *runs;
	size_t n = pool_runs(root, false, &runs);

	for (size_t i = 0; i < n; i++)
		say(runs[i].name, "run");
	runs_release(runs, n);
}

/* TEST-0123456789abcdef.ktstr.json */
static void say_test(int dir, const char *file, const void *ctx)
{
	const char *slash = strrchr(file, '/');
	auto_free char *name = xstrdup(slash ? slash + 1 : file);
	char *dash = strrchr(name, '-');

	(void)dir;
	if (dash)
		*dash = '\0';
	say_once(name, ctx);
}

static void say_key(int dir, const char *file, const void *ctx)
{
	auto_str struct str text = { 0 };
	auto_free char *value = NULL;
	struct stat st;
	struct err e;

	if (load_text(dir, file, &text, &st, &e) < 0)
		return;
	value = json_get_str(str_c(&text), text.len, ctx);
	if (value)
		say_once(value, ctx);
}

/* What a row is compared by, and its key in a result file. */
static const char *const dimensions[][2] = {
	{ "kernel", "kernel_version" }, { "project-commit", "project_commit" }, { "kernel-commit", "kernel_commit" },
	{ "run-source", "run_source" }, { "scheduler", "scheduler" },           { "topology", "topology" },
	{ "work-type", "work_type" },
};

static bool list_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(dimensions); i++) {
		if (strcmp(dimensions[i][0], name) != 0)
			continue;
		each_result(say_key, dimensions[i][1]);
		return true;
	}
	return false;
}

static void list_tests(void)
{
	each_result(say_test, "test");
}

/* --- what is built in ---------------------------------------------------- */

static void list_metrics(void)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		say(metrics[i].name, metrics[i].unit);
}

/* Lines "NAME 1n2l4c2t" of the preset table. */
static void each_preset(void (*fn)(const char *name, const char *topology))
{
	auto_free char *path = where_share("gauntlet/presets");
	auto_str struct str text = { 0 };
	char name[32], topology[32], *rest;
	struct err e;

	if (read_file(path, &text, &e) < 0)
		die_err(&e);
	for (char *line = strtok_r(text.s, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (*line != '#' && sscanf(line, "%31s %31s", name, topology) == 2)
			fn(name, topology);
}

static void say_preset(const char *name, const char *topology)
{
	say(name, topology);
}

/* N,L,C,T, as the shell command takes it. */
static void say_topology(const char *name, const char *topology)
{
	unsigned n, l, c, t;
	auto_free char *value = NULL;

	if (sscanf(topology, "%un%ul%uc%ut", &n, &l, &c, &t) != 4)
		return;
	value = xasprintf("%u,%u,%u,%u", n, l, c, t);
	say(value, name);
}

static void list_presets(void)
{
	each_preset(say_preset);
}

static void list_topologies(void)
{
	each_preset(say_topology);
}

/* --- what another program takes ------------------------------------------ */

static void say_word(const char *name, const char *help)
{
	if (strcmp(name, "-h") != 0 && strcmp(name, "--help") != 0)
		say_once(name, help);
}

/* Options and commands of a program's own help; none where it is missing. */
static void list_help(const char *command_line)
{
	auto_free char *copy = xstrdup(command_line);
	auto_strv struct strv argv = { 0 };
	auto_str struct str text = { 0 };
	struct child c = { .in = FD_NULL, .out = FD_PIPE, .err = FD_NULL };
	struct err e;

	for (char *rest, *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		strv_add(&argv, word);
	c.argv = argv.v;
	if (child_start(&c, &e) < 0)
		return;
	if (read_fd(c.out, &text, &e) == 0)
		helptext_each(str_c(&text), say_word);
	close(c.out);
	child_stop(&c, 0);
}

static void list_nextest(void)
{
	list_help("cargo-nextest nextest run -h");
	list_tests();
}

/* It passes on what nextest takes. */
static void list_coverage(void)
{
	list_help("cargo-llvm-cov llvm-cov nextest -h");
	list_nextest();
}

static void list_llvm_cov(void)
{
	list_help("cargo-llvm-cov llvm-cov -h");
}

static const struct {
	const char *kind;
	void (*list)(void);
} kinds[] = {
	{ "kernel", list_kernels },    { "metric", list_metrics },
	{ "preset", list_presets },    { "run", list_runs },
	{ "test", list_tests },        { "topology", list_topologies },
	{ "nextest", list_nextest },   { "llvm-cov-nextest", list_coverage },
	{ "llvm-cov", list_llvm_cov },
};

int main(int argc, char **argv)
{
	int n;

	began = now_ms();
	words = start(&program, argc, argv, &n) + 1;
	if (starts_with(words[-1], "row.") && list_row(words[-1] + strlen("row.")))
		return finish(0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].kind, words[-1]) != 0)
			continue;
		kinds[i].list();
		return finish(0);
	}
	die_usage("invalid value '%s' for 'KIND'", words[-1]);
}
