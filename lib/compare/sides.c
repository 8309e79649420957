/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/sides.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "result/rows.h"

#define LABEL_VALUES 3 /* more are not worth reading */

const char *const dimension_names[DIM_COUNT] = {
	[DIM_KERNEL] = "kernel",         [DIM_SCHEDULER] = "scheduler",           [DIM_TOPOLOGY] = "topology",
	[DIM_WORK_TYPE] = "work-type",   [DIM_PROJECT_COMMIT] = "project-commit", [DIM_KERNEL_COMMIT] = "kernel-commit",
	[DIM_RUN_SOURCE] = "run-source",
};

const char *row_dimension(const struct row *row, enum dimension d)
{
	const char *const values[DIM_COUNT] = {
		[DIM_KERNEL] = row->kernel,
		[DIM_SCHEDULER] = row->scheduler,
		[DIM_TOPOLOGY] = row->topology,
		[DIM_WORK_TYPE] = row->work_type,
		[DIM_PROJECT_COMMIT] = row->project_commit,
		[DIM_KERNEL_COMMIT] = row->kernel_commit,
		[DIM_RUN_SOURCE] = row->run_source,
	};

	return values[d];
}

/* --- what separates the sides ------------------------------------------ */

/* Sorted, each once. */
static struct strv set_of(const struct strv *l)
{
	struct strv all = { 0 }, once = { 0 };

	for (size_t i = 0; i < l->n; i++)
		strv_add(&all, l->v[i]);
	strv_sort(&all);
	for (size_t i = 0; i < all.n; i++)
		if (i == 0 || strcmp(all.v[i], all.v[i - 1]) != 0)
			strv_add(&once, all.v[i]);
	strv_release(&all);
	return once;
}

static bool same_set(const struct strv *x, const struct strv *y)
{
	auto_strv struct strv a = set_of(x), b = set_of(y);
	bool same = a.n == b.n;

	for (size_t i = 0; same && i < a.n; i++)
		same = strcmp(a.v[i], b.v[i]) == 0;
	return same;
}

int sides_slice(const struct side_filter side[SIDES], bool slicing[DIM_COUNT], bool pairing[DIM_COUNT], struct err *e)
{
	bool any = false;

	for (int d = 0; d < DIM_COUNT; d++) {
		slicing[d] = !same_set(&side[SIDE_A].values[d], &side[SIDE_B].values[d]);
		pairing[d] = !slicing[d];
		any |= slicing[d];
	}
	if (any)
		return 0;
	return err_set(e, "stats compare: A and B select identical rows. Specify at least one per-side filter "
			  "(e.g. --a-kernel 6.14 --b-kernel 6.15) to define what dimension separates the two sides.");
}

char *side_label(const struct side_filter *f, const bool slicing[DIM_COUNT], enum side side)
{
	struct str label = { 0 };

	for (int d = 0; d < DIM_COUNT; d++) {
		auto_strv struct strv set = set_of(&f->values[d]);

		if (!slicing[d])
			continue;
		str_add(&label, label.len ? ":" : "");
		if (set.n == 0 || set.n > LABEL_VALUES)
			str_add(&label, side == SIDE_A ? "A" : "B");
		for (size_t i = 0; i < set.n && set.n <= LABEL_VALUES; i++)
			str_addf(&label, "%s%s", i ? "|" : "", set.v[i]);
	}
	return str_take(&label);
}

/* --- which rows -------------------------------------------------------- */

/* "6.12": all digits, one dot. */
static bool is_series(const char *s)
{
	for (int part = 0; part < 2; part++) {
		if (!isdigit((unsigned char)*s))
			return false;
		while (isdigit((unsigned char)*s))
			s++;
		if (*s++ != (part ? '\0' : '.'))
			return false;
	}
	return true;
}

static bool in_series(const char *kernel, const char *wanted)
{
	size_t n = strlen(wanted);

	return is_series(wanted) && strncmp(kernel, wanted, n) == 0 && (kernel[n] == '.' || kernel[n] == '-');
}

bool dimension_matches(const char *value, const char *wanted, enum dimension d)
{
	return strcmp(value, wanted) == 0 || (d == DIM_KERNEL && in_series(value, wanted));
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

/* wanted is sorted: a range of commits holds thousands. */
static bool one_of(const char *value, const struct strv *wanted, enum dimension d)
{
	if (!wanted->n)
		return true;
	if (!value)
		return false;
	if (bsearch(value, wanted->v, wanted->n, sizeof(*wanted->v), compare_text))
		return true;
	for (size_t i = 0; d == DIM_KERNEL && i < wanted->n; i++)
		if (dimension_matches(value, wanted->v[i], d))
			return true;
	return false;
}

bool has_text(const char *test, const char *topology, const char *scheduler, const char *work_type, const char *text)
{
	auto_free char *line = text ? xasprintf("%s %s %s %s", test, topology, scheduler, work_type) : NULL;

	return !text || strstr(line, text);
}

void side_select(const struct rows *rows, const struct side_filter *f, struct selection *s)
{
	struct strv wanted[DIM_COUNT];
	size_t cap = 0;

	*s = (struct selection){ 0 };
	for (int d = 0; d < DIM_COUNT; d++)
		wanted[d] = set_of(&f->values[d]);
	for (size_t i = 0; i < rows->n; i++) {
		bool takes = true;

		for (int d = 0; takes && d < DIM_COUNT; d++)
			takes = one_of(row_dimension(&rows->v[i], d), &wanted[d], d);
		if (!takes)
			continue;
		GROW(s->v, s->n, cap);
		s->v[s->n++] = &rows->v[i];
	}
	for (int d = 0; d < DIM_COUNT; d++)
		strv_release(&wanted[d]);
}

void selection_release(struct selection *s)
{
	free(s->v);
	*s = (struct selection){ 0 };
}

/* --- results of uncommitted sources ------------------------------------ */

static void add_dirty(const struct selection side[SIDES], enum dimension d, const char *what, struct str *out)
{
	auto_strv struct strv all = { 0 }, set = { 0 };
	const char *last = NULL;

	for (int s = 0; s < SIDES; s++)
		for (size_t i = 0; i < side[s].n; i++) {
			const char *commit = row_dimension(side[s].v[i], d);

			/* runs of one commit follow each other */
			if (commit && commit != last && ends_with(commit, "-dirty"))
				strv_add(&all, commit);
			last = commit;
		}
	set = set_of(&all);
	for (size_t i = 0; i < set.n; i++)
		str_addf(out, "  - %s: %s (working tree may have changed since this run)\n", what, set.v[i]);
}

void warn_dirty(const struct selection side[SIDES])
{
	auto_str struct str list = { 0 };

	add_dirty(side, DIM_KERNEL_COMMIT, "kernel source", &list);
	add_dirty(side, DIM_PROJECT_COMMIT, "project", &list);
	if (list.len)
		say_line("warning: comparison includes dirty builds:\n%s"
			 "  A later dirty run at the same commit replaces these results.\n"
			 "  Commit what is to be compared, so that it can be run again.",
			 list.s);
}
