/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/one.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/stop.h"
#include "build/compile.h"
#include "build/store.h"
#include "kernel/cache.h"
#include "kernel/remote.h"
#include "source/srcdir.h"

/* Whether what was to be built anew was just built by somebody else, who
 * removed the source both were given. */
static bool done_by_another(const struct build_job *j)
{
	return j->temp && !path_exists(j->k->src);
}

/* 1: the cache has it, and j->dir says where. */
static int find_built(struct build_job *j, struct err *e)
{
	struct cache_entry c;
	int rc = cache_find_built(j->key, j->temp ? j->commit : j->tree.hash, &c, e);

	if (rc == 1)
		j->dir = xstrdup(c.dir);
	cache_entry_release(&c);
	return rc;
}

static int look_up(struct build_job *j, struct err *e)
{
	/* one kernel under two labels is built once, --force or not */
	if (j->run->force && !strv_has(&j->run->stored, j->key) && !done_by_another(j))
		return 0;
	return find_built(j, e);
}

/* The tree once its lock is held: what changed since it was resolved? */
static int look_again(struct build_job *j, struct err *e)
{
	const struct krecord *k = j->k;
	struct err why;

	if (tree_probe(k->src, &j->tree, &why) < 0) {
		note("source tree %s cannot be read again (%s); rebuilding conservatively", k->src, why.text);
		j->clean = false;
		return 0;
	}
	j->clean = j->tree.is_git && !j->tree.dirty;
	if (k->git_hash && !j->clean)
		note("source tree %s became dirty; rebuilding to capture your local edits", k->src);
	if (k->git_hash && j->clean && strcmp(k->git_hash, j->tree.hash7) != 0)
		note("source tree %s moved to %s; rebuilding for the new commit", k->src, j->tree.hash7);
	free(j->key);
	j->key = tree_key(&j->tree, &j->config);
	return cache_key_check(j->key, e);
}

static int take_source(struct build_job *j, struct lock *l, struct err *e)
{
	auto_free char *waiting = xasprintf(
		"source tree %s is locked by a concurrent ktstr build — waiting for it to finish.", j->k->src);
	auto_free char *path = NULL;

	if (j->temp)
		path = xasprintf("%s/.locks/build-%s.lock", j->root, j->key);
	else
		path = xasprintf("%s/.locks/source-%08x.lock", j->root, crc32_bytes(0, j->k->src, strlen(j->k->src)));
	return lock_wait(l, path, LOCK_EXCLUSIVE, waiting, e);
}

/* With the source held: build and store, or keep the result in the tree. */
static int produce(struct build_job *j, struct err *e)
{
	if (build_make(j, e) < 0)
		return -1;
	if (!j->clean) {
		build_say_not_cached(j);
	} else if (j->temp || build_still_same(j)) {
		if (build_store(j, e) < 0)
			return -1;
		j->stored = j->fresh = true;
		strv_add(&j->run->stored, j->key);
		build_say_cached(j);
		return 0;
	}
	j->dir = xstrdup(j->k->src);
	return 0;
}

/* A source of ours has done its work once it is stored. Nobody should wait for
 * 90,000 files to be removed: it goes before the next build, or when all
 * records have left. After a failure it stays, so that the next run need not
 * fetch it again. 1: another process has built it. */
static int produce_from_temp(struct build_job *j, struct err *e)
{
	int held = srcdir_hold(j->k->src, e), rc;
	struct err ignored;

	/* who built it just now may be about to remove the source of both */
	if (held < 0)
		return find_built(j, &ignored) == 1 ? 1 : -1;
	rc = produce(j, e);
	if (rc == 0 || stop_wanted())
		spent_keep(&j->run->spent, j->k->src, held);
	else
		close(held);
	return rc;
}

static void spend_temp(const struct build_job *j)
{
	struct err ignored;
	int held = j->temp ? srcdir_hold(j->k->src, &ignored) : -1;

	if (held >= 0)
		spent_keep(&j->run->spent, j->k->src, held);
}

/* Nobody may run tests from the entry that is to be replaced. */
static int check_unused(const struct build_job *j, struct err *e)
{
	auto_free char *path = xasprintf("%s/.locks/%s.lock", j->root, j->key);
	auto_str struct str holders = { 0 };
	struct lock l = LOCK_NONE;
	int rc = lock_take(&l, path, LOCK_EXCLUSIVE, 0, j->key, e);

	lock_drop(&l);
	if (rc <= 0)
		return rc;
	lock_holders(path, &holders);
	err_set(e, "cache entry \"%s\" is locked by active test runs (lockfile %s, holders:\n%s)", j->key, path,
		str_c(&holders));
	return err_hint(e, "wait for them, or build without --force");
}

