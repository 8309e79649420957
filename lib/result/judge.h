/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changed between the sides of each pair, and whether that is good.
 */
#ifndef RESULT_JUDGE_H
#define RESULT_JUDGE_H

#include "result/compare.h"
#include "result/policy.h"

/* The level of significance nobody asked another for. */
#define DEFAULT_ALPHA 0.05

/*
 * Fill c->findings from c->pairs. The verdict is by thresholds; with c->alpha
 * above 0 the change must be significant too. Intervals are computed for what
 * changed, or for everything.
 */
void judge_pairs(struct comparison *c, const struct policy *policy, bool all_intervals);

#endif
