/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/metrics.h"

#include <string.h>

/* A tail ratio of fewer iterations is noise. */
#define TAIL_MIN_ITERATIONS 100

#define GAUGE   "{\"Gauge\":\"Last\"}"
#define PEAK    "\"Peak\""
#define COUNTER "\"Counter\""

#define STATS(m, t)   FROM_STATS, SHAPE_##t, offsetof(struct scenario_stats, m)
#define MONITOR(m, t) FROM_MONITOR, SHAPE_##t, offsetof(struct monitor_summary, m)
#define EVENTS(m)     FROM_EVENTS, SHAPE_I64, offsetof(struct event_deltas, m)

/* clang-format off */
const struct metric metrics[METRIC_COUNT] = {
	/*                      name                      higher  abs   rel   unit  kind     where */
	[M_SPREAD]          = { "worst_spread",                  false, 5,    0.25, "%",  GAUGE,   STATS(worst_spread, F64) },
	[M_GAP_MS]          = { "worst_gap_ms",                  false, 500,  0.5,  "ms", PEAK,    STATS(worst_gap_ms, U64) },
	[M_MIGRATIONS]      = { "total_migrations",              false, 10,   0.3,  "",   COUNTER, STATS(total_migrations, U64) },
	[M_MIGRATION_RATIO] = { "worst_migration_ratio",         false, 0.05, 0.2,  "",   GAUGE,   STATS(worst_migration_ratio, F64) },
	[M_IMBALANCE]       = { "max_imbalance_ratio",           false, 1,    0.25, "x",  PEAK,    MONITOR(max_imbalance_ratio, F64) },
	[M_DSQ_DEPTH]       = { "max_dsq_depth",                 false, 10,   0.5,  "",   PEAK,    MONITOR(max_local_dsq_depth, U32) },
	[M_STUCK]           = { "stuck_count",                   false, 1,    0.5,  "",   COUNTER, MONITOR(stuck_detected, BOOL) },
	[M_FALLBACK]        = { "total_fallback",                false, 5,    0.3,  "",   COUNTER, EVENTS(total_fallback) },
	[M_KEEP_LAST]       = { "total_keep_last",               false, 5,    0.3,  "",   COUNTER, EVENTS(total_dispatch_keep_last) },
	[M_P99_WAKE]        = { "worst_p99_wake_latency_us",     false, 50,   0.25, "µs", GAUGE,   STATS(worst_p99_wake_latency_us, F64) },
	[M_MEDIAN_WAKE]     = { "worst_median_wake_latency_us",  false, 20,   0.25, "µs", GAUGE,   STATS(worst_median_wake_latency_us, F64) },
	[M_WAKE_CV]         = { "worst_wake_latency_cv",         false, 0.1,  0.25, "",   GAUGE,   STATS(worst_wake_latency_cv, F64) },
	[M_ITERATIONS]      = { "total_iterations",              true,  100,  0.1,  "",   COUNTER, STATS(total_iterations, U64) },
	[M_MEAN_RUN_DELAY]  = { "worst_mean_run_delay_us",       false, 50,   0.25, "µs", GAUGE,   STATS(worst_mean_run_delay_us, F64) },
	[M_RUN_DELAY]       = { "worst_run_delay_us",            false, 100,  0.5,  "µs", PEAK,    STATS(worst_run_delay_us, F64) },
	[M_TAIL_RATIO]      = { "worst_wake_latency_tail_ratio", false, 0.5,  0.25, "x",  GAUGE,   STATS(worst_wake_latency_tail_ratio, F64) },
	[M_ITERATIONS_PER_WORKER] =
			      { "worst_iterations_per_worker",   true,  10,   0.1,  "",   GAUGE,   STATS(worst_iterations_per_worker, F64) },
	[M_PAGE_LOCALITY]   = { "worst_page_locality",           true,  0.05, 0.1,  "",   GAUGE,   STATS(worst_page_locality, F64) },
	[M_CROSS_NODE]      = { "worst_cross_node_migration_ratio", false, 0.05, 0.2, "", GAUGE,   STATS(worst_cross_node_migration_ratio, F64) },
};
/* clang-format on */

/* Whether the result has the part the metric stands in. */
static bool has_part(const struct sidecar *s, enum metric_from from)
{
	return from == FROM_STATS || (s->monitor && (from == FROM_MONITOR || s->monitor->event_deltas));
}

static const char *part_of(const struct sidecar *s, enum metric_from from)
{
	if (from == FROM_STATS)
		return (const char *)&s->stats;
	return from == FROM_MONITOR ? (const char *)s->monitor : (const char *)s->monitor->event_deltas;
}

static double number_at(const void *at, enum shape_kind type)
{
	switch (type) {
	case SHAPE_U64:
		return (double)*(const uint64_t *)at;
	case SHAPE_U32:
		return *(const uint32_t *)at;
	case SHAPE_I64:
		return (double)*(const int64_t *)at;
	case SHAPE_BOOL:
		return *(const bool *)at;
	default:
		return *(const double *)at;
	}
}

static __attribute__((nonnull)) double from_ext(const struct sidecar *s, const char *name, bool *there)
{
	const struct map_f64 *ext = &s->stats.ext_metrics;

	for (size_t i = 0; i < ext->n; i++)
		if (strcmp(ext->v[i].key, name) == 0) {
			*there = true;
			return ext->v[i].v;
		}
	*there = false;
	return 0;
}

__attribute__((nonnull)) double metric_read(const struct sidecar *s, enum metric_id id, bool *there)
{
	const struct metric *m = &metrics[id];

	if (!has_part(s, m->from) || (id == M_TAIL_RATIO && s->stats.total_iterations < TAIL_MIN_ITERATIONS))
		return from_ext(s, m->name, there);
	*there = true;
	return number_at(part_of(s, m->from) + m->at, m->type);
}
