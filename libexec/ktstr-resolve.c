/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-resolve: turn each --kernel value into a kernel record. What can be
 * told from the texts alone is checked first, for all of them; then each is
 * looked up in the cache, in the order given.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/env.h"
#include "base/file.h"
#include "cli/opt.h"
#include "json/record.h"
#include "kernel/age.h"
#include "kernel/cache.h"
#include "kernel/fragment.h"
#include "kernel/git_locate.h"
#include "kernel/key.h"
#include "kernel/label.h"
#include "kernel/lookup.h"
#include "kernel/spec.h"
#include "kernel/tarball.h"
#include "kernel/toolchain.h"
#include "kernel/tree.h"
#include "kernel/version.h"

struct kernel {
	struct spec spec;
	const char *kind; /* "version", "path", "tarball", "key", "range", "git" */
	char *label, *key;
	char *version;      /* of a release */
	char *source;       /* canonical path of a tree or a tarball, URL of a repository */
	struct git_tip tip; /* of a git source */
	bool latest;        /* no spec: the newest stable release */
	bool failed;
	struct err why;
};

static bool lean, force, clean, latest;
static const char *extra_kconfig;
static struct opt opts[] = {
	{ "lean", 0, OPT_FLAG, &lean, NULL, "build from the lean configuration instead of defconfig" },
	{ "latest", 0, OPT_FLAG, &latest, NULL,
	  "without SPEC: the newest stable release with a patch number of 8 or more" },
	{ "force", 0, OPT_FLAG, &force, NULL, "look for nothing but cache keys in the cache" },
	{ "clean", 0, OPT_FLAG, &clean, NULL, "the trees will be cleaned: do not look at their .config" },
	{ "extra-kconfig", 0, OPT_STR, &extra_kconfig, "PATH", "a configuration fragment to put on top" },
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-resolve",
	.args = "[SPEC]...",
	.about = "turn kernel specs into kernel records",
	.detail = "SPEC is a path of a source tree or source tarball, a version, a series such as 6.14, a range\n"
		  "START..END, git+URL#REF (a branch, tag or commit) or a cache key.",
	.opts = opts,
	.max_args = -1,
};

static struct key_config config;
static struct kernel *kernels;
static size_t total;
static int status;

static void kernel_release(struct kernel *k)
{
	spec_release(&k->spec);
	free(k->label);
	free(k->key);
	free(k->version);
	free(k->source);
	git_tip_release(&k->tip);
	*k = (struct kernel){ 0 };
}

/* "--kernel SPEC: why", the hint of a path in the same line. */
static void fail(struct kernel *k, const struct err *why)
{
	struct err e = *why;

	k->failed = true;
	status = 1;
	if (k->spec.kind == SPEC_PATH && e.hint[0]) {
		err_set(&k->why, "--kernel %s: %s. %s", k->spec.text, e.text, e.hint);
		return;
	}
	k->why = e;
	if (k->spec.kind == SPEC_GIT && k->label)
		err_wrap(&k->why, "resolve %s", k->spec.text);
	else if (!k->latest && !starts_with(e.text, "--kernel "))
		err_wrap(&k->why, "--kernel %s", k->spec.text);
}

static void parse_all(char **words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct kernel *k = &kernels[total];
		char *text = trim(words[i]);
		struct err e;

		if (!*text)
			continue;
		total++;
		if (spec_parse(text, &k->spec, &e) < 0)
			fail(k, &e);
	}
	if (!total && latest)
		kernels[total++] =
			(struct kernel){ .latest = true, .spec = { .kind = SPEC_VERSION, .text = xstrdup("latest") } };
}

/* "6.14.0" is released as 6.14. */
static char *released_as(const char *version)
{
	struct version v;
	char *patch;

	if (version_parse(version, strlen(version), &v) < 0 || !v.has_patch || v.patch)
		return xstrdup(version);
	patch = strchr(strchr(version, '.') + 1, '.');
	return xasprintf("%.*s%s", (int)(patch - version), version, patch + strcspn(patch, "-"));
}

static void set_version(struct kernel *k, const char *version)
{
	k->version = released_as(version);
	k->key = key_of_version(&config, k->version);
	if (!k->label)
		k->label = xstrdup(version);
}

static bool is_series(const struct kernel *k)
{
	struct version v;

	return version_parse(k->spec.text, strlen(k->spec.text), &v) == 0 && version_is_series(&v);
}

static void name_version(struct kernel *k)
{
	k->kind = "version";
	if (k->latest)
		return;
	k->label = xstrdup(k->spec.text);
	if (!is_series(k))
		set_version(k, k->spec.text);
}

