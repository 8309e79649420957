/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Mann-Whitney U test. The exact p counts, over every way to deal the
 * values into samples of these sizes, how many give a rank sum as far out as
 * ours: with ties by the ranks at hand, without by a table that depends on the
 * sizes only and is kept.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "compare/significance.h"

#define EXACT      50 /* values a side, no ties */
#define EXACT_TIES 15 /* values a side */

struct ranked {
	double value;
	bool first; /* of sample a */
};

static int by_value(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	return (a->value > b->value) - (a->value < b->value);
}

/* Both samples as one: twice the midrank of each value, in ascending order. */
struct ranks {
	size_t *twice;
	size_t n;
	size_t sum;  /* of sample a's */
	double ties; /* sum of t^3 - t over groups of t equal values */
};

static void rank(struct ranks *r, const double *a, size_t na, const double *b, size_t nb)
{
	struct ranked *all = xcalloc(na + nb, sizeof(*all));

	*r = (struct ranks){ .n = na + nb, .twice = xcalloc(na + nb, sizeof(*r->twice)) };
	for (size_t i = 0; i < r->n; i++)
		all[i] = (struct ranked){ i < na ? a[i] : b[i - na], i < na };
	qsort(all, r->n, sizeof(*all), by_value);
	for (size_t i = 0, end; i < r->n; i = end) {
		double t;

		for (end = i + 1; end < r->n && all[end].value == all[i].value;)
			end++;
		t = (double)(end - i);
		r->ties += t * t * t - t;
		for (size_t k = i; k < end; k++) {
			r->twice[k] = i + 1 + end;
			if (all[k].first)
				r->sum += r->twice[k];
		}
	}
	free(all);
}

/*
 * How many ways there are to take k of the ascending items so that they sum up
 * to at most sum: ways[j][s] of taking j of those seen so far that make s.
 * What the rest to be taken would lift above sum is not counted on.
 */
static double ways_up_to(const size_t *item, size_t n, size_t k, size_t sum)
{
	double *ways = xcalloc((k + 1) * (sum + 1), sizeof(*ways)), total = 0;
	size_t *upto = xcalloc(n + 1, sizeof(*upto));

	for (size_t i = 0; i < n; i++)
		upto[i + 1] = upto[i] + item[i];
	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i < k ? i + 1 : k; j > 0 && n - i > k - j; j--) {
			size_t rest = upto[i + 1 + k - j] - upto[i + 1];
			double *to = ways + j * (sum + 1);
			const double *from = to - (sum + 1);

			for (size_t s = upto[j - 1] + item[i]; s + rest <= sum; s++)
				to[s] += from[s - item[i]];
		}
	for (size_t s = 0; s <= sum; s++)
		total += ways[k * (sum + 1) + s];
	free(ways);
	free(upto);
	return total;
}

static double choose(size_t n, size_t k)
{
	double c = 1;

	for (size_t i = 1; i <= k; i++)
		c = c * (double)(n - k + i) / (double)i;
	return round(c);
}

/* The tail our rank sum lies in, from the end it is nearer to. */
static double exact(const struct ranks *r, size_t na)
{
	size_t all = 2 * na * (r->n + 1), low = r->sum;
	size_t *item = xcalloc(r->n, sizeof(*item));
	double p;

	if (low > all - low) {
		/* seen from above, ranks count down */
		low = all - low;
		for (size_t i = 0; i < r->n; i++)
			item[i] = 2 * (r->n + 1) - r->twice[r->n - 1 - i];
	} else {
		memcpy(item, r->twice, r->n * sizeof(*item));
	}
	p = 2 * ways_up_to(item, r->n, na, low) / choose(r->n, na);
	free(item);
	return p;
}

/* kept[na][nb][u]: how many splits without ties have a U of at most u, for the
 * lower half of what U can be; the upper one is its mirror image. */
static double *kept[EXACT + 1][EXACT + 1];

static const double *table(size_t na, size_t nb)
{
	size_t top = na * nb / 2;
	double *ways;

	if (kept[na][nb])
		return kept[na][nb];
	/* the coefficients of the Gaussian binomial, one factor at a time */
	ways = xcalloc(top + 1, sizeof(*ways));
	ways[0] = 1;
	for (size_t i = 1; i <= na; i++) {
		for (size_t u = top; u + 1 > nb + i; u--)
			ways[u] -= ways[u - nb - i];
		for (size_t u = i; u <= top; u++)
			ways[u] += ways[u - i];
	}
	for (size_t u = 1; u <= top; u++)
		ways[u] += ways[u - 1];
	return kept[na][nb] = ways;
}

static double exact_untied(const struct ranks *r, size_t na, size_t nb)
{
	size_t u = r->sum / 2 - na * (na + 1) / 2, other = na * nb - u;

	return 2 * table(na, nb)[u < other ? u : other] / choose(na + nb, na);
}

static double normal(const struct ranks *r, size_t na, size_t nb)
{
	double n = (double)r->n, both = (double)na * (double)nb;
	double u = (double)r->sum / 2 - (double)na * ((double)na + 1) / 2;
	double spread = sqrt(both / 12 * (n + 1 - r->ties / (n * (n - 1))));
	double z = (fabs(u - both / 2) - 0.5) / spread;

	return z <= 0 ? 1 : erfc(z / M_SQRT2);
}

double mann_whitney(const double *a, size_t na, const double *b, size_t nb)
{
	double n = (double)(na + nb), p;
	struct ranks r;

	if (!na || !nb)
		return 1;
	rank(&r, a, na, b, nb);
	if (r.ties >= n * n * n - n)
		p = 1; /* all are equal */
	else if (r.ties == 0 && na <= EXACT && nb <= EXACT)
		p = exact_untied(&r, na, nb);
	else if (r.ties > 0 && na <= EXACT_TIES && nb <= EXACT_TIES)
		p = exact(&r, na);
	else
		p = normal(&r, na, nb);
	free(r.twice);
	return p < 1 ? p : 1;
}

double least_p(size_t na, size_t nb)
{
	double p = 2;

	for (size_t i = 1; i <= na; i++)
		p = p * (double)i / (double)(nb + i);
	return p < 1 ? p : 1;
}

size_t runs_needed(double alpha)
{
	size_t n = 1;

	while (n < 64 && least_p(n, n) > alpha)
		n++;
	return n;
}
