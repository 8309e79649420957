/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/metrics.h"

#define GAUGE   "{\"Gauge\":\"Last\"}"
#define PEAK    "\"Peak\""
#define COUNTER "\"Counter\""

/* clang-format off */
const struct metric metrics[METRIC_COUNT] = {
	/*                      name                      higher  abs   rel   unit  kind */
	[M_SPREAD]          = { "worst_spread",                  false, 5,    0.25, "%",  GAUGE },
	[M_GAP_MS]          = { "worst_gap_ms",                  false, 500,  0.5,  "ms", PEAK },
	[M_MIGRATIONS]      = { "total_migrations",              false, 10,   0.3,  "",   COUNTER },
	[M_MIGRATION_RATIO] = { "worst_migration_ratio",         false, 0.05, 0.2,  "",   GAUGE },
	[M_IMBALANCE]       = { "max_imbalance_ratio",           false, 1,    0.25, "x",  PEAK },
	[M_DSQ_DEPTH]       = { "max_dsq_depth",                 false, 10,   0.5,  "",   PEAK },
	[M_STUCK]           = { "stuck_count",                   false, 1,    0.5,  "",   COUNTER },
	[M_FALLBACK]        = { "total_fallback",                false, 5,    0.3,  "",   COUNTER },
	[M_KEEP_LAST]       = { "total_keep_last",               false, 5,    0.3,  "",   COUNTER },
	[M_P99_WAKE]        = { "worst_p99_wake_latency_us",     false, 50,   0.25, "µs", GAUGE },
	[M_MEDIAN_WAKE]     = { "worst_median_wake_latency_us",  false, 20,   0.25, "µs", GAUGE },
	[M_WAKE_CV]         = { "worst_wake_latency_cv",         false, 0.1,  0.25, "",   GAUGE },
	[M_ITERATIONS]      = { "total_iterations",              true,  100,  0.1,  "",   COUNTER },
	[M_MEAN_RUN_DELAY]  = { "worst_mean_run_delay_us",       false, 50,   0.25, "µs", GAUGE },
	[M_RUN_DELAY]       = { "worst_run_delay_us",            false, 100,  0.5,  "µs", PEAK },
	[M_TAIL_RATIO]      = { "worst_wake_latency_tail_ratio", false, 0.5,  0.25, "x",  GAUGE },
	[M_ITERATIONS_PER_WORKER] =
			      { "worst_iterations_per_worker",   true,  10,   0.1,  "",   GAUGE },
	[M_PAGE_LOCALITY]   = { "worst_page_locality",           true,  0.05, 0.1,  "",   GAUGE },
	[M_CROSS_NODE]      = { "worst_cross_node_migration_ratio", false, 0.05, 0.2, "", GAUGE },
};
/* clang-format on */
