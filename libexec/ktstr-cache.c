/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-cache: list, look into and clean the kernel cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "kernel/cache_show.h"

static bool json, force, corrupt_only;
static long keep = -1;

static const char *jq;
static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "list: one JSON document; verify: a line of JSON for each entry" },
	JQ_OPT(&jq),
	{ .name = "keep",
	  .type = OPT_INT,
	  .to = &keep,
	  .arg = "N",
	  .help = "clean: keep the N newest valid entries",
	  .min = 0,
	  .max = 1 << 30 },
	{ "force", 0, OPT_FLAG, &force, NULL, "clean: do not ask" },
	{ .name = "corrupt-only",
	  .type = OPT_FLAG,
	  .to = &corrupt_only,
	  .help = "clean: only entries that cannot be used",
	  .conflicts = "keep" },
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-cache",
	.args = "list | find KEY | newest | verify [KEY...] | clean",
	.about = "list, look into and clean the kernel cache",
	.detail = "list     every entry, newest first, corrupt ones last\n"
		  "find     one entry as a JSON line; exit 1 when it is not cached\n"
		  "newest   the entry a test takes when no kernel is named, as a JSON line\n"
		  "verify   read entries whole and compare them with their checksums\n"
		  "clean    remove entries, after a question on the terminal; those in use stay\n"
		  "\n"
		  "A JSON entry without a problem has arch, built_at, config_hash, eol, extra_kconfig_hash,\n"
		  "has_vmlinux, image_name, image_path, kconfig_status, key, ktstr_kconfig_hash, path, source,\n"
		  "version and vmlinux_stripped; a corrupt one has error, error_kind, key and path.",
	.opts = opts,
	.min_args = 1,
	.max_args = -1,
};

static struct cache_view view;

static void release_all(struct cache_entry *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cache_entry_release(&list[i]);
	free(list);
}

/* Said where it makes a difference. */
static void say_unknown_eol(const struct cache_entry *list, size_t n)
{
	for (size_t i = 0; i < n && !view.knows_active; i++)
		if (!list[i].problem && list[i].version) {
			say_line("kernel list: %s; EOL annotation disabled for this run", view.unknown.text);
			return;
		}
}

static void list_text(const struct cache_entry *list, size_t n, const char *root)
{
	struct cache_tags seen;

	say_unknown_eol(list, n);
	fprintf(stderr, "cache: %s\n", root);
	if (!n) {
		puts("no cached kernels. Run `kernel build` to download and build a kernel.");
		return;
	}
	cache_show_rows(&view, list, n, &seen);
	cache_show_legends(&view, &seen, root);
}

static void list_json(const struct cache_entry *list, size_t n)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 2);
	cache_put_list(&w, &view, list, n);
	puts(out.s);
}

static int list_verb(char **words, int n_words, struct err *e)
{
	auto_free char *root = cache_root(e);
	struct cache_entry *list;
	size_t n;

	(void)words, (void)n_words;
	if (!root || cache_list(&list, &n, e) < 0)
		return -1;
	if (json)
		list_json(list, n);
	else
		list_text(list, n, root);
	release_all(list, n);
	return 0;
}

/* One entry as a line; why says that there is none. */
static int print_one(int rc, struct cache_entry *c, const char *why, struct err *e)
{
	auto_str struct str out = { 0 };
	struct jw w;

	if (rc == 1) {
		jw_init(&w, &out, 0);
		cache_put_entry(&w, &view, c);
		puts(out.s);
	} else if (rc == 0 && c->problem) {
		err_set(e, "%s: %s", why, c->problem);
	} else if (rc == 0) {
		err_set(e, "%s", why);
	}
	cache_entry_release(c);
	return rc == 1 ? 0 : -1;
}

static int find_verb(char **words, int n, struct err *e)
{
	auto_free char *why = NULL;
	struct cache_entry c;

	if (!n)
		die_usage("find needs a KEY");
	why = xasprintf("cache key %s not found", words[0]);
	return print_one(cache_find(words[0], &c, e), &c, why, e);
}

static int newest_verb(char **words, int n, struct err *e)
{
	struct cache_entry c;

	(void)words, (void)n;
	return print_one(cache_newest(&c, e), &c, "no usable kernel is cached", e);
}

/* --- verify --- */

static bool is_wanted(const char *key, char **words, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], key) == 0)
			return true;
	return n == 0;
}

static int check_known(const struct cache_entry *list, size_t n, char **words, int n_words, struct err *e)
{
	for (int w = 0; w < n_words; w++) {
		size_t i = 0;

		while (i < n && strcmp(list[i].key, words[w]) != 0)
			i++;
		if (i == n)
			return err_set(e, "cache key %s not found", words[w]);
	}
	return 0;
}

static void say_verified(const struct cache_entry *c, const char *problem)
{
	auto_str struct str out = { 0 };
	struct jw w;

	if (!json) {
		printf("%s: %s\n", c->key, problem ? problem : c->n_sums ? "ok" : "ok, without checksums");
		return;
	}
	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_key_str(&w, "key", c->key);
	jw_key_str(&w, "path", c->dir);
	jw_key_bool(&w, "checksums", c->n_sums > 0);
	jw_key_str(&w, "error", problem);
	jw_end(&w);
	puts(out.s);
}

