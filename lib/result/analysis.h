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

/* The parts. */
void analysis_outliers(const struct rows *r, FILE *out);
void analysis_dimensions(const struct rows *r, FILE *out);
void analysis_stimuli(const struct rows *r, FILE *out);
void analysis_verifier(const struct rows *r, FILE *out);
void analysis_callbacks(const struct rows *r, FILE *out);
void analysis_kvm(const struct rows *r, FILE *out);

#endif
