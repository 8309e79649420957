/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "json/record.h"
#include "result/place.h"
#include "result/sidecar.h"

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

int pool_files(const char *dir, struct strv *paths, struct err *e)
{
	auto_strv struct strv names = { 0 };

	if (names_of(dir, &names) < 0)
		return err_sys(e, "read directory %s", dir);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.v[i]);
		auto_strv struct strv inner = { 0 };

		if (!is_dir(path)) {
			if (is_sidecar_name(path))
				strv_add(paths, path);
			continue;
		}
		names_of(path, &inner);
		for (size_t k = 0; k < inner.n; k++)
			if (is_sidecar_name(inner.v[k]))
				strv_addf(paths, "%s/%s", path, inner.v[k]);
	}
	return 0;
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

int pool_read(const char *path, struct str *text, struct err *e)
{
	/* not blocking: a pipe by that name must not stop the reader */
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s", S_ISDIR(st.st_mode) ? strerror(EISDIR) : "not a regular file");
	/* it must fit in a record again, with a little around it */
	if (st.st_size > (off_t)(RECORD_MAX - 65536))
		return err_set(e, "larger than a record may be (%u bytes)", RECORD_MAX - 65536);
	return read_fd(fd, text, e);
}
