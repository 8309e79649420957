/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of metrics: the registry, and with found what the rows have. */
#ifndef RESULT_METRIC_LIST_H
#define RESULT_METRIC_LIST_H

#include <stdio.h>

#include "result/rows.h"

void metrics_table(const struct rows *r, bool found, FILE *out);
void metrics_json(const struct rows *r, bool found, FILE *out);

#endif
