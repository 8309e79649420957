/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our own look at the index can only prove that a tree is clean; whenever it
 * cannot, git decides.
 */
#include "source/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "source/git.h"
#include "source/git_index.h"
#include "kernel/arch.h"
#include "kernel/key.h"

/* Files to hash one by one, in bytes of their names: what a pipe holds. */
#define DOUBTFUL_BYTES 32768

/* Where "make O=" left a Makefile and a link to the sources, these; else NULL. */
static char *source_of_output(const char *path)
{
	auto_free char *link = xasprintf("%s/source", path);
	auto_free char *kconfig = xasprintf("%s/source/Kconfig", path);

	return path_exists(kconfig) ? real_path(link) : NULL;
}

/* The key when the path is an entry of a kernel cache; else NULL. */
static char *key_of_entry(const char *path)
{
	auto_free char *metadata = xasprintf("%s/metadata.json", path);
	auto_free char *image = xasprintf("%s/%s", path, kernel_image_name());
	auto_free char *real = is_file(metadata) && is_file(image) ? real_path(path) : NULL;

	return real ? xstrdup(strrchr(real, '/') + 1) : NULL;
}

int tree_validate(const char *path, struct err *e)
{
	auto_free char *makefile = xasprintf("%s/Makefile", path);
	auto_free char *kconfig = xasprintf("%s/Kconfig", path);
	auto_free char *source = NULL, *key = NULL;

	if (path_exists(makefile) && path_exists(kconfig))
		return 0;
	source = source_of_output(path);
	key = key_of_entry(path);
	err_set(e,
		"no kernel image found in %s (not a kernel source tree \xe2\x80\x94 "
		"missing Makefile or Kconfig)",
		path);
	if (source)
		return err_hint(e, "make O= builds there: give its sources, %s, which are built in place", source);
	if (key)
		return err_hint(e, "an entry of the kernel cache is named by its key alone: %s", key);
	return err_hint(e, "set KTSTR_KERNEL to a kernel source directory, or give --kernel the directory that "
			   "holds the kernel's top-level Makefile");
}

/* Run git on the worktree at root; words end with NULL. */
static int git(const char *root, const char *const *words, const char *input, struct str *out, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	struct git g = { .dir = root, .input = input, .local = true };

	/* a tree of another user's is fine to look at; its monitor is not to be run */
	strv_add(&argv, "-c");
	strv_add(&argv, "safe.directory=*");
	strv_add(&argv, "-c");
	strv_add(&argv, "core.fsmonitor=false");
	strv_addf(&argv, "--git-dir=%s/.git", root);
	strv_addf(&argv, "--work-tree=%s", root);
	for (; *words; words++)
		strv_add(&argv, *words);
	g.words = (const char *const *)argv.v;
	return git_run(&g, out, e) < 0 ? err_wrap(e, "git state of %s", root) : 0;
}

/* A .git that is there but holds nothing is no repository. */
static bool has_git(const char *root)
{
	auto_free char *dot = xasprintf("%s/.git", root);
	auto_free char *head = xasprintf("%s/.git/HEAD", root);

	return is_dir(dot) ? path_exists(head) : is_file(dot);
}

/* Take the next line off text; NULL at the end. */
static char *next_line(char **text)
{
	return strsep(text, "\n");
}

/* The files whose stat data prove nothing: does git hash them to the ids the
 * index has? Names with a line end, or too many of them, are left to git. */
static bool contents_same(const char *root, const struct strv *doubtful)
{
	static const char *const words[] = { "hash-object", "--stdin-paths", NULL };
	auto_str struct str paths = { 0 }, ids = { 0 };
	struct err ignored;
	char *at, *id;

	if (!doubtful->n)
		return true;
	for (size_t i = 0; i < doubtful->n; i++) {
		const char *path = strchr(doubtful->v[i], ' ') + 1;

		if (strchr(path, '\n') || path[0] == '"' || paths.len + strlen(path) > DOUBTFUL_BYTES)
			return false;
		str_addf(&paths, "%s\n", path);
	}
	if (git(root, words, paths.s, &ids, &ignored) < 0)
		return false;
	at = ids.s;
	for (size_t i = 0; i < doubtful->n; i++) {
		id = at ? next_line(&at) : NULL;
		if (!id || !starts_with(doubtful->v[i], id) || strlen(id) < 40)
			return false;
	}
	return true;
}

