/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/arch.h"
#include "kernel/cache.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "json/read.h"
#include "kernel/cache_meta.h"
#include "kernel/key.h"
#include "kernel/vmlinux.h"

#define SET_CACHE_DIR "set KTSTR_CACHE_DIR to the directory to use"

void cache_entry_release(struct cache_entry *c)
{
	char *owned[] = {
		c->key,         c->dir,          c->image,      c->version, c->source,       c->source_tree_path,
		c->git_hash,    c->git_ref,      c->git_url,    c->arch,    c->image_name,   c->built_at,
		c->config_hash, c->kconfig_hash, c->extra_hash, c->problem, c->problem_kind, c->stored_key,
		c->commit
	};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free(owned[i]);
	for (size_t i = 0; i < c->n_sums; i++)
		free(c->sums[i].name);
	free(c->sums);
	*c = (struct cache_entry){ 0 };
}

static char *under_home(const char *part, struct err *e)
{
	const char *home = env_get(ENV_HOME);

	if (!env_present(ENV_HOME))
		err_set(e, "HOME is unset; " SET_CACHE_DIR);
	else if (!home)
		err_set(e, "HOME is set to the empty string; " SET_CACHE_DIR);
	else if (strcmp(home, "/") == 0)
		err_set(e, "HOME is `/`; the cache would be /.cache/ktstr; " SET_CACHE_DIR);
	else if (home[0] != '/')
		err_set(e, "HOME=\"%s\" is not an absolute path; " SET_CACHE_DIR, home);
	else
		return xasprintf("%s/.cache/ktstr/%s", home, part);
	return NULL;
}

char *cache_place(const char *part, struct err *e)
{
	const char *dir = env_get(ENV_CACHE_DIR), *xdg = env_get(ENV_XDG_CACHE_HOME);

	if (dir && !utf8_valid(dir, strlen(dir))) {
		err_set(e, "KTSTR_CACHE_DIR is not valid UTF-8: %s", dir);
		return NULL;
	}
	if (dir)
		return xstrdup(dir);
	return xdg ? xasprintf("%s/ktstr/%s", xdg, part) : under_home(part, e);
}

char *cache_root(struct err *e)
{
	return cache_place("kernels", e);
}

/* Entries are handed to programs that run in other directories. */
char *cache_absolute_root(struct err *e)
{
	char *root = cache_root(e), *full;
	auto_free char *here = NULL;

	if (!root || root[0] == '/')
		return root;
	here = real_path(".");
	if (!here) {
		err_sys(e, "current directory");
		free(root);
		return NULL;
	}
	full = xasprintf("%s/%s", here, root);
	free(root);
	return full;
}

int cache_check_writable(const char *root, struct err *e)
{
	if (make_dirs(root, e) == 0 && access(root, W_OK) == 0)
		return 0;
	err_sys(e, "write to the kernel cache %s", root);
	return err_hint(e, "set KTSTR_CACHE_DIR to a directory that can be written");
}

int cache_key_check(const char *key, struct err *e)
{
	if (!key[strspn(key, " \t\r\n")])
		return err_set(e, "cache key is blank");
	if (strpbrk(key, "/\\"))
		return err_set(e, "cache key %s holds a path separator", key);
	if (key[0] == '.' || strstr(key, ".."))
		return err_set(e, "cache key %s begins with a dot or holds two of them", key);
	return 0;
}

