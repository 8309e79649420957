/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drawings: SVG that stands for itself. No script, no font from elsewhere,
 * colours for light and dark by media query, so that a file looks right in a
 * browser, in a page it is part of, and on GitHub. Every text is escaped.
 *
 * Marks take their looks from a class: "a" and "b" are the two sides, "axis",
 * "grid", "dim" (small grey text), "head", "mark" (what to look at).
 */
#ifndef PLOT_SVG_H
#define PLOT_SVG_H

#include <stdbool.h>

#include "base/str.h"

struct svg {
	struct str out;
	double width;
	size_t height_at[2]; /* where svg_close puts it */
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

/* A drawing of its own starts with svg_open; alone: as a file, with the style
 * inside; else as part of a page that has svg_style. The height is known at
 * svg_close, which completes the text in out. */
void svg_open(struct svg *s, double width, const char *title, bool alone);
void svg_close(struct svg *s, double height);
void svg_release(struct svg *s);
extern const char svg_style[];

void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2);
void svg_rect(struct svg *s, const char *class, double x, double y, double w, double h);
void svg_dot(struct svg *s, const char *class, double x, double y, double r, const char *title);
void svg_text(struct svg *s, const char *class, double x, double y, enum anchor a, const char *text);
/* The same, cut to so many characters; the whole text is shown on hovering. */
void svg_label(struct svg *s, const char *class, double x, double y, enum anchor a, const char *text, size_t max);

/* A value as people read it, four digits, with its unit if any. */
void str_add_value(struct str *out, double v, const char *unit);

/* A scale from values to places, its ends on round numbers. */
struct scale {
	double lo, hi, step; /* ticks at lo, lo + step, … hi */
	double from, to;     /* where they are drawn */
};
struct scale scale_over(double min, double max, double from, double to);
double scale_at(const struct scale *c, double v);

/* Box plots of every metric and pair of a comparison, as a file of its own. */
struct comparison;
int plot_comparison(const struct comparison *c, const char *path, struct err *e);

#endif
