/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which results a program that has no sides looks at: the options of a
 * comparison that stand for both of its sides.
 */
#ifndef COMPARE_PICK_H
#define COMPARE_PICK_H

#include "cli/opt.h"
#include "compare/compare.h"
#include "compare/sides.h"

struct pick {
	struct side_filter side, said; /* said: as it was typed, by pick_resolve */
	const char *text;              /* NULL: any */
};

#define PICK_DIMENSION(p, d, n, a, what) { n, 0, OPT_LIST, &(p)->side.values[d], a, "only this " what "; repeatable" }

/* Rows of an options table, for a static struct pick. */
#define PICK_OPTS(p)                                                                                              \
	{ "filter",                                                                                               \
	  'E',                                                                                                    \
	  OPT_STR,                                                                                                \
	  &(p)->text,                                                                                             \
	  "TEXT",                                                                                                 \
	  "only results whose test, topology, scheduler or work type "                                            \
	  "has it" },                                                                                             \
		PICK_DIMENSION(p, DIM_KERNEL, "kernel", "VERSION", "kernel version, 6.12 meaning all of 6.12.x"), \
		PICK_DIMENSION(p, DIM_SCHEDULER, "scheduler", "NAME", "scheduler"),                               \
		PICK_DIMENSION(p, DIM_TOPOLOGY, "topology", "LABEL", "topology"),                                 \
		PICK_DIMENSION(p, DIM_WORK_TYPE, "work-type", "TYPE", "work type"),                               \
		PICK_DIMENSION(p, DIM_PROJECT_COMMIT, "project-commit", "REV", "commit or range of the project"), \
		PICK_DIMENSION(p, DIM_KERNEL_COMMIT, "kernel-commit", "REV",                                      \
			       "commit or range of the kernel "                                                   \
			       "tree"),                                                                           \
		PICK_DIMENSION(p, DIM_RUN_SOURCE, "run-source", "NAME", "source of runs")

/* Commits are resolved once, under the names of the options they came by:
 * prefix and dimension. 0, or -1 with e for a range without commits. */
int commits_resolve(struct side_filter *f, const char *prefix, struct err *e);

/* Turn revisions into the commits that results name. 0, or -1 with e for a
 * range without commits. Before pick_rows. */
int pick_resolve(struct pick *p, struct err *e);

/* The results it takes; caller releases the selection. */
void pick_rows(const struct pick *p, const struct rows *rows, struct selection *s);

/* Append what it asks for, "kernel 6.12, scheduler scx_a|scx_b"; nothing when
 * it takes all. */
void pick_say(const struct pick *p, struct str *out);

#endif
