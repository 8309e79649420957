/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/tree_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far beyond any kernel tree, far below what fills a disk. */
#define FILE_MAX    (1ULL << 30)
#define TREE_MAX    (8ULL << 30)
#define ENTRIES_MAX (1ULL << 20)

void tree_writer_init(struct tree_writer *w, const char *dir, const char *top)
{
	*w = (struct tree_writer){ .parent_fd = -1, .file = -1 };
	w->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->root < 0)
		die_sys("open %s", dir);
	if (top)
		w->want = xstrdup(top);
}

/* "./a//b/" to "a/b"; -1 for a name that leaves the archive. */
static int normalize(const char *path, struct str *out)
{
	if (*path == '/')
		return -1;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return -1;
		if (n && !(n == 1 && path[0] == '.')) {
			if (out->len)
				str_addc(out, '/');
			str_addn(out, path, n);
		}
		path += n;
		path += strspn(path, "/");
	}
	return 0;
}

static int check_top(struct tree_writer *w, const char *path, mode_t mode, struct err *e)
{
	size_t n = strcspn(path, "/");

	if (w->want && (strlen(w->want) != n || strncmp(path, w->want, n) != 0)) {
		w->wrong_top = true;
		return err_set(e, "tarball contains unexpected top-level entry \"%.*s\"; expected only %s/", (int)n,
			       path, w->want);
	}
	if (!path[n] && !S_ISDIR(mode)) {
		w->wrong_top = true;
		return err_set(e, "tarball contains unexpected top-level entry \"%s\"; expected one directory", path);
	}
	if (!w->top)
		w->top = xstrndup(path, n);
	if (strlen(w->top) == n && strncmp(path, w->top, n) == 0)
		return 0;
	w->wrong_top = true;
	return err_set(e, "tarball contains unexpected top-level entry \"%.*s\"; expected only %s/", (int)n, path,
		       w->top);
}

/* Open a directory below the root, making what is missing. */
static int walk(struct tree_writer *w, const char *path)
{
	int fd = dup(w->root);

	while (fd >= 0 && *path) {
		size_t n = strcspn(path, "/");
		auto_free char *name = xstrndup(path, n);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0 && errno == ENOENT && mkdirat(fd, name, 0755) == 0)
			next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		path += n + (path[n] == '/');
	}
	return fd;
}

/* The directory of path; entries of one directory come one after another. */
static int parent_of(struct tree_writer *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (w->parent && strlen(w->parent) == n && strncmp(w->parent, path, n) == 0)
		return w->parent_fd;
	free(w->parent);
	if (w->parent_fd >= 0)
		close(w->parent_fd);
	w->parent = xstrndup(path, n);
	w->parent_fd = walk(w, w->parent);
	if (w->parent_fd < 0) {
		free(w->parent);
		w->parent = NULL;
	}
	return w->parent_fd;
}

/* What to do about it, where that is known. */
static int failed(struct err *e, int rc)
{
	if (errno == ENOSPC || errno == EDQUOT)
		err_hint(e, "set TMPDIR to a directory on a larger disk; cargo ktstr doctor says how much it takes");
	return rc;
}

static const char *leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A link may climb only at its start and not above the top-level directory:
 * since its own directory is a real one, it then stays inside whatever the
 * names behind are. */
static bool link_stays(const char *path, const char *target)
{
	size_t depth = 0;
	bool named = false;

	if (*target == '/' || !*target)
		return false;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	while (*target) {
		size_t n = strcspn(target, "/");
		bool up = n == 2 && target[0] == '.' && target[1] == '.';

		if (up && (named || --depth == 0))
			return false;
		named |= !up && n && !(n == 1 && target[0] == '.');
		target += n;
		target += strspn(target, "/");
	}
	return true;
}

static int add_hardlink(struct tree_writer *w, int dir, const char *path, const char *to, struct err *e)
{
	auto_str struct str from = { 0 };
	auto_fd int from_dir = -1;
	char *slash;

	if (normalize(to, &from) < 0 || !from.len)
		return err_set(e, "\"%s\" links to \"%s\", outside the archive", path, to);
	slash = strrchr(from.s, '/');
	if (slash)
		*slash = '\0';
	from_dir = walk(w, slash ? from.s : "");
	if (from_dir < 0 || linkat(from_dir, slash ? slash + 1 : from.s, dir, leaf(path), 0) < 0)
		return err_sys(e, "link \"%s\"", path);
	return 0;
}

