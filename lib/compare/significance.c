/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/significance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

double mean_of_values(const double *v, size_t n)
{
	long double sum = 0; /* values may be as large as a double can be */

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? (double)(sum / n) : 0;
}

static int ascending(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

double median_of_values(const double *v, size_t n)
{
	double *copy, median;

	if (!n)
		return 0;
	copy = xcalloc(n, sizeof(*copy));
	memcpy(copy, v, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), ascending);
	median = n % 2 ? copy[n / 2] : copy[n / 2 - 1] / 2 + copy[n / 2] / 2;
	free(copy);
	return median;
}

/* Square of the standard error of the mean. */
static double error_of(const double *v, size_t n, double mean)
{
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	return squares / (double)(n - 1) / (double)n;
}

bool change_interval(const double *a, size_t na, const double *b, size_t nb, double level, double *lo, double *hi)
{
	double ma = mean_of_values(a, na), mb = mean_of_values(b, nb), ratio = mb / ma;
	double va, vb, df, t, g, half, sign = ma < 0 ? -1 : 1;

	if (na < 2 || nb < 2 || ma == 0 || !isfinite(ratio))
		return false;
	va = error_of(a, na, ma) * ratio * ratio;
	vb = error_of(b, nb, mb);
	if (va + vb == 0) {
		*lo = *hi = sign * (ratio - 1);
		return true;
	}
	df = (va + vb) * (va + vb) / (va * va / (double)(na - 1) + vb * vb / (double)(nb - 1));
	t = student_quantile((1 + level) / 2, df);
	/* how far the interval of a's mean reaches towards zero */
	g = t * t * error_of(a, na, ma) / (ma * ma);
	if (!(g < 1))
		return false;
	half = t / fabs(ma) * sqrt(vb + va - g * vb);
	*lo = (ratio - half) / (1 - g) - 1;
	*hi = (ratio + half) / (1 - g) - 1;
	if (sign < 0) {
		double swap = *lo;

		*lo = -*hi;
		*hi = -swap;
	}
	return isfinite(*lo) && isfinite(*hi);
}

static double log_choose(size_t n, size_t k)
{
	int sign;

	return lgamma_r((double)n + 1, &sign) - lgamma_r((double)k + 1, &sign) - lgamma_r((double)(n - k) + 1, &sign);
}

double fisher_exact(size_t passed_a, size_t failed_a, size_t passed_b, size_t failed_b)
{
	size_t a = passed_a + failed_a, b = passed_b + failed_b, passed = passed_a + passed_b;
	double ours = log_choose(a, passed_a) + log_choose(b, passed_b), p = 0;

	/* every table with these sums that is no likelier than ours */
	for (size_t k = passed > b ? passed - b : 0; k <= a && k <= passed; k++) {
		double its = log_choose(a, k) + log_choose(b, passed - k);

		if (its <= ours + 1e-7)
			p += exp(its - log_choose(a + b, passed));
	}
	return p < 1 ? p : 1;
}

static int by_p(const void *x, const void *y)
{
	return ascending(*(double *const *)x, *(double *const *)y);
}

void benjamini_hochberg(double *p, size_t n)
{
	double **order = xcalloc(n + 1, sizeof(*order)), least = 1;

	for (size_t i = 0; i < n; i++)
		order[i] = &p[i];
	qsort(order, n, sizeof(*order), by_p);
	for (size_t i = n; i > 0; i--) {
		double value = *order[i - 1] * (double)n / (double)i;

		if (value < least)
			least = value;
		*order[i - 1] = least;
	}
	free(order);
}
