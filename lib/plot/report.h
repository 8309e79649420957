/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as one page: runs, failures, a table of all variants with the
 * medians of their metrics, box plots. The page holds everything it
 * shows; links lead to the result files beside it.
 */
#ifndef PLOT_REPORT_H
#define PLOT_REPORT_H

#include "plot/box.h"
#include "result/rows.h"

/* Results with one test, scheduler, topology, work type and kernel, or of one
 * run: neighbours in a sorted list of rows. */
struct variant {
	const struct row **v;
	size_t n, passed, failed, skipped;
};

struct variants {
	const struct row **rows; /* sorted */
	struct variant *v;
	size_t n;
};

void variants_by_key(struct variants *s, const struct rows *rows);
void variants_by_run(struct variants *s, const struct rows *rows);
void variants_release(struct variants *s);

/* Values of a metric over the results that passed; out has room for v->n. */
size_t variant_samples(const struct variant *v, uint32_t def, double *out);
/* "cgroup_steady scx_rusty 1n2l4c2t SpinWait 6.14.2"; caller frees. */
char *variant_name(const struct variant *v);

/* The page as HTML. base: where the runs' directories are, as a link's
 * beginning ("../target/ktstr"). only: which results were asked for, "" for
 * all. */
void report_page(const struct rows *rows, const char *base, const char *only, struct str *out);

/* Its plots. */
void report_plots(const struct rows *rows, const struct variants *groups, struct str *out);

/* The style and the few lines that sort a table when its head is clicked. */
extern const char report_style[], report_script[];

#endif
