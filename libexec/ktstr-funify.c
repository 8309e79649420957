/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-funify: JSON with pet names where names were. Reads one document or
 * one a line, keeps none: it can stand in any pipe.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "funify/costume.h"

static const char *seed;
static struct costume costume;
static struct opt opts[] = {
	{ "seed", 0, OPT_STR, &seed, "SEED", "choose the names by this word",
	  "The same seed gives the same names; without one they are new in every run." },
	{ "keys", 0, OPT_FLAG, &costume.keys, NULL, "replace keys too that are no words of a known format" },
	{ "sort-keys", 0, OPT_FLAG, &costume.sort, NULL, "put the members of each object in the order of their keys",
	  "Of several members with one key the last stays. Keeps a whole document in memory." },
	{ "pretty", 0, OPT_FLAG, &costume.pretty, NULL, "print over several lines" },
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-funify",
	.args = "[INPUT]",
	.about = "replace the names in JSON documents by pet names",
	.detail = "INPUT is a file, or - for standard input, with one document or one on each line.",
	.opts = opts,
	.max_args = 1,
};

static void put(size_t n)
{
	if (write_all(STDOUT_FILENO, costume.out.s, n) < 0)
		die_sys("write the documents");
	costume.out.len -= n;
	memmove(costume.out.s, costume.out.s + n, costume.out.len);
	costume.whole -= costume.whole < n ? costume.whole : n;
}

/* Whole documents leave before we wait for more; a part of one only when it
 * grows large. */
static void put_whole(void *unused)
{
	(void)unused;
	if (costume.out.len > 1 << 20 && !costume.sort)
		put(costume.out.len);
	else if (costume.whole)
		put(costume.whole);
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int fd = STDIN_FILENO, rc, n;
	struct err e;
	char **args = start(&program, argc, argv, &n);

	if (n && strcmp(args[0], "-") != 0)
		path = args[0];
	if (path && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		die_sys("read %s", path);
	if (namer_init(&costume.names, seed, &e) < 0)
		die_err(&e);
	rc = costume_walk(&costume, fd, path ? path : "stdin", put_whole, &e);
	put_whole(NULL);
	if (rc < 0)
		die_err(&e);
	return finish(0);
}
