/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies in an entry's directory, looked at from close by.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/cache.h"
#include "kernel/cache_meta.h"

int cache_sum_file(const char *dir, const char *name, struct cache_sum *s, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", path);
	*s = (struct cache_sum){ .size = (uint64_t)st.st_size };
	if (st.st_size) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
		if (p == MAP_FAILED)
			return err_sys(e, "read %s", path);
		s->crc = crc32_bytes(0, p, (size_t)st.st_size);
		munmap(p, (size_t)st.st_size);
	}
	s->name = xstrdup(name);
	return 0;
}

int cache_verify(const struct cache_entry *c, struct err *e)
{
	if (c->problem)
		return err_set(e, "%s", c->problem);
	for (size_t i = 0; i < c->n_sums; i++) {
		const struct cache_sum *want = &c->sums[i];
		struct cache_sum is;

		if (cache_sum_file(c->dir, want->name, &is, e) < 0)
			return -1;
		free(is.name);
		if (is.size != want->size || is.crc != want->crc)
			return err_set(e, "file %s has other bytes than were stored (crc32 %08x, not %08x)", want->name,
				       is.crc, want->crc);
	}
	return 0;
}

static bool is_ours(const char *name)
{
	static const char *const names[] = { "metadata.json", "bzImage", "Image", "vmlinux", "vmlinux.btf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return temp_file_name(name);
}

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *f;
	bool any = !d;

	while (!any && (f = readdir(d)))
		any = strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
	if (d)
		closedir(d);
	return !any;
}

char *cache_stranger(const char *dir)
{
	DIR *d = opendir(dir);
	char *found = NULL;
	struct dirent *f;

	while (d && !found && (f = readdir(d))) {
		auto_free char *path = NULL;

		if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0)
			continue;
		path = xasprintf("%s/%s", dir, f->d_name);
		if (!is_ours(f->d_name) || (is_dir(path) && !is_empty(path)))
			found = xstrdup(f->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

bool cache_is_foreign(const struct cache_entry *c)
{
	auto_free char *stranger = NULL;

	if (!c->problem || strcmp(c->problem_kind, "missing") != 0)
		return false;
	stranger = cache_stranger(c->dir);
	return stranger != NULL;
}
