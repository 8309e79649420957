/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-remote: one entry of the kernel cache from or to the server of
 * KTSTR_REMOTE_CACHE, which knows no more than GET and PUT.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/stop.h"
#include "cli/opt.h"
#include "kernel/remote.h"
#include "kernel/remote_archive.h"
#include "kernel/remote_url.h"
#include "net/transfer.h"

static bool optional;
static unsigned long long stall_ns = 10000000000ULL, timeout_ns = 300000000000ULL;

static struct opt opts[] = {
	{ "optional", 0, OPT_FLAG, &optional, NULL, "what fails is a warning, what is not there is no word" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a transfer that stands still this long (10s)" },
	{ "timeout", 0, OPT_TIME, &timeout_ns, "DURATION", "give up a transfer after this long (5m)" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-remote",
	.args = "get KEY | put KEY",
	.about = "Fetch or send a cached kernel by HTTP (KTSTR_REMOTE_CACHE)",
	.detail = "get      bring the entry into the kernel cache and print its directory\n"
		  "put      send the entry from the kernel cache\n"
		  "\n"
		  "KTSTR_REMOTE_CACHE is the URL of a directory, or a URL with {key} or {sha256} (of the key)\n"
		  "in it. With --optional the exit code is 3 when the server could not be reached.",
	.opts = opts,
	.min_args = 2,
	.max_args = 2,
};

enum outcome { DONE, ABSENT, FAILED, OUT };

static struct transfer new_transfer(const struct remote_url *u, const char *what)
{
	return (struct transfer){
		.url = u->url,
		.headers = u->headers.v,
		.stall_ms = duration_ms(stall_ns),
		.total_ms = duration_ms(timeout_ns),
		.tries = 1, /* what fails is one line and no wait */
		.max = REMOTE_MAX,
		.what = what,
		.wanted = "kernel",
	};
}

/* A file without a name, for the archive. */
static int open_scratch(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = memfd_create("archive", MFD_CLOEXEC);
	return fd < 0 ? err_sys(e, "make a temporary file in %s", dir) : fd;
}

/* --- get --- */

struct sink {
	int fd;
	struct err why;
};

static int on_data(void *ctx, const void *p, size_t n)
{
	struct sink *s = ctx;

	return write_all(s->fd, p, n) < 0 ? err_sys(&s->why, "write the download") : 0;
}

static int on_restart(void *ctx)
{
	struct sink *s = ctx;

	if (ftruncate(s->fd, 0) < 0 || lseek(s->fd, 0, SEEK_SET) < 0)
		return err_sys(&s->why, "write the download");
	return 0;
}

static enum outcome judge(const struct transfer *t)
{
	return t->unreachable || t->stalled || t->status >= 500 ? OUT : FAILED;
}

static enum outcome download(const struct remote_url *u, int fd, struct err *e)
{
	struct transfer t = new_transfer(u, "download");
	struct sink s = { .fd = fd };
	enum outcome rc = DONE;

	t.data = on_data;
	t.restart = on_restart;
	t.ctx = &s;
	if (transfer_get(&t, e) < 0) {
		rc = t.status == 404 || t.status == 410 ? ABSENT : judge(&t);
		if (t.refused)
			*e = s.why;
	}
	transfer_release(&t);
	return rc;
}

static enum outcome get_into(const struct remote_url *u, const char *key, const char *dir, struct err *e)
{
	auto_fd int fd = open_scratch(dir, e);
	enum outcome rc = fd < 0 ? FAILED : download(u, fd, e);

	if (rc != DONE)
		return rc;
	if (lseek(fd, 0, SEEK_SET) < 0 || remote_unpack(fd, dir, key, e) < 0) {
		err_wrap(e, "%s is not taken", u->shown);
		return FAILED;
	}
	return DONE;
}

static enum outcome get(const struct remote_url *u, const char *key, struct err *e)
{
	auto_free char *dir = NULL;
	struct temp_dir stage;
	enum outcome rc;

	if (cache_stage_make(key, &stage, e) < 0)
		return FAILED;
	rc = get_into(u, key, stage.path, e);
	if (rc != DONE || stop_wanted()) {
		temp_dir_remove(&stage);
		return rc;
	}
	if (cache_adopt(key, &stage, &dir, e) < 0)
		return FAILED;
	note("fetched from remote cache: %s", key);
	puts(dir);
	return DONE;
}

/* --- put --- */

static enum outcome upload(const struct remote_url *u, const struct cache_entry *c, struct err *e)
{
	const char *tmp = env_get(ENV_TMPDIR) ? env_get(ENV_TMPDIR) : "/tmp";
	struct transfer t = new_transfer(u, "upload");
	auto_fd int fd = open_scratch(tmp, e);
	enum outcome rc = DONE;
	struct stat st;

	if (fd < 0 || cache_verify(c, e) < 0 || remote_pack(c, fd, e) < 0)
		return FAILED;
	if (fstat(fd, &st) < 0) {
		err_sys(e, "read the archive");
		return FAILED;
	}
	if (transfer_put(&t, fd, (uint64_t)st.st_size, e) < 0)
		rc = judge(&t);
	transfer_release(&t);
	return rc;
}

static enum outcome put(const struct remote_url *u, const char *key, struct err *e)
{
	struct cache_entry c;
	enum outcome rc = FAILED;
	struct lock l;

	if (cache_hold(key, &l, false, e) != 0)
		return FAILED;
	if (cache_find(key, &c, e) == 1)
		rc = upload(u, &c, e);
	else if (c.problem)
		err_set(e, "cache key %s: %s", key, c.problem);
	else
		err_set(e, "cache key %s not found", key);
	cache_entry_release(&c);
	lock_drop(&l);
	if (rc == DONE)
		note("stored to remote cache: %s", key);
	return rc;
}

/* --- */

static int tell(enum outcome rc, bool reading, const struct remote_url *u, const char *key, struct err *e)
{
	if (rc == DONE)
		return 0;
	if (rc == ABSENT)
		err_set(e, "%s is not in the remote cache", key);
	else if (u->url)
		remote_url_scrub(u, e);
	if (!optional)
		print_err(e);
	else if (rc != ABSENT)
		warn("remote cache %s warning: %s%s", reading ? "read" : "write", e->text,
		     rc == OUT && u->url ? "; it is not asked again for 30 s" : "");
	return rc == OUT && optional ? REMOTE_OUT : 1;
}

int main(int argc, char **argv)
{
	struct remote_url u = { 0 };
	enum outcome rc = OUT;
	struct err e;
	bool reading;
	int n, code;
	char **words = start(&program, argc, argv, &n);

	reading = strcmp(words[0], "get") == 0;
	if (!reading && strcmp(words[0], "put") != 0)
		die_usage("unrecognized subcommand '%s'", words[0]);
	if (!env_get(ENV_REMOTE_CACHE))
		die("KTSTR_REMOTE_CACHE is not set");
	stop_watch();
	stop_hold();
	if (remote_url_make(&u, env_get(ENV_REMOTE_CACHE), words[1], &e) == 0)
		rc = reading ? get(&u, words[1], &e) : put(&u, words[1], &e);
	code = tell(rc, reading, &u, words[1], &e);
	stop_release();
	remote_url_release(&u);
	return finish(code);
}
