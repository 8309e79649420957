/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of lib/kernel that no program shows alone, for the tests:
 * kernel VERB ARGUMENT...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/proc.h"
#include "build/objects.h"
#include "kernel/age.h"
#include "kernel/cache.h"
#include "source/git_remote.h"
#include "kernel/key.h"
#include "kernel/label.h"
#include "kernel/strip.h"
#include "source/tree.h"
#include "kernel/version.h"

static int show(char *text)
{
	puts(text);
	free(text);
	return 0;
}

static int crc(char **a)
{
	char hex[9];

	crc32_hex(crc32_bytes(0, a[0], strlen(a[0])), hex);
	puts(hex);
	return 0;
}

static int compare(char **a)
{
	struct version x, y;
	int order;

	if (version_parse(a[0], strlen(a[0]), &x) < 0 || version_parse(a[1], strlen(a[1]), &y) < 0)
		return 2;
	order = version_cmp(&x, &y);
	puts(order < 0 ? "<" : order > 0 ? ">" : "=");
	return 0;
}

static int label_path(char **a)
{
	return show(label_of_path(a[0]));
}

static int label_key(char **a)
{
	return show(label_of_key(a[0]));
}

static int label_git(char **a)
{
	return show(label_of_git(a[0], a[1]));
}

static int url_public(char **a)
{
	return show(git_url_public(a[0]));
}

static int sanitize(char **a)
{
	return show(label_sanitize(a[0]));
}

static int age(char **a)
{
	struct str out = { 0 };

	str_add_age(&out, strtoull(a[0], NULL, 10));
	return show(str_take(&out));
}

static int stamp(char **a)
{
	int64_t seconds;

	if (stamp_parse(a[0], &seconds) < 0)
		return 1;
	printf("%lld\n", (long long)seconds);
	return 0;
}

static int key_check(char **a)
{
	struct err e;

	return cache_key_check(a[0], &e) < 0;
}

static int root(char **a)
{
	struct err e;
	char *path = cache_root(&e);

	(void)a;
	if (!path)
		die_err(&e);
	return show(path);
}

static int extra_key(char **a)
{
	struct key_config c;
	struct err e;

	if (key_config_load(&c, true, a[0], &e) < 0)
		die_err(&e);
	return show(key_of_version(&c, "6.14.2"));
}

static int probe(char **a)
{
	struct tree_state t;
	struct err e;

	if (tree_probe(a[0], &t, &e) < 0)
		die_err(&e);
	printf("git=%d dirty=%d hash7=%s hash=%s config=%s\n", t.is_git, t.dirty, t.hash7, t.hash, t.user_config);
	tree_state_release(&t);
	return 0;
}

/* Hold KEY across an exec of the rest. */
static int hold(char **a)
{
	struct lock l;
	struct err e;

	if (cache_hold(a[0], &l, true, &e) != 0)
		die_err(&e);
	exec_replace(a + 1, &e);
	die_err(&e);
}

/* Store IMAGE and, unless it is "-", VMLINUX under KEY. */
static int store(char **a)
{
	struct cache_new n = { .key = a[0], .version = "6.12.9", .source = "tarball", .image = a[1], .force = true };
	struct err e;
	char *dir;

	if (strcmp(a[2], "-") != 0)
		n.vmlinux = a[2];
	if (cache_store(&n, &dir, &e) < 0)
		die_err(&e);
	return show(dir);
}

static int strip(char **a)
{
	struct err e;

	if (strip_vmlinux(a[0], a[1], &e) < 0)
		die_err(&e);
	return 0;
}

/* Estimate for TREE, with modules unless the word is "-". */
static int objects(char **a)
{
	printf("%lu\n", objects_estimate(a[0], strcmp(a[1], "-") != 0));
	return 0;
}

static const struct {
	const char *verb;
	int (*fn)(char **);
	int n;
} verbs[] = {
	{ "crc", crc, 1 },
	{ "compare", compare, 2 },
	{ "label-path", label_path, 1 },
	{ "label-key", label_key, 1 },
	{ "label-git", label_git, 2 },
	{ "git-url-public", url_public, 1 },
	{ "sanitize", sanitize, 1 },
	{ "age", age, 1 },
	{ "stamp", stamp, 1 },
	{ "key-check", key_check, 1 },
	{ "root", root, 0 },
	{ "extra-key", extra_key, 1 },
	{ "probe", probe, 1 },
	{ "hold", hold, 2 },
	{ "store", store, 3 },
	{ "strip", strip, 2 },
	{ "objects", objects, 2 },
};

int main(int argc, char **argv)
{
	prog_name = "kernel";
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[1], verbs[i].verb) == 0 && argc - 2 >= verbs[i].n)
			return finish(verbs[i].fn(argv + 2));
	die_usage("unknown verb, or too few arguments");
}
