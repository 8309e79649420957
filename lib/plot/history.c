/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot/history.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

static int git_err(struct err *e, const char *what)
{
	const git_error *g = git_error_last();

	return err_set(e, "%s: %s", what, g && g->message ? g->message : "unknown error");
}

struct found {
	git_oid id;
	struct commit *commit;
};

/* What the repository knows of a name. */
static void look_up(git_repository *repo, struct commit *c, struct found *f)
{
	git_object *object = NULL, *peeled = NULL;
	git_oid id;
	int rc = -1;

	if (git_oid_fromstrn(&id, c->name, strlen(c->name)) == 0)
		rc = git_object_lookup_prefix(&object, repo, &id, strlen(c->name), GIT_OBJECT_COMMIT);
	if (rc == GIT_EAMBIGUOUS)
		c->why = "several commits begin so";
	else if (rc < 0)
		c->why = "not in this repository";
	if (rc == 0 && git_object_peel(&peeled, object, GIT_OBJECT_COMMIT) == 0) {
		const char *subject = git_commit_summary((git_commit *)peeled);

		f->id = *git_object_id(peeled);
		f->commit = c;
		c->subject = xstrdup(subject ? subject : "");
		c->time = git_commit_time((git_commit *)peeled);
	}
	git_object_free(peeled);
	git_object_free(object);
}

static int by_id(const void *a, const void *b)
{
	return git_oid_cmp(&((const struct found *)a)->id, &((const struct found *)b)->id);
}

struct oids {
	git_oid *v;
	size_t n, cap;
};

static int by_oid(const void *a, const void *b)
{
	return git_oid_cmp(a, b);
}

/* Walk back by time, which needs no look at the whole history, until all have
 * been met: what was seen on the way. */
static struct oids seen_until_met(git_repository *repo, const struct found *f, size_t n)
{
	git_revwalk *walk = NULL;
	struct oids seen = { 0 };
	size_t met = 0;
	git_oid id;

	if (git_revwalk_new(&walk, repo) < 0)
		return seen;
	git_revwalk_sorting(walk, GIT_SORT_TIME);
	for (size_t i = 0; i < n; i++)
		git_revwalk_push(walk, &f[i].id);
	while (met < n && git_revwalk_next(&id, walk) == 0) {
		struct found wanted = { .id = id };

		met += bsearch(&wanted, f, n, sizeof(*f), by_id) != NULL;
		GROW(seen.v, seen.n, seen.cap);
		seen.v[seen.n++] = id;
	}
	git_revwalk_free(walk);
	if (seen.n)
		qsort(seen.v, seen.n, sizeof(*seen.v), by_oid);
	return seen;
}

/* Leave out what lies before all of them: a long history is not walked. */
static void hide_older(git_repository *repo, git_revwalk *walk, const struct found *f, size_t n)
{
	struct oids seen = seen_until_met(repo, f, n);

	for (size_t i = 0; i < seen.n; i++) {
		git_commit *commit = NULL;

		if (git_commit_lookup(&commit, repo, &seen.v[i]) < 0)
			continue;
		for (unsigned k = 0; k < git_commit_parentcount(commit); k++) {
			const git_oid *parent = git_commit_parent_id(commit, k);

			if (!bsearch(parent, seen.v, seen.n, sizeof(*seen.v), by_oid))
				git_revwalk_hide(walk, parent);
		}
		git_commit_free(commit);
	}
	free(seen.v);
}

static int by_time(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int d = (x->commit->time > y->commit->time) - (x->commit->time < y->commit->time);

	return d ? d : git_oid_cmp(&x->id, &y->id);
}

/* For a shallow repository, whose oldest commits have parents nobody can look
 * at, and where the walk fails otherwise. */
static size_t order_by_time(struct found *f, size_t n)
{
	qsort(f, n, sizeof(*f), by_time);
	for (size_t i = 0; i < n; i++)
		f[i].commit->place = i;
	return n;
}

static int walk_all(git_repository *repo, struct found *f, size_t n, struct err *e)
{
	git_revwalk *walk = NULL;
	size_t place = 0;
	git_oid id;
	int rc = 0;

	qsort(f, n, sizeof(*f), by_id);
	if (git_revwalk_new(&walk, repo) < 0)
		return git_err(e, "walk the commits");
	git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME | GIT_SORT_REVERSE);
	for (size_t i = 0; i < n; i++)
		git_revwalk_push(walk, &f[i].id);
	hide_older(repo, walk, f, n);
	while (place < n && (rc = git_revwalk_next(&id, walk)) == 0) {
		struct found wanted = { .id = id }, *hit = bsearch(&wanted, f, n, sizeof(*f), by_id);

		if (hit)
			hit->commit->place = place++;
	}
	git_revwalk_free(walk);
	/* clocks that went astray hide too much */
	if (place < n && (rc == GIT_ENOTFOUND || rc == GIT_ITEROVER))
		place = order_by_time(f, n);
	return place == n ? 0 : git_err(e, "walk the commits");
}

static int by_place(const void *a, const void *b)
{
	const struct commit *x = a, *y = b;

	if (!x->why != !y->why)
		return x->why ? 1 : -1;
	if (x->why)
		return strcmp(x->name, y->name);
	return (x->place > y->place) - (x->place < y->place);
}

static int order(git_repository *repo, struct history *h, struct err *e)
{
	auto_free struct found *f = xcalloc(h->n, sizeof(*f));
	int rc = 0;

	for (size_t i = 0; i < h->n; i++) {
		struct commit *c = &h->v[i];

		look_up(repo, c, &f[h->placed]);
		/* two lengths of one name are one commit: the first has the place */
		for (size_t k = 0; k < h->placed && !c->why; k++)
			if (git_oid_equal(&f[k].id, &f[h->placed].id))
				c->why = "named twice";
		h->placed += !c->why;
	}
	if (h->placed)
		rc = walk_all(repo, f, h->placed, e);
	qsort(h->v, h->n, sizeof(*h->v), by_place);
	return rc;
}

int history_of(struct history *h, const char *dir, const struct strv *names, struct err *e)
{
	git_repository *repo = NULL;
	int rc;

	*h = (struct history){ xcalloc(names->n, sizeof(*h->v)), names->n, 0 };
	for (size_t i = 0; i < h->n; i++)
		h->v[i].name = xstrdup(names->v[i]);
	git_libgit2_init();
	/* read only: a tree that belongs to someone else is as good */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (git_repository_open_ext(&repo, dir, GIT_REPOSITORY_OPEN_CROSS_FS, NULL) < 0)
		rc = git_err(e, "open the project's repository");
	else
		rc = order(repo, h, e);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return rc;
}

void history_release(struct history *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].name);
		free(h->v[i].subject);
	}
	free(h->v);
}

const struct commit *history_find(const struct history *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->v[i].name, name) == 0)
			return &h->v[i];
	return NULL;
}
