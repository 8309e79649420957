/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far unpacked sources run ahead of who builds from them: a tree takes a
 * gigabyte and a half, and fetching is faster than building. A tree counts
 * until it is taken (who builds touches its directory) or gone.
 *
 * It only bounds where somebody builds from these trees while we run. Into a
 * file, or into a pipe whose reader takes no tree, everything goes at once.
 */
#ifndef SOURCE_AHEAD_H
#define SOURCE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct ahead {
	size_t max; /* trees that wait for the builder; 0: as many as come */
	struct ahead_tree {
		char *home; /* the directory the tree is in */
		struct timespec touched;
	} *v; /* in the order their records leave */
	size_t n, cap;
	size_t next;     /* behind the last one that was taken */
	long long since; /* ms; nothing has left or been taken since */
	bool alone;      /* nobody seems to build from them */
};

/* Records leave through out. */
void ahead_init(struct ahead *a, int out, size_t max);
void ahead_release(struct ahead *a);

/* The record of a tree is about to leave. */
void ahead_add(struct ahead *a, const char *tree);

/* Whether one more may be fetched while so many others are. When not, ask
 * again soon: it gets true by itself. */
bool ahead_may(struct ahead *a, size_t running);

#endif
