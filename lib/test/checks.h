/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What workers report, what is concluded from it, and the result that travels
 * from the guest to the host and into the sidecar.
 *
 * A struct result owns its details and figures until result_release.
 */
#ifndef TEST_CHECKS_H
#define TEST_CHECKS_H

#include "json/write.h"
#include "test/topo.h"
#include "test/ktstr.h"

#define MIGRATIONS_MAX 64

struct migration {
	uint64_t at_ns; /* since the worker's start */
	uint32_t from, to;
};

/* One worker's report. Times are CLOCK_MONOTONIC spans. */
struct worker_report {
	int32_t tid;
	bool completed;                     /* it stopped when told to */
	int32_t exit_code;                  /* of one that did not: 128 + signal when killed */
	int32_t affinity_errno, nice_errno; /* why it did not get what it was to have, or 0 */
	uint64_t work_units, iterations;
	uint64_t cpu_time_ns, wall_time_ns, off_cpu_ns; /* off = wall - cpu */
	uint64_t migration_count;
	struct migration migrations[MIGRATIONS_MAX]; /* the first ones */
	struct cpus cpus_used;
	uint64_t max_gap_ms, max_gap_at_ms;
	uint32_t max_gap_cpu;
	/* differences of the three columns of /proc/self/schedstat */
	uint64_t schedstat_cpu_time_ns, schedstat_run_delay_ns, schedstat_run_count;
};

struct cgroup_stats {
	uint64_t workers, cpus;
	double avg_off_cpu_pct, min_off_cpu_pct, max_off_cpu_pct, spread;
	uint64_t max_gap_ms, max_gap_cpu;
	uint64_t migrations, iterations;
	double migration_ratio;
	double mean_run_delay_us, worst_run_delay_us;
};

struct detail {
	const char *kind; /* "Starved", "Stuck", "Unfair", "Isolation", … */
	char *message;
};

struct metric {
	char *name;
	double value;
};

struct result {
	bool failed, skipped;
	struct detail *details;
	size_t n_details, details_cap;
	struct cgroup_stats *cgroups;
	size_t n_cgroups, cgroups_cap;
	struct metric *metrics;
	size_t n_metrics, metrics_cap;
};
void result_release(struct result *r);
/* A detail that fails the test; one that only informs; the reason of a skip. */
void result_fail(struct result *r, const char *kind, const char *fmt, ...) PRINTF(3, 4);
void result_note(struct result *r, const char *fmt, ...) PRINTF(2, 3);
void result_skip(struct result *r, const char *fmt, va_list ap) PRINTF(2, 0);
void result_metric(struct result *r, const char *name, double value);

/* --- thresholds ------------------------------------------------------- */

/* One field of struct ktstr_assert, in the order people see them. */
struct threshold {
	const char *name;
	bool is_switch; /* enum ktstr_switch, else struct ktstr_limit */
	size_t offset;
	bool checked; /* whether this runtime evaluates it */
};
extern const struct threshold thresholds[];
extern const size_t thresholds_n;

/* Built-in, then the scheduler's, then the test's: the last that is set. */
struct ktstr_assert assert_merged(const struct ktstr_test *t);
/* The value as text, NULL when unset; caller frees. */
char *threshold_text(const struct threshold *row, const struct ktstr_assert *a);
/* Print what --ktstr-show-thresholds shows: 0, or -1 for an unknown test. */
int show_thresholds(const char *test, struct err *e);

/* Limits of the starvation check when the test gives none. */
#define GAP_MS_DEBUG       3000.0
#define GAP_MS_RELEASE     2000.0
#define SPREAD_PCT_DEBUG   35.0
#define SPREAD_PCT_RELEASE 15.0

/* --- checks ----------------------------------------------------------- */

/* The workers of one cgroup. */
struct group {
	const char *name;
	const struct worker_report *const *reports;
	size_t n;
	const struct cpus *cpuset; /* NULL: it has none */
};

/* Reduce the reports to the cgroup's statistics. */
struct cgroup_stats group_stats(const struct group *g);
/* Add the statistics, and a detail for each limit that does not hold. */
void check_group(const struct group *g, const struct ktstr_assert *a, bool release, struct result *r);

/* --- JSON ------------------------------------------------------------- */

/* The "stats" object with the keys and roll-ups of the sidecar. */
void stats_write(struct jw *w, const struct result *r);
/* {"type":"result",…} without a line end. */
void result_write(struct str *out, const struct result *r);

#endif
