/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changed between the sides of each pair, and whether that is good.
 */
#ifndef COMPARE_JUDGE_H
#define COMPARE_JUDGE_H

#include "compare/compare.h"
#include "compare/policy.h"

/* The level of significance nobody asked another for. */
#define DEFAULT_ALPHA 0.05

/*
 * Fill c->findings from c->pairs. The verdict is by thresholds; with c->alpha
 * above 0 the change must be significant too. Intervals are computed for what
 * changed, or for everything.
 */
void judge_pairs(struct comparison *c, const struct policy *policy, bool all_intervals);

#endif
