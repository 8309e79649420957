/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot/trend.h"

#include <stdlib.h>
#include <string.h>

#include "compare/significance.h"

/* One result's value, on its way into a series. */
struct sample {
	const struct row *row;
	const struct commit *commit;
	bool dirty;
	size_t turn; /* its place in the stream */
	double v;
};

static const char *key_of(const struct row *r, int key)
{
	return key == TREND_TEST ? r->test : row_dimension(r, (enum dimension)key);
}

/* The commit without "-dirty" or "+mixed". */
static char *clean_name(const char *commit)
{
	return xstrndup(commit, strspn(commit, "0123456789abcdef"));
}

/* Which rows have something to show; the others are counted. */
static struct sample *samples_of_rows(struct trend *t, const struct selection *rows, size_t *n)
{
	struct sample *v = xcalloc(rows->n, sizeof(*v));

	for (size_t i = 0; i < rows->n; i++) {
		struct sample s = { .row = rows->v[i], .turn = i };

		t->results++;
		if (s.row->skipped)
			t->skipped++;
		else if (!s.row->passed)
			t->failed++;
		else if (!row_value(s.row, t->def, &s.v))
			t->no_value++;
		else if (!s.row->project_commit)
			t->no_commit++;
		else
			v[(*n)++] = s;
	}
	return v;
}

/* The names of all commits, each once. */
static void commit_names(const struct sample *v, size_t n, struct strv *names)
{
	auto_strv struct strv sorted = { 0 };
	const char *last = NULL;

	for (size_t i = 0; i < n; i++)
		/* interned: a run of one commit is one pointer */
		if (v[i].row->project_commit != last) {
			last = v[i].row->project_commit;
			if (strspn(last, "0123456789abcdef"))
				strv_give(&sorted, clean_name(last));
		}
	strv_sort(&sorted);
	last = "";
	for (char **name = sorted.v; name && *name; last = *name++)
		if (strcmp(last, *name) != 0)
			strv_add(names, *name);
}

static void count_elsewhere(struct trend *t, const char *name, const struct commit *c)
{
	/* results of one run come together: the last one first */
	for (size_t i = t->n_elsewhere; i-- > 0;)
		if (strcmp(t->elsewhere[i].commit, name) == 0) {
			t->elsewhere[i].results++;
			return;
		}
	t->elsewhere = xrealloc(t->elsewhere, (t->n_elsewhere + 1) * sizeof(*t->elsewhere));
	t->elsewhere[t->n_elsewhere++] = (struct elsewhere){ xstrdup(name), c ? c->why : "no commit's name", 1 };
}

/* Give each sample its commit; those whose commit has no place leave. */
static void place_samples(struct trend *t, struct sample *v, size_t *n)
{
	const char *last = "";
	const struct commit *commit = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		const char *name = v[i].row->project_commit;

		if (name != last) {
			auto_free char *clean = clean_name(name);

			commit = history_find(&t->history, clean);
			last = name;
		}
		if (!commit || commit->why) {
			count_elsewhere(t, name, commit);
			continue;
		}
		v[kept] = v[i];
		v[kept].commit = commit;
		v[kept++].dirty = strspn(name, "0123456789abcdef") < strlen(name);
	}
	*n = kept;
}

static int cmp_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a ? a : "", b ? b : "");
}

static int same_series(const struct trend *t, const struct row *a, const struct row *b)
{
	int d = t->by[TREND_TEST] ? cmp_text(a->test, b->test) : 0;

	for (int k = 0; k < DIM_COUNT && !d; k++)
		if (t->by[k])
			d = cmp_text(key_of(a, k), key_of(b, k));
	return d;
}

/* Series by series, commit by commit, what has uncommitted changes behind its
 * commit, then as they came. */
static int by_place(const void *a, const void *b, void *trend)
{
	const struct sample *x = a, *y = b;
	int d = same_series(trend, x->row, y->row);

	if (!d)
		d = (x->commit->place > y->commit->place) - (x->commit->place < y->commit->place);
	if (!d)
		d = x->dirty - y->dirty;
	return d ? d : (x->turn > y->turn) - (x->turn < y->turn);
}

static void add_point(struct series *s, const struct sample *x, size_t at)
{
	struct point *p = s->n_points ? &s->points[s->n_points - 1] : NULL;

	if (!p || p->commit != x->commit || p->dirty != x->dirty) {
		s->points = xrealloc(s->points, (s->n_points + 1) * sizeof(*s->points));
		p = &s->points[s->n_points++];
		*p = (struct point){ .commit = x->commit, .dirty = x->dirty, .from = at };
	}
	p->to = at + 1;
	s->v[at] = x->v;
	s->step[at] = (unsigned)s->n_points;
}

