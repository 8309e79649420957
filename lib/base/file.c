/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/stop.h"

int read_fd(int fd, struct str *out, struct err *e)
{
	for (;;) {
		char *to = str_room(out, 65536);
		ssize_t n = read(fd, to, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		out->len += (size_t)n;
		out->s[out->len] = '\0';
		if (n == 0)
			return 0;
	}
}

int read_file(const char *path, struct str *out, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved;

	if (fd < 0)
		return err_sys(e, "read %s", path);
	if (read_fd(fd, out, e) == 0)
		return 0;
	saved = errno;
	err_sys(e, "read %s", path);
	errno = saved;
	return -1;
}

char *file_text(const char *path)
{
	auto_str struct str text = { 0 };
	struct err ignored;
	char *s;

	if (read_file(path, &text, &ignored) < 0 || !text.s)
		return NULL;
	s = trim(text.s);
	return *s ? xstrdup(s) : NULL;
}

int write_all(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t k = write(fd, s, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

void hold_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(1);
}

int sync_dir(const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "sync %s", path);
	return 0;
}

void sync_soon(int fd)
{
	/* a filesystem that cannot do it does it at the fsync */
	if (sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0)
		return;
}

int sync_file(const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_sys(e, "sync %s", path) : 0;
}

static int copy_bytes(int in, int out)
{
	char *buf = xmalloc(1 << 18);
	ssize_t n;

	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
		;
	if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
		while ((n = read(in, buf, 1 << 18)) > 0)
			if (write_all(out, buf, (size_t)n) < 0) {
				n = -1;
				break;
			}
	free(buf);
	return n < 0 ? -1 : 0;
}

int copy_file(const char *src, const char *dst, mode_t mode, struct err *e)
{
	auto_fd int in = open(src, O_RDONLY | O_CLOEXEC);
	auto_fd int out = -1;

	if (in < 0)
		return err_sys(e, "read %s", src);
	out = open(dst, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (out < 0)
		return err_sys(e, "write %s", dst);
	if (copy_bytes(in, out) == 0) {
		sync_soon(out);
		return 0;
	}
	err_sys(e, "copy %s to %s", src, dst);
	unlink(dst);
	return -1;
}

/* -1 with errno; ENOENT when somebody took a directory away meanwhile. */
static int make_each(char *p)
{
	for (char *s = *p ? p + 1 : p; *p; s++) {
		char c = *s;
		int rc;

		if (c && c != '/')
			continue;
		*s = '\0';
		rc = mkdir(p, 0777);
		if (rc < 0 && errno != EEXIST)
			return -1;
		*s = c;
		if (!c)
			break;
	}
	return 0;
}

int make_dirs(const char *path, struct err *e)
{
	struct stat st;

	for (int tries = 0; tries < 10; tries++) {
		auto_free char *p = xstrdup(path);

		if (make_each(p) == 0 && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				return 0;
			errno = ENOTDIR;
		}
		if (errno != ENOENT)
			return err_sys(e, "make directory %s", p);
	}
	return err_sys(e, "make directory %s", path);
}

char *real_path(const char *path)
{
	return realpath(path, NULL);
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool is_still(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void held_dir_sweep(const char *parent, const char *prefix)
{
	DIR *dir = opendir(parent);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		auto_free char *path = NULL;
		auto_fd int fd = -1;

		if (!starts_with(d->d_name, prefix))
			continue;
		path = xasprintf("%s/%s", parent, d->d_name);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			sweep_tree(path);
	}
	if (dir)
		closedir(dir);
}

int held_dir_make(struct temp_dir *t, const char *parent, const char *prefix, struct err *e)
{
	for (int tries = 0; tries < 100; tries++) {
		t->path = xasprintf("%s/%sXXXXXX", parent, prefix);
		t->fd = -1;
		if (!mkdtemp(t->path)) {
			err_sys(e, "make a temporary directory in %s", parent);
			break;
		}
		t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* a sweeper may have come between the two: then try again */
		if (t->fd >= 0 && flock(t->fd, LOCK_EX | LOCK_NB) == 0 && is_still(t->fd, t->path))
			return 0;
		err_sys(e, "lock %s", t->path);
		if (t->fd >= 0)
			close(t->fd);
		free(t->path);
		t->path = NULL;
	}
	free(t->path);
	*t = (struct temp_dir){ .fd = -1 };
	return -1;
}

char *temp_root(void)
{
	const char *dir = env_get(ENV_TMPDIR) ? env_get(ENV_TMPDIR) : "/tmp";
	auto_free char *here = *dir == '/' ? NULL : real_path(".");

	return here ? xasprintf("%s/%s", here, dir) : xstrdup(dir);
}

int temp_dir_make(struct temp_dir *t, struct err *e)
{
	auto_free char *parent = temp_root();

	held_dir_sweep(parent, "ktstr-tmp-");
	return held_dir_make(t, parent, "ktstr-tmp-", e);
}

void temp_dir_remove(struct temp_dir *t)
{
	struct err ignored;

	if (!t->path)
		return;
	remove_tree(t->path, &ignored);
	close(t->fd);
	free(t->path);
	*t = (struct temp_dir){ .fd = -1 };
}
