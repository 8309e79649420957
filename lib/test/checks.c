/* SPDX-License-Identifier: GPL-2.0-only */
#include "test/checks.h"

#include <math.h>
#include <string.h>

static double off_cpu_pct(const struct worker_report *r)
{
	return 100.0 * (double)r->off_cpu_ns / (double)r->wall_time_ns;
}

static void off_cpu_stats(const struct group *g, struct cgroup_stats *s)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		double pct;

		if (!g->reports[i]->wall_time_ns)
			continue;
		pct = off_cpu_pct(g->reports[i]);
		if (!n || pct < s->min_off_cpu_pct)
			s->min_off_cpu_pct = pct;
		if (!n || pct > s->max_off_cpu_pct)
			s->max_off_cpu_pct = pct;
		sum += pct;
		n++;
	}
	s->avg_off_cpu_pct = n ? sum / (double)n : 0;
	s->spread = s->max_off_cpu_pct - s->min_off_cpu_pct;
}

struct cgroup_stats group_stats(const struct group *g)
{
	struct cgroup_stats s = { .workers = g->n };
	struct cpus used = { 0 };
	double delay = 0;

	off_cpu_stats(g, &s);
	for (size_t i = 0; i < g->n; i++) {
		const struct worker_report *r = g->reports[i];
		double us = (double)r->schedstat_run_delay_ns / 1000;

		cpus_or(&used, &r->cpus_used);
		if (r->max_gap_ms > s.max_gap_ms) {
			s.max_gap_ms = r->max_gap_ms;
			s.max_gap_cpu = r->max_gap_cpu;
		}
		s.migrations += r->migration_count;
		s.iterations += r->iterations;
		s.worst_run_delay_us = us > s.worst_run_delay_us ? us : s.worst_run_delay_us;
		delay += us;
	}
	s.cpus = cpus_count(&used);
	s.migration_ratio = s.iterations ? (double)s.migrations / (double)s.iterations : 0;
	s.mean_run_delay_us = g->n ? delay / (double)g->n : 0;
	return s;
}

static void check_starved(const struct group *g, const struct cgroup_stats *s, const struct ktstr_assert *a,
			  bool release, struct result *r)
{
	double gap = release ? GAP_MS_RELEASE : GAP_MS_DEBUG;
	double spread = release ? SPREAD_PCT_RELEASE : SPREAD_PCT_DEBUG;

	if (a->max_gap_ms.set)
		gap = a->max_gap_ms.value;
	if (a->max_spread_pct.set)
		spread = a->max_spread_pct.value;
	for (size_t i = 0; i < g->n; i++)
		if (!g->reports[i]->work_units)
			result_fail(r, "Starved", "tid %d starved (0 work units)", g->reports[i]->tid);
	if (g->n >= 2 && s->spread > spread)
		result_fail(r, "Unfair",
			    "unfair cgroup: spread=%.0f%% (%.0f-%.0f%%) %zu workers on %llu cpus (threshold %.0f%%)",
			    s->spread, s->min_off_cpu_pct, s->max_off_cpu_pct, g->n, (unsigned long long)s->cpus,
			    spread);
	for (size_t i = 0; i < g->n; i++) {
		const struct worker_report *w = g->reports[i];

		if ((double)w->max_gap_ms > gap)
			result_fail(r, "Stuck", "tid %d stuck %llums on cpu%u at +%llums (threshold %.0fms)", w->tid,
				    (unsigned long long)w->max_gap_ms, w->max_gap_cpu,
				    (unsigned long long)w->max_gap_at_ms, gap);
	}
}

static void check_isolation(const struct group *g, struct result *r)
{
	for (size_t i = 0; i < g->n; i++) {
		struct cpus outside = g->reports[i]->cpus_used;
		auto_str struct str where = { 0 };
		auto_str struct str set = { 0 };

		cpus_minus(&outside, g->cpuset);
		if (!cpus_count(&outside))
			continue;
		cpus_print(&outside, &where);
		cpus_print(g->cpuset, &set);
		result_fail(r, "Isolation", "tid %d ran on cpu %s outside the cpuset %s of cgroup %s",
			    g->reports[i]->tid, str_c(&where), str_c(&set), g->name);
	}
}

