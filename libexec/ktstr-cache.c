/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-cache: look into the kernel cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jq.h"
#include "cli/opt.h"
#include "json/write.h"
#include "kernel/cache.h"
#include "kernel/key.h"

static bool json;
static const char *jq;
static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "list as one JSON document" },
	JQ_OPT(&jq),
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-cache",
	.args = "list | find KEY | newest",
	.about = "look into the kernel cache",
	.detail = "list     every entry, newest first, corrupt ones last\n"
		  "find     one entry as a JSON line; exit 1 when it is not cached\n"
		  "newest   the entry a test takes when no kernel is named, as a JSON line\n"
		  "\n"
		  "A JSON entry without a problem has arch, built_at, config_hash, eol, extra_kconfig_hash,\n"
		  "has_vmlinux, image_name, image_path, kconfig_status, key, ktstr_kconfig_hash, path, source,\n"
		  "version and vmlinux_stripped; a corrupt one has error, error_kind, key and path.",
	.opts = opts,
	.min_args = 1,
	.max_args = 2,
};

static char fragment[9]; /* crc32 of ours */

enum tag { TAG_STALE = 1, TAG_UNTRACKED = 2, TAG_CORRUPT = 4 };

/* "matches", "stale" or "untracked" */
static const char *kconfig_status(const struct cache_entry *c)
{
	if (!c->kconfig_hash)
		return "untracked";
	if (strcmp(c->kconfig_hash, fragment) == 0 || strcmp(c->kconfig_hash, CACHE_KCONFIG_0_5_2) == 0)
		return "matches";
	return "stale";
}

/* Metadata may come from anywhere; none of it is to steer the terminal. */
static void print_line(struct str *line)
{
	for (size_t i = 0; i < line->len; i++)
		if ((unsigned char)line->s[i] < 0x20 || line->s[i] == 0x7f)
			line->s[i] = '?';
	puts(line->s);
}

static void print_row(const char *key, const char *version, const char *source, const char *arch, const char *built,
		      const char *tags)
{
	auto_str struct str line = { 0 };

	str_addf(&line, "  %-48s %-12s %-8s %-7s %s%s", key, version, source, arch, built, tags);
	print_line(&line);
}

static unsigned print_corrupt(const struct cache_entry *c)
{
	auto_str struct str line = { 0 };

	str_addf(&line, "  %-48s (corrupt: %s)", c->key, c->problem);
	print_line(&line);
	return TAG_CORRUPT;
}

static unsigned print_entry(const struct cache_entry *c)
{
	auto_str struct str tags = { 0 };
	const char *kconfig;
	unsigned seen = 0;

	if (c->problem)
		return print_corrupt(c);
	kconfig = kconfig_status(c);
	if (strcmp(kconfig, "matches") != 0) {
		str_addf(&tags, " (%s kconfig)", kconfig);
		seen = strcmp(kconfig, "stale") == 0 ? TAG_STALE : TAG_UNTRACKED;
	}
	if (c->extra_hash)
		str_add(&tags, " (extra kconfig)");
	print_row(c->key, c->version ? c->version : "-", c->source, c->arch, c->built_at, str_c(&tags));
	return seen;
}

static void print_legends(unsigned seen, size_t corrupt, const char *root)
{
	fflush(stdout); /* the rows come before what explains them */
	if (seen & TAG_UNTRACKED)
		fputs("(untracked kconfig) marks entries that do not record which kconfig fragment they were "
		      "built with.\n",
		      stderr);
	if (seen & TAG_STALE)
		fputs("warning: entries marked (stale kconfig) were built with another kconfig fragment; they are "
		      "rebuilt when their kernel is used next.\n",
		      stderr);
	if (!corrupt)
		return;
	fprintf(stderr, "%zu corrupt %s. Run `cargo ktstr kernel clean --corrupt-only` to remove.\n", corrupt,
		corrupt == 1 ? "entry" : "entries");
	fprintf(stderr,
		"warning: entries marked (corrupt) cannot be used. They lie under %s; "
		"`kernel clean --corrupt-only --force` removes them alone, `kernel clean --force` removes every "
		"entry, `kernel clean --keep N --force` all but the N newest valid ones.\n",
		root);
}

static void list_text(const struct cache_entry *list, size_t n, const char *root)
{
	unsigned seen = 0;
	size_t corrupt = 0;

	fprintf(stderr, "cache: %s\n", root);
	if (!n) {
		puts("no cached kernels. Run `kernel build` to download and build a kernel.");
		return;
	}
	print_row("KEY", "VERSION", "SOURCE", "ARCH", "BUILT", "");
	for (size_t i = 0; i < n; i++) {
		seen |= print_entry(&list[i]);
		corrupt += list[i].problem != NULL;
	}
	print_legends(seen, corrupt, root);
}

