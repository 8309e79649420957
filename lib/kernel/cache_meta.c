/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cache_meta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "json/read.h"
#include "json/shape.h"

#define FILES_MAX 8

static void problem(struct cache_entry *c, const char *kind, const char *fmt, ...) PRINTF(3, 4);
static void problem(struct cache_entry *c, const char *kind, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	if (c->problem)
		return;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	c->problem = str_take(&text);
	c->problem_kind = xstrdup(kind);
}

/* Whether the reader stopped because the text did: at its end, in a word of
 * which only the beginning is there, or in an escape. */
static bool ends_early(const struct jr *r)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *at = r->at ? r->at : r->p;
	size_t left = (size_t)(r->end - at);

	while (left && (at[left - 1] == '\n' || at[left - 1] == ' '))
		left--;
	if (left == 0 || (left == 1 && *at == '-'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (left < strlen(words[i]) && memcmp(at, words[i], left) == 0)
			return true;
	return *at == '\\' && left < 6 && (left == 1 || at[1] == 'u');
}

static bool well_formed(struct cache_entry *c, const struct str *text)
{
	struct err e;
	struct jr r;

	if (!utf8_valid(text->s, text->len)) {
		problem(c, "unreadable", "metadata.json unreadable: stream did not contain valid UTF-8");
		return false;
	}
	jr_init(&r, text->s, text->len);
	jr_skip(&r);
	if (jr_end(&r, &e) == 0)
		return true;
	if (ends_early(&r))
		problem(c, "truncated", "metadata.json truncated: %s", e.text);
	else
		problem(c, "malformed", "metadata.json malformed: %s", e.text);
	return false;
}

/* A key that is there twice leaves no doubt only if it is refused. */
static void once(struct jr *r, char **to, const char *name, char *value)
{
	if (*to)
		jr_fail(r, "duplicate field `%s`", name);
	free(*to);
	*to = value;
}

static void read_source(struct jr *r, struct cache_entry *c)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		if (key_is(&k, "type"))
			once(r, &c->source, "type", jr_str(r));
		else if (key_is(&k, "git_hash"))
			once(r, &c->git_hash, "git_hash", jr_str_or_null(r));
		else if (key_is(&k, "ref"))
			once(r, &c->git_ref, "ref", jr_str_or_null(r));
		else if (key_is(&k, "url"))
			once(r, &c->git_url, "url", jr_str_or_null(r));
		else if (key_is(&k, "commit"))
			once(r, &c->commit, "commit", jr_str_or_null(r));
		else if (key_is(&k, "source_tree_path"))
			once(r, &c->source_tree_path, "source_tree_path", jr_str_or_null(r));
		else
			jr_skip(r);
	}
	if (r->failed)
		return;
	if (!c->source)
		jr_fail(r, "missing field `type`");
	else if (strcmp(c->source, "tarball") != 0 && strcmp(c->source, "git") != 0 && strcmp(c->source, "local") != 0)
		jr_fail(r, "unknown variant `%.100s`, expected one of `tarball`, `git`, `local`", c->source);
}

static void read_sum(struct jr *r, struct cache_sum *s)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		if (key_is(&k, "size")) {
			s->size = jr_u64(r);
		} else if (key_is(&k, "crc32")) {
			auto_free char *hex = jr_str(r);
			char *end;

			s->crc = (uint32_t)strtoul(hex, &end, 16);
			if (!r->failed && (strlen(hex) != 8 || *end))
				jr_fail(r, "`%.20s` is no checksum", hex);
		} else {
			jr_skip(r);
		}
	}
}

/* "files": what each file was when it was stored. */
static void read_sums(struct jr *r, struct cache_entry *c)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		struct cache_sum s = { .name = key_text(&k) };

		read_sum(r, &s);
		if (!r->failed && (!cache_image_ok(s.name) || c->n_sums == FILES_MAX))
			jr_fail(r, "`%.100s` is no file of an entry", s.name);
		if (r->failed) {
			free(s.name);
			return;
		}
		c->sums = xrealloc(c->sums, (c->n_sums + 1) * sizeof(*c->sums));
		c->sums[c->n_sums++] = s;
	}
}

