/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a series changes. Samples are in order and belong to steps (commits);
 * a change can only lie between two steps.
 *
 * Statistic: for each place between two steps the Mann-Whitney U of what is
 * before against what is behind, standardised, ties corrected; the largest
 * |Z| marks the place (maximally selected rank statistic; Pettitt 1979,
 * Lausen and Schumacher 1992). Its p-value comes from shuffling the samples;
 * shuffling stops early when enough shuffles were as large (Besag and Clifford
 * 1991). Both parts are then searched again (binary segmentation, Vostrikova
 * 1981). The shuffles are pseudo-random from a fixed start: the same samples
 * always give the same answer.
 */
#ifndef PLOT_CHANGEPOINT_H
#define PLOT_CHANGEPOINT_H

#include <stddef.h>

#define CHANGE_SHUFFLES 9999
#define CHANGE_MIN_SIDE 2 /* samples on each side of a change */
#define CHANGE_MIN \
	8 /* samples in a series: with fewer, none of it can
			     be told from chance at 5 % */

struct change {
	size_t at; /* the first sample behind it */
	double z, p;
};

/* The most marked change of samples v[0..n), step[i] being v[i]'s step (not
 * falling). p is 1 when no place can have a change. */
struct change change_find(const double *v, const unsigned *step, size_t n);

/* All changes with p <= alpha, in order of place; caller frees. Returns their
 * number. */
size_t change_points(const double *v, const unsigned *step, size_t n, double alpha, struct change **list);

/* Ranks from 1, those of equal values their mean. */
void midranks(const double *v, size_t n, double *rank);

#endif
