/* SPDX-License-Identifier: GPL-2.0-only */
/* The base room by hand: what its tests run. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "cli/opt.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"

static bool group, keep_fd, null_out;
static const char *dir, *third;
static struct strv env;

static int number(const char *text)
{
	unsigned long long v;

	if (parse_u64(text, &v) < 0)
		die_usage("no number: %s", text);
	return (int)v;
}

/* Say so, then stay until standard input ends. */
static void hold(const char *text)
{
	char c;

	puts(text);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static int duration(char **a)
{
	unsigned long long ns;

	if (parse_duration(a[0], &ns) < 0)
		return 1;
	printf("%llu\n", ns);
	return 0;
}

static int u64(char **a)
{
	unsigned long long v;

	if (parse_u64(a[0], &v) < 0)
		return 1;
	printf("%llu\n", v);
	return 0;
}

static int distance(char **a)
{
	printf("%zu\n", edit_distance(a[0], a[1]));
	return 0;
}

static int nearest(char **a)
{
	const char *found = suggest(a[0], (const char *const *)a + 1);

	if (!found)
		return 1;
	puts(found);
	return 0;
}

static int crc(char **a)
{
	uint32_t whole = crc32_bytes(0, a[0], strlen(a[0])), parts = 0;

	for (const char *p = a[0]; *p; p++)
		parts = crc32_bytes(parts, p, 1);
	if (parts != whole)
		die("the parts give %08x", parts);
	printf("%08x\n", whole);
	return 0;
}

static int sizes(char **a)
{
	auto_str struct str out = { 0 };

	str_add_size(&out, strtoull(a[0], NULL, 10));
	str_add(&out, " | ");
	str_add_ms(&out, strtoll(a[0], NULL, 10));
	puts(out.s);
	return 0;
}

static int table(char **a)
{
	struct table t;

	table_init(&t, (size_t)number(a[0]));
	while (*++a)
		table_cell(&t, *a);
	table_print(&t, stdout);
	table_release(&t);
	return 0;
}

static int held(char **a)
{
	struct temp_dir t;
	struct err e;

	if (held_dir_make(&t, a[0], a[1], &e) < 0)
		die_err(&e);
	hold(t.path);
	temp_dir_remove(&t);
	return 0;
}

static int sweep_files(char **a)
{
	temp_file_sweep(a[0]);
	return 0;
}

static int sweep(char **a)
{
	held_dir_sweep(a[0], a[1]);
	return 0;
}

static int temp(char **a)
{
	struct temp_dir t;
	struct err e;

	(void)a;
	if (temp_dir_make(&t, &e) < 0)
		die_err(&e);
	hold(t.path);
	temp_dir_remove(&t);
	return 0;
}

static int lock(char **a)
{
	enum lock_mode mode = strcmp(a[1], "shared") == 0 ? LOCK_SHARED : LOCK_EXCLUSIVE;
	struct lock l = LOCK_NONE;
	struct err e;
	int rc = lock_take(&l, a[0], mode, strcmp(a[2], "forever") == 0 ? LOCK_FOREVER : number(a[2]), "the thing", &e);

	if (rc) {
		print_err(&e);
		return rc == 1 ? 3 : 1;
	}
	hold("held");
	lock_drop(&l);
	return 0;
}

/* As who has something to clean up waits for a lock. */
static int patient(char **a)
{
	struct lock l = LOCK_NONE;
	struct err e;
	int rc;

	stop_watch();
	stop_hold();
	rc = lock_wait(&l, a[0], LOCK_EXCLUSIVE, "waiting", &e);
	if (rc < 0)
		print_err(&e);
	lock_drop(&l);
	stop_release();
	return rc < 0;
}

static int holders(char **a)
{
	auto_str struct str out = { 0 };

	lock_holders(a[0], &out);
	puts(out.s);
	return 0;
}

static struct child child(char **a)
{
	static const int keep[] = { 7, -1 };
	struct child c = { .argv = a, .dir = dir, .env = env.v, .new_group = group, .keep = keep_fd ? keep : NULL };

	if (third)
		c.fd3 = open(third, O_RDONLY | O_CLOEXEC);
	if (null_out)
		c.out = FD_NULL;
	return c;
}

static int run(char **a)
{
	struct child c = child(a);
	struct err e;

	if (child_start(&c, &e) < 0)
		die_err(&e);
	printf("exit %d\n", child_wait(&c));
	return 0;
}

/* Both streams of the child come out of one pipe. */
static int collect(char **a)
{
	auto_str struct str out = { 0 };
	struct child c = child(a);
	struct err e;

	c.in = FD_NULL;
	c.out = FD_PIPE;
	c.err = FD_OUT;
	if (child_start(&c, &e) < 0 || read_fd(c.out, &out, &e) < 0)
		die_err(&e);
	close(c.out);
	printf("exit %d\n%s", child_wait(&c), str_c(&out));
	return 0;
}

/* Leave the child running until standard input ends, then stop it. */
static int stop(char **a)
{
	struct child c = child(a + 1);
	auto_free char *pid = NULL;
	struct err e;

	c.in = FD_NULL;
	if (child_start(&c, &e) < 0)
		die_err(&e);
	pid = xasprintf("%d", (int)c.pid);
	hold(pid);
	child_stop(&c, number(a[0]));
	return 0;
}

static int replace(char **a)
{
	struct err e;

	exec_replace(a, &e);
	die_err(&e);
}

/* A child that cannot start must leave no descriptor behind. */
static int leak(char **a)
{
	struct err e;
	int before = dup(STDIN_FILENO), after;

	close(before);
	for (int i = 0; i < 3; i++) {
		struct child c = { .argv = a, .dir = dir, .in = FD_PIPE, .out = FD_PIPE, .err = FD_PIPE };

		c.fd3 = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (child_start(&c, &e) == 0)
			die("it started");
	}
	after = dup(STDIN_FILENO);
	close(after);
	printf("%s\n%s\n", e.text, before == after ? "none" : "leaked");
	return 0;
}

static int write_text(char **a)
{
	struct err e;

	if (write_file(a[0], a[1], strlen(a[1]), 0644, &e) < 0)
		die_err(&e);
	return 0;
}

static int copy(char **a)
{
	struct err e;

	if (copy_file(a[0], a[1], 0644, &e) < 0)
		die_err(&e);
	return 0;
}

static int mkdirs(char **a)
{
	struct err e;

	if (make_dirs(a[0], &e) < 0)
		die_err(&e);
	return 0;
}

static int rm(char **a)
{
	struct err e;

	if (remove_tree(a[0], &e) < 0)
		die_err(&e);
	return 0;
}

static int rm_large(char **a)
{
	struct err e;

	if (remove_large_tree(a[0], &e) < 0)
		die_err(&e);
	return 0;
}

static int say(char **a)
{
	struct err e;

	note("%s", a[0]);
	warn("%s", a[0]);
	err_set(&e, "%s", a[0]);
	err_wrap(&e, "wrapped");
	err_hint(&e, "try %s", "again");
	die_err(&e);
}

static const struct {
	const char *name;
	int (*fn)(char **args);
	int args; /* at least */
} verbs[] = {
	{ "duration", duration, 1 }, { "u64", u64, 1 },
	{ "distance", distance, 2 }, { "suggest", nearest, 1 },
	{ "crc", crc, 1 },           { "sizes", sizes, 1 },
	{ "table", table, 1 },       { "held", held, 2 },
	{ "sweep", sweep, 2 },       { "sweep-files", sweep_files, 1 },
	{ "temp", temp, 0 },         { "lock", lock, 3 },
	{ "patient", patient, 1 },   { "holders", holders, 1 },
	{ "run", run, 1 },           { "collect", collect, 1 },
	{ "stop", stop, 2 },         { "replace", replace, 1 },
	{ "leak", leak, 1 },         { "write", write_text, 2 },
	{ "copy", copy, 2 },         { "mkdirs", mkdirs, 1 },
	{ "remove", rm, 1 },         { "remove-large", rm_large, 1 },
	{ "say", say, 1 },
};

int main(int argc, char **argv)
{
	static const char *const colours[] = { "red", "green", NULL };
	const char *colour = NULL;
	double ratio = 0;
	unsigned long long wait_ns = 0;
	long level = 0;
	struct opt opts[] = {
		{ "dir", .type = OPT_STR, .to = &dir, .arg = "DIR", .help = "run there" },
		{ "env", 'e', OPT_LIST, &env, "K=V", "environment of the child" },
		{ "third", .type = OPT_STR, .to = &third, .arg = "FILE", .help = "file on descriptor 3" },
		{ "group", 'g', OPT_FLAG, &group, .help = "a process group of its own" },
		{ "keep", 'k', OPT_FLAG, &keep_fd, .help = "hand over descriptor 7" },
		{ "null", .type = OPT_FLAG, .to = &null_out, .help = "standard output to /dev/null",
		  .conflicts = "keep" },
		{ "colour", .type = OPT_STR, .to = &colour, .arg = "COLOUR", .help = "a choice", .choices = colours },
		{ "level", 'l', OPT_INT, &level, "N", "a number", .min = 1, .max = 9 },
		{ "ratio", .type = OPT_REAL, .to = &ratio, .arg = "X", .help = "a ratio", .needs = "level" },
		{ "wait", .type = OPT_TIME, .to = &wait_ns, .arg = "TIME", .help = "a time" },
		{ 0 },
	};
	const struct program program = {
		.name = "base-tool",
		.args = "VERB [ARG…]",
		.about = "Run parts of lib/base",
		.opts = opts,
		.min_args = 1,
		.max_args = -1,
		.tail = true,
	};
	int n;
	char **args = start(&program, argc, argv, &n);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, args[0]) == 0 && n > verbs[i].args) {
			int code = verbs[i].fn(args + 1);

			strv_release(&env);
			return finish(code);
		}
	if (strcmp(args[0], "values") != 0)
		die_usage("no such verb, or too few arguments: %s", args[0]);
	printf("%s %ld %g %llu\n", colour ? colour : "-", level, ratio, wait_ns);
	return finish(0);
}
