/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/checks.h"

void result_release(struct result *r)
{
	for (size_t i = 0; i < r->n_details; i++)
		free(r->details[i].message);
	for (size_t i = 0; i < r->n_metrics; i++)
		free(r->metrics[i].name);
	free(r->details);
	free(r->cgroups);
	free(r->metrics);
	*r = (struct result){ 0 };
}

static void add_detail(struct result *r, const char *kind, const char *fmt, va_list ap)
{
	struct str b = { 0 };

	str_vaddf(&b, fmt, ap);
	GROW(r->details, r->n_details, r->details_cap);
	r->details[r->n_details++] = (struct detail){ kind, str_take(&b) };
}

void result_fail(struct result *r, const char *kind, const char *fmt, ...)
{
	va_list ap;

	r->failed = true;
	va_start(ap, fmt);
	add_detail(r, kind, fmt, ap);
	va_end(ap);
}

void result_note(struct result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_detail(r, "Note", fmt, ap);
	va_end(ap);
}

void result_skip(struct result *r, const char *fmt, va_list ap)
{
	r->skipped = true;
	add_detail(r, "Skip", fmt, ap);
}

void result_metric(struct result *r, const char *name, double value)
{
	if (!isfinite(value))
		return; /* the sidecar's readers refuse a null */
	for (size_t i = 0; i < r->n_metrics; i++)
		if (strcmp(r->metrics[i].name, name) == 0) {
			r->metrics[i].value = value;
			return;
		}
	GROW(r->metrics, r->n_metrics, r->metrics_cap);
	r->metrics[r->n_metrics++] = (struct metric){ xstrdup(name), value };
}

static double iterations_per_worker(const struct cgroup_stats *c)
{
	return c->workers ? (double)c->iterations / (double)c->workers : 0;
}

static void write_cgroup(struct jw *w, const struct cgroup_stats *c)
{
	jw_object(w);
	jw_key_u64(w, "num_workers", c->workers);
	jw_key_u64(w, "num_cpus", c->cpus);
	jw_key_f64(w, "avg_off_cpu_pct", c->avg_off_cpu_pct);
	jw_key_f64(w, "min_off_cpu_pct", c->min_off_cpu_pct);
	jw_key_f64(w, "max_off_cpu_pct", c->max_off_cpu_pct);
	jw_key_f64(w, "spread", c->spread);
	jw_key_u64(w, "max_gap_ms", c->max_gap_ms);
	jw_key_u64(w, "max_gap_cpu", c->max_gap_cpu);
	jw_key_u64(w, "total_migrations", c->migrations);
	jw_key_f64(w, "migration_ratio", c->migration_ratio);
	jw_key_f64(w, "p99_wake_latency_us", 0);
	jw_key_f64(w, "median_wake_latency_us", 0);
	jw_key_f64(w, "wake_latency_cv", 0);
	jw_key_u64(w, "total_iterations", c->iterations);
	jw_key_f64(w, "mean_run_delay_us", c->mean_run_delay_us);
	jw_key_f64(w, "worst_run_delay_us", c->worst_run_delay_us);
	jw_key_f64(w, "page_locality", 0);
	jw_key_f64(w, "cross_node_migration_ratio", 0);
	jw_key(w, "ext_metrics");
	jw_object(w);
	jw_end(w);
	jw_end(w);
}

struct totals {
	struct cgroup_stats sum; /* counts added up, the rest the worst */
	double iterations_per_worker;
};

static double worse(double a, double b)
{
	return a > b ? a : b;
}

static struct totals roll_up(const struct result *r)
{
	struct totals t = { 0 };

	for (size_t i = 0; i < r->n_cgroups; i++) {
		const struct cgroup_stats *c = &r->cgroups[i];
		double ipw = iterations_per_worker(c);

		t.sum.workers += c->workers;
		t.sum.cpus += c->cpus;
		t.sum.migrations += c->migrations;
		t.sum.iterations += c->iterations;
		t.sum.spread = worse(t.sum.spread, c->spread);
		if (c->max_gap_ms > t.sum.max_gap_ms) {
			t.sum.max_gap_ms = c->max_gap_ms;
			t.sum.max_gap_cpu = c->max_gap_cpu;
		}
		t.sum.migration_ratio = worse(t.sum.migration_ratio, c->migration_ratio);
		t.sum.mean_run_delay_us = worse(t.sum.mean_run_delay_us, c->mean_run_delay_us);
		t.sum.worst_run_delay_us = worse(t.sum.worst_run_delay_us, c->worst_run_delay_us);
		/* the lowest that is not zero */
		if (ipw > 0 && (t.iterations_per_worker <= 0 || ipw < t.iterations_per_worker))
			t.iterations_per_worker = ipw;
	}
	return t;
}

void stats_write(struct jw *w, const struct result *r)
{
	struct totals t = roll_up(r);

	jw_object(w);
	jw_key(w, "cgroups");
	jw_array(w);
	for (size_t i = 0; i < r->n_cgroups; i++)
		write_cgroup(w, &r->cgroups[i]);
	jw_end(w);
	jw_key_u64(w, "total_workers", t.sum.workers);
	jw_key_u64(w, "total_cpus", t.sum.cpus);
	jw_key_u64(w, "total_migrations", t.sum.migrations);
	jw_key_f64(w, "worst_spread", t.sum.spread);
	jw_key_u64(w, "worst_gap_ms", t.sum.max_gap_ms);
	jw_key_u64(w, "worst_gap_cpu", t.sum.max_gap_cpu);
	jw_key_f64(w, "worst_migration_ratio", t.sum.migration_ratio);
	jw_key_f64(w, "worst_p99_wake_latency_us", 0);
	jw_key_f64(w, "worst_median_wake_latency_us", 0);
	jw_key_f64(w, "worst_wake_latency_cv", 0);
	jw_key_u64(w, "total_iterations", t.sum.iterations);
	jw_key_f64(w, "worst_mean_run_delay_us", t.sum.mean_run_delay_us);
	jw_key_f64(w, "worst_run_delay_us", t.sum.worst_run_delay_us);
	jw_key_f64(w, "worst_page_locality", 0);
	jw_key_f64(w, "worst_cross_node_migration_ratio", 0);
	jw_key_f64(w, "worst_wake_latency_tail_ratio", 0);
	jw_key_f64(w, "worst_iterations_per_worker", t.iterations_per_worker);
	jw_key(w, "ext_metrics");
	jw_object(w);
	for (size_t i = 0; i < r->n_metrics; i++)
		jw_key_f64(w, r->metrics[i].name, r->metrics[i].value);
	jw_end(w);
	jw_end(w);
}

void result_write(struct str *out, const struct result *r)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "result");
	jw_key_bool(&w, "passed", !r->failed);
	jw_key_bool(&w, "skipped", r->skipped && !r->failed);
	jw_key(&w, "details");
	jw_array(&w);
	for (size_t i = 0; i < r->n_details; i++) {
		jw_object(&w);
		jw_key_str(&w, "kind", r->details[i].kind);
		jw_key_str(&w, "message", r->details[i].message);
		jw_end(&w);
	}
	jw_end(&w);
	jw_key(&w, "stats");
	stats_write(&w, r);
	jw_end(&w);
}
