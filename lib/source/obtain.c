/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/obtain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/stop.h"
#include "source/index.h"
#include "source/manifest.h"
#include "kernel/org.h"
#include "source/pass.h"
#include "source/tarballs.h"
#include "net/partial.h"

#define TARBALL_MAX (2ULL << 30)

/* One release on its way. */
struct job {
	const struct obtain *o;
	const char *version;
	char *url, *only;
	char want[SHA256_HEX]; /* "": nothing to compare with */
	struct pass pass;
	bool running; /* the pass */
	struct partial file;
};

static bool extraction_is_gzip(const char *name)
{
	return ends_with(name, ".gz");
}

static void say_extracting(const char *name)
{
	note("extracting tarball (%s)", extraction_is_gzip(name) ? "gzip" : "xz");
}

static void on_begin(void *ctx, uint64_t length)
{
	struct job *j = ctx;

	j->pass.total = length;
	if (length)
		note("downloading %s (%.1f MB)", j->url, (double)length / (1 << 20));
	else
		note("downloading %s", j->url);
	say_extracting(j->url);
	pass_begin(&j->pass);
	j->running = true;
}

static int on_data(void *ctx, const void *p, size_t n)
{
	struct job *j = ctx;

	pass_feed(&j->pass, p, n);
	return 0;
}

static void drop_pass(struct job *j)
{
	auto_free char *tree = xasprintf("%s/%s", j->pass.dir, j->only);
	struct err ignored;

	if (!j->running)
		return;
	pass_abort(&j->pass);
	j->running = false;
	remove_tree(tree, &ignored);
}

static int on_restart(void *ctx)
{
	drop_pass(ctx);
	return 0;
}

/* What a 404 means is worth a look at the release index. */
static int not_found(const struct job *j, struct err *e)
{
	struct releases r;
	struct err ignored;
	struct version v;
	const char *best = NULL;
	auto_free char *series = NULL;

	if (org_is_rc(j->version))
		return err_set(e,
			       "RC tarball not found: %s\n"
			       "release candidate snapshots are removed once the release ships",
			       j->url);
	if (version_parse(j->version, strlen(j->version), &v) == 0)
		series = xasprintf("%llu.%llu", (unsigned long long)v.major, (unsigned long long)v.minor);
	err_set(e, "version %s not found", j->version);
	if (series && index_get(&r, &ignored) == 0)
		best = releases_newest(&r, series);
	if (best && strcmp(best, j->version) != 0)
		err_set(e, "version %s not found. latest %s.x: %s", j->version, series, best);
	if (series)
		releases_release(&r);
	return -1;
}

/* No checksum: because there is no such release, or is the list behind? */
static int no_checksum(const struct job *j, struct err *e)
{
	struct transfer t = { .url = j->url, .head = true };
	struct err ignored;

	transfer_get(&t, &ignored);
	transfer_release(&t);
	if (t.status == 404)
		return not_found(j, e);
	err_set(e, "sha256sums.asc fetched but no entry for %s", strrchr(j->url, '/') + 1);
	return err_hint(e, "--skip-sha256 downloads without verification");
}

static int expect(struct job *j, struct err *e)
{
	int rc;

	j->want[0] = '\0';
	if (j->o->skip_sha256)
		warn("--skip-sha256: bypassing checksum verification");
	if (j->o->skip_sha256 || org_is_rc(j->version))
		return 0;
	rc = manifest_sum(j->version, j->want, e);
	if (rc == 0)
		return no_checksum(j, e);
	return rc < 0 ? -1 : 0;
}

/* All of it is there and digested. Only what is verified is kept, and of
 * candidates, for which there are no checksums, what came whole. */
static int judge(struct job *j, int unpacked, struct err *e)
{
	struct pass *p = &j->pass;
	struct err why;

	if (*j->want &&
	    pass_verify(p, j->want,
			"the download is damaged or the server out of step; --skip-sha256 takes it as it is",
			&why) < 0) {
		partial_discard(&j->file);
		*e = why;
		return -1;
	}
	if (unpacked < 0) {
		/* a good download stays for when there is room to unpack it */
		if (!*j->want)
			partial_discard(&j->file);
		return -1;
	}
	if (!*j->want)
		warn("%s is not verified: sha256 %s (%llu bytes)", j->url, p->sum, (unsigned long long)p->done);
	if (j->o->skip_sha256) {
		partial_discard(&j->file);
		return 0;
	}
	return partial_commit(&j->file, e) < 0 ? -1 : tarballs_keep(j->file.path, p->sum, e);
}

