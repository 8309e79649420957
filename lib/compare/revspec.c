/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/revspec.h"

#include <git2.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "result/provenance.h"

#define SHORT_HEX 7

/* A commit as results name it: 7 to 40 hex digits, "-dirty" or not. */
static bool is_literal(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return n >= SHORT_HEX && n <= GIT_OID_HEXSZ && (!s[n] || strcmp(s + n, "-dirty") == 0);
}

static char *shortened(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");
	char *text = xasprintf("%.*s%s", SHORT_HEX, s, s + n);

	for (size_t i = 0; i < SHORT_HEX; i++)
		if (text[i] >= 'A' && text[i] <= 'F')
			text[i] = (char)(text[i] - 'A' + 'a');
	return text;
}

/* --- the repository ---------------------------------------------------- */

struct tree {
	git_repository *repo;
	char *head;    /* as results name it; NULL: none */
	char why[512]; /* there is no repo */
	bool shallow;
};

static const char *git_said(void)
{
	const git_error *said = git_error_last();

	return said && said->message ? said->message : "unknown error";
}

static void open_at(struct tree *t, const char *path, unsigned flags)
{
	int rc = git_repository_open_ext(&t->repo, path, flags, NULL);

	if (rc == GIT_ENOTFOUND)
		snprintf(t->why, sizeof(t->why), "%s is in no git repository", path);
	else if (rc < 0)
		snprintf(t->why, sizeof(t->why), "the git repository at %s cannot be read: %s", path, git_said());
	else
		t->shallow = git_repository_is_shallow(t->repo) == 1;
}

static void tree_open(struct tree *t, enum revspec_tree which)
{
	auto_free char *kernel = NULL;

	*t = (struct tree){ 0 };
	git_libgit2_init();
	/* read only: a tree that belongs to someone else is as good */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (which == REVSPEC_PROJECT) {
		open_at(t, ".", GIT_REPOSITORY_OPEN_CROSS_FS);
		t->head = t->repo ? project_commit() : NULL;
		return;
	}
	kernel = kernel_tree_of(env_get(ENV_KERNEL));
	if (kernel)
		open_at(t, kernel, GIT_REPOSITORY_OPEN_NO_SEARCH);
	else
		snprintf(t->why, sizeof(t->why), "KTSTR_KERNEL names no kernel tree");
	t->head = t->repo ? kernel_commit_of(env_get(ENV_KERNEL)) : NULL;
}

static void tree_close(struct tree *t)
{
	git_repository_free(t->repo);
	git_libgit2_shutdown();
	free(t->head);
}

/* --- ranges ------------------------------------------------------------ */

static void add_commit(const git_oid *id, struct strv *out)
{
	char hex[SHORT_HEX + 1];

	strv_add(out, git_oid_tostr(hex, sizeof(hex), id));
}

static int walk(git_repository *repo, const git_oid *from, const git_oid *to, struct strv *out)
{
	git_revwalk *w = NULL;
	int rc = git_revwalk_new(&w, repo);
	git_oid id;

	if (rc == 0 && (rc = git_revwalk_push(w, to)) == 0 && (rc = git_revwalk_hide(w, from)) == 0)
		while ((rc = git_revwalk_next(&id, w)) == 0)
			add_commit(&id, out);
	git_revwalk_free(w);
	return rc == GIT_ITEROVER ? 0 : rc;
}

static int by_id(const void *a, const void *b)
{
	return git_oid_cmp(a, b);
}

static bool is_new(void **seen, const git_oid *id)
{
	git_oid *own = xcalloc(1, sizeof(*own));

	*own = *id;
	if (*(git_oid **)tsearch(own, seen, by_id) == own)
		return true;
	free(own);
	return false;
}

/* What is reachable from id and not yet seen, where history ends early: what
 * is not there has no parents. out may be NULL. */
static void reach(git_repository *repo, const git_oid *id, void **seen, struct strv *out)
{
	git_oid *todo = NULL;
	size_t n = 0, cap = 0;

	GROW(todo, n, cap);
	todo[n++] = *id;
	while (n) {
		git_oid at = todo[--n];
		git_commit *commit = NULL;

		if (!is_new(seen, &at) || git_commit_lookup(&commit, repo, &at) < 0)
			continue;
		if (out)
			add_commit(&at, out);
		for (unsigned i = 0; i < git_commit_parentcount(commit); i++) {
			GROW(todo, n, cap);
			todo[n++] = *git_commit_parent_id(commit, i);
		}
		git_commit_free(commit);
	}
	free(todo);
}

