/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-download: give each missing kernel its source tree, from kernel.org or
 * from a tarball on disk, verified and unpacked in one pass. It is the working
 * half of ktstr-fetch, which starts it when there is something to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "cli/opt.h"
#include "cli/progress.h"
#include "kernel/cache.h"
#include "kernel/download.h"
#include "kernel/git_fetch.h"
#include "kernel/krecord.h"
#include "kernel/org.h"
#include "kernel/srcdir.h"
#include "kernel/unpack.h"

#define PIECE (256u << 10)

static bool skip_sha256;
static unsigned long long stall_ns = 60000000000ULL;
static long begun = -1, line; /* what ktstr-fetch has read, from which line on */
static int failures;

static struct opt opts[] = {
	{ "skip-sha256", 0, OPT_FLAG, &skip_sha256, NULL, "do not verify downloads against sha256sums.asc" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a download that stands still this long (60s)" },
	{ "begun", 0, OPT_INT, &begun, "FD", NULL },
	{ "line", 0, OPT_INT, &line, "N", NULL },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-download",
	.about = "Fetch and unpack the sources of missing kernels (records on stdin and stdout)",
	.opts = opts,
};

/* One pass over a tarball's bytes: digest, unpacker, progress. */
struct pass {
	const struct krecord *k;
	const char *from; /* URL or file, for messages */
	struct unpack *unpack;
	EVP_MD_CTX *digest;
	struct progress progress;
	uint64_t done, total;
	char sum[65];
};

static void pass_begin(struct pass *p, const char *dir, const char *top)
{
	p->digest = EVP_MD_CTX_new();
	if (!p->digest || EVP_DigestInit_ex(p->digest, EVP_sha256(), NULL) != 1)
		die("libcrypto has no sha256");
	p->unpack = unpack_start(dir, top);
}

static int pass_feed(void *ctx, const void *bytes, size_t n)
{
	struct pass *p = ctx;

	EVP_DigestUpdate(p->digest, bytes, n);
	p->done += n;
	progress_update(&p->progress, p->done, p->total);
	return unpack_feed(p->unpack, bytes, n);
}

/* Everything has been fed: the digest, and the top-level directory's name. */
static int pass_end(struct pass *p, char **top, struct err *e)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	progress_clear(&p->progress);
	EVP_DigestFinal_ex(p->digest, raw, &n);
	EVP_MD_CTX_free(p->digest);
	for (unsigned int i = 0; i < n && i < 32; i++)
		snprintf(p->sum + (size_t)2 * i, 3, "%02x", raw[i]);
	return unpack_finish(p->unpack, top, e);
}

static void pass_abort(struct pass *p)
{
	progress_clear(&p->progress);
	EVP_MD_CTX_free(p->digest);
	unpack_abort(p->unpack);
}

static int verify(const struct pass *p, const char *want, const char *hint, struct err *e)
{
	if (strcasecmp(want, p->sum) != 0) {
		err_set(e, "sha256 mismatch for %s: expected %s, got %s", p->from, want, p->sum);
		return err_hint(e, "%s", hint);
	}
	note("sha256 verified (%llu bytes, hash %s)", (unsigned long long)p->done, p->sum);
	return 0;
}

static void announce(void *ctx, uint64_t length)
{
	struct pass *p = ctx;

	p->total = length;
	if (length)
		note("downloading %s (%.1f MB)", p->from, (double)length / (1 << 20));
	else
		note("downloading %s", p->from);
	note("extracting tarball (%s)", ends_with(p->from, ".gz") ? "gzip" : "xz");
	progress_start(&p->progress, "fetch", p->k->label, "Downloading kernel...", "bytes");
}

/* What a 404 means is worth a look at the release index. */
static int not_found(const char *version, const char *url, struct err *e)
{
	auto_free char *index_url = org_releases_url();
	auto_free char *best = NULL;
	auto_str struct str index = { 0 };
	size_t series = strcspn(version, ".");
	struct err ignored;

	if (org_is_rc(version))
		return err_set(e,
			       "RC tarball not found: %s\n"
			       "release candidate snapshots are removed once the release ships",
			       url);
	if (version[series] == '.')
		series += 1 + strcspn(version + series + 1, ".");
	if (download_text(index_url, &index, NULL, &ignored) == 0)
		best = org_newest_of_series(str_c(&index), index.len, version);
	if (best)
		return err_set(e, "version %s not found. latest %.*s.x: %s", version, (int)series, version, best);
	return err_set(e, "version %s not found", version);
}

static int only_ask(void *ctx, const void *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return -1;
}

