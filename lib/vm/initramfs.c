/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int by_path(const void *a, const void *b)
{
	const struct initramfs_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct initramfs_entry *initramfs_find(const struct initramfs *i, const char *path)
{
	struct initramfs_entry key = { .path = (char *)path };
	void *const *node = tfind(&key, &i->by_path, by_path);

	return node ? *node : NULL;
}

static void ignore(void *p)
{
	(void)p;
}

void initramfs_release(struct initramfs *i)
{
	tdestroy(i->by_path, ignore);
	for (size_t k = 0; k < i->n; k++) {
		free(i->v[k]->path);
		free(i->v[k]->from);
		str_release(&i->v[k]->data);
		free(i->v[k]);
	}
	free(i->v);
	*i = (struct initramfs){ 0 };
}

static struct initramfs_entry *add(struct initramfs *i, const char *path, mode_t mode)
{
	struct initramfs_entry *n = xcalloc(1, sizeof(*n));
	const char *slash = strrchr(path, '/');

	if (slash > path) {
		auto_free char *dir = xstrndup(path, (size_t)(slash - path));

		initramfs_dir(i, dir);
	}
	n->path = xstrdup(path);
	n->mode = mode;
	if (!tsearch(n, &i->by_path, by_path))
		die("out of memory");
	GROW(i->v, i->n, i->cap);
	i->v[i->n++] = n;
	return n;
}

void initramfs_dir(struct initramfs *i, const char *path)
{
	if (!initramfs_find(i, path))
		add(i, path, S_IFDIR | 0755);
}

void initramfs_file(struct initramfs *i, const char *path, const char *host, mode_t perm)
{
	add(i, path, S_IFREG | (perm & 07777))->from = xstrdup(host);
}

void initramfs_data(struct initramfs *i, const char *path, const void *data, size_t n, mode_t perm)
{
	str_addn(&add(i, path, S_IFREG | (perm & 07777))->data, data, n);
}

void initramfs_link(struct initramfs *i, const char *path, const char *target)
{
	add(i, path, S_IFLNK | 0777)->from = xstrdup(target);
}

void initramfs_char(struct initramfs *i, const char *path, dev_t device, mode_t perm)
{
	add(i, path, S_IFCHR | perm)->device = device;
}

static int put_header(struct archive *a, struct archive_entry *h, const struct initramfs_entry *n, uint64_t size)
{
	archive_entry_clear(h);
	archive_entry_set_pathname(h, n->path + 1);
	archive_entry_set_mode(h, n->mode);
	archive_entry_set_nlink(h, 1);
	archive_entry_set_size(h, (la_int64_t)size);
	archive_entry_set_rdev(h, n->device);
	if (S_ISLNK(n->mode))
		archive_entry_set_symlink(h, n->from);
	return archive_write_header(a, h) == ARCHIVE_OK ? 0 : -1;
}

static int put_data(struct archive *a, const char *p, size_t n)
{
	while (n) {
		la_ssize_t k = archive_write_data(a, p, n);

		if (k <= 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* A file is mapped, so its size is fixed before its header is written. */
static int put_file(struct archive *a, struct archive_entry *h, const struct initramfs_entry *n, struct err *e)
{
	auto_fd int fd = open(n->from, O_RDONLY | O_CLOEXEC);
	void *p = NULL;
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", n->from);
	if (!S_ISREG(st.st_mode))
		return err_set(e, "%s is not a regular file", n->from);
	if (st.st_size >= 1ll << 32)
		return err_set(e, "%s is too large for an initramfs", n->from);
	if (st.st_size)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "read %s", n->from);
	rc = put_header(a, h, n, (uint64_t)st.st_size);
	if (rc == 0)
		rc = put_data(a, p, (size_t)st.st_size);
	if (p)
		munmap(p, (size_t)st.st_size);
	return rc < 0 ? err_set(e, "put %s into the initramfs: %s", n->from, archive_error_string(a)) : 0;
}

static int put_entry(struct archive *a, struct archive_entry *h, const struct initramfs_entry *n, struct err *e)
{
	if (S_ISREG(n->mode) && n->from)
		return put_file(a, h, n, e);
	if (put_header(a, h, n, n->data.len) < 0 || put_data(a, n->data.s, n->data.len) < 0)
		return err_set(e, "put %s into the initramfs: %s", n->path, archive_error_string(a));
	return 0;
}

int initramfs_write(const struct initramfs *i, uint64_t *size, struct err *e)
{
	struct archive *a = archive_write_new();
	struct archive_entry *h = archive_entry_new();
	int fd = memfd_create("initramfs", MFD_CLOEXEC);
	int rc = fd < 0 ? err_sys(e, "make a memory file for the initramfs") : 0;

	if (!a || !h)
		die("out of memory");
	if (rc == 0 &&
	    (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK ||
	     archive_write_set_bytes_per_block(a, 1 << 20) != ARCHIVE_OK ||
	     archive_write_set_bytes_in_last_block(a, 512) != ARCHIVE_OK || archive_write_open_fd(a, fd) != ARCHIVE_OK))
		rc = err_set(e, "write the initramfs: %s", archive_error_string(a));
	for (size_t k = 0; rc == 0 && k < i->n; k++)
		rc = put_entry(a, h, i->v[k], e);
	if (rc == 0 && archive_write_close(a) != ARCHIVE_OK)
		rc = err_set(e, "write the initramfs: %s", archive_error_string(a));
	archive_entry_free(h);
	archive_write_free(a);
	if (rc == 0)
		*size = (uint64_t)lseek(fd, 0, SEEK_END);
	else if (fd >= 0)
		close(fd);
	return rc == 0 ? fd : -1;
}
