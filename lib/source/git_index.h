/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A git index compared with the files it describes, by stat data only. It can
 * prove that a worktree is clean; where it cannot, git itself must look.
 */
#ifndef SOURCE_GIT_INDEX_H
#define SOURCE_GIT_INDEX_H

#include <stdbool.h>

#include "base/str.h"

struct git_index_check {
	bool same_tree;       /* the index holds exactly the tree that was asked about */
	bool unusual;         /* something only git can judge: a conflict, a split or sparse index */
	struct strv doubtful; /* "ID PATH" of regular files whose stat data do not vouch for them */
	bool differs;         /* an entry's file is gone or of another kind */
};

/*
 * Read the index file of the worktree at root, compare its cached tree id
 * with tree (hex) and every entry with its file, in two threads. 0, or -1
 * when the file cannot be read or is no index. c needs
 * git_index_check_release either way.
 */
int git_index_compare(const char *index, const char *root, const char *tree, struct git_index_check *c, struct err *e);
void git_index_check_release(struct git_index_check *c);

#endif