static void fill_series(const struct trend *t, struct series *s, const struct sample *x, size_t n)
{
	*s = (struct series){ .n = n, .p = 1, .p_adjusted = 1 };
	for (int k = 0; k < TREND_KEYS; k++)
		s->key[k] = t->by[k] ? key_of(x->row, k) : NULL;
	s->v = xcalloc(n, sizeof(*s->v));
	s->sorted = xcalloc(n, sizeof(*s->sorted));
	s->step = xcalloc(n, sizeof(*s->step));
	for (size_t i = 0; i < n; i++)
		add_point(s, &x[i], i);
	memcpy(s->sorted, s->v, n * sizeof(*s->v));
	for (size_t i = 0; i < s->n_points; i++) {
		struct point *p = &s->points[i];

		p->box = box_of(s->sorted + p->from, p->to - p->from);
	}
	s->enough = n >= CHANGE_MIN && s->n_points > 1;
}

static void make_series(struct trend *t, struct sample *v, size_t n)
{
	qsort_r(v, n, sizeof(*v), by_place, t);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && same_series(t, v[i].row, v[j].row) == 0; j++)
			;
		t->series = xrealloc(t->series, (t->n + 1) * sizeof(*t->series));
		fill_series(t, &t->series[t->n++], v + i, j - i);
	}
}

/* Many series are looked at: among those said to change, the share of false
 * ones is held (Benjamini and Hochberg). */
static void find_changes(struct trend *t)
{
	auto_free double *p = xcalloc(t->n, sizeof(*p));
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->series[i].enough)
			p[n++] = t->series[i].p = change_find(t->series[i].v, t->series[i].step, t->series[i].n).p;
	benjamini_hochberg(p, n);
	for (size_t i = 0, k = 0; i < t->n; i++) {
		struct series *s = &t->series[i];

		if (!s->enough)
			continue;
		s->p_adjusted = p[k++];
		if (s->p_adjusted <= t->alpha)
			s->n_changes = change_points(s->v, s->step, s->n, t->alpha, &s->change);
	}
}

static int by_change(const void *a, const void *b)
{
	const struct series *x = a, *y = b;
	int d = !x->n_changes - !y->n_changes;

	if (!d && x->n_changes)
		d = (x->p > y->p) - (x->p < y->p);
	if (!d)
		d = cmp_text(x->key[TREND_TEST], y->key[TREND_TEST]);
	for (int k = 0; k < DIM_COUNT && !d; k++)
		d = cmp_text(x->key[k], y->key[k]);
	return d;
}

int trend_make(struct trend *t, const struct selection *rows, const char *dir, struct err *e)
{
	auto_strv struct strv names = { 0 };
	size_t n = 0;
	auto_free struct sample *v = samples_of_rows(t, rows, &n);

	commit_names(v, n, &names);
	if (history_of(&t->history, dir, &names, e) < 0)
		return -1;
	place_samples(t, v, &n);
	make_series(t, v, n);
	find_changes(t);
	if (t->n)
		qsort(t->series, t->n, sizeof(*t->series), by_change);
	return 0;
}

void trend_release(struct trend *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->series[i].points);
		free(t->series[i].v);
		free(t->series[i].sorted);
		free(t->series[i].step);
		free(t->series[i].change);
	}
	free(t->series);
	for (size_t i = 0; i < t->n_elsewhere; i++)
		free(t->elsewhere[i].commit);
	free(t->elsewhere);
	history_release(&t->history);
}

const struct point *change_point(const struct series *s, const struct change *c)
{
	return &s->points[s->step[c->at] - 1];
}

void change_levels(const struct series *s, size_t i, double *before, double *after)
{
	size_t at = s->change[i].at, from = i ? s->change[i - 1].at : 0;
	size_t to = i + 1 < s->n_changes ? s->change[i + 1].at : s->n;

	*before = median_of_values(s->v + from, at - from);
	*after = median_of_values(s->v + at, to - at);
}

const char *change_verdict(const struct trend *t, double before, double after)
{
	double worse = after - before;

	if (t->metric->polarity == HIGHER)
		worse = -worse;
	else if (t->metric->polarity == TARGET)
		worse = __builtin_fabs(after - t->metric->target) - __builtin_fabs(before - t->metric->target);
	else if (t->metric->polarity == UNKNOWN)
		return "change";
	return worse > 0 ? "regression" : worse < 0 ? "improvement" : "change";
}

char *series_name(const struct trend *t, const struct series *s)
{
	static const int order[] = { TREND_TEST, DIM_SCHEDULER,      DIM_TOPOLOGY,      DIM_WORK_TYPE,
				     DIM_KERNEL, DIM_PROJECT_COMMIT, DIM_KERNEL_COMMIT, DIM_RUN_SOURCE };
	struct str name = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (t->by[order[i]])
			str_addf(&name, "%s%s", name.len ? "  " : "", s->key[order[i]] ? s->key[order[i]] : "-");
	return name.len ? str_take(&name) : xstrdup("all results");
}