static bool read_string(struct jr *r, const struct jkey *k, struct cache_entry *c)
{
	const struct {
		const char *name;
		char **to;
		bool may_be_null;
	} rows[] = {
		{ "version", &c->version, true },
		{ "arch", &c->arch, false },
		{ "image_name", &c->image_name, false },
		{ "config_hash", &c->config_hash, true },
		{ "built_at", &c->built_at, false },
		{ "ktstr_kconfig_hash", &c->kconfig_hash, true },
		{ "extra_kconfig_hash", &c->extra_hash, true },
		{ "key", &c->stored_key, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (key_is(k, rows[i].name)) {
			once(r, rows[i].to, rows[i].name, rows[i].may_be_null ? jr_str_or_null(r) : jr_str(r));
			return true;
		}
	return false;
}

enum { SEEN_SOURCE = 1, SEEN_HAS = 2, SEEN_STRIPPED = 4 };

static void read_fields(struct jr *r, struct cache_entry *c, unsigned *seen)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		if (read_string(r, &k, c))
			continue;
		if (key_is(&k, "source")) {
			*seen |= SEEN_SOURCE;
			read_source(r, c);
		} else if (key_is(&k, "files") && !c->sums && !jr_null(r)) {
			read_sums(r, c);
		} else if (key_is(&k, "has_vmlinux")) {
			*seen |= SEEN_HAS;
			c->has_vmlinux = jr_bool(r);
		} else if (key_is(&k, "vmlinux_stripped")) {
			*seen |= SEEN_STRIPPED;
			c->vmlinux_stripped = jr_bool(r);
		} else if (key_is(&k, "source_vmlinux_size") && !jr_null(r)) {
			c->has_vmlinux_size = true;
			c->vmlinux_size = jr_u64(r);
		} else if (key_is(&k, "source_vmlinux_mtime_secs") && !jr_null(r)) {
			c->vmlinux_mtime = jr_i64(r);
		} else if (!key_is(&k, "source_vmlinux_size") && !key_is(&k, "source_vmlinux_mtime_secs") &&
			   (!key_is(&k, "files") || c->sums)) {
			jr_skip(r);
		}
	}
}

static const char *missing_field(const struct cache_entry *c, unsigned seen)
{
	if (!(seen & SEEN_SOURCE))
		return "source";
	if (!c->arch)
		return "arch";
	if (!c->image_name)
		return "image_name";
	if (!c->built_at)
		return "built_at";
	if (!(seen & SEEN_HAS))
		return "has_vmlinux";
	return seen & SEEN_STRIPPED ? NULL : "vmlinux_stripped";
}

static void read_meta(struct cache_entry *c, const struct str *text)
{
	unsigned seen = 0;
	struct err e;
	struct jr r;

	jr_init(&r, text->s, text->len);
	read_fields(&r, c, &seen);
	if (!r.failed && missing_field(c, seen))
		jr_fail(&r, "missing field `%s`", missing_field(c, seen));
	if (!r.failed && !cache_image_ok(c->image_name))
		jr_fail(&r, "`%.100s` is no image name", c->image_name);
	if (jr_end(&r, &e) < 0)
		problem(c, "schema_drift", "metadata.json schema drift: %s", e.text);
}

bool cache_image_ok(const char *name)
{
	return *name && !strpbrk(name, "/\\") && !strstr(name, "..") && strcmp(name, ".") != 0;
}

/* A power cut can leave a file that is there and empty. */
static void check_size(struct cache_entry *c, const struct cache_sum *s)
{
	auto_free char *path = xasprintf("%s/%s", c->dir, s->name);
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		problem(c, "damaged", "file %s missing from entry directory", s->name);
	else if ((uint64_t)st.st_size != s->size)
		problem(c, "damaged", "file %s has %llu bytes, %llu were stored", s->name,
			(unsigned long long)st.st_size, (unsigned long long)s->size);
}

static void load_once(struct cache_entry *c)
{
	auto_free char *path = xasprintf("%s/metadata.json", c->dir);
	auto_str struct str text = { 0 };
	struct stat st;
	struct err e;

	/* a pipe would be waited for */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		problem(c, "unreadable", "metadata.json unreadable: it is no file");
		return;
	}
	if (read_file(path, &text, &e) < 0) {
		if (errno == ENOENT)
			problem(c, "missing", "metadata.json missing");
		else
			problem(c, "unreadable", "metadata.json unreadable: %s (os error %d)", strerror(errno), errno);
		return;
	}
	if (!well_formed(c, &text))
		return;
	read_meta(c, &text);
	if (c->problem)
		return;
	c->image = xasprintf("%s/%s", c->dir, c->image_name);
	if (!is_file(c->image))
		problem(c, "image_missing", "image file %s missing from entry directory", c->image_name);
	for (size_t i = 0; i < c->n_sums; i++)
		check_size(c, &c->sums[i]);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What tells one directory from the next of its name; zeroes for none. */
static struct stat look(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st : (struct stat){ 0 };
}

/* Somebody may replace the entry between its metadata and its files. */
void cache_meta_load(struct cache_entry *c)
{
	struct stat before = look(c->dir), after;

	load_once(c);
	for (int tries = 0; tries < 3 && (after = look(c->dir), !is_same(&before, &after)); tries++) {
		struct cache_entry fresh = { .key = xstrdup(c->key), .dir = xstrdup(c->dir) };

		cache_entry_release(c);
		*c = fresh;
		before = after;
		load_once(c);
	}
}
