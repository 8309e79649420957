/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "test/guest.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

int cgroup_write(const char *path, const char *file, const char *value, struct err *e)
{
	auto_free char *name = xasprintf("%s/%s", path, file);
	auto_fd int fd = open(name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, "cgroup %s has no %s: its controller is not available", path, file);
	if (fd < 0 || write_all(fd, value, strlen(value)) < 0)
		return err_sys(e, "write '%s' to %s", value, name);
	return 0;
}

/* Hand a controller down; one the kernel lacks shows when it is used. */
static void hand_down(const char *dir)
{
	struct err e;

	if (cgroup_write(dir, "cgroup.subtree_control", "+cpuset", &e) == 0)
		cgroup_write(dir, "cgroup.subtree_control", "+cpu", &e);
}

int cgroup_make(const char *path, struct err *e)
{
	auto_free char *dir = xstrdup(path);
	char *p, *end, was;

	if (!path_exists(CGROUP_ROOT "/cgroup.controllers"))
		return err_set(e, "no cgroup2 hierarchy at " CGROUP_ROOT);
	for (p = dir + strlen(CGROUP_ROOT); *p; p = end) {
		*p = '\0';
		hand_down(dir);
		*p = '/';
		end = p + 1 + strcspn(p + 1, "/");
		was = *end;
		*end = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "make cgroup %s", dir);
		*end = was;
	}
	return 0;
}

int cgroup_move(const char *path, pid_t pid, struct err *e)
{
	auto_free char *text = xasprintf("%d", pid);

	for (int tries = 0;; tries++) {
		if (cgroup_write(path, "cgroup.procs", text, e) == 0 || errno == ESRCH)
			return 0;
		if (errno != EBUSY || tries == 3)
			return -1;
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
}

void cgroup_remove(const char *path)
{
	/* the last process may still be on its way out */
	for (int tries = 0; rmdir(path) < 0 && errno == EBUSY && tries < 50; tries++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}
