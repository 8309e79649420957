/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who uses an entry, and who may remove it: both by the entry's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "kernel/cache.h"
#include "kernel/cache_meta.h"

#define HOLD_TIMEOUT_MS 10000

static int hold(const char *root, const char *key, struct lock *l, bool keep_on_exec, struct err *e)
{
	auto_free char *locks = xasprintf("%s/.locks", root), *path = xasprintf("%s/%s.lock", locks, key);
	auto_free char *what = xasprintf("cache entry \"%s\"", key);
	int rc;

	*l = (struct lock)LOCK_NONE;
	if (lock_is_remote(root))
		return 0;
	/* nobody can replace entries of a cache that cannot be written */
	if (access(path, F_OK) < 0 && access(path_exists(locks) ? locks : root, W_OK) < 0 &&
	    (errno == EACCES || errno == EROFS))
		return 0;
	rc = lock_take(l, path, LOCK_SHARED, HOLD_TIMEOUT_MS, what, e);
	if (rc == 0 && keep_on_exec && fcntl(l->fd, F_SETFD, 0) < 0) {
		lock_drop(l);
		return err_sys(e, "keep %s", path);
	}
	return rc;
}

int cache_hold(const char *key, struct lock *l, bool keep_on_exec, struct err *e)
{
	auto_free char *root = cache_absolute_root(e);

	*l = (struct lock)LOCK_NONE;
	if (!root || cache_key_check(key, e) < 0)
		return -1;
	return hold(root, key, l, keep_on_exec, e);
}

int cache_hold_dir(const char *dir, struct lock *l, bool keep_on_exec, struct err *e)
{
	const char *slash = strrchr(dir, '/');
	auto_free char *root = slash ? xstrndup(dir, (size_t)(slash - dir)) : xstrdup(".");
	const char *key = slash ? slash + 1 : dir;

	*l = (struct lock)LOCK_NONE;
	return cache_key_check(key, e) < 0 ? -1 : hold(root, key, l, keep_on_exec, e);
}

/* "pid=1 cmd=a, pid=2 cmd=b": 1. */
static int in_use(const char *lock, struct err *e)
{
	auto_str struct str who = { 0 }, line = { 0 };

	lock_holders(lock, &who);
	for (char *s = who.s, *one = strsep(&s, "\n"); one; one = strsep(&s, "\n"))
		str_addf(&line, "%s%s", line.len ? ", " : "", trim(one));
	err_set(e, "in use by %s", str_c(&line));
	return 1;
}

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* With the lock held: is it still what was looked at, and an entry? */
static int check(const struct cache_entry *c, struct err *e)
{
	auto_free char *stranger = NULL;
	struct cache_entry now;
	bool changed;

	cache_load(c->dir, &now);
	changed = !same(now.problem_kind, c->problem_kind) || !same(now.built_at, c->built_at);
	cache_entry_release(&now);
	if (changed)
		return err_set(e, "it changed meanwhile"), 1;
	if (c->problem)
		stranger = cache_stranger(c->dir);
	if (stranger)
		return err_set(e, "it holds %s, which is no part of a kernel; remove it by hand", stranger), 1;
	return 0;
}

/* Out of sight in one step: a removal that is cut short must not leave half an
 * entry. On a disk too full for that the entry goes where it is. */
static int take_away(const char *root, const struct cache_entry *c, struct err *e)
{
	auto_free char *to = NULL, *prefix = xasprintf(CACHE_STAGE "%s-x", c->key);
	struct temp_dir stage;
	int rc = 0;

	if (held_dir_make(&stage, root, prefix, e) < 0)
		return remove_tree(c->dir, e);
	to = xasprintf("%s/entry", stage.path);
	if (rename(c->dir, to) < 0 && errno != ENOENT)
		rc = err_sys(e, "rename %s to %s", c->dir, to);
	temp_dir_remove(&stage);
	return rc;
}

int cache_remove(const struct cache_entry *c, struct err *e)
{
	const char *slash = strrchr(c->dir, '/');
	auto_free char *root = xstrndup(c->dir, (size_t)(slash - c->dir));
	auto_free char *path = xasprintf("%s/.locks/%s.lock", root, c->key);
	struct lock l;
	int rc;

	if (cache_key_check(c->key, e) < 0)
		return -1;
	rc = lock_take(&l, path, LOCK_EXCLUSIVE, 0, c->key, e);
	if (rc)
		return rc > 0 ? in_use(path, e) : -1;
	rc = path_exists(c->dir) ? check(c, e) : 0;
	if (rc == 0)
		rc = take_away(root, c, e);
	lock_drop(&l);
	return rc;
}
