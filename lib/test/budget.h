/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTSTR_BUDGET_SECS: of everything that could be listed, what covers the most
 * kinds of configurations in that time.
 */
#ifndef TEST_BUDGET_H
#define TEST_BUDGET_H

#include "test/select.h"

struct candidate {
	char *name; /* as listed, without ": test" */
	const struct ktstr_test *test;
	struct topology topo;
	bool variant;
	bool chosen; /* out */
};

/* The kinds of configuration a candidate covers, a bit each. */
uint64_t candidate_features(const struct candidate *c);
/* What it is taken to cost, in seconds. */
double candidate_cost(const struct candidate *c);

/* Mark what is chosen: again and again the one with the most new features a
 * second that still fits. Says on stderr how much that is. */
void budget_choose(struct candidate *list, size_t n, double seconds);

/* KTSTR_BUDGET_SECS as a number above zero, or 0 with a warning if it is set
 * to something else. */
double budget_seconds(void);

#endif
