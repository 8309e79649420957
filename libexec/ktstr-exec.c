/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-exec: the acting stage. It takes the whole set of kernels or none,
 * exports them, holds their cache entries, and becomes the command.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "cli/opt.h"
#include "base/proc.h"
#include "kernel/cache.h"
#include "kernel/krecord.h"
#include "kernel/label.h"
#include "result/runner.h"

#define KERNELS_MAX 10000

static bool no_kernel;

static struct opt opts[] = {
	{ "no-kernel", 0, OPT_FLAG, &no_kernel, NULL, "read no records: the command finds a kernel by itself" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-exec",
	.args = "COMMAND [ARGS...]",
	.about = "Run a command on the kernels of a record stream",
	.opts = opts,
	.min_args = 1,
	.max_args = -1,
	.stop = true,
};

struct set {
	struct krecord *list; /* by index; spec NULL: not come yet */
	size_t total, seen;
};

static bool is_usable(const struct krecord *k)
{
	return k->dir && (strcmp(k->state, "cached") == 0 || strcmp(k->state, "built") == 0);
}

static bool is_held(const struct set *s, const char *dir)
{
	for (size_t i = 0; i < s->total; i++)
		if (s->list[i].spec && s->list[i].dir && strcmp(s->list[i].dir, dir) == 0)
			return true;
	return false;
}

/* Hold a cached kernel from the moment its record comes, and see that it is
 * still there: others may clean the cache while the rest is being built. */
static int hold(const struct set *s, const struct krecord *k, struct err *e)
{
	struct lock l = LOCK_NONE;
	struct cache_entry c;
	int rc;

	if (strcmp(k->state, "cached") != 0 || !k->dir || is_held(s, k->dir))
		return 0;
	if (cache_hold_dir(k->dir, &l, true, e) != 0)
		return -1;
	if (l.fd < 0 && lock_is_remote(k->dir))
		note("%s is on a filesystem that keeps no locks: nothing may clean that cache while this runs", k->dir);
	free(l.path); /* the descriptor goes on into the command */
	cache_load(k->dir, &c);
	rc = c.problem ? err_set(e, "cached kernel %s cannot be used: %s", k->dir, c.problem) : 0;
	cache_entry_release(&c);
	return rc < 0 ? err_hint(e, "something removed or damaged it since it was found; run again") : 0;
}

static int add_kernel(struct set *s, struct krecord *k, unsigned long line, struct err *e)
{
	if (k->total > KERNELS_MAX)
		return err_set(e, "line %lu speaks of %llu kernels", line, (unsigned long long)k->total);
	if (!s->list) {
		s->total = k->total;
		s->list = xcalloc(s->total, sizeof(*s->list));
	}
	if (k->total != s->total)
		return err_set(e, "line %lu speaks of %llu kernels, lines before it of %zu", line,
			       (unsigned long long)k->total, s->total);
	if (s->list[k->index].spec)
		return err_set(e, "line %lu holds kernel %llu once more", line, (unsigned long long)k->index);
	if (hold(s, k, e) < 0)
		return -1;
	s->list[k->index] = *k;
	s->seen++;
	return 0;
}

static int take_line(struct set *s, struct slice line, unsigned long number, struct err *e)
{
	struct record rec;
	struct krecord k;

	if (record_parse(line, number, &rec, e) < 0)
		return -1;
	if (strcmp(rec.type, "kernel") != 0)
		return 0;
	if (krecord_parse(&rec, &k, e) < 0)
		return -1;
	if (add_kernel(s, &k, number, e) == 0)
		return 0;
	krecord_release(&k);
	return -1;
}

static int read_set(struct set *s, int fd, struct err *e)
{
	struct slice line;
	struct lines l;
	int rc;

	lines_init(&l, fd);
	while ((rc = lines_next(&l, &line, e)) > 0) {
		if (line.n == 0)
			continue;
		rc = take_line(s, line, l.number, e);
		if (rc < 0)
			break;
	}
	lines_release(&l);
	return rc;
}

/* Why a kernel cannot be used, on a line of its own. Under the dispatcher the
 * stage that gave up has just said so. */
static void add_reason(struct str *out, const struct krecord *k)
{
	str_addf(out, "\n  %s: ", k->spec);
	if (env_get(ENV_LABEL) && k->failed_stage)
		str_addf(out, "%s failed, see above", k->failed_stage);
	else if (strcmp(k->state, "error") == 0)
		str_addf(out, "%s%s%s", k->failed_stage ? k->failed_stage : "", k->failed_stage ? ": " : "",
			 k->failure ? k->failure : "failed");
	else
		str_addf(out, "is %s, not built", k->state);
}

/* Nothing runs on half a matrix. */
static int check_whole(const struct set *s, struct err *e)
{
	auto_str struct str why = { 0 };

	for (size_t i = 0; i < s->total; i++)
		if (s->list[i].spec && !is_usable(&s->list[i]))
			add_reason(&why, &s->list[i]);
	if (s->seen < s->total)
		str_addf(&why, "\n  %zu of %zu kernels never came", s->total - s->seen, s->total);
	if (!why.len)
		return 0;
	err_set(e, "no test was run:%s", why.s);
	if (s->seen < s->total && !env_get(ENV_LABEL))
		err_hint(e, "number what is left anew when records were dropped on purpose: man ktstr-exec");
	return -1;
}

static bool is_repeat(const struct set *s, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(s->list[i].label, s->list[j].label) == 0 && strcmp(s->list[i].dir, s->list[j].dir) == 0)
			return true;
	return false;
}

