/* SPDX-License-Identifier: GPL-2.0-only */
/* The report over one run as JSON. */
#include <stdlib.h>

#include "json/write.h"
#include "result/analysis.h"

static void json_outliers(const struct rows *r, struct jw *w)
{
	struct outliers found = outliers_find(r);

	jw_key(w, "outliers");
	jw_array(w);
	for (size_t i = 0; i < found.n; i++) {
		const struct outlier *o = &found.v[i];

		jw_object(w);
		jw_key_str(w, "scenario", o->scenario);
		jw_key_str(w, "metric", metrics[o->id].name);
		jw_key_f64(w, "mean", o->mean);
		jw_key_f64(w, "overall", o->overall);
		jw_key_f64(w, "sigma", o->sigma);
		jw_key(w, "worst_on");
		jw_array(w);
		for (size_t k = 0; k < r->n; k++)
			if (outlier_has(o, &r->v[k]))
				jw_str(w, r->v[k].topology);
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
	free(found.v);
}

static void json_summaries(const struct rows *r, struct jw *w, const char *key, enum summary_by by)
{
	struct summaries list = summaries_of(r, by);

	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < list.n; i++) {
		const struct summary *s = &list.v[i];

		jw_object(w);
		jw_key_str(w, "name", s->name);
		jw_key_u64(w, "total", s->total);
		jw_key_u64(w, "passed", s->passed);
		jw_key_u64(w, "skipped", s->skipped);
		jw_key_u64(w, "failed", s->total - s->passed - s->skipped);
		jw_key_u64(w, "crashed", s->crashed);
		jw_key_u64(w, "timed_out", s->timed_out);
		jw_key(w, "means");
		jw_object(w);
		for (int m = 0; m < METRIC_COUNT; m++)
			jw_key_f64(w, metrics[m].name, summary_mean(s, (enum metric_id)m));
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
	free(list.v);
}

static void json_steps(const struct rows *r, struct jw *w)
{
	struct steps all = steps_find(r);

	jw_key(w, "stimuli");
	jw_array(w);
	for (size_t i = 0; i < all.n; i++) {
		struct step *s = &all.v[i];

		jw_object(w);
		jw_key_str(w, "scenario", s->scenario);
		jw_key_str(w, "work_type", s->work_type);
		jw_key_str(w, "step", s->label);
		jw_key_u64(w, "events", s->at_ms.n);
		jw_key_f64(w, "median_ms", steps_median(&s->at_ms));
		if (s->pace.n)
			jw_key_f64(w, "iterations_per_second", steps_median(&s->pace));
		else
			jw_key_null(w, "iterations_per_second");
		jw_end(w);
	}
	jw_end(w);
	steps_release(&all);
}

static void json_verifier(const struct rows *r, struct jw *w)
{
	struct maxima all = maxima_find(r);

	jw_key(w, "verifier");
	jw_array(w);
	for (size_t i = 0; i < all.n; i++) {
		jw_object(w);
		jw_key_str(w, "program", all.v[i].name);
		jw_key_u64(w, "verified_insns", all.v[i].insns);
		jw_key_f64(w, "limit_percent", maxima_percent(&all.v[i]));
		jw_key_bool(w, "near_limit", maxima_percent(&all.v[i]) >= VERIFIER_WARN_PCT);
		jw_end(w);
	}
	jw_end(w);
	free(all.v);
}

static void json_callbacks(const struct rows *r, struct jw *w)
{
	jw_key(w, "callbacks");
	jw_array(w);
	for (size_t i = 0; i < r->n; i++) {
		const struct sidecar *s = r->results[i];

		for (size_t k = 0; s && s->monitor && k < s->monitor->prog_stats_deltas.n; k++) {
			const struct prog_stats *p = (const struct prog_stats *)s->monitor->prog_stats_deltas.v + k;

			jw_object(w);
			jw_key_str(w, "scenario", s->test_name);
			jw_key_str(w, "topology", s->topology);
			jw_key_str(w, "program", p->name);
			jw_key_u64(w, "cnt", p->cnt);
			jw_key_u64(w, "total_ns", p->nsecs);
			jw_key_f64(w, "avg_ns", p->nsecs_per_call);
			jw_end(w);
		}
	}
	jw_end(w);
}

static void json_kvm(const struct rows *r, struct jw *w)
{
	const struct kvm_figures f = kvm_figures_of(r);

	if (!f.exits) {
		jw_key_null(w, "kvm");
		return;
	}
	jw_key(w, "kvm");
	jw_object(w);
	jw_key_u64(w, "vms", f.vms);
	jw_key_u64(w, "exits_per_vcpu", f.exits);
	jw_key_u64(w, "halts_per_vcpu", f.halt_exits);
	jw_key_u64(w, "halt_wait_ns", f.halt_wait_ns);
	jw_key_f64(w, "poll_ok_percent", f.poll_percent);
	jw_key_u64(w, "preempted_per_vcpu", f.preempted);
	jw_key_u64(w, "signals_per_vcpu", f.signal_exits);
	jw_key_u64(w, "hypercalls_per_vcpu", f.hypercalls);
	jw_key_u64(w, "host_preemptions", f.preempted_total);
	jw_end(w);
}

void analysis_json(const struct rows *r, FILE *out)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_object(&w);
	jw_key(&w, "gauntlet");
	jw_object(&w);
	jw_key_u64(&w, "results", r->n);
	json_outliers(r, &w);
	json_summaries(r, &w, "scenarios", BY_SCENARIO);
	json_summaries(r, &w, "topologies", BY_TOPOLOGY);
	json_summaries(r, &w, "work_types", BY_WORK_TYPE);
	jw_end(&w);
	json_steps(r, &w);
	json_verifier(r, &w);
	json_callbacks(r, &w);
	json_kvm(r, &w);
	jw_end(&w);
	fprintf(out, "%s\n", text.s);
}
