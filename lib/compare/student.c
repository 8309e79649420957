/* SPDX-License-Identifier: GPL-2.0-only */
/* Student's distribution, by the incomplete beta function (DLMF 8.17). */
#include <float.h>
#include <math.h>

#include "compare/significance.h"

/* The continued fraction DLMF 8.17.22, from the front by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), value;

	d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
	value = d;
	for (int m = 1; m < 1000; m++) {
		double steps[] = { m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
				   -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) };

		for (int i = 0; i < 2; i++) {
			d = 1 + steps[i] * d;
			d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
			c = 1 + steps[i] / c;
			c = fabs(c) < DBL_MIN ? DBL_MIN : c;
			value *= c * d;
		}
		if (fabs(c * d - 1) < DBL_EPSILON)
			break;
	}
	return value;
}

static double log_beta(double a, double b)
{
	int sign;

	return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

/* I_x(a, b), regularised. */
static double incomplete_beta(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b));
	/* the fraction converges fast on one side of the mean only */
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The part of the distribution above t >= 0. */
static double above(double t, double df)
{
	return incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2;
}

static double density(double t, double df)
{
	return exp(-(df + 1) / 2 * log1p(t * t / df) - log_beta(df / 2, 0.5)) / sqrt(df);
}

double student_quantile(double p, double df)
{
	double t = 0;

	/* Newton from the left of a concave function never oversteps */
	for (int i = 0; i < 200; i++) {
		double step = (above(t, df) - (1 - p)) / density(t, df);

		t += step;
		if (fabs(step) <= 1e-14 * t)
			break;
	}
	return t;
}
