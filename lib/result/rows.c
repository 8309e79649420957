/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/rows.h"

#include <stdlib.h>
#include <string.h>

#include "json/record.h"

static void add(struct rows *r, struct sidecar *s)
{
	struct row *row;

	GROW(r->results, r->n, r->results_cap);
	GROW(r->v, r->n, r->cap);
	r->results[r->n] = s;
	row = &r->v[r->n++];
	*row = (struct row){ .s = s, .passed = s->passed && !s->skipped, .skipped = s->skipped };
	for (int m = 0; m < METRIC_COUNT; m++)
		row->v[m] = metric_read(s, m, &row->has[m]);
}

static int take(struct rows *r, struct slice line, unsigned long number, struct err *e)
{
	struct record rec;
	struct sidecar *s;

	if (record_parse(line, number, &rec, e) < 0)
		return -1;
	if (strcmp(rec.type, "sidecar") != 0)
		return 0;
	s = xcalloc(1, sizeof(*s));
	if (sidecar_parse(s, line.s, line.n, e) == 0) {
		add(r, s);
		return 0;
	}
	sidecar_release(s);
	free(s);
	return err_wrap(e, "line %lu of the record stream", number);
}

int rows_read(struct rows *r, int fd, struct err *e)
{
	struct slice line;
	struct lines l;
	int rc;

	*r = (struct rows){ 0 };
	lines_init(&l, fd);
	while ((rc = lines_next(&l, &line, e)) > 0)
		if (line.n && take(r, line, l.number, e) < 0) {
			rc = -1;
			break;
		}
	lines_release(&l);
	return rc;
}

void rows_release(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		sidecar_release(r->results[i]);
		free(r->results[i]);
	}
	free(r->results);
	free(r->v);
	*r = (struct rows){ 0 };
}
