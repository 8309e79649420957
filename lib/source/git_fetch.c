/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/git_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/progress.h"
#include "source/git.h"
#include "source/git_remote.h"

/* One fetch on its way. */
struct fetch {
	const struct krecord *k;
	const char *tree; /* the repository that is built from */
	char *commit;     /* full id once it is known */
	char *shown;      /* the URL without a password */
	struct progress progress;
};

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* Settings that would run something or change what is checked out. */
static int git(struct fetch *f, const char *dir, const char *const *words, struct str *out, struct err *e)
{
	static const char *const settings[] = { "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0",
						"-c", "maintenance.auto=false",   "-c", "advice.detachedHead=false",
						"-c", "core.fsmonitor=false",     "-c", "checkout.workers=0" };
	auto_strv struct strv argv = { 0 };
	struct git g = { .dir = dir, .progress = &f->progress };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		strv_add(&argv, settings[i]);
	strv_addv(&argv, (char *const *)words);
	g.words = (const char *const *)argv.v;
	return git_run(&g, out, e);
}

static int init(struct fetch *f, const char *dir, size_t id_digits, struct err *e)
{
	const char *format = id_digits > 40 ? "--object-format=sha256" : "--object-format=sha1";

	return git(f, NULL, WORDS("init", "-q", "--template=", format, "--", dir), NULL, e);
}

/* The full id that name stands for in the repository; NULL with e. */
static char *commit_of(struct fetch *f, const char *dir, const char *name, struct err *e)
{
	auto_free char *spec = xasprintf("%s^{commit}", name);
	auto_str struct str out = { 0 };

	if (git(f, dir, WORDS("rev-parse", "--verify", spec), &out, e) < 0)
		return NULL;
	return xstrdup(trim((char *)str_c(&out)));
}

/* Fetch one name or id and nothing of what was before it. */
static int fetch_shallow(struct fetch *f, const char *what, struct err *e)
{
	auto_free char *got = NULL;

	if (git(f, f->tree, WORDS("fetch", "--progress", "--no-tags", "--depth=1", "--", f->k->url, what), NULL, e) < 0)
		return -1;
	got = commit_of(f, f->tree, "FETCH_HEAD", e);
	if (!got)
		return -1;
	if (strcmp(got, f->commit) == 0)
		return 0;
	err_set(e, "%s has moved from %.12s to %.12s meanwhile", f->k->ref, f->commit, got);
	return err_hint(e, "run again");
}

/* Servers that are no git servers, and old ones that give only tips away. */
static bool wants_all(const struct err *e)
{
	return strstr(e->text, "shallow") || strstr(e->text, "unadvertised object");
}

static int fetch_all(struct fetch *f, struct err *e)
{
	auto_free char *got = NULL;

	note("the server of %s gives away only whole histories; fetching all of it", f->shown);
	if (git(f, f->tree,
		WORDS("fetch", "--progress", "--no-tags", "--", f->k->url, "+refs/heads/*:refs/remotes/origin/*",
		      "+refs/tags/*:refs/tags/*"),
		NULL, e) < 0)
		return -1;
	got = commit_of(f, f->tree, f->commit, e);
	return got ? 0 : err_set(e, "no branch or tag leads to the commit %s", f->commit);
}

/* By name first: every server gives its tips away, not every one other ids. */
static int fetch_commit(struct fetch *f, struct err *e)
{
	const char *name = f->k->refname;
	int rc = name ? fetch_shallow(f, name, e) : -1;

	if (rc < 0 && (!name || strstr(e->text, "has moved")))
		rc = fetch_shallow(f, f->commit, e);
	return rc < 0 && wants_all(e) ? fetch_all(f, e) : rc;
}

/* Look for the commit whose id begins so among the commits alone: a history
 * without its trees and files is a small part of a repository. */
static int find_commit(struct fetch *f, const char *dir, struct err *e)
{
	auto_free char *history = xasprintf("%s/history", dir);
	struct err ignored;
	int rc;

	note("looking for commit %s in the history of %s", f->k->commit, f->shown);
	rc = git(f, NULL, WORDS("init", "-q", "--template=", "--bare", "--", history), NULL, e);
	if (rc == 0)
		rc = git(f, history,
			 WORDS("fetch", "--progress", "--no-tags", "--filter=tree:0", "--", f->k->url,
			       "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"),
			 NULL, e);
	if (rc == 0) {
		f->commit = commit_of(f, history, f->k->commit, e);
		rc = f->commit ? 0 : err_wrap(e, "commit %s", f->k->commit);
	}
	remove_tree(history, &ignored);
	return rc;
}

static bool is_full(const char *id)
{
	size_t n = strlen(id);

	return n == 40 || n == 64;
}

static int fetch(struct fetch *f, const char *dir, struct err *e)
{
	if (is_full(f->k->commit))
		f->commit = xstrdup(f->k->commit);
	else if (find_commit(f, dir, e) < 0)
		return -1;
	if (init(f, f->tree, strlen(f->commit), e) < 0 || fetch_commit(f, e) < 0)
		return -1;
	return git(f, f->tree, WORDS("checkout", "-q", "--progress", "--detach", f->commit), NULL, e);
}

int git_fetch(const struct krecord *k, const char *dir, char **top, struct err *e)
{
	auto_free char *tree = xasprintf("%s/linux", dir);
	struct fetch f = { .k = k, .tree = tree, .shown = git_url_public(k->url) };
	int rc;

	note("cloning %s (ref: %s, depth: 1)", f.shown, k->ref);
	progress_start(&f.progress, "fetch", k->label, "Cloning kernel...", "objects");
	rc = fetch(&f, dir, e);
	if (rc == 0) {
		progress_end(&f.progress, "Cloned");
		*top = xstrdup("linux");
	} else {
		progress_clear(&f.progress);
		rc = err_wrap(e, "clone %s", f.shown);
	}
	free(f.commit);
	free(f.shown);
	return rc;
}

char *git_fetched_commit(const char *tree)
{
	auto_free char *path = xasprintf("%s/.git/HEAD", tree);
	char *id = file_text(path);

	if (id && is_full(id))
		return id;
	free(id);
	return NULL;
}