/* The key was made by another process: for the same configuration? */
static int check_config(const struct build_job *j, struct err *e)
{
	auto_free char *tail = key_tail(&j->config);
	const char *is = j->key;

	for (const char *at = is; (at = strstr(at, "-kc")); at++)
		is = at + 1;
	if (strlen(is) < 10 || strspn(is + 2, "0123456789abcdef") < 8 || strcmp(is, tail) == 0)
		return 0;
	err_set(e, "the record of %s is for another configuration: its key ends in %s, not in %s", j->k->spec, is,
		tail);
	return err_hint(e, "resolve it again, with the same fragments, --lean, CC, LLVM and CROSS_COMPILE");
}

/* A record that was edited on its way must not put one kernel under the key of
 * another: releases have their version there, git sources their commit. */
static int check_identity(const struct build_job *j, struct err *e)
{
	const char *version = j->k->version, *tarball = strstr(j->key, "-tarball-"), *git = NULL;

	for (const char *at = j->key; (at = strstr(at, "-git-")); at++)
		git = at + strlen("-git-");
	if (j->k->url && j->commit && git && strncmp(git, j->commit, 7) != 0)
		err_set(e, "the record of %s is for another commit: its key is %s, its source %s", j->k->spec, j->key,
			j->commit);
	else if (!j->k->url && version && tarball &&
		 (strncmp(j->key, version, strlen(version)) != 0 || j->key + strlen(version) != tarball))
		err_set(e, "the record of %s is for another release: its key is %s, its version %s", j->k->spec, j->key,
			version);
	else
		return 0;
	return err_hint(e, "resolve what you want by its name");
}

static int with_lock(struct build_job *j, struct err *e)
{
	int rc = j->run->clean ? build_clean(j, e) : 0;

	if (rc == 0 && !j->temp)
		rc = look_again(j, e);
	if (rc == 0 && j->clean && j->run->force)
		rc = check_unused(j, e);
	if (rc == 0 && j->clean)
		rc = look_up(j, e);
	if (rc == 0)
		rc = j->temp ? produce_from_temp(j, e) : produce(j, e);
	if (rc <= 0)
		return rc;
	note("concurrent ktstr build populated cache slot %s", j->key);
	j->stored = true;
	spend_temp(j);
	return 0;
}

static int load_config(struct build_job *j, struct err *e)
{
	static bool noted;

	if (!noted)
		toolchain_note_ignored();
	noted = true;
	if (key_config_load(&j->config, j->k->lean, j->k->extra_kconfig, e) < 0 ||
	    toolchain_load(&j->tools, j->k->src, j->temp, e) < 0)
		return -1;
	memcpy(j->config.toolchain, j->tools.key, sizeof(j->config.toolchain));
	return check_config(j, e);
}

/* Before make stops in the middle: it writes beside the sources. */
static int check_writable(const char *src, struct err *e)
{
	if (access(src, W_OK) == 0 || errno == ENOENT)
		return 0;
	err_sys(e, "write to the source tree %s", src);
	return err_hint(e, "trees are built in place; git+%s#HEAD builds a clone of a repository", src);
}

static int check_source(const struct build_job *j, struct err *e)
{
	const char *src = j->k->src;

	if (!src)
		return err_set(e, "the record of %s names no source", j->k->spec);
	if (!j->temp)
		return check_writable(src, e);
	if (srcdir_is_ours(src))
		return 0;
	err_set(e, "the record of %s calls %s a temporary source, but nothing was fetched there", j->k->spec, src);
	return err_hint(e, "to build a tree of yours, give its directory to ktstr-resolve");
}

int build_one(struct build_job *j, struct err *e)
{
	struct lock l = LOCK_NONE;
	int rc = -1;

	if (check_source(j, e) < 0 || cache_key_check(j->key, e) < 0 || check_identity(j, e) < 0)
		return -1;
	j->root = cache_root(e);
	/* before anything is built: locks, logs and the entry go there */
	if (!j->root || cache_check_writable(j->root, e) < 0 || load_config(j, e) < 0 ||
	    build_check_tools(j->k->lean, e) < 0)
		return -1;
	if (take_source(j, &l, e) == 0)
		rc = with_lock(j, e);
	lock_drop(&l);
	if (j->fresh && remote_wanted() && !stop_wanted())
		remote_put(j->key);
	return rc;
}
