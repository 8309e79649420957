/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/rows.h"
#include "compare/significance.h"

void samples_init(struct samples *s, size_t n_defs)
{
	*s = (struct samples){ .n_defs = n_defs, .from = xcalloc(n_defs + 2, sizeof(*s->from)) };
}

void samples_release(struct samples *s)
{
	free(s->v);
	free(s->from);
	*s = (struct samples){ 0 };
}

void samples_take(struct samples *s, const struct group *g)
{
	size_t *next = s->from + 1, total = 0;

	/* next[d] counts, then is where the next value of d goes, and so ends
	 * as the end of d, which is the beginning of d + 1 */
	memset(s->from, 0, (s->n_defs + 2) * sizeof(*s->from));
	for (size_t i = 0; i < g->n; i++)
		for (uint32_t k = 0; g->v[i]->passed && k < g->v[i]->n_values; k++)
			next[g->v[i]->values[k].def]++;
	for (size_t d = 0; d < s->n_defs; d++) {
		size_t count = next[d];

		next[d] = total;
		total += count;
	}
	if (total > s->cap)
		s->v = xrealloc(s->v, (s->cap = total) * sizeof(*s->v));
	for (size_t i = 0; i < g->n; i++)
		for (uint32_t k = 0; g->v[i]->passed && k < g->v[i]->n_values; k++)
			s->v[next[g->v[i]->values[k].def]++] = g->v[i]->values[k].v;
}

static bool is_whole(uint32_t def)
{
	switch (def) {
	case M_GAP_MS:
	case M_MIGRATIONS:
	case M_DSQ_DEPTH:
	case M_STUCK:
	case M_FALLBACK:
	case M_KEEP_LAST:
	case M_ITERATIONS:
		return true;
	default:
		return false;
	}
}

double samples_mean(const struct samples *s, uint32_t def)
{
	double mean = mean_of_values(samples_of(s, def), samples_count(s, def));

	return is_whole(def) ? round(mean) : mean;
}

size_t pair_samples(const struct pair *pair, enum side side, uint32_t def, double *out)
{
	const struct group *g = &pair->side[side];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (g->v[i]->passed && row_value(g->v[i], def, &out[n]))
			n++;
	return n;
}
