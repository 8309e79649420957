/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"

static const struct {
	unsigned long magic;
	const char *name, *why;
} remote_fs[] = {
	{ 0x6969, "NFS", "flock does not reliably exclude other clients" },
	{ 0xFF534D42, "CIFS", "its locks do not show in /proc/locks" },
	{ 0xFE534D42, "SMB2", "its locks do not show in /proc/locks" },
	{ 0x00C36400, "CephFS", "flock is not serialized between nodes" },
	{ 0x6B414653, "AFS", "it has no flock" },
	{ 0x65735546, "FUSE", "flock depends on the server behind it" },
};

/* Index of the filesystem in remote_fs, or -1 for a local one. */
static int remote_index(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(remote_fs); i++)
		if ((unsigned long)fs.f_type == remote_fs[i].magic)
			return (int)i;
	return -1;
}

bool lock_is_remote(const char *path)
{
	return remote_index(path) >= 0;
}

static int check_fs(const char *path, struct err *e)
{
	int i = remote_index(path);

	if (i < 0)
		return 0;
	return err_set(e,
		       "%s: filesystem %s is not supported for ktstr lockfiles (%s). Move the "
		       "lockfile path to a local filesystem (tmpfs, ext4, xfs, btrfs, f2fs, bcachefs).",
		       path, remote_fs[i].name, remote_fs[i].why);
}

/* Another user's file may only be readable, and flock needs no more. */
static int open_lock(const char *path, struct err *e)
{
	auto_free char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	int fd;

	if (slash && slash != dir) {
		*slash = '\0';
		if (make_dirs(dir, e) < 0)
			return -1;
		if (check_fs(dir, e) < 0)
			return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (fd >= 0 && fchmod(fd, 0666) < 0 && errno != EPERM) {
			err_sys(e, "lock %s", path);
			close(fd);
			return -1;
		}
	}
	return fd < 0 ? err_sys(e, "lock %s", path) : fd;
}

static void cmdline_of(const char *pid, struct str *out)
{
	auto_free char *path = xasprintf("/proc/%s/cmdline", pid);
	auto_str struct str text = { 0 };
	struct err ignored;

	if (read_file(path, &text, &ignored) < 0 || !text.len) {
		str_add(out, "<cmdline unavailable>");
		return;
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.s[i] == '\0')
			text.s[i] = ' ';
	while (text.len && text.s[text.len - 1] == ' ')
		text.s[--text.len] = '\0';
	if (text.len > 100) {
		text.len = 100;
		str_add(&text, "\xe2\x80\xa6");
	}
	str_add(out, text.s);
}

/* Field 6 of /proc/locks is "MAJOR:MINOR:INODE"; waiters' lines have "->". */
void lock_holders(const char *path, struct str *out)
{
	auto_str struct str locks = { 0 }, seen = { 0 };
	auto_free char *needle = NULL;
	struct err ignored;
	char *line, *save = NULL;
	struct stat st;
	bool any = false;

	if (stat(path, &st) == 0 && read_file("/proc/locks", &locks, &ignored) == 0) {
		needle = xasprintf(":%lu", (unsigned long)st.st_ino);
		for (line = strtok_r(locks.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char kind[16], pid[16], where[64], key[32];

			if (sscanf(line, "%*s %15s %*s %*s %15s %63s", kind, pid, where) != 3 ||
			    strcmp(kind, "FLOCK") != 0 || !ends_with(where, needle))
				continue;
			snprintf(key, sizeof(key), " %s ", pid);
			if (strstr(str_c(&seen), key))
				continue;
			str_add(&seen, key);
			str_addf(out, "%s  pid=%s cmd=", any ? "\n" : "", pid);
			cmdline_of(pid, out);
			any = true;
		}
	}
	if (!any)
		str_add(out, "<none recorded>");
}

static int busy(struct lock *l, enum lock_mode mode, int timeout_ms, const char *what, struct err *e)
{
	auto_str struct str who = { 0 };

	lock_holders(l->path, &who);
	err_set(e, "flock %s on %s timed out after %ds (lockfile %s, holders: %s).",
		mode == LOCK_SHARED ? "LOCK_SH" : "LOCK_EX", what, timeout_ms / 1000, l->path, str_c(&who));
	lock_drop(l);
	return 1;
}

int lock_take(struct lock *l, const char *path, enum lock_mode mode, int timeout_ms, const char *what, struct err *e)
{
	int op = mode == LOCK_SHARED ? LOCK_SH : LOCK_EX;

	*l = (struct lock){ .fd = open_lock(path, e), .path = xstrdup(path) };
	if (l->fd < 0) {
		lock_drop(l);
		return -1;
	}
	for (int waited = 0;; waited += 50) {
		if (flock(l->fd, timeout_ms == LOCK_FOREVER ? op : op | LOCK_NB) == 0)
			return 0;
		if (stop_wanted()) {
			err_set(e, "interrupted while waiting for %s", what);
			lock_drop(l);
			return -1;
		}
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			err_sys(e, "lock %s", path);
			lock_drop(l);
			return -1;
		}
		if (waited >= timeout_ms)
			return busy(l, mode, timeout_ms, what, e);
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
}

int lock_wait(struct lock *l, const char *path, enum lock_mode mode, const char *waiting, struct err *e)
{
	auto_str struct str who = { 0 };
	int rc = lock_take(l, path, mode, 0, path, e);

	if (rc <= 0)
		return rc;
	lock_holders(path, &who);
	note("%s\n%s", waiting, str_c(&who));
	return lock_take(l, path, mode, LOCK_FOREVER, path, e);
}

void lock_drop(struct lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct lock){ .fd = -1 };
}
