/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/provenance.h"

#include <ctype.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "json/read.h"
#include "kernel/cache.h"

const char *run_source(void)
{
	return env_get(ENV_CI) ? "ci" : "local";
}

/* One difference is enough to know. */
static int stop_at_first(const git_diff *diff, const git_diff_delta *delta, const char *path, void *found)
{
	(void)diff;
	(void)delta;
	(void)path;
	*(bool *)found = true;
	return -1;
}

static bool head_differs(git_repository *repo, git_index *index, const git_diff_options *opts)
{
	git_object *tree = NULL;
	git_diff *diff = NULL;

	if (git_revparse_single(&tree, repo, "HEAD^{tree}") == 0)
		git_diff_tree_to_index(&diff, repo, (git_tree *)tree, index, opts);
	git_diff_free(diff);
	git_object_free(tree);
	return *(bool *)opts->payload;
}

static bool is_dirty(git_repository *repo)
{
	git_diff_options opts = GIT_DIFF_OPTIONS_INIT;
	git_index *index = NULL;
	git_diff *diff = NULL;
	bool found = false;

	opts.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
	opts.notify_cb = stop_at_first;
	opts.payload = &found;
	/* a repository without an index has nothing to differ from */
	if (git_repository_index(&index, repo) < 0 || !git_index_path(index) || !path_exists(git_index_path(index))) {
		git_index_free(index);
		return false;
	}
	if (!head_differs(repo, index, &opts) && !git_repository_is_bare(repo))
		git_diff_index_to_workdir(&diff, repo, index, &opts);
	git_diff_free(diff);
	git_index_free(index);
	return found;
}

static char *commit_at(const char *path, unsigned flags)
{
	git_repository *repo = NULL;
	char hex[GIT_OID_HEXSZ + 1], *commit = NULL;
	git_oid head;

	git_libgit2_init();
	/* read only: a tree that belongs to someone else is as good */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (git_repository_open_ext(&repo, path, flags, NULL) == 0 &&
	    git_reference_name_to_id(&head, repo, "HEAD") == 0) {
		git_oid_tostr(hex, sizeof(hex), &head);
		commit = xasprintf("%.7s%s", hex, is_dirty(repo) ? "-dirty" : "");
	}
	git_repository_free(repo);
	git_libgit2_shutdown();
	return commit;
}

char *project_commit(void)
{
	return commit_at(".", GIT_REPOSITORY_OPEN_CROSS_FS);
}

/* What provenance needs of a cache entry's metadata.json. */
struct metadata {
	bool found;
	char *version;
	char *tree; /* a local source's path */
};

static void metadata_release(struct metadata *m)
{
	free(m->version);
	free(m->tree);
}

static void read_source(struct jr *r, struct metadata *m)
{
	bool local = false;
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "type")) {
			local = jr_str_is(r, "local");
		} else if (key_is(&k, "source_tree_path")) {
			free(m->tree);
			m->tree = jr_str_or_null(r);
		} else {
			jr_skip(r);
		}
	if (local)
		return;
	free(m->tree);
	m->tree = NULL;
}

static struct metadata metadata_of(const char *dir)
{
	auto_free char *path = xasprintf("%s/metadata.json", dir);
	auto_str struct str text = { 0 };
	struct metadata m = { 0 };
	bool has_source = false;
	struct err ignored;
	struct jkey k;
	struct jr r;

	if (read_file(path, &text, &ignored) < 0)
		return m;
	jr_init(&r, str_c(&text), text.len);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "version")) {
			free(m.version);
			m.version = jr_str_or_null(&r);
		} else if (key_is(&k, "source")) {
			has_source = true;
			read_source(&r, &m);
		} else {
			jr_skip(&r);
		}
	if (jr_end(&r, &ignored) == 0 && has_source) {
		m.found = true;
		return m;
	}
	metadata_release(&m);
	return (struct metadata){ 0 };
}

enum form { FORM_NONE, FORM_PATH, FORM_VERSION, FORM_KEY };