/* Whether kernel.org has to say which release is meant. */
static bool is_open(const struct kernel *k)
{
	return !k->failed && (k->spec.kind == SPEC_RANGE || (k->spec.kind == SPEC_VERSION && !k->version));
}

/* Put the releases of a range in its place. */
static void expand(struct kernel **list, size_t *n, struct kernel *k, const struct strv *versions)
{
	for (size_t i = 0; i < versions->n; i++) {
		struct kernel *one = &(*list)[(*n)++];

		*one = (struct kernel){ .kind = "version", .spec.kind = SPEC_VERSION };
		one->spec.text = xstrdup(k->spec.text);
		set_version(one, versions->v[i]);
	}
	kernel_release(k);
}

/* Fill in the answers; a range becomes several kernels. */
static void settle(struct lookup *answers, size_t n)
{
	size_t room = total, kept = 0, next = 0;
	struct kernel *list;

	for (size_t i = 0; i < n; i++)
		room += answers[i].versions.n;
	list = xcalloc(room, sizeof(*list));
	for (size_t i = 0; i < total; i++) {
		struct kernel *k = &kernels[i];
		struct lookup *a = is_open(k) ? &answers[next++] : NULL;

		if (a && a->failed)
			fail(k, &a->why);
		if (a && !a->failed && k->spec.kind == SPEC_RANGE) {
			expand(&list, &kept, k, &a->versions);
			continue;
		}
		if (a && !a->failed)
			set_version(k, a->versions.v[0]);
		list[kept++] = *k;
	}
	free(kernels);
	kernels = list;
	total = kept;
}

static int look_up(struct err *e)
{
	struct lookup *asked = xcalloc(total + 1, sizeof(*asked));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < total; i++)
		if (is_open(&kernels[i]))
			asked[n++].spec = kernels[i].latest ? NULL : kernels[i].spec.text;
	rc = n ? lookup_run(asked, n, e) : 0;
	if (rc == 0 && n)
		settle(asked, n);
	for (size_t i = 0; i < n; i++)
		lookup_release(&asked[i]);
	free(asked);
	return rc;
}

static void name_path(struct kernel *k)
{
	struct err e;

	k->kind = "path";
	k->source = real_path(k->spec.path);
	if (!k->source) {
		err_set(&e, "path does not exist or cannot be canonicalized: %s: %s", k->spec.path, strerror(errno));
		if (strstr(k->spec.path, "://"))
			err_hint(&e, "a git source is written git+%s%s", k->spec.path,
				 strchr(k->spec.path, '#') ? "" : "#REF");
		else
			err_hint(&e,
				 "set KTSTR_KERNEL to a kernel source directory, or check the spelling of the path");
		fail(k, &e);
		return;
	}
	k->label = label_of_path(k->source);
	if (!is_file(k->source)) {
		if (tree_validate(k->spec.path, &e) < 0)
			fail(k, &e);
	} else if (tarball_name(k->source)) {
		k->kind = "tarball";
	} else {
		err_set(&e, "raw image files are not supported here");
		err_hint(&e, "set KTSTR_KERNEL to a kernel source directory, or give --kernel a source tree, "
			     "a source tarball, a version or a cache key");
		fail(k, &e);
	}
}

/* Everything the rest needs that takes no look at the kernel's contents. */
static void name_one(struct kernel *k)
{
	switch (k->spec.kind) {
	case SPEC_VERSION:
		name_version(k);
		break;
	case SPEC_KEY:
		k->kind = "key";
		k->label = label_of_key(k->spec.text);
		k->key = xstrdup(k->spec.text);
		break;
	case SPEC_PATH:
		name_path(k);
		break;
	case SPEC_RANGE:
		k->kind = "range";
		break;
	case SPEC_GIT:
		k->kind = "git";
		k->label = label_of_git(k->spec.url, k->spec.ref);
		break;
	}
}

static bool same_label(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->label, b->label) == 0;
}

static bool collide(const struct kernel *a, const struct kernel *b, char **sanitized)
{
	auto_free char *other = label_sanitize(b->label);

	*sanitized = label_sanitize(a->label);
	if (strcmp(*sanitized, other) == 0)
		return true;
	free(*sanitized);
	*sanitized = NULL;
	return false;
}

/* Two names that would be one in the test names: the whole set is refused. */
static int check_labels(bool before_io, struct err *e)
{
	for (size_t i = 0; i < total; i++)
		for (size_t j = i + 1; j < total; j++) {
			const struct kernel *a = &kernels[i], *b = &kernels[j];
			auto_free char *name = NULL;

			if (!a->label || !b->label || (before_io && same_label(a, b)) || !collide(a, b, &name))
				continue;
			if (before_io)
				return err_set(e,
					       "--kernel: pre-flight check found collision between labels \"%s\" and "
					       "\"%s\": both sanitize to \"%s\"",
					       a->label, b->label, name);
			return err_set(e, "labels \"%s\" and \"%s\" both sanitize to \"%s\"", a->label, b->label, name);
		}
	return 0;
}

