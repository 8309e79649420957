/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/resolve_record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/age.h"
#include "kernel/cache.h"
#include "source/git_locate.h"
#include "source/tarball.h"
#include "source/tree.h"

/* The record's members that every state has. */
static void begin(const struct resolve *r, struct edit *d, size_t index, const struct kernel *k, const char *version)
{
	edit_init(d, (struct slice){ NULL, 0 });
	edit_str(d, "type", "kernel");
	edit_u64(d, "index", index);
	edit_u64(d, "total", r->total);
	edit_str(d, "spec", k->spec.text);
	edit_str(d, "kind", k->kind);
	edit_str(d, "version", version);
	edit_str(d, "label", k->label);
	edit_str(d, "key", k->key);
	if (version && k->kind && strcmp(k->kind, "version") == 0 && r->listed.n)
		edit_bool(d, "eol", !releases_is_active(&r->listed, version));
	edit_bool(d, "lean", r->lean);
	if (r->extra_kconfig)
		edit_str(d, "extra_kconfig", r->extra_kconfig);
	if (k->tip.commit) {
		edit_str(d, "url", k->source);
		edit_str(d, "ref", k->spec.ref);
		edit_str(d, "refname", k->tip.refname);
		edit_str(d, "commit", k->tip.commit);
	}
}

static void error_record(const struct resolve *r, struct edit *d, size_t index, const struct kernel *k)
{
	struct edit error = { 0 };
	auto_str struct str text = { 0 };

	print_err(&k->why);
	edit_str(&error, "stage", "resolve");
	edit_str(&error, "message", k->why.text);
	edit_str(&error, "hint", k->why.hint);
	edit_finish(&error, &text);
	text.s[--text.len] = '\0';
	begin(r, d, index, k, k->version);
	edit_str(d, "state", "error");
	edit_raw(d, "error", text.s);
}

static void say_hit(const struct kernel *k, const struct cache_entry *c)
{
	auto_str struct str age = { 0 };
	int64_t built, now = time(NULL);

	if (stamp_parse(c->built_at, &built) == 0 && built <= now) {
		str_add(&age, ", built ");
		str_add_age(&age, (uint64_t)(now - built));
		str_add(&age, " ago");
	}
	note("cache hit for %s (%s%s)", k->spec.path ? k->spec.path : k->spec.text, c->key, str_c(&age));
}

static void add_tree(struct edit *d, const struct tree_state *t)
{
	edit_str(d, "src", t->path);
	edit_str(d, "git_hash", t->hash7[0] ? t->hash7 : NULL);
	edit_bool(d, "dirty", t->dirty);
	edit_bool(d, "is_git", t->is_git);
	edit_str(d, "user_config", t->has_config ? t->user_config : NULL);
}

/* What the source says of itself: the key of a tree, a tarball or a commit. */
static int look(const struct resolve *r, struct kernel *k, struct tree_state *t, char sha256[SHA256_HEX], struct err *e)
{
	auto_free char *root = NULL;

	if (strcmp(k->kind, "path") == 0) {
		if (tree_probe(k->source, t, e) < 0)
			return -1;
		if (r->clean)
			tree_forget_config(t);
		k->key = tree_key(t, &r->config);
	} else if (strcmp(k->kind, "tarball") == 0) {
		root = cache_root(e);
		if (!root || tarball_sha256(k->source, root, sha256, e) < 0)
			return -1;
		k->key = key_of_tarball(&r->config, sha256);
	} else if (k->spec.kind == SPEC_GIT) {
		if (git_locate(k->spec.url, k->spec.ref, &k->source, &k->tip, e) < 0)
			return -1;
		k->key = key_of_git(&r->config, k->spec.ref, k->tip.commit);
	}
	return 0;
}

static int not_found(const struct kernel *k, const struct cache_entry *c, struct err *e)
{
	auto_free char *guess = spec_near_miss(k->spec.text);

	err_set(e, "cache key %s not found%s%s%s", k->spec.text, c->problem ? " (the entry is corrupt: " : "",
		c->problem ? c->problem : "", c->problem ? ")" : "");
	return err_hint(e, "run `cargo ktstr kernel list`%s%s", guess ? "; " : "", guess ? guess : "");
}

static void found_record(const struct resolve *r, struct edit *d, size_t index, struct kernel *k,
			 const struct cache_entry *c, const struct tree_state *t)
{
	if (k->source)
		say_hit(k, c);
	free(k->key);
	k->key = xstrdup(c->key);
	begin(r, d, index, k, k->version ? k->version : c->version);
	edit_str(d, "state", "cached");
	edit_str(d, "dir", c->dir);
	if (t->path)
		add_tree(d, t);
}

static void missing_record(const struct resolve *r, struct edit *d, size_t index, const struct kernel *k,
			   const struct tree_state *t, const char *sha256)
{
	begin(r, d, index, k, k->version);
	edit_str(d, "state", t->path ? "fetched" : "missing");
	if (r->force)
		edit_bool(d, "force", true);
	if (t->path)
		add_tree(d, t);
	if (sha256[0]) {
		edit_str(d, "tarball", k->source);
		edit_str(d, "sha256", sha256);
	}
}

static int resolve(const struct resolve *r, struct edit *d, size_t index, struct kernel *k, struct err *e)
{
	char sha256[SHA256_HEX] = "";
	struct tree_state t = { 0 };
	struct cache_entry c = { 0 };
	int rc = look(r, k, &t, sha256, e);

	if (rc == 0 && !t.dirty && (!r->force || strcmp(k->kind, "key") == 0))
		rc = strcmp(k->kind, "key") == 0 ? cache_find(k->key, &c, e)
						 : cache_find_built(k->key, t.path ? t.hash : k->tip.commit, &c, e);
	if (rc == 1)
		found_record(r, d, index, k, &c, &t);
	else if (rc == 0 && strcmp(k->kind, "key") == 0)
		rc = not_found(k, &c, e);
	else if (rc == 0)
		missing_record(r, d, index, k, &t, sha256);
	cache_entry_release(&c);
	tree_state_release(&t);
	return rc < 0 ? -1 : 0;
}

void resolve_record(struct resolve *r, size_t index, struct edit *d)
{
	struct kernel *k = &r->kernels[index];
	struct err e;

	if (!k->failed && resolve(r, d, index, k, &e) < 0)
		resolve_fail(r, k, &e);
	if (k->failed)
		error_record(r, d, index, k);
}

void resolve_refusal(struct resolve *r, char **words, size_t n, const struct err *why, struct edit *d)
{
	auto_str struct str all = { 0 };
	struct kernel k = { .kind = "set", .why = *why, .failed = true };

	for (size_t i = 0; i < n; i++)
		str_addf(&all, "%s%s", i ? " " : "", words[i]);
	k.spec = (struct spec){ .kind = SPEC_KEY, .text = str_take(&all) };
	r->total = 1;
	error_record(r, d, 0, &k);
	spec_release(&k.spec);
}
