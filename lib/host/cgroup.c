/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define MOUNT         "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270
#define NAME_PREFIX   "ktstr-build-"
#define REMOVE_TRIES  100
#define REMOVE_PAUSE  20000000 /* ns */

/* Directory of the cgroup this process is in, or NULL with the reason. */
static char *own_cgroup(struct err *e)
{
	auto_str struct str text = { 0 };
	struct err ignored;
	struct statfs fs;
	char *path, *end;

	if (statfs(MOUNT, &fs) < 0 || (unsigned long)fs.f_type != CGROUP2_MAGIC ||
	    read_file("/proc/self/cgroup", &text, &ignored) < 0 || !(path = strstr(str_c(&text), "0::/")) ||
	    (path != text.s && path[-1] != '\n')) {
		err_set(e, "cgroup v2 not mounted at " MOUNT);
		return NULL;
	}
	path += strlen("0::");
	end = path + strcspn(path, "\n");
	if (end == path + 1) {
		err_set(e, "this process is in the cgroup v2 root (0::/)");
		return NULL;
	}
	*end = '\0';
	return xasprintf(MOUNT "%s", path);
}

/* Whether a list of words, as in cgroup.controllers, has this one. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static bool controller(const char *cgroup, const char *file)
{
	auto_free char *path = xasprintf("%s/%s", cgroup, file);
	auto_free char *list = file_text(path);

	return list && has_word(list, "cpuset");
}

/* A cgroup's file takes one write, and no more than that. */
static int put(const char *cgroup, const char *file, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", cgroup, file);
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

static int refused(struct err *e, const char *file)
{
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return err_set(e, "insufficient permission to create / write cgroup files");
	if (errno == EBUSY && strcmp(file, "cgroup.subtree_control") == 0)
		return err_set(e, "parent cgroup rejected +cpuset subtree_control");
	return err_sys(e, "cgroup file %s", file);
}

static int delegate(const char *parent, struct err *e)
{
	if (!controller(parent, "cgroup.controllers"))
		return err_set(e, "parent cgroup does not expose cpuset controller");
	if (controller(parent, "cgroup.subtree_control") || put(parent, "cgroup.subtree_control", "+cpuset") == 0)
		return 0;
	return refused(e, "cgroup.subtree_control");
}

int sandbox_check(struct err *e)
{
	auto_free char *parent = own_cgroup(e);
	auto_free char *control = parent ? xasprintf("%s/cgroup.subtree_control", parent) : NULL;

	if (!parent)
		return -1;
	if (!controller(parent, "cgroup.controllers"))
		return err_set(e, "parent cgroup does not expose cpuset controller");
	if (access(parent, W_OK) < 0 || (!controller(parent, "cgroup.subtree_control") && access(control, W_OK) < 0))
		return refused(e, "cgroup.subtree_control");
	return 0;
}

/* Open and locked, and still there: a sweeper may come in between. */
static int hold(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still(fd, path))
		return fd;
	close_fd(&fd);
	return -1;
}

/* cgroup.kill and cgroup.procs are not for threaded cgroups. */
static void kill_all(const char *path)
{
	auto_free char *file = xasprintf("%s/cgroup.threads", path);
	auto_str struct str list = { 0 };
	struct err ignored;
	char *save = NULL;

	if (read_file(file, &list, &ignored) < 0 || !list.len)
		return;
	for (char *line = strtok_r(list.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		long pid = strtol(line, NULL, 10);

		/* 0: a process of another PID namespace */
		if (pid > 1 && pid != getpid())
			kill((pid_t)pid, SIGKILL);
	}
}

/* What runs in there is the rest of a build nobody waits for any more. */
static void clear(const char *path)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		kill_all(path);
		if (rmdir(path) == 0 || errno != EBUSY)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = REMOVE_PAUSE }, NULL);
	}
	warn("cgroup %s could not be removed", path);
}

/* Other implementations lock nothing and go by the number at the end. In
 * another PID namespace that number says nothing; the lock does. */
static bool abandoned(const char *name)
{
	const char *pid = strrchr(name, '-');

	return pid && kill((pid_t)strtol(pid + 1, NULL, 10), 0) < 0 && errno == ESRCH;
}

static void sweep(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		auto_free char *path = xasprintf("%s/%s", parent, d->d_name);
		auto_fd int fd = -1;

		if (!starts_with(d->d_name, NAME_PREFIX) || !abandoned(d->d_name))
			continue;
		fd = hold(path);
		if (fd >= 0)
			clear(path);
	}
	if (dir)
		closedir(dir);
}

/* Set a list and see that the parent leaves it to us as it is. */
static int confine(const char *path, const char *file, const struct cpus *want, struct err *e)
{
	auto_str struct str list = { 0 };
	auto_free char *effective = xasprintf("%s/%s.effective", path, file);
	auto_free char *text = NULL;
	struct cpus got;

	cpus_print(want, &list);
	if (put(path, file, str_c(&list)) < 0)
		return refused(e, file);
	text = file_text(effective);
	if (!text || cpus_parse(text, &got) < 0 || !cpus_equal(&got, want))
		return err_set(e, "%s narrowed by parent cgroup", file);
	return 0;
}

static int make_dir(struct sandbox *s, const char *parent, struct err *e)
{
	struct timespec now;

	for (int tries = 0; tries < 10; tries++) {
		clock_gettime(CLOCK_REALTIME, &now);
		free(s->path);
		s->path = xasprintf("%s/" NAME_PREFIX "%lld%09ld-%d", parent, (long long)now.tv_sec, now.tv_nsec,
				    (int)getpid());
		if (mkdir(s->path, 0755) < 0 && errno != EEXIST) {
			refused(e, s->path);
			break;
		}
		s->dir = hold(s->path);
		if (s->dir >= 0)
			return 0;
		err_set(e, "cgroup %s cannot be locked", s->path);
	}
	free(s->path);
	s->path = NULL;
	return -1;
}

int sandbox_make(struct sandbox *s, const struct cpus *cpus, const struct cpus *nodes, struct err *e)
{
	auto_free char *parent = own_cgroup(e);
	auto_free char *procs = NULL;

	*s = (struct sandbox)SANDBOX_NONE;
	if (!parent || delegate(parent, e) < 0)
		return -1;
	sweep(parent);
	if (make_dir(s, parent, e) < 0)
		return -1;
	procs = xasprintf("%s/cgroup.procs", s->path);
	if (put(s->path, "cgroup.type", "threaded") < 0)
		refused(e, "cgroup.type");
	else if (confine(s->path, "cpuset.cpus", cpus, e) == 0 && confine(s->path, "cpuset.mems", nodes, e) == 0) {
		s->procs = open(procs, O_WRONLY | O_CLOEXEC);
		if (s->procs >= 0)
			return 0;
		refused(e, procs);
	}
	sandbox_remove(s);
	return -1;
}

int sandbox_join(const struct sandbox *s)
{
	return write(s->procs, "0", 1) == 1 ? 0 : -1;
}

void sandbox_remove(struct sandbox *s)
{
	if (!s->path)
		return;
	close_fd(&s->procs);
	clear(s->path);
	close_fd(&s->dir);
	free(s->path);
	*s = (struct sandbox)SANDBOX_NONE;
}
