/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of one group, metric by metric: what passed and has the metric,
 * in stream order.
 */
#ifndef COMPARE_SAMPLES_H
#define COMPARE_SAMPLES_H

#include "compare/compare.h"

struct samples {
	double *v;
	size_t *from; /* of metric d: v[from[d]] up to v[from[d + 1]] */
	size_t n_defs, cap;
};

void samples_init(struct samples *s, size_t n_defs);
/* Replace what s holds by the group's values. */
void samples_take(struct samples *s, const struct group *g);
void samples_release(struct samples *s);

/* The mean as it is compared: of a metric that is counted in whole numbers,
 * rounded to one. */
double samples_mean(const struct samples *s, uint32_t def);

static inline size_t samples_count(const struct samples *s, uint32_t def)
{
	return s->from[def + 1] - s->from[def];
}

static inline const double *samples_of(const struct samples *s, uint32_t def)
{
	return s->v + s->from[def];
}

#endif
