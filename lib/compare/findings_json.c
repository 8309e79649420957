/* SPDX-License-Identifier: GPL-2.0-only */
/* The comparison as one JSON document. */
#include <math.h>
#include <stdlib.h>

#include "host/context.h"
#include "json/write.h"
#include "compare/findings.h"
#include "result/rows.h"
#include "compare/significance.h"

static const char *const side_keys[SIDES] = { "a", "b" };

static void put_names(struct jw *w, const char *key, const char *first, const bool which[DIM_COUNT])
{
	jw_key(w, key);
	jw_array(w);
	if (first)
		jw_str(w, first);
	for (int d = 0; d < DIM_COUNT; d++)
		if (which[d])
			jw_str(w, dimension_names[d]);
	jw_end(w);
}

static void put_sides(struct jw *w, const struct report *r)
{
	jw_key(w, "sides");
	jw_object(w);
	for (int s = 0; s < SIDES; s++) {
		jw_key(w, side_keys[s]);
		jw_object(w);
		jw_key_str(w, "label", r->c->label[s]);
		jw_key_u64(w, "results", r->c->results[s]);
		jw_key_u64(w, "hosts", r->hosts.distinct[s]);
		jw_end(w);
	}
	jw_end(w);
}

static void put_summary(struct jw *w, const struct comparison *c)
{
	jw_key(w, "summary");
	jw_object(w);
	jw_key_u64(w, "regressions", c->verdict[REGRESSION]);
	jw_key_u64(w, "improvements", c->verdict[IMPROVEMENT]);
	jw_key_u64(w, "unchanged", c->verdict[UNCHANGED]);
	jw_key_u64(w, "changed", c->verdict[CHANGED]);
	jw_key_u64(w, "undecided", c->verdict[UNDECIDED]);
	jw_key_u64(w, "pairs_compared", c->state[PAIR_COMPARED]);
	jw_key_u64(w, "pairs_partial", c->partial);
	jw_key_u64(w, "pairs_skipped", c->state[PAIR_SKIPPED]);
	jw_key_u64(w, "new_in_b", c->state[PAIR_NEW]);
	jw_key_u64(w, "removed_from_a", c->state[PAIR_REMOVED]);
	jw_key_u64(w, "one_sided_metrics", c->one_sided);
	jw_key_u64(w, "too_few_runs", c->too_few);
	jw_key_u64(w, "results_on_both_sides", c->overlap);
	jw_end(w);
}

static void put_value(struct jw *w, const struct finding *f, enum side side)
{
	const struct group *g = &f->pair->side[side];
	double *v = xcalloc(g->n + 1, sizeof(*v));

	jw_key(w, side_keys[side]);
	jw_object(w);
	jw_key_f64(w, "mean", side == SIDE_A ? f->a : f->b);
	if (f->def != PASS_RATE)
		jw_key_f64(w, "median", median_of_values(v, pair_samples(f->pair, side, f->def, v)));
	jw_key_u64(w, "n", side == SIDE_A ? f->n_a : f->n_b);
	jw_key_str(w, "commit", g->commit);
	jw_key_str(w, "kernel_commit", g->kernel_commit);
	jw_end(w);
	free(v);
}

static void put_interval(struct jw *w, const struct finding *f)
{
	jw_key(w, "interval_percent");
	if (!f->has_interval) {
		jw_null(w);
		return;
	}
	jw_array(w);
	jw_f64(w, 100 * f->ci_lo);
	jw_f64(w, 100 * f->ci_hi);
	jw_end(w);
}

static void put_finding(struct jw *w, const struct comparison *c, const struct finding *f)
{
	static const char *const verdicts[VERDICTS] = { "unchanged", "improvement", "regression", "changed",
							"undecided" };
	const struct metric_def *m = finding_metric(c, f);

	jw_object(w);
	jw_key_str(w, "verdict", verdicts[f->verdict]);
	jw_key_str(w, "pair", f->pair->name);
	jw_key_str(w, "scenario", f->pair->test);
	jw_key_str(w, "scheduler", finding_common(c, f, DIM_SCHEDULER));
	jw_key_str(w, "topology", finding_common(c, f, DIM_TOPOLOGY));
	jw_key_str(w, "work_type", finding_common(c, f, DIM_WORK_TYPE));
	jw_key_str(w, "metric", m->name);
	jw_key_str(w, "unit", m->unit);
	metric_polarity(w, m);
	put_value(w, f, SIDE_A);
	put_value(w, f, SIDE_B);
	jw_key_f64(w, "delta", f->delta);
	jw_key(w, "change_percent");
	if (isfinite(f->rel))
		jw_f64(w, 100 * f->rel);
	else
		jw_null(w);
	put_interval(w, f);
	jw_key_bool(w, "enough_runs", f->enough);
	jw_key_f64(w, "p", f->p);
	jw_key_f64(w, "p_adjusted", f->p_adjusted);
	jw_end(w);
}

static void put_findings(struct jw *w, const struct report *r)
{
	const struct finding *f;
	size_t i = 0;

	jw_key(w, "findings");
	jw_array(w);
	while ((f = report_next(r, &i)))
		put_finding(w, r->c, f);
	jw_end(w);
}

static void put_count(struct jw *w, const struct pass_count *p)
{
	jw_object(w);
	jw_key_str(w, "scenario", p->test);
	jw_key_str(w, "topology", p->topology);
	jw_key_str(w, "work_type", p->work_type);
	for (int s = 0; s < SIDES; s++) {
		jw_key(w, side_keys[s]);
		jw_object(w);
		jw_key_u64(w, "passed", p->passed[s]);
		jw_key_u64(w, "total", p->total[s]);
		jw_end(w);
	}
	jw_end(w);
}

static void put_counts(struct jw *w, const struct comparison *c)
{
	size_t n = 0;
	struct pass_count *list = pass_counts(c, &n);

	jw_key(w, "groups");
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		put_count(w, &list[i]);
	jw_end(w);
	free(list);
}

static void put_hosts(struct jw *w, const struct report *r)
{
	const struct strv *delta = &r->hosts.delta;

	jw_key(w, "host_delta");
	if (!r->hosts.first[SIDE_A] || !r->hosts.first[SIDE_B]) {
		jw_null(w);
		return;
	}
	jw_array(w);
	for (size_t i = 0; i + 2 < delta->n; i += 3) {
		jw_object(w);
		jw_key_str(w, "field", delta->v[i]);
		jw_key_str(w, "a", delta->v[i + 1]);
		jw_key_str(w, "b", delta->v[i + 2]);
		jw_end(w);
	}
	jw_end(w);
}

void findings_json(const struct report *r, FILE *out)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_object(&w);
	jw_key_str(&w, "_schema_version", "1");
	put_sides(&w, r);
	put_names(&w, "slicing", NULL, r->c->slicing);
	put_names(&w, "pairing", "scenario", r->c->pairing);
	jw_key_bool(&w, "averaged", r->c->averaged);
	jw_key(&w, "alpha");
	if (r->c->alpha > 0)
		jw_f64(&w, r->c->alpha);
	else
		jw_null(&w);
	put_summary(&w, r->c);
	put_findings(&w, r);
	put_counts(&w, r->c);
	put_hosts(&w, r);
	jw_end(&w);
	str_addc(&text, '\n');
	fputs(text.s, out);
}
