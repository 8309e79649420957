/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that appear whole. The temporary file has no name until it is locked,
 * so that one with a name and without a lock was left by a killed process;
 * where a file cannot be without a name, one that was swept is made again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define MARK ".tmp."

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* The next name nobody has: a process of another pid namespace may be called
 * the same as this one. */
static void next_name(const char *path, char **name)
{
	static unsigned int serial;

	free(*name);
	*name = xasprintf("%s" MARK "%d.%06u", path, (int)getpid(), __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
}

bool temp_file_name(const char *name)
{
	const char *mark = NULL, *dot;

	for (const char *at = name; (at = strstr(at, MARK)); at++)
		mark = at;
	if (!mark || mark == name)
		return false;
	mark += strlen(MARK);
	dot = mark + strspn(mark, "0123456789");
	return dot > mark && *dot == '.' && strlen(dot + 1) >= 6 && !dot[1 + strspn(dot + 1, "0123456789")];
}

static int open_nameless(const char *dir)
{
	return open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
}

/* A sweeper may have come between the name and the lock. */
static bool was_swept(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Where there are no nameless files; or for the error that tells why not. */
static int open_named(const char *path, char **name)
{
	for (;;) {
		int fd;

		next_name(path, name);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
		if (fd >= 0 && !was_swept(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
}

static int give_name(int fd, const char *path, char **name)
{
	char self[64];
	int rc;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	do {
		next_name(path, name);
		rc = linkat(AT_FDCWD, self, AT_FDCWD, *name, AT_SYMLINK_FOLLOW);
	} while (rc < 0 && errno == EEXIST);
	return rc;
}

static int fill(int fd, const void *p, size_t n, mode_t mode)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || write_all(fd, p, n) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return fsync(fd);
}

/* The written, synced and locked file with the name *temp: a descriptor. */
static int write_temp(const char *path, const char *dir, char **temp, const void *p, size_t n, mode_t mode)
{
	int fd = open_nameless(dir), saved;
	bool named = fd < 0;

	if (named)
		fd = open_named(path, temp);
	if (fd < 0 || (fill(fd, p, n, mode) == 0 && (named || give_name(fd, path, temp) == 0)))
		return fd;
	saved = errno;
	if (named)
		unlink(*temp);
	close(fd);
	errno = saved;
	return -1;
}

int write_file(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	auto_free char *dir = dir_of(path), *temp = NULL;
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	fd = write_temp(path, dir, &temp, p, n, mode & ~mask);
	if (fd < 0)
		return err_sys(e, "write %s", path);
	if (rename(temp, path) < 0) {
		err_sys(e, "rename %s to %s", temp, path);
		unlink(temp);
		close(fd);
		return -1;
	}
	close(fd);
	return sync_dir(dir, e);
}

void temp_file_sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d && (f = readdir(d))) {
		auto_free char *path = NULL;
		auto_fd int fd = -1;
		struct stat st;

		if (!temp_file_name(f->d_name))
			continue;
		path = xasprintf("%s/%s", dir, f->d_name);
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlink(path);
	}
	if (d)
		closedir(d);
}

int write_soon(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "write %s", path);
	if (write_all(fd, p, n) == 0) {
		close(fd);
		return 0;
	}
	err_sys(e, "write %s", path);
	close(fd);
	unlink(path);
	return -1;
}
