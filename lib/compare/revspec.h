/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commits as people type them: HEAD~2, a tag, a range. Results name a commit
 * by its first seven hex digits, with "-dirty" behind them for a work tree
 * with changes; text of that form is taken as it is, whatever the repository
 * thinks of it.
 */
#ifndef COMPARE_REVSPEC_H
#define COMPARE_REVSPEC_H

#include "base/str.h"

enum revspec_tree {
	REVSPEC_PROJECT, /* the repository around the current directory */
	REVSPEC_KERNEL,  /* the tree KTSTR_KERNEL stands for */
};

/*
 * Replace each value of an option by the commits it means. What cannot be
 * resolved stays as it is, with a note that says why. -1 for a range without
 * commits, which would match everything or nothing.
 */
int revspec_resolve(struct strv *values, const char *option, enum revspec_tree tree, struct err *e);

#endif
