/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cache_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "kernel/cache.h"
#include "kernel/cache_meta.h"

#define TIMEOUT_MS 300000
#define DAY        86400

static int lock_timeout(void)
{
	const char *text = env_get(ENV_CACHE_STORE_LOCK_TIMEOUT);
	unsigned long long ns;

	if (!text)
		return TIMEOUT_MS;
	if (parse_duration(text, &ns) < 0 || ns / 1000000 > 86400000) {
		warn("KTSTR_CACHE_STORE_LOCK_TIMEOUT=%s is no duration up to a day; 300s is used", text);
		return TIMEOUT_MS;
	}
	return (int)(ns / 1000000);
}

/* ".tmp-KEY-xAbCdEf", as cache_slot_stage makes them. */
static bool is_stage(const char *dash)
{
	return dash[1] == 'x' && strlen(dash) == strlen("-xAbCdEf");
}

/* Names that end in a process id belong to ktstr 0.5.2, which holds no lock on
 * them, and whose process may be one of another pid namespace. */
static bool is_abandoned(const char *path, unsigned long long pid)
{
	struct stat st;

	return pid > 0 && pid < 1u << 30 && kill((pid_t)pid, 0) < 0 && errno == ESRCH && lstat(path, &st) == 0 &&
	       time(NULL) - st.st_mtime > DAY;
}

static void sweep_one(const char *root, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", root, name);
	const char *dash = strrchr(name, '-');
	unsigned long long pid;
	struct err ignored;

	if (is_stage(dash))
		held_dir_sweep(root, name);
	else if (parse_u64(dash + 1, &pid) == 0 && is_abandoned(path, pid))
		remove_tree(path, &ignored);
}

void cache_sweep(const char *root)
{
	auto_free char *logs = xasprintf("%s/.logs", root);
	DIR *dir = opendir(root);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (starts_with(d->d_name, CACHE_STAGE))
			sweep_one(root, d->d_name);
	if (dir)
		closedir(dir);
	temp_file_sweep(root);
	temp_file_sweep(logs);
}

int cache_slot_open(struct cache_slot *s, const char *key, struct err *e)
{
	*s = (struct cache_slot){ .key = key, .lock = LOCK_NONE };
	if (cache_key_check(key, e) < 0)
		return -1;
	s->root = cache_root(e);
	if (!s->root || make_dirs(s->root, e) < 0 || lock_check_fs(s->root, e) < 0)
		return -1;
	s->final = xasprintf("%s/%s", s->root, key);
	cache_sweep(s->root);
	return 0;
}

int cache_slot_lock(struct cache_slot *s, struct err *e)
{
	auto_free char *path = xasprintf("%s/.locks/%s.lock", s->root, s->key);
	auto_free char *what = xasprintf("cache entry \"%s\"", s->key);
	int rc = lock_take(&s->lock, path, LOCK_EXCLUSIVE, lock_timeout(), what, e);

	if (rc > 0)
		err_hint(e, "end what uses the entry, or set KTSTR_CACHE_STORE_LOCK_TIMEOUT to wait longer");
	return rc ? -1 : 0;
}

void cache_slot_close(struct cache_slot *s)
{
	lock_drop(&s->lock);
	free(s->root);
	free(s->final);
	*s = (struct cache_slot){ .lock = LOCK_NONE };
}

/* The letter tells the name from one that ends in a process id. */
int cache_slot_stage(const struct cache_slot *s, struct temp_dir *stage, struct err *e)
{
	auto_free char *prefix = xasprintf(CACHE_STAGE "%s-x", s->key);

	return held_dir_make(stage, s->root, prefix, e);
}

/* All files are on their way before the first is waited for, so that one
 * commit of the filesystem takes them all. */
static int sync_all(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *f;
	int rc = 0;

	while (d && rc == 0 && (f = readdir(d)))
		if (f->d_name[0] != '.') {
			auto_free char *path = xasprintf("%s/%s", dir, f->d_name);

			rc = sync_file(path, e);
		}
	if (d)
		closedir(d);
	return rc < 0 ? -1 : sync_dir(dir, e);
}

int cache_slot_publish(const struct cache_slot *s, struct temp_dir *stage, struct err *e)
{
	if (chmod(stage->path, 0755) < 0)
		return err_sys(e, "%s", stage->path);
	if (sync_all(stage->path, e) < 0)
		return -1;
	if (rename(stage->path, s->final) == 0) {
		close(stage->fd);
		free(stage->path);
		*stage = (struct temp_dir){ .fd = -1 };
		return sync_dir(s->root, e);
	}
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(e, "rename %s to %s", stage->path, s->final);
	if (renameat2(AT_FDCWD, stage->path, AT_FDCWD, s->final, RENAME_EXCHANGE) < 0)
		return err_sys(e, "exchange %s and %s", stage->path, s->final);
	return sync_dir(s->root, e); /* the stage's name is the old entry's now */
}

int cache_stage_make(const char *key, struct temp_dir *stage, struct err *e)
{
	struct cache_slot s;
	int rc = cache_slot_open(&s, key, e);

	if (rc == 0)
		rc = cache_slot_stage(&s, stage, e);
	cache_slot_close(&s);
	return rc;
}

static bool is_filled(const struct cache_slot *s)
{
	struct cache_entry c;
	bool valid;

	cache_load(s->final, &c);
	valid = !c.problem;
	cache_entry_release(&c);
	return valid;
}

static int adopt(struct cache_slot *s, struct temp_dir *stage, struct err *e)
{
	struct cache_entry new;
	int rc = 0;

	cache_load(stage->path, &new);
	if (new.problem)
		rc = err_set(e, "%s", new.problem);
	cache_entry_release(&new);
	/* an entry that is good already may be in use for hours */
	if (rc < 0 || is_filled(s))
		return rc;
	if (cache_slot_lock(s, e) < 0)
		return -1;
	return is_filled(s) ? 0 : cache_slot_publish(s, stage, e);
}

int cache_adopt(const char *key, struct temp_dir *stage, char **to, struct err *e)
{
	struct cache_slot s;
	int rc = cache_slot_open(&s, key, e);

	if (rc == 0)
		rc = adopt(&s, stage, e);
	temp_dir_remove(stage);
	if (rc == 0) {
		*to = real_path(s.final);
		rc = *to ? 0 : err_sys(e, "%s", s.final);
	}
	cache_slot_close(&s);
	return rc;
}