static int add_dir(int dir, const char *path, struct err *e)
{
	struct stat st;

	if (mkdirat(dir, leaf(path), 0755) == 0)
		return 0;
	if (errno == EEXIST && fstatat(dir, leaf(path), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return failed(e, err_sys(e, "make directory \"%s\"", path));
}

static int add_file(struct tree_writer *w, int dir, const char *path, const struct tree_entry *t, struct err *e)
{
	mode_t mode = t->mode & 0100 ? 0755 : 0644;

	w->file = openat(dir, leaf(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (w->file < 0)
		return failed(e, err_sys(e, "write \"%s\"", path));
	w->mtime = t->mtime;
	return 0;
}

static int check_size(struct tree_writer *w, const struct tree_entry *t, struct err *e)
{
	if (t->size > FILE_MAX)
		return err_set(e, "\"%s\" has %llu MiB, more than any file of a kernel tree", t->path,
			       (unsigned long long)(t->size >> 20));
	w->bytes += t->size;
	if (w->bytes > TREE_MAX || ++w->entries > ENTRIES_MAX)
		return err_set(e, "the archive holds more than any kernel tree (%llu MiB, %llu entries)",
			       (unsigned long long)(w->bytes >> 20), (unsigned long long)w->entries);
	return 0;
}

int tree_writer_add(struct tree_writer *w, const struct tree_entry *t, struct err *e)
{
	auto_str struct str path = { 0 };
	int dir;

	if (normalize(t->path, &path) < 0)
		return err_set(e, "\"%s\" leads outside the archive", t->path);
	if (!path.len)
		return 0;
	if (check_size(w, t, e) < 0)
		return -1;
	if (check_top(w, path.s, t->mode, e) < 0)
		return -1;
	dir = parent_of(w, path.s);
	if (dir < 0)
		return err_sys(e, "write \"%s\"", path.s);
	if (t->hardlink)
		return add_hardlink(w, dir, path.s, t->hardlink, e);
	if (S_ISDIR(t->mode))
		return add_dir(dir, path.s, e);
	if (S_ISREG(t->mode))
		return add_file(w, dir, path.s, t, e);
	if (!S_ISLNK(t->mode) || !t->link)
		return err_set(e, "\"%s\" is neither a file, a directory nor a link", path.s);
	if (!link_stays(path.s, t->link))
		return err_set(e, "\"%s\" links to \"%s\", outside the archive", path.s, t->link);
	if (symlinkat(t->link, dir, leaf(path.s)) < 0)
		return err_sys(e, "link \"%s\"", path.s);
	return 0;
}

int tree_writer_data(struct tree_writer *w, const void *p, size_t n, off_t at, struct err *e)
{
	const char *s = p;

	while (n) {
		ssize_t k = pwrite(w->file, s, n, at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return failed(e, err_sys(e, "write below \"%s\"", w->parent));
		s += k;
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

int tree_writer_close(struct tree_writer *w, struct err *e)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = w->mtime } };
	int fd = w->file;

	if (fd < 0)
		return 0;
	w->file = -1;
	if (futimens(fd, times) < 0) {
		close(fd);
		return err_sys(e, "write below \"%s\"", w->parent);
	}
	return close(fd) < 0 ? err_sys(e, "write below \"%s\"", w->parent) : 0;
}

int tree_writer_finish(struct tree_writer *w, char **top, struct err *e)
{
	if (!w->top)
		return err_set(e, "expected directory %s after extraction", w->want ? w->want : "of a kernel tree");
	*top = xstrdup(w->top);
	return 0;
}

void tree_writer_release(struct tree_writer *w)
{
	if (w->file >= 0)
		close(w->file);
	if (w->parent_fd >= 0)
		close(w->parent_fd);
	close(w->root);
	free(w->parent);
	free(w->want);
	free(w->top);
}
