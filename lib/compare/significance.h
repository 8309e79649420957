/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling a difference from noise: tests and intervals over two samples.
 * Nothing here is random; the same samples give the same numbers everywhere.
 * Sources of the formulas: ktstr-compare(1), STATISTICS.
 */
#ifndef COMPARE_SIGNIFICANCE_H
#define COMPARE_SIGNIFICANCE_H

#include <stdbool.h>
#include <stddef.h>

/* The smallest p two samples of these sizes can give, when all of one lies
 * above all of the other: 2 / C(na + nb, na). */
double least_p(size_t na, size_t nb);

/* Values a side needs, when both have as many, so that least_p <= alpha. */
size_t runs_needed(double alpha);

/* Two-sided p of the Mann-Whitney U test. Exact over all ways to split the
 * values, ties included, while the samples are small; else by the normal
 * distribution with correction for ties and continuity. */
double mann_whitney(const double *a, size_t na, const double *b, size_t nb);

/* Two-sided p of Fisher's exact test: passes and failures of two sides. */
double fisher_exact(size_t passed_a, size_t failed_a, size_t passed_b, size_t failed_b);

/* Interval of mean(b)/mean(a) - 1 by Fieller's theorem with the degrees of
 * freedom of Welch and Satterthwaite, in terms of |mean(a)|. False where there
 * is none: a side of less than two values, or a mean of a that may be zero. */
bool change_interval(const double *a, size_t na, const double *b, size_t nb, double level, double *lo, double *hi);

/* Make the n values of p what Benjamini and Hochberg's procedure compares
 * with the false discovery rate; they stay in place. */
void benjamini_hochberg(double *p, size_t n);

/* Where Student's distribution of df degrees of freedom reaches p, p > 1/2. */
double student_quantile(double p, double df);

double mean_of_values(const double *v, size_t n);
/* Of values in any order; sorts a copy. 0 for none. */
double median_of_values(const double *v, size_t n);

#endif
