/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/stop.h"
#include "base/term.h"
#include "cli/progress.h"
#include "kernel/cache.h"
#include "net/sha256.h"

#define MAGIC "KTSTR_SHA_MTIME_SIZE_V1"

char *copy_path(const struct pin *p, struct err *e)
{
	auto_free char *dir = cache_place("models", e);

	return dir ? xasprintf("%s/%s", dir, p->file) : NULL;
}

static void add_stamp(struct str *out, const struct stat *st)
{
	long long ns = (long long)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;

	str_addf(out, MAGIC "\n%lld %lld\n", ns, (long long)st->st_size);
}

static bool is_remembered(const char *path, const struct stat *st)
{
	auto_free char *name = xasprintf("%s.mtime-size", path);
	auto_free char *text = file_text(name);
	auto_str struct str want = { 0 };

	add_stamp(&want, st);
	return text && strlen(text) + 1 == want.len && strncmp(text, want.s, strlen(text)) == 0;
}

void copy_remember(const char *path)
{
	auto_free char *name = xasprintf("%s.mtime-size", path);
	auto_str struct str text = { 0 };
	struct stat st;
	struct err e;

	if (stat(path, &st) < 0)
		return;
	add_stamp(&text, &st);
	write_file(name, text.s, text.len, 0644, &e);
}

static void forget(const char *path)
{
	auto_free char *name = xasprintf("%s.mtime-size", path);

	unlink(name);
}

static int hash(const char *path, uint64_t size, char hex[65], struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct progress bar;
	struct sha256 *s;
	uint64_t done = 0;
	char buf[1 << 16];
	ssize_t n = 0;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	progress_start(&bar, "model", "", "Checking model...", "bytes");
	s = sha256_start();
	while (!stop_wanted() && (n = read(fd, buf, sizeof(buf))) > 0) {
		sha256_add(s, buf, (size_t)n);
		progress_update(&bar, done += (uint64_t)n, size);
	}
	progress_clear(&bar);
	sha256_end(s, hex);
	if (stop_wanted())
		return err_set(e, "interrupted");
	return n < 0 ? err_sys(e, "read %s", path) : 0;
}

enum verdict copy_check(const struct pin *p, const char *path, bool trust, struct err *why)
{
	char hex[65] = "";
	struct stat st;

	*why = (struct err){ 0 };
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NOT_CACHED;
	if (trust && is_remembered(path, &st))
		return MATCHES;
	if (hash(path, (uint64_t)st.st_size, hex, why) < 0)
		return CHECK_FAILED;
	if (strcasecmp(hex, p->sha256) != 0) {
		forget(path);
		return MISMATCHES;
	}
	copy_remember(path);
	return MATCHES;
}

/* 1 when it was there, 0 when not. */
static int remove_one(const char *path, unsigned long long *freed, struct err *e)
{
	auto_str struct str size = { 0 };
	struct stat st;

	if (lstat(path, &st) < 0 || unlink(path) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove %s", path);
	str_add_iec(&size, (unsigned long long)st.st_size);
	printf("removed %s (%s)\n", path, str_c(&size));
	*freed += (unsigned long long)st.st_size;
	return 1;
}

/* Hold off a fetch: 0, or -1 when one is under way. Where none has ever been
 * there is no lock, and none is made. */
static int hold_off(const char *path, struct lock *lock, struct err *e)
{
	auto_free char *name = xasprintf("%s.lock", path);
	auto_str struct str holders = { 0 };
	int rc = access(name, F_OK) == 0 ? lock_take(lock, name, LOCK_EXCLUSIVE, 0, path, e) : 0;

	if (rc <= 0)
		return rc;
	lock_holders(name, &holders);
	err_set(e, "%s is being fetched by\n%s", path, str_c(&holders));
	return err_hint(e, "wait for it, or end it");
}

int copy_remove(const char *path, unsigned long long *freed, struct err *e)
{
	static const char *const parts[] = { "", ".mtime-size", ".part", ".part.json" };
	struct lock lock = LOCK_NONE;
	bool failed = false;
	struct err other;
	int removed = 0;

	*freed = 0;
	if (hold_off(path, &lock, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		auto_free char *name = xasprintf("%s%s", path, parts[i]);
		int n = remove_one(name, freed, failed ? &other : e);

		if (n < 0)
			failed = true;
		else
			removed += n;
	}
	lock_drop(&lock);
	return failed ? -1 : removed;
}
