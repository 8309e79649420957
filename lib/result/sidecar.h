/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A result file ("sidecar"): what one test run on one kernel and topology
 * gave. The format is ktstr 0.5.2's, key for key and in its order; our own
 * keys follow behind it, where its readers skip them.
 *
 * A struct sidecar is zeroed, read into, and owns everything until
 * sidecar_release.
 */
#ifndef RESULT_SIDECAR_H
#define RESULT_SIDECAR_H

#include "host/context.h"
#include "json/shape.h"

struct cgroup_stats {
	uint64_t num_workers, num_cpus;
	double avg_off_cpu_pct, min_off_cpu_pct, max_off_cpu_pct, spread;
	uint64_t max_gap_ms, max_gap_cpu, total_migrations;
	double migration_ratio;
	double p99_wake_latency_us, median_wake_latency_us, wake_latency_cv;
	uint64_t total_iterations;
	double mean_run_delay_us, worst_run_delay_us;
	double page_locality, cross_node_migration_ratio;
	struct map_f64 ext_metrics;
};

struct scenario_stats {
	struct shape_list cgroups; /* struct cgroup_stats */
	uint64_t total_workers, total_cpus, total_migrations;
	double worst_spread;
	uint64_t worst_gap_ms, worst_gap_cpu;
	double worst_migration_ratio;
	double worst_p99_wake_latency_us, worst_median_wake_latency_us, worst_wake_latency_cv;
	uint64_t total_iterations;
	double worst_mean_run_delay_us, worst_run_delay_us;
	double worst_page_locality, worst_cross_node_migration_ratio;
	double worst_wake_latency_tail_ratio, worst_iterations_per_worker;
	struct map_f64 ext_metrics;
};

struct event_deltas {
	int64_t total_fallback;
	double fallback_rate;
	int64_t max_fallback_burst, total_dispatch_offline, total_dispatch_keep_last;
	double keep_last_rate;
	int64_t total_enq_skip_exiting, total_enq_skip_migration_disabled, total_reenq_immed;
	int64_t total_reenq_local_repeat, total_refill_slice_dfl;
	int64_t total_bypass_duration; /* ns */
	int64_t total_bypass_dispatch, total_bypass_activate, total_insert_not_owned, total_sub_bypass_dispatch;
};

struct schedstat_deltas {
	uint64_t total_run_delay; /* ns */
	double run_delay_rate;    /* ns a second */
	uint64_t total_pcount, total_sched_count;
	double sched_count_rate;
	uint64_t total_yld_count, total_sched_goidle, total_ttwu_count, total_ttwu_local;
};

struct prog_stats {
	char *name;
	uint64_t cnt, nsecs;
	double nsecs_per_call;
};

struct monitor_summary {
	uint64_t total_samples;
	double max_imbalance_ratio;
	uint32_t max_local_dsq_depth;
	bool stuck_detected;
	double avg_imbalance_ratio, avg_nr_running, avg_local_dsq_depth;
	struct event_deltas *event_deltas;
	struct schedstat_deltas *schedstat_deltas;
	struct shape_list prog_stats_deltas; /* struct prog_stats */
};

struct stimulus_event {
	uint64_t elapsed_ms; /* since the scenario's start */
	char *label, *op_kind, *detail;
	struct opt_u64 total_iterations; /* so far */
};

struct payload_polarity {
	enum { HIGHER_BETTER, LOWER_BETTER, TARGET_VALUE, POLARITY_UNKNOWN } kind;
	double target;
};

struct payload_metric {
	char *name;
	double value;
	struct payload_polarity polarity;
	char *unit, *source, *stream;
};

struct payload_metrics {
	uint64_t payload_index;
	struct shape_list metrics; /* struct payload_metric */
	int32_t exit_code;
};

struct verifier_stats {
	char *name;
	uint32_t verified_insns;
};

struct kvm_stats {
	struct shape_list per_vcpu; /* struct map_u64, by vCPU number */
};

/* Goes up when a key changes its meaning or is no longer there, not when one
 * is added. */
#define SIDECAR_SCHEMA 1

struct sidecar {
	char *test_name, *topology, *scheduler, *scheduler_commit, *project_commit, *payload;
	struct shape_list metrics; /* struct payload_metrics */
	bool passed, skipped;
	struct scenario_stats stats;
	struct monitor_summary *monitor;
	struct shape_list stimulus_events; /* struct stimulus_event */
	char *work_type;
	struct shape_list verifier_stats; /* struct verifier_stats */
	struct kvm_stats *kvm_stats;
	struct strv sysctls, kargs;
	char *kernel_version, *kernel_commit, *timestamp, *run_id;
	struct host_context *host;
	struct opt_u64 cleanup_duration_ms;
	char *run_source;
	/* ours */
	struct opt_u64 schema_version; /* SIDECAR_SCHEMA; none in files of the original */
	char *started_at;              /* as timestamp, which is when the file was written */
	char *outcome;                 /* pass, fail, skip, crash, timeout */
	struct opt_u64 duration_ms;
	char *kernel_label;
	char *sched_ext;  /* JSON: {"state","ops"} as the guest's kernel said */
	char *failure;    /* what a failed test has to say */
	struct strv rest; /* members nobody here knows: key, JSON text, … */
};

/* The texts of a result that rows are made of; the metrics follow behind,
 * PART_METRICS + their enum metric_id. */
enum sidecar_part {
	PART_NONE,
	PART_TEST,
	PART_TOPOLOGY,
	PART_SCHEDULER,
	PART_WORK_TYPE,
	PART_KERNEL,
	PART_PROJECT_COMMIT,
	PART_KERNEL_COMMIT,
	PART_RUN_SOURCE,
	PART_PASSED,
	PART_SKIPPED,
	PART_TIMESTAMP,
	PART_RUN_ID,
	PART_HOST,
	PART_EXT,
	PART_PAYLOAD,
	PART_METRICS
};

/* Check a file's text as sidecar_parse does, and find its parts, of which
 * there are PART_COUNT (metrics.h). Those that are not there are {NULL, 0}. */
int sidecar_parts(struct slice *parts, const char *text, size_t n, struct err *e);

/* Read a file's text; strict, as the format demands. 0, or -1 with "missing
 * field `x` at line L column C". Release s in either case. */
int sidecar_parse(struct sidecar *s, const char *text, size_t n, struct err *e);

/* Read what a test program sends, where anything may be left out. */
int sidecar_parse_lax(struct sidecar *s, const char *text, size_t n, struct err *e);

/* Append the file's text: two spaces a level, no line end behind it. */
void sidecar_print(const struct sidecar *s, struct str *out);

/* "{test_name}-{hash}.ktstr.json"; caller frees. */
char *sidecar_file_name(const struct sidecar *s);

/* Whether a path's last part names a result file. */
bool is_sidecar_name(const char *path);

void sidecar_release(struct sidecar *s);

#endif
