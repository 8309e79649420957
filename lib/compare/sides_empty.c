/* SPDX-License-Identifier: GPL-2.0-only */
/* What to say when a side of a comparison matches nothing. */
#include <string.h>

#include "result/rows.h"
#include "compare/sides.h"

#define VALUES_SHOWN 8 /* list-values has them all */

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

static bool any_matches(const struct strv *there, const char *wanted, enum dimension d)
{
	for (size_t i = 0; i < there->n; i++)
		if (dimension_matches(there->v[i], wanted, d))
			return true;
	return false;
}

/* "the pool has a, b, c and 4 more" */
static void say_values(const struct strv *there, enum dimension d, struct str *hints)
{
	size_t shown = there->n > VALUES_SHOWN + 1 ? VALUES_SHOWN : there->n;
	auto_free char *key = xstrdup(dimension_names[d]);

	for (char *p = key; *p; p++)
		if (*p == '-')
			*p = '_';
	if (there->n)
		str_add(hints, "the pool has");
	else
		str_addf(hints, "%s is null in the whole pool", key);
	for (size_t i = 0; i < shown; i++)
		str_addf(hints, "%s %s", i ? "," : "", there->v[i]);
	if (shown < there->n)
		str_addf(hints, " and %zu more", there->n - shown);
}

/* Of what was asked for, the values that no result has. */
static void hint_values(const struct rows *rows, const struct side_filter *f, enum dimension d, struct str *hints)
{
	const struct strv *wanted = &f->values[d];
	auto_strv struct strv there = { 0 };

	if (wanted->n)
		add_values(rows, d, &there);
	for (size_t i = 0; i < wanted->n; i++) {
		if (any_matches(&there, wanted->v[i], d))
			continue;
		str_addf(hints, "\nhint: no result has `--%s %s`; ", dimension_names[d], wanted->v[i]);
		say_values(&there, d, hints);
		if (d != DIM_KERNEL)
			str_add(hints, " (upper and lower case differ)");
	}
}

int side_empty(const struct rows *rows, const struct side_filter *f, enum side side, struct err *e)
{
	auto_str struct str hints = { 0 };
	char name = side == SIDE_A ? 'A' : 'B';

	hint_dirty(rows, f, DIM_PROJECT_COMMIT, &hints);
	hint_dirty(rows, f, DIM_KERNEL_COMMIT, &hints);
	for (int d = 0; d < DIM_COUNT; d++)
		if (d != DIM_PROJECT_COMMIT && d != DIM_KERNEL_COMMIT)
			hint_values(rows, f, (enum dimension)d, &hints);
	if (f->values[DIM_PROJECT_COMMIT].n || f->values[DIM_KERNEL_COMMIT].n)
		str_add(&hints, "\nhint: `cargo ktstr stats list-values` shows the commits there are");
	return err_set(
		e,
		"stats compare: %c side filter matched 0 sidecars in pool (%zu pooled): no rows match filter %c. "
		"Run `cargo ktstr stats list` to see what runs there are.%s",
		name, rows->n, name, str_c(&hints));
}
