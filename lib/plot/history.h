/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of commits, as git has it: a commit comes behind its parents, and
 * among those that are not related the earlier committed one is first.
 */
#ifndef PLOT_HISTORY_H
#define PLOT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct commit {
	char *name;      /* as results have it: seven or more hex digits */
	char *subject;   /* first line of its message; NULL when it is not there */
	long long time;  /* committed, seconds since 1970 */
	const char *why; /* why it has no place: "not in this repository"; NULL when it has */
	size_t place;    /* from 0 */
};

struct history {
	struct commit *v; /* those with a place first, in order */
	size_t n, placed;
};

/*
 * Order the named commits (hex digits, each once) by the repository around
 * dir. -1 with e when there is none, or it cannot be read. Of a shallow
 * one the commits it holds are ordered, by time where their parents are missing.
 */
int history_of(struct history *h, const char *dir, const struct strv *names, struct err *e);
void history_release(struct history *h);

/* The commit of that name, or NULL. */
const struct commit *history_find(const struct history *h, const char *name);

#endif
