/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of rows: the metrics that the rows have, and the rows' values. */
#ifndef RESULT_DEFS_H
#define RESULT_DEFS_H

#include "result/rows.h"
#include "result/texts.h"

struct rows_store {
	struct texts texts;
	struct {
		const char **v; /* beside rows.hosts */
		size_t cap;
	} host_ids;
	struct value *now; /* of the row being read */
	size_t n_now, now_cap;
	unsigned char *kinds; /* beside rows.defs */
	size_t kinds_cap;
};

void defs_init(struct rows *r);

/* The number of an extension's metric; made when new. */
uint32_t defs_ext(struct rows *r, const char *name);

/* Read a row's "payload" list. */
void defs_payload(struct rows *r, struct jr *in);

/* Note a value of the row being read. */
void defs_value(struct rows *r, uint32_t def, double v);

/* Give the row its values. */
void defs_values_end(struct rows *r, struct row *row);

/* All rows are there: sort the metrics by name, and the values with them. */
void defs_end(struct rows *r);
void defs_release(struct rows *r);

#endif
