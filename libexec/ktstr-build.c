/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-build: build each kernel whose source has been fetched and put it in
 * the cache. A source that has done its work is removed while nobody waits for
 * it: before the next build, or when all records have left.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "host/budget.h"
#include "build/one.h"
#include "build/tally.h"

static struct build_run all;
static struct tally tally;
static bool told;
static const char *jq;
static long cap_given = -1;
static int failures;

static struct opt opts[] = {
	{ "force", 0, OPT_FLAG, &all.force, NULL, "build and store even what the cache has" },
	{ "clean", 0, OPT_FLAG, &all.clean, NULL, "run make mrproper in source trees first" },
	{ "report", 0, OPT_FLAG, &told, NULL,
	  "say which kernel of a range is next, what is cached already, and what failed" },
	JQ_OPT(&jq),
	{ "cpu-cap", 0, OPT_INT, &cap_given, "N", "reserve exactly N CPUs for make", .min = 1, .max = 1 << 20,
	  .unit = "CPU" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-build",
	.about = "Build fetched kernels into the cache (records on stdin and stdout)",
	.opts = opts,
};

static int report(const struct record *rec, const struct build_job *j, struct err *e)
{
	struct edit d;

	edit_init(&d, rec->line);
	edit_str(&d, "state", j->stored ? "cached" : "built");
	edit_str(&d, "key", j->key);
	edit_str(&d, "dir", j->dir);
	if (j->version)
		edit_str(&d, "version", j->version);
	if (!j->stored && !ends_with(j->k->label, "_dirty")) {
		auto_free char *label = xasprintf("%s_dirty", j->k->label);

		edit_str(&d, "label", label);
	}
	return edit_emit(&d, e);
}

static int build_kernel(const struct record *rec, const struct krecord *k, struct err *e)
{
	struct build_job j;
	struct err why = { 0 };
	int rc;

	spent_discard(&all.spent);
	build_job_init(&j, &all, k);
	stop_hold();
	rc = build_one(&j, &why);
	if (rc < 0) {
		failures++;
		tally_failed(&tally, k);
		rc = stop_wanted() ? 0 : krecord_fail(rec, "build", &why, e);
	} else {
		rc = report(rec, &j, e);
	}
	if (stop_wanted())
		spent_discard(&all.spent);
	stop_release();
	build_job_release(&j);
	return rc;
}

static int on_kernel(const struct record *rec, void *ctx, struct err *e)
{
	struct krecord k;
	int rc;

	(void)ctx;
	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	if (told)
		tally_next(&tally, &k);
	if (strcmp(k.state, "error") == 0)
		tally_failed(&tally, &k);
	rc = strcmp(k.state, "fetched") == 0 ? build_kernel(rec, &k, e) : record_pass(rec, e);
	krecord_release(&k);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct on on[] = { { "kernel", on_kernel }, { 0 } };
	struct err e;
	int n;

	start(&program, argc, argv, &n);
	jq_begin(jq);
	if (budget_cap(cap_given, NULL, &all.cap, &e) < 0)
		die_err(&e);
	stop_watch();
	if (pump(STDIN_FILENO, on, NULL, &e) < 0)
		die_err(&e);
	if (told && !stop_wanted())
		tally_end(&tally);
	/* the next stage need not wait for what follows */
	close(STDOUT_FILENO);
	stop_hold();
	spent_discard(&all.spent);
	stop_release();
	return finish(failures ? 1 : 0);
}