/* No checksum: because there is no such release, or is the index behind? */
static int no_checksum(const char *version, const char *url, struct err *e)
{
	struct download d = { .url = url, .data = only_ask };
	struct err ignored;

	download_run(&d, &ignored);
	if (d.status == 404)
		return not_found(version, url, e);
	err_set(e, "sha256sums.asc fetched but no entry for linux-%s.tar.xz", version);
	return err_hint(e, "--skip-sha256 downloads without verification");
}

/* The digest a download must have; "" when there is none to compare. */
static int expected_sum(const char *version, const char *url, char sum[65], struct err *e)
{
	auto_free char *sums_url = org_sums_url(version);
	auto_free char *name = org_tarball_name(version);
	auto_str struct str text = { 0 };

	sum[0] = '\0';
	if (skip_sha256)
		warn("--skip-sha256: bypassing checksum verification");
	if (skip_sha256 || org_is_rc(version))
		return 0;
	if (download_text(sums_url, &text, NULL, e) < 0) {
		err_wrap(e, "failed to fetch sha256sums.asc");
		return err_hint(e, "--skip-sha256 downloads without verification");
	}
	return org_find_sum(str_c(&text), name, sum) ? 0 : no_checksum(version, url, e);
}

static int download_kernel(const struct krecord *k, const char *dir, char **top, struct err *e)
{
	auto_free char *url = org_tarball_url(k->version);
	auto_free char *only = xasprintf("linux-%s", k->version);
	struct pass p = { .k = k, .from = url };
	struct download d = { .url = url, .begin = announce, .data = pass_feed, .ctx = &p };
	char sum[65];

	if (expected_sum(k->version, url, sum, e) < 0)
		return -1;
	d.stall_ms = (int)(stall_ns / 1000000);
	pass_begin(&p, dir, only);
	if (download_run(&d, e) < 0 && !d.refused) {
		pass_abort(&p);
		return d.status == 404 ? not_found(k->version, url, e) : -1;
	}
	if (pass_end(&p, top, e) < 0)
		return -1;
	progress_end(&p.progress, "Downloaded");
	if (*sum)
		return verify(&p, sum,
			      "the download is damaged or the server out of step; --skip-sha256 takes it as it is", e);
	warn("%s is not verified: sha256 %s (%llu bytes)", url, p.sum, (unsigned long long)p.done);
	return 0;
}

/* 0: all of it was fed, or the unpacker wants no more and knows why. */
static int feed_file(struct pass *p, int fd, struct err *e)
{
	auto_free char *buf = xmalloc(PIECE);
	ssize_t n;

	while ((n = read(fd, buf, PIECE)) != 0) {
		if (stop_wanted())
			return err_set(e, "extract tarball: interrupted");
		if (n < 0 && errno != EINTR)
			return err_sys(e, "read %s", p->from);
		if (n > 0 && pass_feed(p, buf, (size_t)n) < 0)
			return 0;
	}
	return 0;
}

static int unpack_tarball(const struct krecord *k, const char *dir, char **top, struct err *e)
{
	auto_fd int fd = open(k->tarball, O_RDONLY | O_CLOEXEC);
	struct pass p = { .k = k, .from = k->tarball };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", k->tarball);
	p.total = (uint64_t)st.st_size;
	note("extracting tarball %s (%.1f MB)", k->tarball, (double)p.total / (1 << 20));
	pass_begin(&p, dir, NULL);
	progress_start(&p.progress, "fetch", k->label, "Unpacking kernel...", "bytes");
	if (feed_file(&p, fd, e) < 0) {
		pass_abort(&p);
		return -1;
	}
	if (pass_end(&p, top, e) < 0)
		return -1;
	progress_end(&p.progress, "Unpacked");
	return verify(&p, k->sha256, "the file has changed since the run began; run again", e);
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
		rc = k->tarball ? unpack_tarball(k, stage.path, &top, e) : download_kernel(k, stage.path, &top, e);
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

static int on_kernel(const struct record *rec, void *ctx, struct err *e)
{
	struct krecord k;
	int rc;

	(void)ctx;
	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	rc = krecord_wants_source(&k) ? fetch(rec, &k, e) : record_pass(rec, e);
	krecord_release(&k);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct on on[] = { { "kernel", on_kernel }, { 0 } };
	struct str head = { 0 };
	struct lines l;
	struct err e;
	int n;

	start(&program, argc, argv, &n);
	stop_watch();
	lines_init(&l, STDIN_FILENO);
	if (begun >= 0 && read_fd((int)begun, &head, &e) < 0)
		die_err(&e);
	lines_resume(&l, str_c(&head), head.len, (unsigned long)line);
	str_release(&head);
	if (pump_lines(&l, on, NULL, &e) < 0)
		die_err(&e);
	lines_release(&l);
	return finish(failures ? 1 : 0);
}
