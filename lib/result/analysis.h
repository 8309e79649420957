/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report over one run that bare "cargo ktstr stats" prints: outliers and
 * summaries, stimulus steps, BPF verifier figures, BPF callback times, KVM
 * counters. A section without data is left out. All but the first need whole
 * results.
 */
#ifndef RESULT_ANALYSIS_H
#define RESULT_ANALYSIS_H

#include <stdio.h>

#include "result/rows.h"

void analysis_print(const struct rows *r, FILE *out);

/* The same as one JSON object, its keys "gauntlet", "stimuli", "verifier",
 * "callbacks", "kvm". */
void analysis_json(const struct rows *r, FILE *out);

/* The parts. */
void analysis_outliers(const struct rows *r, FILE *out);
void analysis_dimensions(const struct rows *r, FILE *out);
void analysis_stimuli(const struct rows *r, FILE *out);
void analysis_verifier(const struct rows *r, FILE *out);
void analysis_callbacks(const struct rows *r, FILE *out);
void analysis_kvm(const struct rows *r, FILE *out);

/* What they are made of. Names point into the rows; v is freed by the caller. */
struct outlier {
	const char *scenario, *label;
	enum metric_id id;
	double mean, overall, sigma, threshold;
};
struct outliers {
	struct outlier *v;
	size_t n, cap;
};
struct outliers outliers_find(const struct rows *r);
/* Whether the row is one of those that make it an outlier. */
bool outlier_has(const struct outlier *o, const struct row *row);

struct summary {
	const char *name;
	size_t total, passed, skipped, crashed, timed_out;
	double sum[METRIC_COUNT];
};
struct summaries {
	struct summary *v;
	size_t n;
};
enum summary_by { BY_SCENARIO, BY_TOPOLOGY, BY_WORK_TYPE };
struct summaries summaries_of(const struct rows *r, enum summary_by by);
double summary_mean(const struct summary *s, enum metric_id id);

struct step_samples {
	double *v;
	size_t n, cap;
};
struct step {
	const char *scenario, *label, *work_type;
	struct step_samples at_ms; /* when it began */
	struct step_samples pace;  /* iterations a second until the next step */
};
struct steps {
	struct step *v;
	size_t n, cap;
};
struct steps steps_find(const struct rows *r);
double steps_median(struct step_samples *s); /* of at least one */
void steps_release(struct steps *s);

/* The verifier gives up at a million instructions (BPF_COMPLEXITY_LIMIT_INSNS). */
#define VERIFIER_LIMIT    1000000.0
#define VERIFIER_WARN_PCT 75.0

struct program_max {
	const char *name;
	uint32_t insns;
};
struct maxima {
	struct program_max *v;
	size_t n, cap;
};
struct maxima maxima_find(const struct rows *r);
double maxima_percent(const struct program_max *p);

/* Averages over CPUs, then VMs; preempted_total is a sum. */
struct kvm_figures {
	size_t vms;
	uint64_t exits, halt_exits, halt_wait_ns, preempted, signal_exits, hypercalls, preempted_total;
	double poll_percent;
};
struct kvm_figures kvm_figures_of(const struct rows *r);

#endif
