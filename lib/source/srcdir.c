/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/srcdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/stop.h"
#include "cli/progress.h"

#define ROOT     "ktstr-src-"
#define STAGE    ".stage-"
#define KEEP_SEC (6 * 3600) /* a tree may wait for the kernels before it to be built */

static int make_root(const char *root, struct err *e)
{
	struct stat st;

	if (mkdir(root, 0700) < 0 && errno != EEXIST) {
		err_sys(e, "make directory %s", root);
		return err_hint(e, "sources are unpacked there; set TMPDIR to a directory that can be written");
	}
	if (lstat(root, &st) < 0)
		return err_sys(e, "%s", root);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		err_set(e, "%s: not a directory that is only ours (mode 0700)", root);
		return err_hint(e, "remove it, or set TMPDIR to another directory");
	}
	return 0;
}

/* Out of sight first: a tree that is half removed must not be found. The name
 * it has then, or NULL when somebody else holds it. */
static char *take_away(const char *path, int fd)
{
	const char *slash = strrchr(path, '/');
	char *gone;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_still(fd, path))
		return NULL;
	gone = xasprintf("%.*s/" STAGE "gone-%d-%d", (int)(slash - path), path, (int)getpid(), fd);
	if (rename(path, gone) == 0)
		return gone;
	free(gone);
	return NULL;
}

static bool is_old(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && time(NULL) - st.st_mtime > KEEP_SEC;
}

/* A directory that is old and that nobody holds. */
static void sweep_one(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *gone = fd >= 0 && is_old(fd) ? take_away(path, fd) : NULL;

	if (gone)
		sweep_tree(gone);
}

static void sweep(const char *root)
{
	DIR *dir = opendir(root);
	struct progress p;
	struct dirent *d;

	progress_start(&p, "fetch", "", "Removing sources that earlier runs left", "");
	held_dir_sweep(root, STAGE);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.') {
			auto_free char *path = xasprintf("%s/%s", root, d->d_name);

			sweep_one(path);
		}
	if (dir)
		closedir(dir);
	progress_end(&p, NULL);
}

int srcdir_open(struct srcdir *s, const char *key, struct err *e)
{
	auto_free char *tmp = temp_root();
	auto_free char *lock = NULL;
	auto_free char *waiting = NULL;

	*s = (struct srcdir){ .lock = LOCK_NONE };
	s->root = xasprintf("%s/" ROOT "%d", tmp, (int)geteuid());
	if (make_root(s->root, e) < 0)
		return -1;
	sweep(s->root);
	if (stop_wanted())
		return err_set(e, "interrupted");
	lock = xasprintf("%s/.lock-%s", s->root, key);
	waiting = xasprintf("the source of %s is being fetched by another process - waiting for it to finish.", key);
	return lock_wait(&s->lock, lock, LOCK_EXCLUSIVE, waiting, e);
}

void srcdir_close(struct srcdir *s)
{
	lock_drop(&s->lock);
	free(s->root);
	*s = (struct srcdir){ .lock = LOCK_NONE };
}

/* Start the hours anew. */
static void touch(const char *path)
{
	if (utimensat(AT_FDCWD, path, NULL, 0) < 0)
		return; /* it is then swept earlier */
}

/* A directory that nobody is about to remove, held, and from now on young. */
static int hold_home(const char *home)
{
	int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 && is_still(fd, home)) {
		touch(home);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

char *srcdir_find(const struct srcdir *s, const char *key)
{
	auto_free char *home = xasprintf("%s/%s", s->root, key);
	auto_fd int held = hold_home(home);
	DIR *dir = held < 0 ? NULL : opendir(home);
	char *tree = NULL;
	struct dirent *d;

	while (dir && !tree && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			tree = xasprintf("%s/%s", home, d->d_name);
	if (dir)
		closedir(dir);
	return tree;
}

int srcdir_stage(const struct srcdir *s, struct temp_dir *stage, struct err *e)
{
	return held_dir_make(stage, s->root, STAGE, e);
}

char *srcdir_publish(const struct srcdir *s, struct temp_dir *stage, const char *key, const char *top, struct err *e)
{
	auto_free char *home = xasprintf("%s/%s", s->root, key);

	/* an empty directory may be left of a tree that was removed halfway */
	if (remove_tree(home, e) < 0)
		return NULL;
	touch(stage->path);
	if (rename(stage->path, home) < 0) {
		err_sys(e, "rename %s to %s", stage->path, home);
		return NULL;
	}
	close(stage->fd);
	free(stage->path);
	*stage = (struct temp_dir){ .fd = -1 };
	return xasprintf("%s/%s", home, top);
}

static char *home_of(const char *tree)
{
	const char *slash = strrchr(tree, '/');

	return slash ? xstrndup(tree, (size_t)(slash - tree)) : xstrdup(".");
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool srcdir_is_ours(const char *tree)
{
	auto_free char *home = home_of(tree);
	auto_free char *root = home_of(home);
	const char *names[] = { name_of(tree), name_of(home) };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!*names[i] || *names[i] == '.')
			return false;
	return strncmp(name_of(root), ROOT, strlen(ROOT)) == 0;
}

int srcdir_hold(const char *tree, struct err *e)
{
	auto_free char *home = home_of(tree);
	int fd = hold_home(home);

	if (fd >= 0)
		return fd;
	err_set(e, "source tree %s is gone", tree);
	return err_hint(e, "something removed it before it was built; run again");
}

void srcdir_discard(const char *tree, int fd)
{
	auto_free char *home = home_of(tree);
	auto_free char *gone = take_away(home, fd);
	struct err ignored;

	if (gone)
		remove_large_tree(gone, &ignored);
	close(fd);
}
