/* SPDX-License-Identifier: GPL-2.0-only */
/* A trend as one JSON document. */
#include <math.h>

#include "json/write.h"
#include "plot/trend.h"

static void put_point(struct jw *w, const struct point *p)
{
	jw_object(w);
	jw_key_str(w, "commit", p->commit->name);
	jw_key_bool(w, "dirty", p->dirty);
	jw_key_str(w, "subject", p->commit->subject);
	jw_key_i64(w, "time", p->commit->time);
	jw_key_u64(w, "n", p->box.n);
	jw_key_f64(w, "median", p->box.median);
	jw_key_f64(w, "q1", p->box.q1);
	jw_key_f64(w, "q3", p->box.q3);
	jw_key(w, "values");
	jw_array(w);
	for (size_t i = 0; i < p->box.n; i++)
		jw_f64(w, p->box.v[i]);
	jw_end(w);
	jw_end(w);
}

static void put_change(struct jw *w, const struct trend *t, const struct series *s, size_t i)
{
	const struct point *p = change_point(s, &s->change[i]);
	double before, after;

	change_levels(s, i, &before, &after);
	jw_object(w);
	jw_key_str(w, "commit", p->commit->name);
	jw_key_bool(w, "dirty", p->dirty);
	jw_key_str(w, "verdict", change_verdict(t, before, after));
	jw_key_f64(w, "before", before);
	jw_key_f64(w, "after", after);
	if (before != 0)
		jw_key_f64(w, "rel", (after - before) / fabs(before));
	else
		jw_key_null(w, "rel");
	jw_key_f64(w, "z", s->change[i].z);
	jw_key_f64(w, "p", s->change[i].p);
	jw_end(w);
}

static void put_series(struct jw *w, const struct trend *t, const struct series *s)
{
	jw_object(w);
	if (t->by[TREND_TEST])
		jw_key_str(w, "test", s->key[TREND_TEST]);
	for (int k = 0; k < DIM_COUNT; k++)
		if (t->by[k])
			jw_key_str(w, dimension_names[k], s->key[k]);
	jw_key_u64(w, "n", s->n);
	jw_key_bool(w, "enough", s->enough);
	jw_key_f64(w, "p", s->p);
	jw_key_f64(w, "p_adjusted", s->p_adjusted);
	jw_key(w, "points");
	jw_array(w);
	for (size_t i = 0; i < s->n_points; i++)
		put_point(w, &s->points[i]);
	jw_end(w);
	jw_key(w, "changes");
	jw_array(w);
	for (size_t i = 0; i < s->n_changes; i++)
		put_change(w, t, s, i);
	jw_end(w);
	jw_end(w);
}

static void put_elsewhere(struct jw *w, const struct trend *t)
{
	jw_key(w, "not_shown");
	jw_object(w);
	jw_key(w, "commits");
	jw_array(w);
	for (size_t i = 0; i < t->n_elsewhere; i++) {
		jw_object(w);
		jw_key_str(w, "commit", t->elsewhere[i].commit);
		jw_key_str(w, "why", t->elsewhere[i].why);
		jw_key_u64(w, "results", t->elsewhere[i].results);
		jw_end(w);
	}
	jw_end(w);
	jw_key_u64(w, "no_commit", t->no_commit);
	jw_key_u64(w, "failed", t->failed);
	jw_key_u64(w, "skipped", t->skipped);
	jw_key_u64(w, "no_value", t->no_value);
	jw_end(w);
}

void trend_json(const struct trend *t, struct str *out)
{
	struct jw w;

	jw_init(&w, out, 2);
	jw_object(&w);
	jw_key_str(&w, "metric", t->metric->name);
	jw_key_str(&w, "unit", t->metric->unit);
	metric_polarity(&w, t->metric);
	jw_key_f64(&w, "alpha", t->alpha);
	jw_key_u64(&w, "results", t->results);
	jw_key(&w, "series");
	jw_array(&w);
	for (size_t i = 0; i < t->n; i++)
		put_series(&w, t, &t->series[i]);
	jw_end(&w);
	put_elsewhere(&w, t);
	jw_end(&w);
	str_addc(out, '\n');
}