static int download_once(struct job *j, char **top, struct err *e)
{
	struct transfer t = { .url = j->url,
			      .begin = on_begin,
			      .data = on_data,
			      .restart = on_restart,
			      .ctx = j,
			      .max = TARBALL_MAX,
			      .stall_ms = j->o->stall_ms };
	int rc = partial_get(&j->file, &t, e);

	transfer_release(&t);
	if (rc < 0 || !j->running) {
		drop_pass(j);
		return t.status == 404 ? not_found(j, e) : -1;
	}
	j->running = false;
	rc = judge(j, pass_end(&j->pass, top, e), e);
	if (rc == 0)
		progress_end(&j->pass.progress, "Downloaded");
	return rc;
}

static int download(struct job *j, char **top, struct err *e)
{
	auto_free char *tree = xasprintf("%s/%s", j->pass.dir, j->only);
	struct err ignored;
	int rc;

	if (env_get(ENV_OFFLINE)) {
		err_set(e, "KTSTR_OFFLINE is set and %s has not been fetched before", j->url);
		return err_hint(e, "run once without KTSTR_OFFLINE");
	}
	if (expect(j, e) < 0)
		return -1;
	rc = download_once(j, top, e);
	if (rc == 0 || !j->file.resumed || stop_wanted() || starts_with(e->text, "download "))
		return rc;
	warn("%s; what an earlier run had fetched may be damaged, fetching it anew", e->text);
	free(*top);
	*top = NULL;
	remove_tree(tree, &ignored);
	partial_discard(&j->file);
	return download_once(j, top, e);
}

/* 1: unpacked from what was fetched before; 0: there is none, or no good one. */
static int from_kept(struct job *j, char **top, struct err *e)
{
	auto_free char *tree = xasprintf("%s/%s", j->pass.dir, j->only);
	char want[SHA256_HEX];
	struct err why;
	auto_fd int fd = tarballs_has(j->file.path, want) ? open(j->file.path, O_RDONLY | O_CLOEXEC) : -1;
	int rc;

	if (fd < 0)
		return 0;
	note("using %s, fetched before", j->file.path);
	say_extracting(j->file.path);
	pass_begin(&j->pass);
	if (pass_feed_file(&j->pass, fd, e) < 0) {
		pass_abort(&j->pass);
		return -1;
	}
	rc = pass_end(&j->pass, top, e);
	if (pass_verify(&j->pass, want, "", &why) == 0) {
		if (rc == 0 && org_is_rc(j->version))
			warn("%s is not verified: release candidates have no checksums", j->file.path);
		if (rc == 0)
			progress_end(&j->pass.progress, "Unpacked");
		return rc < 0 ? -1 : 1;
	}
	warn("%s; fetching it anew", why.text);
	free(*top);
	*top = NULL;
	tarballs_drop(j->file.path);
	return remove_tree(tree, e);
}

static int with_file(struct job *j, char **top, struct err *e)
{
	int rc;

	j->pass.from = j->file.path;
	j->pass.text = "Unpacking kernel...";
	rc = from_kept(j, top, e);
	if (rc)
		return rc < 0 ? -1 : 0;
	j->pass.from = j->url;
	j->pass.text = "Downloading kernel...";
	return download(j, top, e);
}

int obtain_release(const struct obtain *o, const struct krecord *k, const char *dir, char **top, struct err *e)
{
	auto_free char *name = org_tarball_name(k->version);
	auto_free char *path = tarballs_path(name, e);
	auto_free char *waiting = xasprintf("%s is being fetched by another process - waiting for it to finish.", name);
	struct job j = { .o = o, .version = k->version };
	int rc;

	*top = NULL;
	if (!path)
		return -1;
	j.url = org_tarball_url(k->version);
	j.only = xasprintf("linux-%s", k->version);
	j.pass = (struct pass){ .label = k->label, .dir = dir, .top = j.only };
	rc = partial_open(&j.file, path, waiting, e);
	j.file.checked = true; /* by its digest, whenever it is unpacked */
	if (rc == 0)
		rc = with_file(&j, top, e);
	partial_close(&j.file);
	if (rc == 0)
		tarballs_trim(path);
	free(j.url);
	free(j.only);
	return rc;
}