/* A root that is no directory is an error; one that is not there is empty. */
static int check_root(const char *root, struct err *e)
{
	struct stat st;

	if (stat(root, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 1;
		errno = ENOTDIR;
	} else if (errno == ENOENT) {
		return 0;
	}
	return err_set(e, "read cache %s: %s (os error %d)", root, strerror(errno), errno);
}

static void load(const char *root, const char *key, struct cache_entry *c)
{
	*c = (struct cache_entry){ .key = xstrdup(key), .dir = xasprintf("%s/%s", root, key) };
	cache_meta_load(c);
}

void cache_load(const char *dir, struct cache_entry *c)
{
	const char *slash = strrchr(dir, '/');

	*c = (struct cache_entry){ .key = xstrdup(slash ? slash + 1 : dir), .dir = xstrdup(dir) };
	cache_meta_load(c);
}

/* Removed since its name was read. */
static bool is_gone(const struct cache_entry *c)
{
	return c->problem && !is_dir(c->dir);
}

int cache_find(const char *key, struct cache_entry *c, struct err *e)
{
	auto_free char *root = cache_absolute_root(e);
	int rc;

	*c = (struct cache_entry){ 0 };
	if (!root)
		return -1;
	rc = check_root(root, e);
	if (rc <= 0)
		return rc;
	if (cache_key_check(key, e) < 0) {
		warn("%s", e->text);
		return 0;
	}
	load(root, key, c);
	if (!c->problem)
		return 1;
	if (is_gone(c))
		cache_entry_release(c);
	return 0;
}

/* Newest first; entries that are no good behind the others. */
static int compare(const void *a, const void *b)
{
	const struct cache_entry *x = a, *y = b;
	int rc;

	if (!x->problem != !y->problem)
		return x->problem ? 1 : -1;
	rc = x->problem ? 0 : strcmp(y->built_at, x->built_at);
	return rc ? rc : strcmp(x->key, y->key);
}

/* Load the entries whose name begins and ends so. */
static int load_matching(const char *prefix, const char *suffix, struct cache_entry **list, size_t *n, struct err *e)
{
	auto_free char *root = cache_absolute_root(e);
	struct dirent *d;
	size_t cap = 0;
	int rc;
	DIR *dir;

	*list = NULL;
	*n = 0;
	if (!root)
		return -1;
	rc = check_root(root, e);
	if (rc <= 0)
		return rc;
	dir = opendir(root);
	if (!dir)
		return err_set(e, "read cache %s: %s (os error %d)", root, strerror(errno), errno);
	while ((d = readdir(dir))) {
		auto_free char *path = NULL;

		if (d->d_name[0] == '.' || !starts_with(d->d_name, prefix) || !ends_with(d->d_name, suffix) ||
		    !utf8_valid(d->d_name, strlen(d->d_name)))
			continue;
		path = xasprintf("%s/%s", root, d->d_name);
		if (d->d_type != DT_DIR && !is_dir(path))
			continue;
		GROW(*list, *n, cap);
		load(root, d->d_name, &(*list)[*n]);
		if (cache_is_foreign(&(*list)[*n]) || is_gone(&(*list)[*n]))
			cache_entry_release(&(*list)[*n]);
		else
			++*n;
	}
	closedir(dir);
	if (*n)
		qsort(*list, *n, sizeof(**list), compare);
	return 0;
}

int cache_list(struct cache_entry **list, size_t *n, struct err *e)
{
	return load_matching("", "", list, n, e);
}

/* Keep list[keep] in c, or nothing for keep == n; release the rest. */
static int take_one(struct cache_entry *list, size_t n, size_t keep, struct cache_entry *c)
{
	for (size_t i = 0; i < n; i++)
		if (i == keep)
			*c = list[i];
		else
			cache_entry_release(&list[i]);
	free(list);
	return keep < n;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Whether tests may take it unasked: for this machine, and with our fragment. */
static bool is_ours(const struct cache_entry *c, const struct key_config *ours)
{
	const char *kconfig = c->kconfig_hash;

	return !c->problem && same(c->arch, kernel_arch()) &&
	       (!kconfig || !ours || same(kconfig, ours->kconfig) || same(kconfig, CACHE_KCONFIG_0_5_2));
}

static int has_symbols(const struct cache_entry *c, struct err *e)
{
	auto_free char *path = xasprintf("%s/vmlinux", c->dir);

	return c->has_vmlinux ? vmlinux_check(path, e) : err_set(e, "it has none");
}

/* The first whose vmlinux tells what is in a guest's memory, or n. */
static size_t best(const struct cache_entry *list, size_t n, const struct key_config *ours)
{
	size_t i, first = n, skipped = 0;
	struct err why = { 0 };

	for (i = 0; i < n; i++) {
		struct err here;

		if (!is_ours(&list[i], ours))
			continue;
		if (has_symbols(&list[i], &here) == 0)
			break;
		if (!skipped++) {
			first = i;
			why = here;
		}
	}
	if (skipped == 1)
		warn("skipping cached kernel with unusable vmlinux: %s: %s", list[first].key, why.text);
	else if (skipped)
		warn("skipping %zu cached kernels with unusable vmlinux, the newest of them %s: %s", skipped,
		     list[first].key, why.text);
	return i;
}

int cache_newest(struct cache_entry *c, struct err *e)
{
	struct cache_entry *list;
	struct key_config ours;
	struct err ignored;
	bool know = key_config_load(&ours, false, NULL, &ignored) == 0;
	size_t n;

	*c = (struct cache_entry){ 0 };
	if (cache_list(&list, &n, e) < 0)
		return -1;
	return take_one(list, n, best(list, n, know ? &ours : NULL), c);
}

/* "{prefix}-cfg{config}{suffix}" split up; false for keys of other shapes. */
static bool split_cfg(const char *key, char **prefix, char config[9], char **suffix)
{
	const char *at = starts_with(key, "local-") ? strstr(key, "-cfg") : NULL;

	if (!at || strlen(at) < 13 || at[12] != '-')
		return false;
	for (int i = 0; i < 8; i++)
		if (!isxdigit((unsigned char)at[4 + i]))
			return false;
	memcpy(config, at + 4, 8);
	config[8] = '\0';
	*prefix = xstrndup(key, (size_t)(at - key) + 1);
	*suffix = xstrdup(at + 12);
	return true;
}

/* An entry of the same commit whose build ended with that .config. */
static int find_same_config(const char *key, struct cache_entry *c, struct err *e)
{
	auto_free char *prefix = NULL, *suffix = NULL;
	struct cache_entry *list;
	char config[9];
	size_t n, i;

	if (!split_cfg(key, &prefix, config, &suffix))
		return 0;
	if (load_matching(prefix, suffix, &list, &n, e) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (!list[i].problem && same(list[i].config_hash, config))
			break;
	return take_one(list, n, i, c);
}

/* The key ktstr 0.5.2 would give the same kernel, or NULL. */
static char *older_key(const char *key)
{
	struct key_config ours;
	struct err ignored;
	const char *at = strstr(key, "-kc");

	if (!at || key_config_load(&ours, false, NULL, &ignored) < 0 || !starts_with(at + 3, ours.kconfig) ||
	    strstr(at, "-lean") || strcmp(ours.kconfig, CACHE_KCONFIG_0_5_2) == 0)
		return NULL;
	return xasprintf("%.*s-kc%s%s", (int)(at - key), key, CACHE_KCONFIG_0_5_2, at + 11);
}

static int find_either(const char *key, struct cache_entry *c, struct err *e)
{
	struct cache_entry other;
	int rc = cache_find(key, c, e);

	if (rc == 0)
		rc = find_same_config(key, &other, e);
	else
		return rc;
	if (rc == 1) {
		cache_entry_release(c);
		*c = other;
	}
	return rc;
}

int cache_find_equal(const char *key, struct cache_entry *c, struct err *e)
{
	auto_free char *older = NULL;
	struct cache_entry other;
	int rc = find_either(key, c, e);

	if (rc != 0)
		return rc;
	older = older_key(key);
	rc = older ? find_either(older, &other, e) : 0;
	if (rc == 1) {
		cache_entry_release(c);
		*c = other;
	} else if (rc == 0 && older) {
		cache_entry_release(&other);
	}
	return rc;
}

int cache_find_built(const char *key, const char *commit, struct cache_entry *c, struct err *e)
{
	int rc = cache_find_equal(key, c, e);

	if (rc != 1 || !commit || !c->commit || starts_with(c->commit, commit))
		return rc;
	note("cache entry %s is of another commit, %s", c->key, c->commit);
	cache_entry_release(c);
	return 0;
}
