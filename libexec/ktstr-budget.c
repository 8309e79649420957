/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-budget: reserve CPUs as a build does and run one command on them.
 * Without a command it only says what it would get.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "cli/jq.h"
#include "host/budget.h"
#include "json/write.h"

#define LOOK_MS  20
#define GRACE_MS 2000

static bool json;
static const char *jq;
static long cap_given = -1;
static const char *root;

static struct opt opts[] = {
	{ "cpu-cap", 0, OPT_INT, &cap_given, "N", "reserve exactly N CPUs, not up to 30 % of them", .min = 1,
	  .max = 1 << 20, .unit = "CPU" },
	{ "json", 0, OPT_FLAG, &json, NULL, "print what was reserved as a line of JSON" },
	JQ_OPT(&jq),
	{ "root", 0, OPT_STR, &root, "DIR", "read DIR/proc and DIR/sys, a copy of another host's" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-budget",
	.args = "[COMMAND [ARG]...]",
	.about = "Run a command on CPUs reserved as for a kernel build",
	.opts = opts,
	.max_args = -1,
	.stop = true,
};

static void key_set(struct jw *w, const char *key, const struct cpus *c)
{
	auto_str struct str list = { 0 };

	cpus_print(c, &list);
	jw_key_str(w, key, str_c(&list));
}

static void say(const struct budget *b)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "budget");
	jw_key_u64(&w, "cpus", b->cpus);
	key_set(&w, "set", &b->set);
	key_set(&w, "llcs", &b->llcs);
	key_set(&w, "nodes", &b->nodes);
	jw_key_str(&w, "cgroup", b->sandbox.path);
	jw_end(&w);
	str_addc(&out, '\n');
	if (write_all(STDOUT_FILENO, out.s, out.len) < 0)
		die_sys("write to stdout");
}

static int run(char **argv, const struct budget *b, struct err *e)
{
	struct child c = { .argv = argv, .enter = budget_child, .enter_with = b };
	int code = -1;

	if (child_start(&c, e) < 0)
		return -1;
	while (!stop_wanted() && (code = child_poll(&c)) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
	child_stop(&c, GRACE_MS);
	return code < 0 ? 1 : code;
}

int main(int argc, char **argv)
{
	struct budget b = BUDGET_NONE;
	struct err e;
	unsigned cap;
	int n, code = 0;

	argv = start(&program, argc, argv, &n);
	jq_begin(jq);
	if (budget_cap(cap_given, root, &cap, &e) < 0)
		die_err(&e);
	b.root = root;
	stop_watch();
	stop_hold();
	code = budget_take(&b, cap, &e);
	if (code == 0 && json)
		say(&b);
	if (code == 0 && n)
		code = run(argv, &b, &e);
	budget_release(&b);
	stop_release();
	if (code < 0)
		die_err(&e);
	return finish(code);
}
