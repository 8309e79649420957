/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result/sidecar.h"

static void stamp(struct listing *l, int fd)
{
	struct stat st = { 0 };
	uint64_t v[5];

	fstat(fd, &st);
	v[0] = st.st_ino;
	v[1] = (uint64_t)st.st_mtim.tv_sec;
	v[2] = (uint64_t)st.st_mtim.tv_nsec;
	v[3] = (uint64_t)st.st_ctim.tv_sec;
	v[4] = (uint64_t)st.st_ctim.tv_nsec;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		l->stamp = (l->stamp ^ v[i]) * 0x9e3779b97f4a7c15;
		l->stamp ^= l->stamp >> 29;
	}
}

static bool leads_to_dir(int fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN && d->d_type != DT_LNK)
		return d->d_type == DT_DIR;
	return fstatat(fd, d->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Names are offsets while the text still moves. */
static void add(struct listing *l, const char *sub, const char *name)
{
	GROW(l->names, l->n, l->cap);
	l->names[l->n++] = (const char *)(uintptr_t)l->text.len;
	if (sub) {
		str_add(&l->text, sub);
		str_addc(&l->text, '/');
	}
	str_addn(&l->text, name, strlen(name) + 1);
}

static void add_all(struct listing *l, const char *sub, DIR *dir, struct strv *subs)
{
	struct dirent *d;

	while ((d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (subs && leads_to_dir(dirfd(dir), d))
			strv_add(subs, d->d_name);
		else if (is_sidecar_name(d->d_name))
			add(l, sub, d->d_name);
	}
}

static void add_sub(struct listing *l, const char *sub)
{
	int fd = openat(l->fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		close_fd(&fd);
		return;
	}
	stamp(l, fd);
	add_all(l, sub, dir, NULL);
	closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int listing_read(struct listing *l, const char *path, struct err *e)
{
	auto_strv struct strv subs = { 0 };
	DIR *dir = opendir(path);

	*l = (struct listing){ .fd = -1 };
	if (!dir)
		return err_sys(e, "read directory %s", path);
	l->fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 3);
	stamp(l, l->fd);
	add_all(l, NULL, dir, &subs);
	closedir(dir);
	strv_sort(&subs);
	for (size_t i = 0; i < subs.n; i++)
		add_sub(l, subs.v[i]);
	for (size_t i = 0; i < l->n; i++)
		l->names[i] = l->text.s + (uintptr_t)l->names[i];
	if (l->n)
		qsort(l->names, l->n, sizeof(*l->names), by_name);
	return 0;
}

void listing_release(struct listing *l)
{
	close_fd(&l->fd);
	free(l->names);
	str_release(&l->text);
	*l = (struct listing){ .fd = -1 };
}
