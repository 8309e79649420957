/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "plot/report.h"

typedef int compare_fn(const void *a, const void *b);

static int text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a ? a : "", b ? b : "");
}

static int key(const struct row *x, const struct row *y)
{
	int d = text(x->test, y->test);

	if (!d)
		d = text(x->scheduler, y->scheduler);
	if (!d)
		d = text(x->topology, y->topology);
	if (!d)
		d = text(x->work_type, y->work_type);
	return d ? d : text(x->kernel, y->kernel);
}

static int by_key(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	int d = key(x, y);

	/* rows are one array: their order is the stream's */
	return d ? d : (x > y) - (x < y);
}

static int by_run(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	int d = text(x->run, y->run);

	return d ? d : (x > y) - (x < y);
}

static bool same_key(const struct row *a, const struct row *b)
{
	return key(a, b) == 0;
}

static bool same_run(const struct row *a, const struct row *b)
{
	return text(a->run, b->run) == 0;
}

static void collect(struct variants *s, const struct rows *rows, compare_fn *order,
		    bool (*same)(const struct row *, const struct row *))
{
	size_t cap = 0;

	*s = (struct variants){ .rows = xcalloc(rows->n, sizeof(*s->rows)) };
	for (size_t i = 0; i < rows->n; i++)
		s->rows[i] = &rows->v[i];
	if (rows->n)
		qsort(s->rows, rows->n, sizeof(*s->rows), order);
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = s->rows[i];
		struct variant *v;

		if (!i || !same(s->rows[i - 1], r)) {
			GROW(s->v, s->n, cap);
			s->v[s->n++] = (struct variant){ .v = &s->rows[i] };
		}
		v = &s->v[s->n - 1];
		v->n++;
		v->passed += r->passed;
		v->skipped += r->skipped;
		v->failed += !r->passed && !r->skipped;
	}
}

void variants_by_key(struct variants *s, const struct rows *rows)
{
	collect(s, rows, by_key, same_key);
}

void variants_by_run(struct variants *s, const struct rows *rows)
{
	collect(s, rows, by_run, same_run);
}

void variants_release(struct variants *s)
{
	free(s->rows);
	free(s->v);
}

size_t variant_samples(const struct variant *v, uint32_t def, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->v[i]->passed && row_value(v->v[i], def, &out[n]))
			n++;
	return n;
}

char *variant_name(const struct variant *v)
{
	const struct row *r = v->v[0];

	return xasprintf("%s  %s  %s  %s%s%s", r->test, r->scheduler, r->topology, r->work_type, r->kernel ? "  " : "",
			 r->kernel ? r->kernel : "");
}