static int check_names(const struct krecord *k, struct err *e)
{
	if (strpbrk(k->label, ";="))
		return err_set(e, "kernel label \"%s\" holds a ';' or '=', which KTSTR_KERNEL_LIST cannot carry",
			       k->label);
	if (!strchr(k->dir, ';'))
		return 0;
	err_set(e, "kernel directory \"%s\" holds a ';', which KTSTR_KERNEL_LIST cannot carry", k->dir);
	return err_hint(e, "move the cache, or reach it by a symbolic link, and set KTSTR_CACHE_DIR");
}

/* Two labels that look the same in test names. */
static int check_collisions(const struct set *s, size_t i, struct err *e)
{
	auto_free char *name = label_sanitize(s->list[i].label);

	for (size_t j = 0; j < i; j++) {
		auto_free char *other = label_sanitize(s->list[j].label);

		if (!is_repeat(s, j) && strcmp(name, other) == 0)
			return err_set(e, "labels \"%s\" and \"%s\" both sanitize to \"%s\"", s->list[j].label,
				       s->list[i].label, name);
	}
	return 0;
}

/* "label=dir;label=dir" of the distinct kernels; *n of them. */
static int encode(const struct set *s, struct str *list, size_t *n, struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < s->total; i++) {
		const struct krecord *k = &s->list[i];

		if (is_repeat(s, i))
			continue;
		if (check_collisions(s, i, e) < 0)
			return -1;
		str_addf(list, "%s%s=%s", *n ? ";" : "", k->label, k->dir);
		++*n;
	}
	if (*n < 2)
		return 0;
	for (size_t i = 0; i < s->total; i++)
		if (check_names(&s->list[i], e) < 0)
			return -1;
	return 0;
}

static int export_set(const struct set *s, struct err *e)
{
	const struct krecord *first = s->list;
	auto_str struct str list = { 0 };
	size_t n;

	if (!first)
		return err_set(e, "no test was run: the record stream holds no kernel");
	if (encode(s, &list, &n, e) < 0)
		return -1;
	env_set(ENV_KERNEL, first->dir);
	env_set(ENV_KERNEL_LIST, n > 1 ? list.s : NULL);
	if (n > 1)
		note("fanning gauntlet across %zu kernels", n);
	return 0;
}

/* The descriptor the records come from. */
static int records_fd(void)
{
	const char *text = env_get(ENV_RECORDS_FD);
	unsigned long long fd;

	if (!text)
		return STDIN_FILENO;
	if (parse_u64(text, &fd) < 0 || fd > 65535 || fcntl((int)fd, F_GETFD) < 0)
		die("KTSTR_RECORDS_FD=%s is no open file descriptor", text);
	return (int)fd;
}

static void take_kernels(void)
{
	int fd = records_fd();
	struct set s = { 0 };
	struct err e = { 0 };

	if (read_set(&s, fd, &e) < 0) {
		err_wrap(&e, "no test was run");
		die_err(&e);
	}
	if (check_whole(&s, &e) < 0 || export_set(&s, &e) < 0)
		die_err(&e);
	if (fd != STDIN_FILENO)
		close(fd);
	for (size_t i = 0; i < s.total; i++)
		krecord_release(&s.list[i]);
	free(s.list);
}

/* Names this run to every test process below. */
static void name_run(void)
{
	auto_free char *id = run_new_id();

	env_set(ENV_RUN_ID, id);
}

int main(int argc, char **argv)
{
	struct err e;
	char **command;
	int n;

	command = start(&program, argc, argv, &n);
	if (!no_kernel)
		take_kernels();
	name_run();
	env_set(ENV_RECORDS_FD, NULL);
	env_set(ENV_PROGRESS_FD, NULL);
	exec_replace(command, &e);
	die_err(&e);
}
