/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cache_show.h"

#include <stdio.h>
#include <string.h>

#include "kernel/key.h"

int cache_view_load(struct cache_view *v, struct err *e)
{
	struct key_config config;
	int rc;

	*v = (struct cache_view){ 0 };
	if (key_config_load(&config, false, NULL, e) < 0)
		return -1;
	memcpy(v->fragment, config.kconfig, sizeof(v->fragment));
	rc = releases_load_stored(&v->active, &v->unknown);
	v->knows_active = rc == 1;
	if (rc == 0)
		err_set(&v->unknown, "no release index of kernel.org has been fetched yet");
	return 0;
}

void cache_view_release(struct cache_view *v)
{
	releases_release(&v->active);
}

/* "matches", "stale" or "untracked" */
static const char *kconfig_status(const struct cache_view *v, const struct cache_entry *c)
{
	if (!c->kconfig_hash)
		return "untracked";
	if (strcmp(c->kconfig_hash, v->fragment) == 0 || strcmp(c->kconfig_hash, CACHE_KCONFIG_0_5_2) == 0)
		return "matches";
	return "stale";
}

/* Whether kernel.org no longer lists the entry's series. */
static bool is_eol(const struct cache_view *v, const struct cache_entry *c)
{
	return c->version && v->knows_active && !releases_is_active(&v->active, c->version);
}

/* Metadata may come from anywhere; none of it is to steer the terminal. */
static void print_line(struct str *line)
{
	hide_controls(line->s, "");
	puts(line->s);
}

static void print_row(const char *key, const char *version, const char *source, const char *arch, const char *built,
		      const char *tags)
{
	auto_str struct str line = { 0 };

	str_addf(&line, "  %-48s %-12s %-8s %-7s %s%s", key, version, source, arch, built, tags);
	print_line(&line);
}

static void print_corrupt(const struct cache_entry *c)
{
	auto_str struct str line = { 0 };

	str_addf(&line, "  %-48s (corrupt: %s)", c->key, c->problem);
	print_line(&line);
}

static void print_entry(const struct cache_view *v, const struct cache_entry *c, struct cache_tags *seen)
{
	auto_str struct str tags = { 0 };
	const char *kconfig = kconfig_status(v, c);
	bool eol = is_eol(v, c);

	if (strcmp(kconfig, "matches") != 0)
		str_addf(&tags, " (%s kconfig)", kconfig);
	seen->stale |= strcmp(kconfig, "stale") == 0;
	seen->untracked |= strcmp(kconfig, "untracked") == 0;
	seen->eol |= eol;
	if (c->extra_hash)
		str_add(&tags, " (extra kconfig)");
	if (eol)
		str_add(&tags, " (EOL)");
	print_row(c->key, c->version ? c->version : "-", c->source, c->arch, c->built_at, str_c(&tags));
}

void cache_show_rows(const struct cache_view *v, const struct cache_entry *list, size_t n, struct cache_tags *seen)
{
	*seen = (struct cache_tags){ 0 };
	print_row("KEY", "VERSION", "SOURCE", "ARCH", "BUILT", "");
	for (size_t i = 0; i < n; i++) {
		if (list[i].problem)
			print_corrupt(&list[i]);
		else
			print_entry(v, &list[i], seen);
		seen->corrupt += list[i].problem != NULL;
	}
}

static void print_eol_legend(const struct cache_view *v)
{
	auto_str struct str age = { 0 };

	releases_add_age(&v->active, &age);
	fprintf(stderr,
		"(EOL) marks entries whose series kernel.org does not list as active, by the release index of %s "
		"ago.\n",
		str_c(&age));
}

void cache_show_legends(const struct cache_view *v, const struct cache_tags *seen, const char *root)
{
	fflush(stdout); /* the rows come before what explains them */
	if (seen->eol)
		print_eol_legend(v);
	if (seen->untracked)
		fputs("(untracked kconfig) marks entries that do not record which kconfig fragment they were "
		      "built with.\n",
		      stderr);
	if (seen->stale)
		fputs("warning: entries marked (stale kconfig) were built with another kconfig fragment; they are "
		      "rebuilt when their kernel is used next.\n",
		      stderr);
	if (!seen->corrupt)
		return;
	fprintf(stderr, "%zu corrupt %s. Run `cargo ktstr kernel clean --corrupt-only` to remove.\n", seen->corrupt,
		seen->corrupt == 1 ? "entry" : "entries");
	fprintf(stderr,
		"warning: entries marked (corrupt) cannot be used. They lie under %s; "
		"`kernel clean --corrupt-only --force` removes them alone, `kernel clean --force` removes every "
		"entry, `kernel clean --keep N --force` all but the N newest valid ones.\n",
		root);
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

void cache_put_entry(struct jw *w, const struct cache_view *v, const struct cache_entry *c)
{
	if (c->problem) {
		put_corrupt(w, c);
		return;
	}
	jw_object(w);
	jw_key_str(w, "arch", c->arch);
	jw_key_str(w, "built_at", c->built_at);
	jw_key_str(w, "config_hash", c->config_hash);
	jw_key_bool(w, "eol", is_eol(v, c));
	jw_key_str(w, "extra_kconfig_hash", c->extra_hash);
	jw_key_bool(w, "has_vmlinux", c->has_vmlinux);
	jw_key_str(w, "image_name", c->image_name);
	jw_key_str(w, "image_path", c->image);
	jw_key_str(w, "kconfig_status", kconfig_status(v, c));
	jw_key_str(w, "key", c->key);
	jw_key_str(w, "ktstr_kconfig_hash", c->kconfig_hash);
	jw_key_str(w, "path", c->dir);
	put_source(w, c);
	jw_key_str(w, "version", c->version);
	jw_key_bool(w, "vmlinux_stripped", c->vmlinux_stripped);
	jw_end(w);
}

void cache_put_list(struct jw *w, const struct cache_view *v, const struct cache_entry *list, size_t n)
{
	jw_object(w);
	jw_key_str(w, "active_prefixes_fetch_error", v->knows_active ? NULL : v->unknown.text);
	jw_key_str(w, "current_ktstr_kconfig_hash", v->fragment);
	jw_key(w, "entries");
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		cache_put_entry(w, v, &list[i]);
	jw_end(w);
	jw_end(w);
}