static bool same_kernel(const struct kernel *a, const struct kernel *b)
{
	if (!a->label || !b->label || !same_label(a, b))
		return false;
	if (a->source && b->source)
		return strcmp(a->source, b->source) == 0;
	if (a->spec.kind == SPEC_GIT && b->spec.kind == SPEC_GIT)
		return strcmp(a->spec.url, b->spec.url) == 0;
	return a->key && b->key && strcmp(a->key, b->key) == 0;
}

/* One kernel given twice is one kernel; the first stays. */
static void fold(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < total; i++) {
		size_t j = 0;

		while (j < kept && !same_kernel(&kernels[j], &kernels[i]))
			j++;
		if (j < kept) {
			kernel_release(&kernels[i]);
			continue;
		}
		if (kept != i) {
			kernels[kept] = kernels[i];
			kernels[i] = (struct kernel){ 0 };
		}
		kept++;
	}
	total = kept;
}

/* Kernels of one label that were configured otherwise are told apart. */
static void tell_apart(void)
{
	for (size_t i = 0; i < total; i++)
		for (size_t j = i + 1; j < total; j++) {
			struct kernel *a = &kernels[i], *b = &kernels[j];
			auto_free char *label = NULL;

			if (!a->label || !b->label || !a->key || !b->key || !same_label(a, b))
				continue;
			label = a->label;
			free(b->label);
			a->label = label_beside(label, a->key, b->key);
			b->label = label_beside(label, b->key, a->key);
		}
}

/* The record's members that every state has. */
static void begin(struct edit *d, size_t index, const struct kernel *k, const char *version)
{
	edit_init(d, (struct slice){ NULL, 0 });
	edit_str(d, "type", "kernel");
	edit_u64(d, "index", index);
	edit_u64(d, "total", total);
	edit_str(d, "spec", k->spec.text);
	edit_str(d, "kind", k->kind);
	edit_str(d, "version", version);
	edit_str(d, "label", k->label);
	edit_str(d, "key", k->key);
	edit_bool(d, "lean", lean);
	if (extra_kconfig)
		edit_str(d, "extra_kconfig", extra_kconfig);
	if (k->tip.commit) {
		edit_str(d, "url", k->source);
		edit_str(d, "ref", k->spec.ref);
		edit_str(d, "refname", k->tip.refname);
		edit_str(d, "commit", k->tip.commit);
	}
}

static void emit(struct edit *d)
{
	struct err e;

	if (edit_emit(d, &e) < 0)
		die_err(&e);
}