static int verify_verb(char **words, int n_words, struct err *e)
{
	struct cache_entry *list;
	size_t n, bad = 0;
	int rc;

	if (cache_list(&list, &n, e) < 0)
		return -1;
	rc = check_known(list, n, words, n_words, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct err why;
		bool good;

		if (!is_wanted(list[i].key, words, n_words))
			continue;
		good = cache_verify(&list[i], &why) == 0;

		say_verified(&list[i], good ? NULL : why.text);
		bad += !good;
	}
	release_all(list, n);
	if (rc == 0 && bad) {
		err_set(e, "%zu corrupt %s", bad, bad == 1 ? "entry" : "entries");
		rc = err_hint(e, "build with --force, which replaces an entry, or remove it: cargo ktstr kernel clean");
	}
	return rc;
}

/* --- clean --- */

/* Move what is to go to the front: *n of them. The list is sorted, newest
 * valid ones first. */
static void select_entries(struct cache_entry *list, size_t *n)
{
	size_t all = *n, valid = 0;

	*n = 0;
	for (size_t i = 0; i < all; i++) {
		bool stays = !list[i].problem && (corrupt_only || (long)valid++ < keep);

		if (stays)
			cache_entry_release(&list[i]);
		else
			list[(*n)++] = list[i];
	}
}

static unsigned long long size_of(const struct cache_entry *c)
{
	static const char *const names[] = { "bzImage", "Image", "vmlinux", "vmlinux.btf", "metadata.json" };
	unsigned long long sum = 0;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", c->dir, names[i]);

		if (lstat(path, &st) == 0)
			sum += (unsigned long long)st.st_size;
	}
	return sum;
}

static void add_size(struct str *text, const struct cache_entry *list, size_t n)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += size_of(&list[i]);
	str_add_size(text, sum);
}

/* 1: yes. */
static int ask(const struct cache_entry *list, size_t n, struct err *e)
{
	auto_str struct str size = { 0 };
	struct cache_tags seen;
	char answer[64];

	if (!isatty(STDIN_FILENO))
		return err_set(e, "confirmation requires a terminal. Use --force to skip.");
	puts("the following entries will be removed:");
	cache_show_rows(&view, list, n, &seen);
	fflush(stdout);
	add_size(&size, list, n);
	fprintf(stderr, "they take %s.\nremove %zu entries? [y/N] ", size.s, n);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0)
		return 1;
	puts("aborted");
	return 0;
}

static int remove_all(const struct cache_entry *list, size_t n, struct err *e)
{
	unsigned long long freed = 0;
	size_t removed = 0, failed = 0;
	struct err why, last = { 0 };

	for (size_t i = 0; i < n; i++) {
		unsigned long long size = size_of(&list[i]);
		int rc = cache_remove(&list[i], &why);

		if (rc == 0) {
			removed++;
			freed += size;
		} else if (rc > 0) {
			note("kept %s: %s", list[i].key, why.text);
		} else {
			failed++;
			err_set(&last, "remove %s: %s", list[i].key, why.text);
		}
	}
	auto_str struct str size = { 0 };

	str_add_size(&size, freed);
	printf("removed %zu cached kernel(s).\n", removed);
	if (removed)
		note("%s freed", size.s);
	return failed ? err_set(e, "removed %zu of %zu entries; %s", removed, n, last.text) : 0;
}

static int clean_verb(char **words, int n_words, struct err *e)
{
	auto_free char *root = cache_root(e);
	struct cache_entry *list;
	size_t n;
	int rc = 1;

	(void)words, (void)n_words;
	if (json)
		die_usage("clean prints no JSON");
	if (!root || cache_list(&list, &n, e) < 0)
		return -1;
	select_entries(list, &n);
	if (!n)
		puts("nothing to clean");
	else if (!force)
		rc = ask(list, n, e);
	if (rc == 1 && n)
		rc = remove_all(list, n, e);
	if (rc >= 0 && access(root, W_OK) == 0)
		cache_sweep(root);
	release_all(list, n);
	return rc < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int max_words; /* behind the verb; -1: any number */
	int (*fn)(char **words, int n, struct err *e);
} verbs[] = {
	{ "list", 0, list_verb },      { "find", 1, find_verb },   { "newest", 0, newest_verb },
	{ "verify", -1, verify_verb }, { "clean", 0, clean_verb },
};

int main(int argc, char **argv)
{
	struct err e;
	int n;
	char **words = start(&program, argc, argv, &n);

	jq_begin(jq);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(words[0], verbs[i].name) != 0)
			continue;
		if (verbs[i].max_words >= 0 && n - 1 > verbs[i].max_words)
			die_usage("unexpected argument '%s' found", words[verbs[i].max_words + 1]);
		if (cache_view_load(&view, &e) < 0 || verbs[i].fn(words + 1, n - 1, &e) < 0)
			die_err(&e);
		cache_view_release(&view);
		return finish(0);
	}
	die_usage("unrecognized subcommand '%s'", words[0]);
}
