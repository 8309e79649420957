/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel source tree: whether it is one, and which state of the source it
 * holds. The answer is the one `git status -uno --ignore-submodules=all`
 * would give, found without reading file contents where the index's stat data
 * vouch for them. Needs the git program for trees that have a .git.
 */
#ifndef SOURCE_TREE_H
#define SOURCE_TREE_H

#include <stdbool.h>

#include "base/err.h"
#include "kernel/key.h"

struct tree_state {
	char *path;          /* canonical */
	bool is_git;         /* the root of a git worktree; a tree nested in another repository is not */
	bool dirty;          /* a tracked file differs from HEAD, or not git */
	char hash[65];       /* full id of HEAD, "" when not git; set for dirty trees too */
	char hash7[8];       /* its first 7 digits, "" unless the tree is clean */
	bool has_config;     /* .config is there */
	char user_config[9]; /* crc32 of .config's bytes, "" without one */
};

/* 0 when path holds a Makefile and a Kconfig; else -1 with the reason and a
 * hint, without "--kernel" in front. */
int tree_validate(const char *path, struct err *e);

/* Look at the tree: 0, or -1 for a path that is not there, a HEAD that names
 * no commit, an index that cannot be read. t needs tree_state_release either way. */
int tree_probe(const char *path, struct tree_state *t, struct err *e);

/* As the tree will be without its .config. */
void tree_forget_config(struct tree_state *t);

/* Its cache key; caller frees. */
char *tree_key(const struct tree_state *t, const struct key_config *c);

void tree_state_release(struct tree_state *t);

#endif
