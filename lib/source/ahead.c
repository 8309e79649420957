/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/ahead.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lockers.h"
#include "base/str.h"
#include "base/term.h"

#define FIRST_MS 5000    /* the first tree is taken by then, or nobody builds */
#define NEXT_MS  120000  /* the one before may have to be removed first */
#define BUSY_MS  3600000 /* whatever the builder waits for, it is not this */

void ahead_init(struct ahead *a, int out, size_t max)
{
	struct stat st;

	*a = (struct ahead){ .max = fstat(out, &st) == 0 && S_ISFIFO(st.st_mode) ? max : 0, .since = now_ms() };
}

void ahead_release(struct ahead *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i].home);
	free(a->v);
}

void ahead_add(struct ahead *a, const char *tree)
{
	const char *slash = strrchr(tree, '/');
	struct stat st;
	char *home;

	if (!a->max || !slash)
		return;
	home = xstrndup(tree, (size_t)(slash - tree));
	if (stat(home, &st) < 0) {
		free(home);
		return;
	}
	GROW(a->v, a->n, a->cap);
	a->v[a->n++] = (struct ahead_tree){ home, st.st_mtim };
	a->since = now_ms();
}

static bool is_taken(const struct ahead_tree *t)
{
	struct stat st;

	return stat(t->home, &st) < 0 || st.st_mtim.tv_sec != t->touched.tv_sec ||
	       st.st_mtim.tv_nsec != t->touched.tv_nsec;
}

/* Builders take them in the order they left: one that was passed over could
 * not be built. */
static void look(struct ahead *a)
{
	for (size_t i = a->n; i > a->next; i--)
		if (is_taken(&a->v[i - 1])) {
			a->next = i;
			a->since = now_ms();
			a->alone = false;
		}
}

/* Whether somebody holds one of the trees, that is, builds from it. Trying
 * its lock would get into the builder's way. */
static bool is_building(const struct ahead *a)
{
	struct lockers l;
	bool found = false;
	size_t n;

	lockers_read(&l);
	for (size_t i = 0; i < a->n && !found; i++)
		found = lockers_of(&l, a->v[i].home, &n) != NULL;
	lockers_release(&l);
	return found;
}

bool ahead_may(struct ahead *a, size_t running)
{
	long long waited, limit = NEXT_MS;
	size_t begun;

	if (!a->max)
		return true;
	look(a);
	begun = running + a->n - a->next;
	/* the first is not ahead for long */
	if (a->alone || begun < a->max || (!a->next && begun == a->max))
		return true;
	if (a->n == a->next)
		return false; /* those that run will end */
	waited = now_ms() - a->since;
	if (waited > FIRST_MS && is_building(a))
		limit = BUSY_MS;
	else if (!a->next)
		limit = FIRST_MS;
	a->alone = waited > limit;
	return a->alone;
}