static bool proved_clean(const char *root, const char *index, const char *tree)
{
	struct git_index_check c;
	struct err ignored;
	bool clean = git_index_compare(index, root, tree, &c, &ignored) == 0 && c.same_tree && !c.unusual &&
		     !c.differs && contents_same(root, &c.doubtful);

	git_index_check_release(&c);
	return clean;
}

static int git_status(const char *root, bool *dirty, struct err *e)
{
	static const char *const words[] = { "status", "--porcelain", "-uno", "--ignore-submodules=all", NULL };
	auto_str struct str out = { 0 };

	if (git(root, words, NULL, &out, e) < 0)
		return -1;
	*dirty = out.len != 0;
	return 0;
}

/* Why git does not say what HEAD is. */
static int no_commit(const char *path, struct err *e)
{
	if (!strstr(e->text, "HEAD^{commit}"))
		return err_hint(e, "repair the repository, or remove .git to build the tree uncached");
	err_set(e, "git state of %s: HEAD names no commit yet", path);
	return err_hint(e, "commit the sources, or remove .git to build them uncached");
}

static int probe_git(struct tree_state *t, struct err *e)
{
	/* the last two fail, and end it, where HEAD is of something else than the
	 * sources: of a package's debian directory, say */
	static const char *const words[] = { "rev-parse", "HEAD^{commit}", "HEAD^{tree}",  "--git-path",
					     "index",     "HEAD:Makefile", "HEAD:Kconfig", NULL };
	auto_str struct str out = { 0 };
	auto_free char *what = xasprintf("%s is a git tree", t->path);
	char *at, *commit, *tree, *index;
	bool has_sources;

	if (git_check(what, e) < 0)
		return err_hint(e, "install git, or remove .git to build the tree uncached");
	has_sources = git(t->path, words, NULL, &out, e) == 0;
	if (!has_sources && !strstr(e->text, " in 'HEAD'"))
		return no_commit(t->path, e);
	at = out.s;
	commit = at ? next_line(&at) : NULL;
	tree = at ? next_line(&at) : NULL;
	index = at ? next_line(&at) : NULL;
	if (!index || strlen(commit) < 40 || strlen(commit) >= sizeof(t->hash))
		return err_set(e, "git state of %s: git rev-parse gave no commit", t->path);
	t->is_git = true;
	memcpy(t->hash, commit, strlen(commit) + 1);
	t->dirty = !has_sources;
	if (has_sources && !proved_clean(t->path, index, tree) && git_status(t->path, &t->dirty, e) < 0)
		return -1;
	if (!t->dirty)
		memcpy(t->hash7, t->hash, 7);
	return 0;
}

static int probe_config(struct tree_state *t, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", t->path);

	if (crc32_file(path, t->user_config, e) == 0)
		t->has_config = true;
	else if (errno != ENOENT)
		return -1;
	return 0;
}

int tree_probe(const char *path, struct tree_state *t, struct err *e)
{
	*t = (struct tree_state){ .path = real_path(path), .dirty = true };
	if (!t->path)
		return err_sys(e, "path does not exist or cannot be canonicalized: %s", path);
	if (probe_config(t, e) < 0)
		return -1;
	return has_git(t->path) ? probe_git(t, e) : 0;
}

void tree_forget_config(struct tree_state *t)
{
	t->has_config = false;
	t->user_config[0] = '\0';
}

char *tree_key(const struct tree_state *t, const struct key_config *c)
{
	return key_of_tree(c, t->path, t->hash7, t->has_config ? t->user_config : NULL);
}

void tree_state_release(struct tree_state *t)
{
	free(t->path);
	*t = (struct tree_state){ 0 };
}
