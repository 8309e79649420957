/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/tarballs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/lock.h"
#include "kernel/cache.h"

#define MAX_MIB  4096
#define PART_SEC (7 * 24 * 3600) /* what broke off waits this long to be gone on with */

char *tarballs_path(const char *name, struct err *e)
{
	auto_free char *root = cache_root(e);
	auto_free char *dir = root ? xasprintf("%s/.tarballs", root) : NULL;

	if (!dir || cache_check_writable(root, e) < 0 || make_dirs(dir, e) < 0)
		return NULL;
	return xasprintf("%s/%s", dir, name);
}

static char *sum_path(const char *path)
{
	return xasprintf("%s.sha256", path);
}

bool tarballs_has(const char *path, char sum[SHA256_HEX])
{
	auto_free char *file = sum_path(path);
	auto_free char *text = is_file(path) ? file_text(file) : NULL;
	size_t n = 0;

	while (text && n < SHA256_HEX - 1 && isxdigit((unsigned char)text[n]))
		n++;
	if (n < SHA256_HEX - 1)
		return false;
	memcpy(sum, text, n);
	sum[n] = '\0';
	/* the one used last goes last; it does no harm when that fails */
	(void)!utimensat(AT_FDCWD, path, NULL, 0);
	return true;
}

void tarballs_drop(const char *path)
{
	auto_free char *file = sum_path(path);

	unlink(file);
	unlink(path);
}

struct kept {
	char *path;
	uint64_t size;
	time_t used;
};

static int by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

/* Remove a file unless somebody works with it. */
static bool remove_unheld(const char *path, const char *tarball)
{
	auto_free char *name = xasprintf("%s.lock", tarball);
	auto_free char *note = xasprintf("%s.json", path);
	struct lock l = LOCK_NONE;
	struct err ignored;

	if (lock_take(&l, name, LOCK_EXCLUSIVE, 0, "tarball", &ignored) != 0)
		return false;
	if (strcmp(path, tarball) == 0) {
		tarballs_drop(path);
	} else {
		unlink(path);
		unlink(note);
	}
	lock_drop(&l);
	return true;
}

static void sweep_part(const char *path, time_t changed)
{
	auto_free char *tarball = xstrndup(path, strlen(path) - strlen(".part"));

	if (time(NULL) - changed > PART_SEC)
		remove_unheld(path, tarball);
}

static size_t list(const char *dir_path, struct kept **out)
{
	DIR *dir = opendir(dir_path);
	size_t n = 0, cap = 0;
	struct dirent *d;
	struct stat st;

	while (dir && (d = readdir(dir))) {
		auto_free char *path = xasprintf("%s/%s", dir_path, d->d_name);

		if (d->d_name[0] == '.' || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (ends_with(path, ".part"))
			sweep_part(path, st.st_mtime);
		if (!tarball_name(path))
			continue;
		GROW(*out, n, cap);
		(*out)[n++] = (struct kept){ path, (uint64_t)st.st_size, st.st_mtime };
		path = NULL;
	}
	if (dir)
		closedir(dir);
	return n;
}

static uint64_t limit(void)
{
	const char *s = env_get(ENV_TARBALLS_MAX);
	unsigned long long mib = MAX_MIB;

	if (s && (parse_u64(s, &mib) < 0 || mib > UINT64_MAX >> 20)) {
		warn("KTSTR_TARBALLS_MAX=%s is no number of MiB; %d is used", s, MAX_MIB);
		mib = MAX_MIB;
	}
	return mib << 20;
}

static void make_room(const char *dir)
{
	uint64_t sum = 0, max = limit();
	struct kept *all = NULL;
	size_t n = list(dir, &all);

	for (size_t i = 0; i < n; i++)
		sum += all[i].size;
	if (n)
		qsort(all, n, sizeof(*all), by_use);
	for (size_t i = 0; i < n; i++) {
		if (sum > max && remove_unheld(all[i].path, all[i].path))
			sum -= all[i].size;
		free(all[i].path);
	}
	free(all);
}

int tarballs_keep(const char *path, const char *sum, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	auto_free char *file = sum_path(path);
	auto_free char *line = xasprintf("%s  %s\n", sum, name);

	return write_soon(file, line, strlen(line), 0644, e);
}

void tarballs_trim(const char *path)
{
	auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	make_room(dir);
}
