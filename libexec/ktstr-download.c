/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-download: give each missing kernel its source tree, from kernel.org or
 * from a tarball on disk, verified and unpacked in one pass, or from a git
 * repository, one commit deep. It is the working
 * half of ktstr-fetch, which starts one for each kernel that needs a source.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "cli/opt.h"
#include "kernel/cache.h"
#include "source/git_fetch.h"
#include "source/obtain.h"
#include "source/pass.h"
#include "kernel/remote.h"
#include "source/srcdir.h"

static struct obtain how;
static unsigned long long stall_ns = 60000000000ULL;
static int failures;

static struct opt opts[] = {
	{ "skip-sha256", 0, OPT_FLAG, &how.skip_sha256, NULL, "do not verify downloads against sha256sums.asc" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a download that stands still this long (60s)" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-download",
	.about = "Fetch and unpack the sources of missing kernels (records on stdin and stdout)",
	.opts = opts,
};

static int unpack_tarball(const struct krecord *k, const char *dir, char **top, struct err *e)
{
	auto_fd int fd = open(k->tarball, O_RDONLY | O_CLOEXEC);
	struct pass p = { .label = k->label, .from = k->tarball, .dir = dir, .text = "Unpacking kernel..." };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", k->tarball);
	p.total = (uint64_t)st.st_size;
	note("extracting tarball %s (%.1f MB)", k->tarball, (double)p.total / (1 << 20));
	pass_begin(&p);
	if (pass_feed_file(&p, fd, e) < 0) {
		pass_abort(&p);
		return -1;
	}
	if (pass_end(&p, top, e) < 0)
		return -1;
	progress_end(&p.progress, "Unpacked");
	return pass_verify(&p, k->sha256, "the file has changed since the run began; run again", e);
}

static char *fetch_into_stage(const struct krecord *k, const struct srcdir *s, struct err *e)
{
	struct temp_dir stage;
	char *top = NULL, *src = NULL;
	int rc;

	if (srcdir_stage(s, &stage, e) < 0)
		return NULL;
	if (k->url)
		rc = git_fetch(k, stage.path, &top, e);
	else
		rc = k->tarball ? unpack_tarball(k, stage.path, &top, e) : obtain_release(&how, k, stage.path, &top, e);
	if (rc == 0)
		src = srcdir_publish(s, &stage, k->key, top, e);
	free(top);
	temp_dir_remove(&stage);
	return src;
}

/* The tree of k, fetched unless a complete one is there already. */
static char *obtain(const struct krecord *k, struct err *e)
{
	struct srcdir s;
	char *src = NULL;

	if (cache_key_check(k->key, e) < 0)
		return NULL;
	if (srcdir_open(&s, k->key, e) == 0) {
		src = srcdir_find(&s, k->key);
		if (!src)
			src = fetch_into_stage(k, &s, e);
	}
	srcdir_close(&s);
	return src;
}

static int fetch(const struct record *rec, const struct krecord *k, struct err *e)
{
	auto_free char *src = NULL;
	struct err why = { 0 };
	struct edit d;

	stop_hold();
	src = obtain(k, &why);
	stop_release();
	if (!src) {
		failures++;
		return krecord_fail(rec, "fetch", &why, e);
	}
	edit_init(&d, rec->line);
	edit_str(&d, "state", "fetched");
	edit_str(&d, "src", src);
	edit_bool(&d, "temp", true);
	return edit_emit(&d, e);
}

/* Somebody else may have built it: then no source is needed. */
static char *from_remote(const char *key)
{
	char *dir;

	stop_hold();
	dir = remote_get(key);
	stop_release();
	return dir;
}

static int emit_cached(const struct record *rec, const char *dir, struct err *e)
{
	struct edit d;

	edit_init(&d, rec->line);
	edit_str(&d, "state", "cached");
	edit_str(&d, "dir", dir);
	return edit_emit(&d, e);
}

static int on_kernel(const struct record *rec, void *ctx, struct err *e)
{
	auto_free char *dir = NULL;
	struct krecord k;
	int rc;

	(void)ctx;
	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	if (remote_may_have(&k))
		dir = from_remote(k.key);
	if (dir)
		rc = emit_cached(rec, dir, e);
	else
		rc = krecord_wants_source(&k) ? fetch(rec, &k, e) : record_pass(rec, e);
	krecord_release(&k);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct on on[] = { { "kernel", on_kernel }, { 0 } };
	struct err e;

	start(&program, argc, argv, NULL);
	how.stall_ms = duration_ms(stall_ns);
	stop_watch();
	if (pump(STDIN_FILENO, on, NULL, &e) < 0)
		die_err(&e);
	return finish(failures ? 1 : 0);
}
