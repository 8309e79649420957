/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Box plots. The box reaches from the lower to the upper quartile (linear
 * interpolation, Hyndman and Fan's type 7, as R and NumPy have it), the line in
 * it is the median, whiskers end at the last value within 1.5 times the box's
 * length (Tukey 1977), what is beyond is a dot. Fewer than five values are all
 * shown as dots, and no box.
 */
#ifndef PLOT_BOX_H
#define PLOT_BOX_H

#include <stddef.h>

#include "plot/svg.h"

#define BOX_FEW   5
#define BOX_WIDTH 1200 /* of a drawing of them */

struct box {
	size_t n;
	const double *v; /* sorted */
	double q1, median, q3, lo, hi;
};

/* Sorts v, which stays the caller's and must outlive the box. */
struct box box_of(double *v, size_t n);

/* The p-quantile of sorted values, type 7. */
double quantile(const double *v, size_t n, double p);

struct box_row {
	const char *label; /* NULL: the same as the row's above */
	const char *class; /* "a" or "b" */
	const char *note;  /* what else to say at its right, or NULL */
	bool bad;          /* mark that */
	struct box box;
};

/* Draw one metric's rows below y; returns where the next thing can go. */
double box_panel(struct svg *s, double y, const char *title, const char *unit, const struct box_row *rows, size_t n);

#endif