/* "6.14", "6.14.2", "6.15-rc3" */
static bool is_version(const char *s)
{
	int parts = 0;

	for (;; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		while (isdigit((unsigned char)*s))
			s++;
		if (++parts == 3 || *s != '.')
			break;
	}
	if (parts >= 2 && starts_with(s, "-rc") && isdigit((unsigned char)s[3]))
		for (s += 3; isdigit((unsigned char)*s);)
			s++;
	return parts >= 2 && !*s;
}

static enum form form_of(const char *kernel)
{
	if (!*kernel || starts_with(kernel, "git+"))
		return FORM_NONE;
	if (strchr(kernel, '/') || *kernel == '.' || *kernel == '~')
		return FORM_PATH;
	if (strstr(kernel, ".."))
		return FORM_NONE;
	return is_version(kernel) ? FORM_VERSION : FORM_KEY;
}

/* The kernel's words without blanks around them and with "~/" spelled out. */
static char *clean(const char *kernel)
{
	auto_free char *copy = xstrdup(kernel ? kernel : "");
	const char *text = trim(copy), *home = env_get(ENV_HOME);

	if (home && text[0] == '~' && (text[1] == '/' || !text[1]))
		return xasprintf("%s%s", home, text + 1);
	return xstrdup(text);
}

static char *release_of(const char *dir)
{
	auto_free char *path = xasprintf("%s/include/config/kernel.release", dir);

	return file_text(path);
}

static char *take(char **s)
{
	char *text = *s;

	*s = NULL;
	return text;
}

static char *version_by_key(const char *key)
{
	struct cache_entry c = { 0 };
	struct err ignored;
	char *version = NULL;

	if (cache_key_check(key, &ignored) == 0 && cache_find(key, &c, &ignored) == 1)
		version = take(&c.version);
	cache_entry_release(&c);
	return version;
}

char *kernel_version_of(const char *kernel)
{
	auto_free char *text = clean(kernel);
	struct metadata m;
	char *version;

	switch (form_of(text)) {
	case FORM_PATH:
		m = metadata_of(text);
		version = m.found ? take(&m.version) : release_of(text);
		metadata_release(&m);
		return version;
	case FORM_VERSION:
		return xstrdup(text);
	case FORM_KEY:
		return version_by_key(text);
	case FORM_NONE:
		break;
	}
	return NULL;
}

static char *tree_by_key(const char *key)
{
	struct cache_entry c = { 0 };
	struct err ignored;
	char *tree = NULL;

	if (cache_key_check(key, &ignored) == 0 && cache_find(key, &c, &ignored) == 1 && strcmp(c.source, "local") == 0)
		tree = take(&c.source_tree_path);
	cache_entry_release(&c);
	return tree;
}

/* The newest entry of that version that was built from a local tree. */
static char *tree_by_version(const char *version)
{
	struct cache_entry *list = NULL;
	struct err ignored;
	char *tree = NULL;
	size_t n = 0;

	if (cache_list(&list, &n, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct cache_entry *c = &list[i];

		if (!tree && !c->problem && c->version && strcmp(c->version, version) == 0 && c->source &&
		    strcmp(c->source, "local") == 0)
			tree = take(&c->source_tree_path);
		cache_entry_release(c);
	}
	free(list);
	return tree;
}

static char *tree_of(const char *kernel)
{
	struct metadata m;
	char *tree;

	switch (form_of(kernel)) {
	case FORM_PATH:
		m = metadata_of(kernel);
		tree = m.tree ? take(&m.tree) : xstrdup(kernel);
		metadata_release(&m);
		return tree;
	case FORM_VERSION:
		return tree_by_version(kernel);
	case FORM_KEY:
		return tree_by_key(kernel);
	case FORM_NONE:
		break;
	}
	return NULL;
}

char *kernel_tree_of(const char *kernel)
{
	auto_free char *text = clean(kernel);

	return tree_of(text);
}

char *kernel_commit_of(const char *kernel)
{
	auto_free char *tree = kernel_tree_of(kernel);

	return tree ? commit_at(tree, GIT_REPOSITORY_OPEN_NO_SEARCH) : NULL;
}