static void put_source(struct jw *w, const struct cache_entry *c)
{
	bool local = strcmp(c->source, "local") == 0, git = strcmp(c->source, "git") == 0;

	jw_key(w, "source");
	jw_object(w);
	if (local || git)
		jw_key_str(w, "git_hash", c->git_hash);
	if (git)
		jw_key_str(w, "ref", c->git_ref);
	if (local)
		jw_key_str(w, "source_tree_path", c->source_tree_path);
	jw_key_str(w, "type", c->source);
	if (c->git_url)
		jw_key_str(w, "url", c->git_url);
	jw_end(w);
}

static void put_corrupt(struct jw *w, const struct cache_entry *c)
{
	jw_object(w);
	jw_key_str(w, "error", c->problem);
	jw_key_str(w, "error_kind", c->problem_kind);
	jw_key_str(w, "key", c->key);
	jw_key_str(w, "path", c->dir);
	jw_end(w);
}

static void put_entry(struct jw *w, const struct cache_entry *c)
{
	if (c->problem) {
		put_corrupt(w, c);
		return;
	}
	jw_object(w);
	jw_key_str(w, "arch", c->arch);
	jw_key_str(w, "built_at", c->built_at);
	jw_key_str(w, "config_hash", c->config_hash);
	jw_key_bool(w, "eol", false);
	jw_key_str(w, "extra_kconfig_hash", c->extra_hash);
	jw_key_bool(w, "has_vmlinux", c->has_vmlinux);
	jw_key_str(w, "image_name", c->image_name);
	jw_key_str(w, "image_path", c->image);
	jw_key_str(w, "kconfig_status", kconfig_status(c));
	jw_key_str(w, "key", c->key);
	jw_key_str(w, "ktstr_kconfig_hash", c->kconfig_hash);
	jw_key_str(w, "path", c->dir);
	put_source(w, c);
	jw_key_str(w, "version", c->version);
	jw_key_bool(w, "vmlinux_stripped", c->vmlinux_stripped);
	jw_end(w);
}

static void list_json(const struct cache_entry *list, size_t n)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 2);
	jw_object(&w);
	jw_key_null(&w, "active_prefixes_fetch_error");
	jw_key_str(&w, "current_ktstr_kconfig_hash", fragment);
	jw_key(&w, "entries");
	jw_array(&w);
	for (size_t i = 0; i < n; i++)
		put_entry(&w, &list[i]);
	jw_end(&w);
	jw_end(&w);
	puts(out.s);
}

static int list_verb(struct err *e)
{
	auto_free char *root = cache_root(e);
	struct cache_entry *list;
	size_t n;

	if (!root || cache_list(&list, &n, e) < 0)
		return -1;
	if (json)
		list_json(list, n);
	else
		list_text(list, n, root);
	for (size_t i = 0; i < n; i++)
		cache_entry_release(&list[i]);
	free(list);
	return 0;
}

/* One entry as a line; why says that there is none. */
static int print_one(int rc, struct cache_entry *c, const char *why, struct err *e)
{
	auto_str struct str out = { 0 };
	struct jw w;

	if (rc == 1) {
		jw_init(&w, &out, 0);
		put_entry(&w, c);
		puts(out.s);
	} else if (rc == 0 && c->problem) {
		err_set(e, "%s: %s", why, c->problem);
	} else if (rc == 0) {
		err_set(e, "%s", why);
	}
	cache_entry_release(c);
	return rc == 1 ? 0 : -1;
}

static int find_verb(const char *key, struct err *e)
{
	auto_free char *why = xasprintf("cache key %s not found", key);
	struct cache_entry c;

	return print_one(cache_find(key, &c, e), &c, why, e);
}

static int newest_verb(struct err *e)
{
	struct cache_entry c;

	return print_one(cache_newest(&c, e), &c, "no usable kernel is cached", e);
}

static int run(char **words, int n, struct err *e)
{
	if (strcmp(words[0], "find") == 0 && n == 2)
		return find_verb(words[1], e);
	if (strcmp(words[0], "find") == 0)
		die_usage("find needs a KEY");
	if (n > 1)
		die_usage("unexpected argument '%s' found", words[1]);
	if (strcmp(words[0], "list") == 0)
		return list_verb(e);
	if (strcmp(words[0], "newest") == 0)
		return newest_verb(e);
	die_usage("unrecognized subcommand '%s'", words[0]);
}

int main(int argc, char **argv)
{
	struct key_config config;
	struct err e;
	int n;
	char **words = start(&program, argc, argv, &n);

	jq_begin(jq);
	if (key_config_load(&config, false, NULL, &e) < 0)
		die_err(&e);
	memcpy(fragment, config.kconfig, sizeof(fragment));
	if (run(words, n, &e) < 0)
		die_err(&e);
	return finish(0);
}
