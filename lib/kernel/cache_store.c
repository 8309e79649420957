/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/arch.h"
#include "kernel/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "json/write.h"
#include "kernel/arch.h"
#include "kernel/key.h"
#include "kernel/strip.h"

#define STAGE      ".tmp-"
#define TIMEOUT_MS 300000

/* What a store finds out on its way. */
struct store {
	const struct cache_new *n;
	char *root, *final;
	char config_hash[9];
	bool stripped;
	struct stat vmlinux;
};

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

static int take_lock(const struct store *s, struct lock *l, struct err *e)
{
	auto_free char *path = xasprintf("%s/.locks/%s.lock", s->root, s->n->key);
	auto_free char *what = xasprintf("cache entry \"%s\"", s->n->key);
	int rc = lock_take(l, path, LOCK_EXCLUSIVE, lock_timeout(), what, e);

	if (rc > 0)
		err_hint(e, "end what uses the entry, or set KTSTR_CACHE_STORE_LOCK_TIMEOUT to wait longer");
	return rc ? -1 : 0;
}

/* Names that end in a process id belong to ktstr 0.5.2, which holds no lock
 * on them; the others are held by who makes them. */
static void sweep(const char *root)
{
	DIR *dir = opendir(root);
	unsigned long long pid;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		const char *dash = strrchr(d->d_name, '-');

		if (starts_with(d->d_name, STAGE) && dash && parse_u64(dash + 1, &pid) < 0)
			held_dir_sweep(root, d->d_name);
	}
	if (dir)
		closedir(dir);
}

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Whether the entry that is there already is this kernel. */
static bool already_there(const struct store *s)
{
	const struct cache_new *n = s->n;
	struct cache_entry c;
	struct err ignored;
	bool equal = cache_find(n->key, &c, &ignored) == 1 && same(c.config_hash, s->config_hash) &&
		     same(c.kconfig_hash, n->kconfig_hash) && same(c.extra_hash, n->extra_hash) &&
		     c.has_vmlinux == !!n->vmlinux && (!c.commit || !n->commit || same(c.commit, n->commit));

	cache_entry_release(&c);
	return equal;
}

static void write_source(struct jw *w, const struct cache_new *n)
{
	jw_key(w, "source");
	jw_object(w);
	jw_key_str(w, "type", n->source);
	if (strcmp(n->source, "local") == 0)
		jw_key_str(w, "source_tree_path", n->source_tree_path);
	if (strcmp(n->source, "tarball") != 0)
		jw_key_str(w, "git_hash", n->git_hash);
	if (strcmp(n->source, "git") == 0) {
		jw_key_str(w, "ref", n->git_ref);
		jw_key_str(w, "url", n->git_url);
	}
	if (n->commit)
		jw_key_str(w, "commit", n->commit);
	jw_end(w);
}

static void write_vmlinux_stat(struct jw *w, const struct store *s)
{
	if (s->n->record_vmlinux_stat && s->n->vmlinux) {
		jw_key_u64(w, "source_vmlinux_size", (uint64_t)s->vmlinux.st_size);
		jw_key_i64(w, "source_vmlinux_mtime_secs", s->vmlinux.st_mtim.tv_sec);
	} else {
		jw_key_null(w, "source_vmlinux_size");
		jw_key_null(w, "source_vmlinux_mtime_secs");
	}
}

static void describe(const struct store *s, struct str *out)
{
	const struct cache_new *n = s->n;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;
	struct jw w;

	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	jw_init(&w, out, 2);
	jw_object(&w);
	jw_key_str(&w, "version", n->version);
	write_source(&w, n);
	jw_key_str(&w, "arch", kernel_arch());
	jw_key_str(&w, "image_name", kernel_image_name());
	jw_key_str(&w, "config_hash", s->config_hash[0] ? s->config_hash : NULL);
	jw_key_str(&w, "built_at", stamp);
	jw_key_str(&w, "ktstr_kconfig_hash", n->kconfig_hash);
	jw_key_str(&w, "extra_kconfig_hash", n->extra_hash);
	jw_key_bool(&w, "has_vmlinux", n->vmlinux != NULL);
	jw_key_bool(&w, "vmlinux_stripped", s->stripped);
	write_vmlinux_stat(&w, s);
	if (n->compiler)
		jw_key_str(&w, "compiler", n->compiler);
	jw_end(&w);
}

static int put_vmlinux(struct store *s, const char *dir, struct err *e)
{
	auto_free char *to = xasprintf("%s/vmlinux", dir);
	struct err why;

	if (!s->n->vmlinux)
		return 0;
	if (stat(s->n->vmlinux, &s->vmlinux) < 0)
		return err_sys(e, "read %s", s->n->vmlinux);
	s->stripped = strip_vmlinux(s->n->vmlinux, to, &why) == 0;
	if (s->stripped)
		return 0;
	warn("%s; it is stored as it is", why.text);
	return copy_file(s->n->vmlinux, to, 0644, e);
}

static int fill(struct store *s, const char *dir, struct err *e)
{
	auto_free char *image = xasprintf("%s/%s", dir, kernel_image_name());
	auto_free char *meta = xasprintf("%s/metadata.json", dir);
	auto_str struct str text = { 0 };

	if (copy_file(s->n->image, image, 0644, e) < 0 || put_vmlinux(s, dir, e) < 0)
		return -1;
	describe(s, &text);
	if (write_file(meta, text.s, text.len, 0644, e) < 0)
		return -1;
	if (chmod(dir, 0755) < 0)
		return err_sys(e, "%s", dir);
	return sync_dir(dir, e);
}

/* Put the stage where the entry belongs; an old entry is swapped out. */
static int put_in_place(const struct store *s, struct temp_dir *stage, struct err *e)
{
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

static int store_locked(struct store *s, struct err *e)
{
	auto_free char *prefix = xasprintf(STAGE "%s-", s->n->key);
	struct temp_dir stage;
	int rc;

	if (!s->n->force && already_there(s))
		return 0;
	sweep(s->root);
	if (held_dir_make(&stage, s->root, prefix, e) < 0)
		return -1;
	rc = fill(s, stage.path, e);
	if (rc == 0)
		rc = put_in_place(s, &stage, e);
	temp_dir_remove(&stage);
	return rc;
}

static int store_at(struct store *s, struct err *e)
{
	struct lock l = LOCK_NONE;
	int rc;

	if (s->n->config && crc32_file(s->n->config, s->config_hash, e) < 0)
		return -1;
	if (make_dirs(s->root, e) < 0 || take_lock(s, &l, e) < 0)
		return -1;
	rc = store_locked(s, e);
	lock_drop(&l);
	return rc;
}

int cache_store(const struct cache_new *n, char **dir, struct err *e)
{
	struct store s = { .n = n };
	int rc = cache_key_check(n->key, e);

	if (rc == 0) {
		s.root = cache_root(e);
		rc = s.root ? 0 : -1;
	}
	if (rc == 0) {
		s.final = xasprintf("%s/%s", s.root, n->key);
		rc = store_at(&s, e);
	}
	if (rc == 0) {
		*dir = real_path(s.final);
		rc = *dir ? 0 : err_sys(e, "%s", s.final);
	}
	free(s.root);
	free(s.final);
	return rc < 0 ? err_wrap(e, "cache store failed") : 0;
}
