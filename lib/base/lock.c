/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lockers.h"
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

int lock_check_fs(const char *path, struct err *e)
{
	int i = remote_index(path);

	if (i < 0)
		return 0;
	return err_set(e,
		       "%s: filesystem %s is not supported for ktstr lockfiles (%s). Move the "
		       "lockfile path to a local filesystem (tmpfs, ext4, xfs, btrfs, f2fs, bcachefs).",
		       path, remote_fs[i].name, remote_fs[i].why);
}

/* Another user's file may only be readable, and flock needs no more. In a
 * sticky directory such a file must not be opened with O_CREAT at all. */
static int open_file(const char *path)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = -1;

	for (int tries = 0; tries < 10; tries++) {
		fd = open(path, O_RDONLY | flags);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	/* for everybody, whatever the umask says */
	if (fd >= 0 && fchmod(fd, 0666) < 0 && errno != EPERM) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_lock(const char *path, struct err *e)
{
	auto_free char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	struct stat st;
	int fd;

	if (slash && slash != dir) {
		*slash = '\0';
		if (make_dirs(dir, e) < 0)
			return -1;
		if (lock_check_fs(dir, e) < 0)
			return -1;
	}
	fd = open_file(path);
	if (fd < 0)
		return err_sys(e, "lock %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(e, "lock %s: it is no regular file", path);
}

void lock_holders(const char *path, struct str *out)
{
	struct lockers l;
	const struct locker *k;
	bool any = false;
	size_t n;

	lockers_read(&l);
	k = lockers_of(&l, path, &n);
	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		while (before < i && (k[before].waiting || k[before].pid != k[i].pid))
			before++;
		if (k[i].waiting || before < i)
			continue;
		str_addf(out, "%s  pid=%ld cmd=", any ? "\n" : "", k[i].pid);
		str_add_cmdline(out, k[i].pid);
		any = true;
	}
	if (!any)
		str_add(out, "<none recorded>");
	lockers_release(&l);
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

static void on_look(int sig)
{
	(void)sig;
}

/* flock, for as long as it takes. A signal that came just before it would be
 * forgotten, so it is interrupted every second. */
static int flock_forever(int fd, int op)
{
	static const struct itimerval second = { { 1, 0 }, { 1, 0 } }, never;
	struct sigaction look = { .sa_handler = on_look }, old;
	int rc, saved;

	sigaction(SIGALRM, &look, &old);
	setitimer(ITIMER_REAL, &second, NULL);
	rc = flock(fd, op);
	saved = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	errno = saved;
	return rc;
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
		if ((timeout_ms == LOCK_FOREVER ? flock_forever(l->fd, op) : flock(l->fd, op | LOCK_NB)) == 0) {
			/* who cleans /tmp may have removed it, and then others lock a new one */
			if (is_still(l->fd, l->path))
				return 0;
			close(l->fd);
			l->fd = open_lock(path, e);
			if (l->fd >= 0)
				continue;
			lock_drop(l);
			return -1;
		}
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
