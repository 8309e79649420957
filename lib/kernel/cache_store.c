/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "json/write.h"
#include "kernel/arch.h"
#include "kernel/cache_meta.h"
#include "kernel/cache_stage.h"
#include "kernel/key.h"
#include "kernel/strip.h"

/* What a store finds out on its way. */
struct store {
	const struct cache_new *n;
	char config_hash[9];
	bool stripped;
	struct stat vmlinux;
	struct cache_sum sums[2];
	size_t n_sums;
};

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

/* Keys of ours, behind those of ktstr 0.5.2, which ignores them. */
static void write_sums(struct jw *w, const struct store *s)
{
	char hex[9];

	jw_key(w, "files");
	jw_object(w);
	for (size_t i = 0; i < s->n_sums; i++) {
		crc32_hex(s->sums[i].crc, hex);
		jw_key(w, s->sums[i].name);
		jw_object(w);
		jw_key_u64(w, "size", s->sums[i].size);
		jw_key_str(w, "crc32", hex);
		jw_end(w);
	}
	jw_end(w);
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
	jw_key_str(&w, "key", n->key);
	write_sums(&w, s);
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

static int add_sum(struct store *s, const char *dir, const char *name, struct err *e)
{
	if (cache_sum_file(dir, name, &s->sums[s->n_sums], e) < 0)
		return -1;
	s->n_sums++;
	return 0;
}

static int put_meta(const struct store *s, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/metadata.json", dir);
	auto_str struct str text = { 0 };
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	describe(s, &text);
	if (fd < 0 || write_all(fd, text.s, text.len) < 0)
		return err_sys(e, "write %s", path);
	return 0;
}

/* The sums are taken of the copies, while these are on their way to disk. */
static int fill(struct store *s, const char *dir, struct err *e)
{
	auto_free char *image = xasprintf("%s/%s", dir, kernel_image_name());

	if (copy_file(s->n->image, image, 0644, e) < 0 || put_vmlinux(s, dir, e) < 0)
		return -1;
	if (add_sum(s, dir, kernel_image_name(), e) < 0 || (s->n->vmlinux && add_sum(s, dir, "vmlinux", e) < 0))
		return -1;
	return put_meta(s, dir, e);
}

static int store_locked(struct store *s, const struct cache_slot *slot, struct err *e)
{
	struct temp_dir stage;
	int rc;

	if (!s->n->force && already_there(s))
		return 0;
	if (cache_slot_stage(slot, &stage, e) < 0)
		return -1;
	rc = fill(s, stage.path, e);
	if (rc == 0)
		rc = cache_slot_publish(slot, &stage, e);
	temp_dir_remove(&stage);
	return rc;
}

static int store_at(struct store *s, struct cache_slot *slot, struct err *e)
{
	if (s->n->config && crc32_file(s->n->config, s->config_hash, e) < 0)
		return -1;
	/* an entry that is good already may be in use for hours */
	if (!s->n->force && already_there(s))
		return 0;
	return cache_slot_lock(slot, e) < 0 ? -1 : store_locked(s, slot, e);
}

int cache_store(const struct cache_new *n, char **dir, struct err *e)
{
	struct store s = { .n = n };
	struct cache_slot slot;
	int rc = cache_slot_open(&slot, n->key, e);

	if (rc == 0)
		rc = store_at(&s, &slot, e);
	if (rc == 0) {
		*dir = real_path(slot.final);
		rc = *dir ? 0 : err_sys(e, "%s", slot.final);
	}
	for (size_t i = 0; i < s.n_sums; i++)
		free(s.sums[i].name);
	cache_slot_close(&slot);
	return rc < 0 ? err_wrap(e, "cache store failed") : 0;
}