/* Work units per second of CPU time. */
static double work_rate(const struct worker_report *r)
{
	return r->cpu_time_ns ? (double)r->work_units / ((double)r->cpu_time_ns / 1e9) : 0;
}

/* Population standard deviation over mean. */
static double rate_cv(const struct group *g)
{
	double mean = 0, var = 0;

	for (size_t i = 0; i < g->n; i++)
		mean += work_rate(g->reports[i]) / (double)g->n;
	for (size_t i = 0; i < g->n; i++)
		var += pow(work_rate(g->reports[i]) - mean, 2) / (double)g->n;
	return mean > 0 ? sqrt(var) / mean : 0;
}

static void check_throughput(const struct group *g, double limit, struct result *r)
{
	bool any = false;
	double cv;

	for (size_t i = 0; i < g->n; i++)
		any = any || g->reports[i]->cpu_time_ns;
	if (!any) {
		result_fail(r, "Benchmark", "throughput CV is undefined: no worker of cgroup %s used CPU time",
			    g->name);
		return;
	}
	cv = rate_cv(g);
	if (g->n >= 2 && cv > limit)
		result_fail(r, "Benchmark", "throughput CV %.4f of cgroup %s exceeds threshold %.4f", cv, g->name,
			    limit);
}

static void check_rates(const struct group *g, const struct ktstr_assert *a, struct result *r)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct worker_report *w = g->reports[i];
		double rate = work_rate(w);

		if (a->min_work_rate.set && rate < a->min_work_rate.value)
			result_fail(r, "Benchmark", "tid %d work rate %.1f/cpu_s below floor %.1f", w->tid, rate,
				    a->min_work_rate.value);
		if (!a->min_iteration_rate.set || !w->wall_time_ns)
			continue;
		rate = (double)w->iterations / ((double)w->wall_time_ns / 1e9);
		if (rate < a->min_iteration_rate.value)
			result_fail(r, "Benchmark", "tid %d iteration rate %.1f/s below floor %.1f", w->tid, rate,
				    a->min_iteration_rate.value);
	}
}

/* A worker that ran elsewhere, or at another priority, than it was to says
 * nothing about the scheduler. */
static void check_setup(const struct group *g, struct result *r)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct worker_report *w = g->reports[i];

		if (w->affinity_errno)
			result_fail(r, "Other", "tid %d of cgroup %s could not be kept on its CPUs: %s", w->tid,
				    g->name, strerror(w->affinity_errno));
		if (w->nice_errno)
			result_fail(r, "Other", "tid %d of cgroup %s could not get its nice value: %s", w->tid, g->name,
				    strerror(w->nice_errno));
	}
}

void check_group(const struct group *g, const struct ktstr_assert *a, bool release, struct result *r)
{
	struct cgroup_stats s = group_stats(g);

	GROW(r->cgroups, r->n_cgroups, r->cgroups_cap);
	r->cgroups[r->n_cgroups++] = s;
	for (size_t i = 0; i < g->n; i++)
		if (!g->reports[i]->completed)
			result_fail(r, "Stuck", "tid %d of cgroup %s gave no report (exit code %d)", g->reports[i]->tid,
				    g->name, g->reports[i]->exit_code);
	check_setup(g, r);
	if (a->not_starved == KTSTR_ON)
		check_starved(g, &s, a, release, r);
	if (a->isolation == KTSTR_ON && g->cpuset)
		check_isolation(g, r);
	if (a->max_throughput_cv.set && g->n)
		check_throughput(g, a->max_throughput_cv.value, r);
	check_rates(g, a, r);
	if (a->max_migration_ratio.set && s.migration_ratio > a->max_migration_ratio.value)
		result_fail(r, "Migration",
			    "migration ratio %.4f (%llu migrations, %llu iterations) exceeds threshold %.4f",
			    s.migration_ratio, (unsigned long long)s.migrations, (unsigned long long)s.iterations,
			    a->max_migration_ratio.value);
}
