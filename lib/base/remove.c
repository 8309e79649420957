/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"

/* Each waits for the disk more than it computes. */
#define LARGE_TREE_THREADS 4

typedef bool (*stop_fn)(void);

static int remove_at(int dirfd, const char *name, stop_fn stop);

/* Everything in the directory fd, which is closed. An unpacked tree may hold
 * directories that forbid writing. */
static int remove_entries(int fd, stop_fn stop)
{
	DIR *dir = fdopendir(fd);
	int rc = 0, saved = errno;
	struct dirent *d;

	if (!dir) {
		close(fd);
		errno = saved;
		return -1;
	}
	if (fchmod(fd, 0700) < 0 && errno != EPERM)
		rc = -1;
	while (rc == 0 && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = remove_at(fd, d->d_name, stop);
	saved = errno;
	closedir(dir);
	errno = saved;
	return rc;
}

/* What a second remover of the same tree has taken is done. */
static int gone(void)
{
	return errno == ENOENT ? 0 : -1;
}

static int remove_at(int dirfd, const char *name, stop_fn stop)
{
	int fd;

	if (stop && stop()) {
		errno = EINTR;
		return -1;
	}
	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return gone();
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return gone();
	if (remove_entries(fd, stop) < 0)
		return -1;
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : gone();
}

int remove_tree(const char *path, struct err *e)
{
	if (remove_at(AT_FDCWD, path, NULL) < 0)
		return err_sys(e, "remove %s", path);
	return 0;
}

void sweep_tree(const char *path)
{
	if (remove_at(AT_FDCWD, path, stop_wanted) < 0)
		return; /* the next sweep finds what is left */
}

/* Work that threads take piece by piece. */
struct pieces {
	int root;
	struct strv names; /* below it */
	atomic_size_t next;
};

static void *remove_pieces(void *ctx)
{
	struct pieces *p = ctx;
	size_t i;

	/* what fails is met again by who removes the rest */
	while ((i = atomic_fetch_add(&p->next, 1)) < p->names.n)
		(void)remove_at(p->root, p->names.v[i], NULL);
	return NULL;
}

/* Names in root/below, as paths from root; below is "." for root's own. */
static void list_names(int root, const char *below, struct strv *out)
{
	int fd = openat(root, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strv_addf(out, "%s/%s", below, d->d_name);
	if (dir)
		closedir(dir);
}

int remove_large_tree(const char *path, struct err *e)
{
	struct pieces p = { .root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };
	auto_strv struct strv top = { 0 };
	pthread_t threads[LARGE_TREE_THREADS];
	size_t n = 0;

	if (p.root >= 0)
		list_names(p.root, ".", &top);
	for (size_t i = 0; i < top.n; i++)
		list_names(p.root, top.v[i], &p.names);
	while (p.names.n && n < ARRAY_SIZE(threads) && pthread_create(&threads[n], NULL, remove_pieces, &p) == 0)
		n++;
	while (n)
		pthread_join(threads[--n], NULL);
	strv_release(&p.names);
	if (p.root >= 0)
		close(p.root);
	return remove_tree(path, e);
}
