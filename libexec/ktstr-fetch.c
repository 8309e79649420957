/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-fetch: give each missing kernel its source tree. Records that need
 * nothing go through; from the first that needs a source on, the stream goes
 * through ktstr-download, whose libraries take longer to load than everything
 * else a run over cached kernels does before its tests.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/where.h"
#include "cli/opt.h"
#include "kernel/krecord.h"
#include "kernel/remote.h"

static bool skip_sha256;
static unsigned long long stall_ns;

/* ktstr-download takes the same ones, and acts on them */
static struct opt opts[] = {
	{ "skip-sha256", 0, OPT_FLAG, &skip_sha256, NULL, "do not verify downloads against sha256sums.asc" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a download that stands still this long (60s)" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-fetch",
	.about = "Fetch and unpack the sources of missing kernels (records on stdin and stdout)",
	.opts = opts,
};

static char **words; /* of the command line */

/* ktstr-download takes this process over, with what has been read of the
 * stream in a file of its own. Does not return. */
static void hand_over(const struct record *rec, const struct lines *l)
{
	struct slice rest = lines_rest(l);
	int fd = memfd_create("records", 0);
	struct strv argv = { 0 };
	struct err e;

	if (fd < 0 || write_all(fd, rec->line.s, rec->line.n) < 0 || write_all(fd, "\n", 1) < 0 ||
	    write_all(fd, rest.s, rest.n) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		die_sys("hand the records over");
	strv_give(&argv, where_libexec("ktstr-download"));
	strv_addf(&argv, "--begun=%d", fd);
	strv_addf(&argv, "--line=%lu", rec->number - 1);
	strv_addv(&argv, words);
	exec_replace(argv.v, &e);
	die_err(&e);
}

static int on_kernel(const struct record *rec, void *ctx, struct err *e)
{
	struct krecord k;
	bool wants;

	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	wants = krecord_wants_source(&k) || remote_may_have(&k);
	krecord_release(&k);
	if (wants)
		hand_over(rec, ctx);
	return record_pass(rec, e);
}

int main(int argc, char **argv)
{
	static const struct on on[] = { { "kernel", on_kernel }, { 0 } };
	struct strv given = { 0 };
	struct lines l;
	struct err e;

	strv_addv(&given, argv + 1);
	words = given.v;
	start(&program, argc, argv, NULL);
	lines_init(&l, STDIN_FILENO);
	if (pump_lines(&l, on, &l, &e) < 0)
		die_err(&e);
	lines_release(&l);
	return finish(0);
}
