/* SPDX-License-Identifier: GPL-2.0-only */
/* What to say when a side of a comparison matches nothing. */
#include <string.h>

#include "result/rows.h"
#include "compare/sides.h"

static bool pool_has(const struct rows *rows, enum dimension d, const char *value)
{
	const char *last = NULL;

	for (size_t i = 0; i < rows->n; i++) {
		const char *v = row_dimension(&rows->v[i], d);

		if (v && v != last && strcmp(v, value) == 0)
			return true;
		last = v;
	}
	return false;
}

static void hint_dirty(const struct rows *rows, const struct side_filter *f, enum dimension d, struct str *hints)
{
	for (size_t i = 0; i < f->values[d].n; i++) {
		auto_free char *dirty = xasprintf("%s-dirty", f->values[d].v[i]);

		if (pool_has(rows, d, dirty))
			str_addf(hints, "\nhint: did you mean `--%s %s`?", dimension_names[d], dirty);
	}
}

static void add_values(const struct rows *rows, enum dimension d, struct strv *set)
{
	for (size_t i = 0; i < rows->n; i++) {
		const char *v = row_dimension(&rows->v[i], d);

		if (v && !strv_has(set, v))
			strv_add(set, v);
	}
	strv_sort(set);
}

static void hint_source(const struct rows *rows, const struct side_filter *f, struct str *hints)
{
	const struct strv *wanted = &f->values[DIM_RUN_SOURCE];
	auto_strv struct strv there = { 0 };

	add_values(rows, DIM_RUN_SOURCE, &there);
	for (size_t i = 0; i < wanted->n; i++) {
		if (strv_has(&there, wanted->v[i]))
			continue;
		str_addf(hints, "\nhint: no result has `--run-source %s`; ", wanted->v[i]);
		str_add(hints, there.n ? "the pool has" : "run_source is null in the whole pool");
		for (size_t k = 0; k < there.n; k++)
			str_addf(hints, "%s %s", k ? "," : "", there.v[k]);
		str_add(hints, " (upper and lower case differ)");
	}
}

int side_empty(const struct rows *rows, const struct side_filter *f, enum side side, struct err *e)
{
	auto_str struct str hints = { 0 };
	char name = side == SIDE_A ? 'A' : 'B';

	hint_dirty(rows, f, DIM_PROJECT_COMMIT, &hints);
	hint_dirty(rows, f, DIM_KERNEL_COMMIT, &hints);
	hint_source(rows, f, &hints);
	if (f->values[DIM_PROJECT_COMMIT].n || f->values[DIM_KERNEL_COMMIT].n)
		str_add(&hints, "\nhint: `cargo ktstr stats list-values` shows the commits there are");
	return err_set(
		e,
		"stats compare: %c side filter matched 0 sidecars in pool (%zu pooled): no rows match filter %c. "
		"Run `cargo ktstr stats list` to see what runs there are.%s",
		name, rows->n, name, str_c(&hints));
}