static void walk_shallow(git_repository *repo, const git_oid *from, const git_oid *to, struct strv *out)
{
	void *seen = NULL;

	reach(repo, from, &seen, NULL);
	reach(repo, to, &seen, out);
	tdestroy(seen, free);
}

/* A tag stands for the commit it was put on. */
static bool peel(git_object *object, git_oid *id)
{
	git_object *commit = NULL;
	bool good = object && git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;

	if (good)
		*id = *git_object_id(commit);
	git_object_free(commit);
	return good;
}

/* --- one value --------------------------------------------------------- */

/* Forms that mean neither a commit nor a plain range. */
static bool is_unsupported(const char *s)
{
	return s[0] == '^' || strstr(s, "...") || ends_with(s, "^@");
}

/* A commit by itself: where it is what is checked out, with its changes. */
static void add_single(const struct tree *t, const git_oid *id, struct strv *out)
{
	char hex[SHORT_HEX + 1];

	git_oid_tostr(hex, sizeof(hex), id);
	strv_add(out, t->head && starts_with(t->head, hex) ? t->head : hex);
}

static int expand(const struct tree *t, const git_revspec *spec, struct strv *out)
{
	git_oid from, to;
	size_t before = out->n;

	if (!peel(spec->from, &from) || !peel(spec->to, &to))
		return -1;
	if (walk(t->repo, &from, &to, out) == 0)
		return 0;
	if (!t->shallow)
		return -1;
	while (out->n > before)
		free(out->v[--out->n]), out->v[out->n] = NULL;
	walk_shallow(t->repo, &from, &to, out);
	return 0;
}

/* Keep the value, and say why. */
static int keep(const struct tree *t, const char *option, const char *value, const char *why, struct strv *out)
{
	note("--%s %s; using as literal filter%s", option, why,
	     t->shallow ? "\n  (the repository is shallow: `git fetch --unshallow` gets the rest of its history)" : "");
	strv_add(out, value);
	return 0;
}

static int resolve_range(const struct tree *t, const git_revspec *spec, const char *option, const char *value,
			 struct strv *out, struct err *e)
{
	auto_free char *why = NULL;
	size_t before = out->n;

	if (expand(t, spec, out) < 0) {
		why = xasprintf("range '%s' could not be expanded: %s", value, git_said());
		return keep(t, option, value, why, out);
	}
	if (out->n > before)
		return 0;
	err_set(e, "stats compare: --%s range '%s' holds no commits", option, value);
	return err_hint(e, "A..B means what B has and A has not; is it the wrong way round?");
}

static int resolve_in(const struct tree *t, const char *option, const char *value, struct strv *out, struct err *e)
{
	auto_free char *why = xasprintf("'%s' did not resolve as a revspec", value);
	/* "X^!", X without its parents, is X */
	auto_free char *text = xstrndup(value, strlen(value) - (ends_with(value, "^!") ? 2 : 0));
	git_revspec spec = { 0 };
	bool parsed;
	git_oid id;
	int rc = 0;

	parsed = git_revparse(&spec, t->repo, text) == 0;
	if (parsed && (spec.flags & GIT_REVSPEC_RANGE))
		rc = resolve_range(t, &spec, option, value, out, e);
	else if (parsed && peel(spec.from, &id))
		add_single(t, &id, out);
	else
		rc = keep(t, option, value, why, out);
	git_object_free(spec.from);
	git_object_free(spec.to);
	return rc;
}

static int resolve(const struct tree *t, const char *option, const char *value, struct strv *out, struct err *e)
{
	auto_free char *why = NULL;

	if (is_literal(value)) {
		strv_give(out, shortened(value));
		return 0;
	}
	if (!t->repo) {
		why = xasprintf("'%s' did not resolve as a revspec: %s", value, t->why);
		return keep(t, option, value, why, out);
	}
	if (is_unsupported(value)) {
		why = xasprintf("'%s' uses an unsupported revspec form (a commit and A..B are supported)", value);
		return keep(t, option, value, why, out);
	}
	return resolve_in(t, option, value, out, e);
}

static bool all_literal(const struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!is_literal(l->v[i]))
			return false;
	return true;
}

int revspec_resolve(struct strv *values, const char *option, enum revspec_tree which, struct err *e)
{
	struct tree t = { 0 };
	struct strv found = { 0 };
	bool opened = !all_literal(values);
	int rc = 0;

	if (opened)
		tree_open(&t, which);
	for (size_t i = 0; rc == 0 && i < values->n; i++)
		rc = resolve(&t, option, values->v[i], &found, e);
	if (opened)
		tree_close(&t);
	strv_release(values);
	*values = found;
	return rc;
}
