/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot/changepoint.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define ENOUGH 50 /* shuffles as large as what was seen */

struct ranked {
	double v;
	size_t i;
};

static int by_value(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->v, y = ((const struct ranked *)b)->v;

	return (x > y) - (x < y);
}

void midranks(const double *v, size_t n, double *rank)
{
	auto_free struct ranked *order = xcalloc(n, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = (struct ranked){ v[i], i };
	qsort(order, n, sizeof(*order), by_value);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && order[j].v == order[i].v; j++)
			;
		for (size_t k = i; k < j; k++)
			rank[order[k].i] = (double)(i + j + 1) / 2;
	}
}

/* The places where a change may be, and by what to divide there. */
struct places {
	size_t *at, n;
	double *sd;
};

static struct places places_of(const double *rank, const unsigned *step, size_t n)
{
	struct places p = { xcalloc(n, sizeof(*p.at)), 0, xcalloc(n, sizeof(*p.sd)) };
	double mean = (double)(n + 1) / 2, squares = 0;

	/* the variance of the ranks themselves: ties make it smaller */
	for (size_t i = 0; i < n; i++)
		squares += (rank[i] - mean) * (rank[i] - mean);
	for (size_t i = CHANGE_MIN_SIDE; i + CHANGE_MIN_SIDE <= n && squares > 0; i++)
		if (step[i] != step[i - 1]) {
			p.sd[p.n] = sqrt((double)i * (double)(n - i) * squares / ((double)n * (double)(n - 1)));
			p.at[p.n++] = i;
		}
	return p;
}

/* The largest |Z| over the places. */
static double largest(const double *rank, size_t n, const struct places *p, size_t *where)
{
	double sum = 0, best = 0, mean = (double)(n + 1) / 2;

	for (size_t i = 0, k = 0; k < p->n; i++) {
		double z;

		sum += rank[i] - mean;
		if (i + 1 != p->at[k])
			continue;
		z = fabs(sum) / p->sd[k];
		if (z > best + 1e-9) {
			best = z;
			*where = p->at[k];
		}
		k++;
	}
	return best;
}

/* xorshift64* (Vigna 2016) */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static void shuffle(double *v, size_t n, uint64_t *state)
{
	for (size_t i = n - 1; i > 0; i--) {
		size_t j = (size_t)((unsigned __int128)next_random(state) * (i + 1) >> 64);
		double t = v[i];

		v[i] = v[j];
		v[j] = t;
	}
}

/* The share of shuffles that are as large, what was seen counted in. */
static double chance(double *rank, size_t n, const struct places *p, double seen)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	unsigned as_large = 0, done = 0;
	size_t ignored;

	while (done < CHANGE_SHUFFLES && as_large < ENOUGH) {
		shuffle(rank, n, &state);
		as_large += largest(rank, n, p, &ignored) >= seen - 1e-9;
		done++;
	}
	if (as_large >= ENOUGH)
		return (double)as_large / done;
	return (double)(as_large + 1) / (done + 1);
}

struct change change_find(const double *v, const unsigned *step, size_t n)
{
	struct change c = { .p = 1 };
	auto_free double *rank = NULL;
	struct places p;

	if (n < CHANGE_MIN)
		return c;
	rank = xcalloc(n, sizeof(*rank));
	midranks(v, n, rank);
	p = places_of(rank, step, n);
	if (p.n) {
		c.z = largest(rank, n, &p, &c.at);
		c.p = chance(rank, n, &p, c.z);
	}
	free(p.at);
	free(p.sd);
	return c;
}

struct found {
	struct change *v;
	size_t n, cap;
};

static void search(struct found *f, const double *v, const unsigned *step, size_t from, size_t to, double alpha)
{
	struct change c = change_find(v + from, step + from, to - from);

	if (!c.at || c.p > alpha)
		return;
	c.at += from;
	search(f, v, step, from, c.at, alpha);
	GROW(f->v, f->n, f->cap);
	f->v[f->n++] = c;
	search(f, v, step, c.at, to, alpha);
}

size_t change_points(const double *v, const unsigned *step, size_t n, double alpha, struct change **list)
{
	struct found f = { 0 };

	search(&f, v, step, 0, n, alpha);
	*list = f.v;
	return f.n;
}