static void emit_error(size_t index, const struct kernel *k)
{
	struct edit error = { 0 }, d;
	auto_str struct str text = { 0 };

	print_err(&k->why);
	edit_str(&error, "stage", "resolve");
	edit_str(&error, "message", k->why.text);
	edit_str(&error, "hint", k->why.hint);
	edit_finish(&error, &text);
	text.s[--text.len] = '\0';
	begin(&d, index, k, k->version);
	edit_str(&d, "state", "error");
	edit_raw(&d, "error", text.s);
	emit(&d);
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

/* What the source says of itself: the key of a tree or a tarball, and where
 * it is in d, which begins once the key is known. */
static int look(struct kernel *k, struct tree_state *t, char sha256[SHA256_HEX], struct err *e)
{
	auto_free char *root = NULL;

	if (strcmp(k->kind, "path") == 0) {
		if (tree_probe(k->source, t, e) < 0)
			return -1;
		if (clean)
			tree_forget_config(t);
		k->key = key_of_tree(&config, t);
	} else if (strcmp(k->kind, "tarball") == 0) {
		root = cache_root(e);
		if (!root || tarball_sha256(k->source, root, sha256, e) < 0)
			return -1;
		k->key = key_of_tarball(&config, sha256);
	} else if (k->spec.kind == SPEC_GIT) {
		if (git_locate(k->spec.url, k->spec.ref, &k->source, &k->tip, e) < 0)
			return -1;
		k->key = key_of_git(&config, k->spec.ref, k->tip.commit);
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

static void emit_found(size_t index, struct kernel *k, const struct cache_entry *c, const struct tree_state *t)
{
	struct edit d;

	if (k->source)
		say_hit(k, c);
	free(k->key);
	k->key = xstrdup(c->key);
	begin(&d, index, k, k->version ? k->version : c->version);
	edit_str(&d, "state", "cached");
	edit_str(&d, "dir", c->dir);
	if (t->path)
		add_tree(&d, t);
	emit(&d);
}

static void emit_missing(size_t index, const struct kernel *k, const struct tree_state *t, const char *sha256)
{
	struct edit d;

	begin(&d, index, k, k->version);
	edit_str(&d, "state", t->path ? "fetched" : "missing");
	if (force)
		edit_bool(&d, "force", true);
	if (t->path)
		add_tree(&d, t);
	if (sha256[0]) {
		edit_str(&d, "tarball", k->source);
		edit_str(&d, "sha256", sha256);
	}
	emit(&d);
}

static int resolve(size_t index, struct kernel *k, struct err *e)
{
	char sha256[SHA256_HEX] = "";
	struct tree_state t = { 0 };
	struct cache_entry c = { 0 };
	int rc = look(k, &t, sha256, e);

	if (rc == 0 && !t.dirty && (!force || strcmp(k->kind, "key") == 0))
		rc = strcmp(k->kind, "key") == 0 ? cache_find(k->key, &c, e)
						 : cache_find_built(k->key, t.path ? t.hash : k->tip.commit, &c, e);
	if (rc == 1)
		emit_found(index, k, &c, &t);
	else if (rc == 0 && strcmp(k->kind, "key") == 0)
		rc = not_found(k, &c, e);
	else if (rc == 0)
		emit_missing(index, k, &t, sha256);
	cache_entry_release(&c);
	tree_state_release(&t);
	return rc < 0 ? -1 : 0;
}

/* A set that cannot be run at all is one failed record. */
static int refuse(char **words, size_t n, const struct err *e)
{
	auto_str struct str all = { 0 };
	struct kernel k = { .kind = "set", .why = *e, .failed = true };

	for (size_t i = 0; i < n; i++)
		str_addf(&all, "%s%s", i ? " " : "", words[i]);
	k.spec = (struct spec){ .kind = SPEC_KEY, .text = str_take(&all) };
	total = 1;
	emit_error(0, &k);
	spec_release(&k.spec);
	return finish(1);
}

/* Drop the kernels that did not fail: nothing is to be built when the texts
 * alone show that no test can run. */
static void keep_failed(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < total; i++)
		if (kernels[i].failed)
			kernels[kept++] = kernels[i];
		else
			kernel_release(&kernels[i]);
	total = kept;
}

static int prepare(struct err *e)
{
	if (!total)
		return err_set(e, "--kernel: every supplied value parsed to empty / whitespace; give a path, a version "
				  "or a cache key");
	if (status)
		keep_failed();
	for (size_t i = 0; i < total; i++)
		if (!kernels[i].failed && kernels[i].spec.kind != SPEC_PATH)
			name_one(&kernels[i]);
	if (check_labels(true, e) < 0 || look_up(e) < 0)
		return -1;
	for (size_t i = 0; i < total; i++)
		if (!kernels[i].failed && kernels[i].spec.kind == SPEC_PATH)
			name_one(&kernels[i]);
	fold();
	tell_apart();
	return check_labels(false, e);
}

/* The user's fragment by its full path, looked at before anything is fetched. */
static int load_extra(struct err *e)
{
	auto_str struct str text = { 0 }, builtin = { 0 };

	if (fragment_read_extra(extra_kconfig, &text, e) < 0 || fragment_load(lean, NULL, &builtin, e) < 0)
		return -1;
	if (!text.len)
		warn("--extra-kconfig file is empty");
	fragment_warn_overrides(str_c(&text), str_c(&builtin));
	extra_kconfig = real_path(extra_kconfig);
	return extra_kconfig ? 0 : err_sys(e, "--extra-kconfig");
}

int main(int argc, char **argv)
{
	struct err e;
	int n;
	char **words = start(&program, argc, argv, &n);

	lean |= env_get(ENV_LEAN) != NULL;
	if (extra_kconfig && load_extra(&e) < 0)
		die_err(&e);
	if (key_config_load(&config, lean, extra_kconfig, &e) < 0)
		die_err(&e);
	toolchain_key(config.toolchain);
	if (!n && !latest)
		usage_error(&program, "the following required arguments were not provided:\n  SPEC...");
	kernels = xcalloc((size_t)n + 1, sizeof(*kernels));
	parse_all(words, (size_t)n);
	if (prepare(&e) < 0)
		return refuse(words, (size_t)n, &e);
	for (size_t i = 0; i < total; i++) {
		struct kernel *k = &kernels[i];

		if (!k->failed && resolve(i, k, &e) < 0)
			fail(k, &e);
		if (k->failed)
			emit_error(i, k);
		kernel_release(k);
	}
	free(kernels);
	return finish(status);
}
