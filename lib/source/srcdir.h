/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where unpacked sources wait to be built: ${TMPDIR:-/tmp}/ktstr-src-{uid}/
 * {key}/{tree}. A tree appears by rename once it is complete and verified, so
 * whatever is there can be built. Who builds from one holds its key directory
 * shared; one that nobody holds may be removed.
 */
#ifndef SOURCE_SRCDIR_H
#define SOURCE_SRCDIR_H

#include "base/file.h"
#include "base/lock.h"

struct srcdir {
	char *root;
	struct lock lock; /* on the key, so that it is fetched once */
};

/* Make the directory (0700, ours), sweep what is left over there, and wait
 * for the lock on key: 0, or -1. Needs srcdir_close either way. */
int srcdir_open(struct srcdir *s, const char *key, struct err *e);
void srcdir_close(struct srcdir *s);

/* The complete tree of key, or NULL; caller frees. */
char *srcdir_find(const struct srcdir *s, const char *key);

/* A staging directory that dies with us. */
int srcdir_stage(const struct srcdir *s, struct temp_dir *stage, struct err *e);

/* Put stage, which holds the tree top and nothing else, in place as key:
 * the tree's path (caller frees), or NULL. stage is released on success. */
char *srcdir_publish(const struct srcdir *s, struct temp_dir *stage, const char *key, const char *top, struct err *e);

/* Whether the path is one of such a tree, by its names alone. Anything else
 * that a record calls temporary is not ours to remove. */
bool srcdir_is_ours(const char *tree);

/* Hold a tree while building from it: a descriptor, or -1. */
int srcdir_hold(const char *tree, struct err *e);

/* Let go of a tree and remove it unless somebody else holds it. */
void srcdir_discard(const char *tree, int fd);

#endif
