/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/pool.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/file.h"
#include "result/place.h"

static int names_of(const char *path, struct strv *names)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir)
		return -1;
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strv_add(names, d->d_name);
	closedir(dir);
	strv_sort(names);
	return 0;
}

char *run_name(const char *dir)
{
	auto_free char *real = real_path(dir);

	return xstrdup(real && strrchr(real, '/') ? strrchr(real, '/') + 1 : dir);
}

static int newer(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->has_mtime != y->has_mtime)
		return x->has_mtime ? -1 : 1;
	if (x->mtime.tv_sec != y->mtime.tv_sec)
		return x->mtime.tv_sec > y->mtime.tv_sec ? -1 : 1;
	if (x->mtime.tv_nsec != y->mtime.tv_nsec)
		return x->mtime.tv_nsec > y->mtime.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

size_t pool_runs(const char *root, bool hidden, struct run **runs)
{
	auto_strv struct strv names = { 0 };
	size_t n = 0, cap = 0;
	struct stat st;

	*runs = NULL;
	names_of(root, &names);
	for (size_t i = 0; i < names.n; i++) {
		char *path = xasprintf("%s/%s", root, names.v[i]);

		if ((names.v[i][0] == '.' && !hidden) || !is_dir(path)) {
			free(path);
			continue;
		}
		GROW(*runs, n, cap);
		(*runs)[n] = (struct run){ .name = xstrdup(names.v[i]), .path = path };
		if (stat(path, &st) == 0) {
			(*runs)[n].mtime = st.st_mtim;
			(*runs)[n].has_mtime = true;
		}
		n++;
	}
	if (n)
		qsort(*runs, n, sizeof(**runs), newer);
	return n;
}

void runs_release(struct run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(runs[i].name);
		free(runs[i].path);
	}
	free(runs);
}

char *pool_newest(void)
{
	const char *fixed = env_get(ENV_SIDECAR_DIR);
	auto_free char *root = NULL;
	char *newest = NULL;
	struct run *runs;
	size_t n;

	if (fixed)
		return xstrdup(fixed);
	root = runs_root();
	n = pool_runs(root, false, &runs);
	if (n)
		newest = xstrdup(runs[0].path);
	runs_release(runs, n);
	return newest;
}
