/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels of a set beside each other: one that was given twice is one, two
 * of one label are told apart, and two that tests could not tell apart are
 * refused.
 */
#ifndef SOURCE_RESOLVE_LABELS_H
#define SOURCE_RESOLVE_LABELS_H

#include "source/resolve.h"

/* 0, or -1 for two names that would be one in the test names. before_io: by
 * the texts alone, where one label given twice may still be one kernel. */
int resolve_check_labels(const struct resolve *r, bool before_io, struct err *e);

/* One kernel given twice is one kernel; the first stays. */
void resolve_fold(struct resolve *r);

/* Kernels of one label that were configured otherwise get labels that say so. */
void resolve_tell_apart(struct resolve *r);

#endif
