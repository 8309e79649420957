/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/fetch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/env.h"
#include "base/file.h"
#include "base/term.h"
#include "cli/progress.h"
#include "model/copy.h"
#include "net/partial.h"
#include "net/sha256.h"

/* ktstr 0.5.2: 3 MB/s is the slowest worth waiting for, within a minute and
 * half an hour */
#define BYTES_PER_MS 3000
#define SHORTEST_MS  60000
#define LONGEST_MS   1800000

struct pass {
	struct sha256 *hash;
	struct progress bar;
	uint64_t done, total;
};

static int pass_data(void *ctx, const void *bytes, size_t n)
{
	struct pass *p = ctx;

	sha256_add(p->hash, bytes, n);
	p->done += n;
	progress_update(&p->bar, p->done, p->total);
	return 0;
}

static int pass_restart(void *ctx)
{
	struct pass *p = ctx;

	sha256_drop(p->hash);
	p->hash = sha256_start();
	p->done = 0;
	return 0;
}

/* The variable's value as it may be printed. */
static char *shown(const char *value)
{
	bool cut = strlen(value) > 64;
	char *s = xasprintf("%.64s%s", value, cut ? "..." : "");

	hide_controls(s, "");
	return s;
}

static int offline(const struct pin *p, const char *path, enum verdict v, const struct err *why, struct err *e)
{
	auto_free char *value = shown(env_get(ENV_MODEL_OFFLINE));

	if (v == NOT_CACHED)
		err_set(e, "KTSTR_MODEL_OFFLINE=%s set but model '%s' is not cached at %s", value, p->file, path);
	else if (v == CHECK_FAILED)
		err_set(e, "KTSTR_MODEL_OFFLINE=%s set but model '%s' is cached and could not be checked: %s", value,
			p->file, why->text);
	else
		err_set(e, "KTSTR_MODEL_OFFLINE=%s set but model '%s' is cached with bytes that do not match the pin",
			value, p->file);
	return err_hint(e, "unset KTSTR_MODEL_OFFLINE to let it be downloaded, or put the file there by hand");
}

/* Room for what is still to come, and a tenth of the whole beyond it. */
static int check_space(const struct pin *p, const char *dir, const struct partial *part, struct err *e)
{
	struct stat st;
	auto_str struct str need = { 0 }, have = { 0 };
	uint64_t margin = p->size / 10 ? p->size / 10 : 1, room;
	struct statvfs f;
	uint64_t there = fstat(part->fd, &st) == 0 ? (uint64_t)st.st_size : 0;

	if (statvfs(dir, &f) < 0)
		return err_sys(e, "free space of %s", dir);
	room = (uint64_t)f.f_bavail * f.f_frsize;
	if (room + there >= p->size + margin)
		return 0;
	str_add_iec(&need, p->size + margin);
	str_add_iec(&have, room);
	err_set(e, "Need %s free at %s; have %s", str_c(&need), dir, str_c(&have));
	if (!room)
		return err_hint(e, "a filesystem that reports none may be FUSE or under a quota; KTSTR_CACHE_DIR "
				   "names another place");
	return -1;
}

static int total_ms(uint64_t size)
{
	uint64_t ms = size / BYTES_PER_MS;

	return ms < SHORTEST_MS ? SHORTEST_MS : ms > LONGEST_MS ? LONGEST_MS : (int)ms;
}

/* 1 when what came has another digest, and nothing of it is kept. */
static int download_once(const struct pin *p, struct partial *part, int stall_ms, struct err *e)
{
	struct pass pass = { .hash = sha256_start(), .total = p->size };
	struct transfer t = { .url = p->url,
			      .total_ms = total_ms(p->size),
			      .stall_ms = stall_ms,
			      .max = p->size,
			      .what = "GET",
			      .data = pass_data,
			      .restart = pass_restart,
			      .ctx = &pass };
	char hex[65];
	int rc;

	progress_start(&pass.bar, "model", "", "Downloading model...", "bytes");
	rc = partial_get(part, &t, e);
	progress_clear(&pass.bar);
	sha256_end(pass.hash, hex);
	if (rc < 0 && t.status && (t.status < 200 || t.status > 299))
		err_set(e, "GET %s returned HTTP %ld — download of model '%s' failed", p->url, t.status, p->file);
	transfer_release(&t);
	if (rc < 0)
		return -1;
	if (strcasecmp(hex, p->sha256) == 0)
		return partial_commit(part, e);
	partial_discard(part);
	err_set(e, "SHA-256 mismatch for model '%s' downloaded from %s: expected %s, got %s (%llu of %llu bytes)",
		p->file, p->url, p->sha256, hex, (unsigned long long)pass.done, (unsigned long long)p->size);
	err_hint(e, "nothing of it was kept; the pin may be outdated: --pin FILE or KTSTR_MODEL_PIN names another");
	return 1;
}

/* What was there before may be of another file, whatever the server says. */
static int download(const struct pin *p, struct partial *part, int stall_ms, struct err *e)
{
	struct stat st;
	bool resumed = fstat(part->fd, &st) == 0 && st.st_size > 0;
	int rc = download_once(p, part, stall_ms, e);

	if (rc > 0 && resumed) {
		note("model '%s': the part that was there does not fit; downloading it whole", p->file);
		rc = download_once(p, part, stall_ms, e);
	}
	return rc ? -1 : 0;
}

static int fetch_into(const struct pin *p, const char *path, const char *dir, int stall_ms, struct err *e)
{
	auto_free char *waiting =
		xasprintf("model '%s' is being fetched by another process — waiting for it.", p->file);
	struct partial part = { 0 };
	struct err why;
	int rc = partial_open(&part, path, waiting, e);

	/* the one that was waited for may have done it */
	if (rc == 0 && copy_check(p, path, true, &why) != MATCHES) {
		rc = check_space(p, dir, &part, e);
		if (rc == 0)
			rc = download(p, &part, stall_ms, e);
		if (rc == 0)
			copy_remember(path);
	}
	partial_close(&part);
	return rc;
}

int model_fetch(const struct pin *p, const char *path, int stall_ms, struct err *e)
{
	auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct err why;
	enum verdict v;

	if (pin_check(p, e) < 0)
		return -1;
	v = copy_check(p, path, false, &why);
	if (v == MATCHES)
		return 0;
	if (env_get(ENV_MODEL_OFFLINE))
		return offline(p, path, v, &why, e);
	if (make_dirs(dir, e) < 0)
		return -1;
	return fetch_into(p, path, dir, stall_ms, e);
}
