/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/sidecar.h"

#include <stdlib.h>
#include <string.h>

#include "result/hash.h"
#include "result/metrics.h"

#define EXT(t)        FIELD(t, ext_metrics, SHAPE_CUSTOM, .absent = SHAPE_EMPTY, .codec = &codec_map_f64)
#define LIST(t, m, s) FIELD(t, m, SHAPE_LIST, .of = &(s))

#define U(m) FIELD(struct cgroup_stats, m, SHAPE_U64)
#define D(m) FIELD(struct cgroup_stats, m, SHAPE_F64)
static const struct shape_field cgroup_fields[] = { U(num_workers),
						    U(num_cpus),
						    D(avg_off_cpu_pct),
						    D(min_off_cpu_pct),
						    D(max_off_cpu_pct),
						    D(spread),
						    U(max_gap_ms),
						    U(max_gap_cpu),
						    U(total_migrations),
						    D(migration_ratio),
						    D(p99_wake_latency_us),
						    D(median_wake_latency_us),
						    D(wake_latency_cv),
						    U(total_iterations),
						    D(mean_run_delay_us),
						    D(worst_run_delay_us),
						    D(page_locality),
						    D(cross_node_migration_ratio),
						    EXT(struct cgroup_stats),
						    { 0 } };
#undef U
#undef D
static const struct shape cgroup_shape = { sizeof(struct cgroup_stats), cgroup_fields };

#define U(m, ...) FIELD(struct scenario_stats, m, SHAPE_U64, ##__VA_ARGS__)
#define D(m, ...) FIELD(struct scenario_stats, m, SHAPE_F64, ##__VA_ARGS__)
#define M(id)     .part = PART_METRICS + (id)
static const struct shape_field stats_fields[] = { LIST(struct scenario_stats, cgroups, cgroup_shape),
						   U(total_workers),
						   U(total_cpus),
						   U(total_migrations, M(M_MIGRATIONS)),
						   D(worst_spread, M(M_SPREAD)),
						   U(worst_gap_ms, M(M_GAP_MS)),
						   U(worst_gap_cpu),
						   D(worst_migration_ratio, M(M_MIGRATION_RATIO)),
						   D(worst_p99_wake_latency_us, M(M_P99_WAKE)),
						   D(worst_median_wake_latency_us, M(M_MEDIAN_WAKE)),
						   D(worst_wake_latency_cv, M(M_WAKE_CV)),
						   U(total_iterations, M(M_ITERATIONS)),
						   D(worst_mean_run_delay_us, M(M_MEAN_RUN_DELAY)),
						   D(worst_run_delay_us, M(M_RUN_DELAY)),
						   D(worst_page_locality, M(M_PAGE_LOCALITY)),
						   D(worst_cross_node_migration_ratio, M(M_CROSS_NODE)),
						   D(worst_wake_latency_tail_ratio, M(M_TAIL_RATIO)),
						   D(worst_iterations_per_worker, M(M_ITERATIONS_PER_WORKER)),
						   FIELD(struct scenario_stats, ext_metrics, SHAPE_CUSTOM,
							 .absent = SHAPE_EMPTY, .codec = &codec_map_f64,
							 .part = PART_EXT),
						   { 0 } };
#undef U
#undef D
static const struct shape stats_shape = { sizeof(struct scenario_stats), stats_fields };

#define I(m, ...) FIELD(struct event_deltas, m, SHAPE_I64, ##__VA_ARGS__)
#define D(m)      FIELD(struct event_deltas, m, SHAPE_F64)
static const struct shape_field event_fields[] = { I(total_fallback, M(M_FALLBACK)),
						   D(fallback_rate),
						   I(max_fallback_burst),
						   I(total_dispatch_offline),
						   I(total_dispatch_keep_last, M(M_KEEP_LAST)),
						   D(keep_last_rate),
						   I(total_enq_skip_exiting),
						   I(total_enq_skip_migration_disabled),
						   I(total_reenq_immed),
						   I(total_reenq_local_repeat),
						   I(total_refill_slice_dfl),
						   I(total_bypass_duration),
						   I(total_bypass_dispatch),
						   I(total_bypass_activate),
						   I(total_insert_not_owned),
						   I(total_sub_bypass_dispatch),
						   { 0 } };
#undef I
#undef D
static const struct shape event_shape = { sizeof(struct event_deltas), event_fields };

#define U(m) FIELD(struct schedstat_deltas, m, SHAPE_U64)
#define D(m) FIELD(struct schedstat_deltas, m, SHAPE_F64)
static const struct shape_field schedstat_fields[] = {
	U(total_run_delay), D(run_delay_rate),     U(total_pcount),     U(total_sched_count), D(sched_count_rate),
	U(total_yld_count), U(total_sched_goidle), U(total_ttwu_count), U(total_ttwu_local),  { 0 }
};
#undef U
#undef D
static const struct shape schedstat_shape = { sizeof(struct schedstat_deltas), schedstat_fields };

static const struct shape_field prog_fields[] = { FIELD(struct prog_stats, name, SHAPE_STR),
						  FIELD(struct prog_stats, cnt, SHAPE_U64),
						  FIELD(struct prog_stats, nsecs, SHAPE_U64),
						  FIELD(struct prog_stats, nsecs_per_call, SHAPE_F64),
						  { 0 } };
static const struct shape prog_shape = { sizeof(struct prog_stats), prog_fields };

#define S(m, k, ...) FIELD(struct monitor_summary, m, k, ##__VA_ARGS__)
static const struct shape_field monitor_fields[] = {
	S(total_samples, SHAPE_U64),
	S(max_imbalance_ratio, SHAPE_F64, M(M_IMBALANCE)),
	S(max_local_dsq_depth, SHAPE_U32, M(M_DSQ_DEPTH)),
	S(stuck_detected, SHAPE_BOOL, M(M_STUCK)),
	S(avg_imbalance_ratio, SHAPE_F64),
	S(avg_nr_running, SHAPE_F64),
	S(avg_local_dsq_depth, SHAPE_F64),
	S(event_deltas, SHAPE_PTR, .absent = SHAPE_OMIT, .of = &event_shape),
	S(schedstat_deltas, SHAPE_PTR, .absent = SHAPE_OMIT, .of = &schedstat_shape),
	S(prog_stats_deltas, SHAPE_LIST, .absent = SHAPE_OMIT, .of = &prog_shape),
	{ 0 }
};
#undef S
static const struct shape monitor_shape = { sizeof(struct monitor_summary), monitor_fields };

#define E(m, k, ...) FIELD(struct stimulus_event, m, k, ##__VA_ARGS__)
static const struct shape_field stimulus_fields[] = { E(elapsed_ms, SHAPE_U64),
						      E(label, SHAPE_STR),
						      E(op_kind, SHAPE_STR, .absent = SHAPE_NULL),
						      E(detail, SHAPE_STR, .absent = SHAPE_NULL),
						      E(total_iterations, SHAPE_OPT_U64, .absent = SHAPE_NULL),
						      { 0 } };
static const struct shape stimulus_shape = { sizeof(struct stimulus_event), stimulus_fields };

static const char *const polarity_names[] = { "HigherBetter", "LowerBetter", "TargetValue", "Unknown" };

static void polarity_read(struct jr *r, void *at)
{
	struct payload_polarity *p = at;
	auto_free char *name = NULL;
	struct jkey k;

	if (jr_peek(r) == JR_OBJECT) {
		p->kind = TARGET_VALUE;
		for (jr_object(r); jr_key(r, &k);)
			if (key_is(&k, "TargetValue"))
				p->target = jr_f64(r);
			else
				jr_fail(r, "unknown variant `%.*s`", (int)(k.n < 80 ? k.n : 80), k.s);
		return;
	}
	name = jr_str(r);
	for (size_t i = 0; i < ARRAY_SIZE(polarity_names); i++)
		if (i != TARGET_VALUE && strcmp(name, polarity_names[i]) == 0) {
			p->kind = (unsigned)i;
			return;
		}
	jr_fail(r, "unknown variant `%.80s`", name);
}

static void polarity_write(struct jw *w, const void *at)
{
	const struct payload_polarity *p = at;

	if (p->kind != TARGET_VALUE) {
		jw_str(w, polarity_names[p->kind]);
		return;
	}
	jw_object(w);
	jw_key_f64(w, "TargetValue", p->target);
	jw_end(w);
}

static void polarity_check(struct jr *r)
{
	struct payload_polarity p;

	polarity_read(r, &p);
}

static const struct shape_codec codec_polarity = { polarity_read, polarity_write, NULL, NULL, polarity_check };
static const char *const sources[] = { "Json", "LlmExtract", NULL };
static const char *const streams[] = { "Stdout", "Stderr", "Synthesized", NULL };

#define P(m, k, ...) FIELD(struct payload_metric, m, k, ##__VA_ARGS__)
static const struct shape_field metric_fields[] = { P(name, SHAPE_STR),
						    P(value, SHAPE_F64),
						    P(polarity, SHAPE_CUSTOM, .codec = &codec_polarity),
						    P(unit, SHAPE_STR),
						    P(source, SHAPE_STR, .choices = sources),
						    P(stream, SHAPE_STR, .choices = streams),
						    { 0 } };
static const struct shape metric_shape = { sizeof(struct payload_metric), metric_fields };

static const struct shape_field payload_fields[] = { FIELD(struct payload_metrics, payload_index, SHAPE_U64),
						     LIST(struct payload_metrics, metrics, metric_shape),
						     FIELD(struct payload_metrics, exit_code, SHAPE_I32),
						     { 0 } };
static const struct shape payload_shape = { sizeof(struct payload_metrics), payload_fields };

static const struct shape_field verifier_fields[] = { FIELD(struct verifier_stats, name, SHAPE_STR),
						      FIELD(struct verifier_stats, verified_insns, SHAPE_U32),
						      { 0 } };
static const struct shape verifier_shape = { sizeof(struct verifier_stats), verifier_fields };

static const struct shape vcpu_shape = { .size = sizeof(struct map_u64), .codec = &codec_map_u64 };
static const struct shape_field kvm_fields[] = { LIST(struct kvm_stats, per_vcpu, vcpu_shape), { 0 } };
static const struct shape kvm_shape = { sizeof(struct kvm_stats), kvm_fields };

#define S(m, k, ...) FIELD(struct sidecar, m, k, ##__VA_ARGS__)
#define NONE         .absent = SHAPE_NULL
static const struct shape_field fields[] = { S(test_name, SHAPE_STR, .part = PART_TEST),
					     S(topology, SHAPE_STR, .part = PART_TOPOLOGY),
					     S(scheduler, SHAPE_STR, .part = PART_SCHEDULER),
					     S(scheduler_commit, SHAPE_STR, NONE),
					     S(project_commit, SHAPE_STR, NONE, .part = PART_PROJECT_COMMIT),
					     S(payload, SHAPE_STR, NONE),
					     S(metrics, SHAPE_LIST, .of = &payload_shape, .part = PART_PAYLOAD),
					     S(passed, SHAPE_BOOL, .part = PART_PASSED),
					     S(skipped, SHAPE_BOOL, .part = PART_SKIPPED),
					     S(stats, SHAPE_OBJECT, .of = &stats_shape),
					     S(monitor, SHAPE_PTR, NONE, .of = &monitor_shape),
					     LIST(struct sidecar, stimulus_events, stimulus_shape),
					     S(work_type, SHAPE_STR, .part = PART_WORK_TYPE),
					     LIST(struct sidecar, verifier_stats, verifier_shape),
					     S(kvm_stats, SHAPE_PTR, NONE, .of = &kvm_shape),
					     S(sysctls, SHAPE_STRS),
					     S(kargs, SHAPE_STRS),
					     S(kernel_version, SHAPE_STR, NONE, .part = PART_KERNEL),
					     S(kernel_commit, SHAPE_STR, NONE, .part = PART_KERNEL_COMMIT),
					     S(timestamp, SHAPE_STR, .part = PART_TIMESTAMP),
					     S(run_id, SHAPE_STR, .part = PART_RUN_ID),
					     S(host, SHAPE_PTR, NONE, .of = &host_shape, .part = PART_HOST),
					     S(cleanup_duration_ms, SHAPE_OPT_U64, NONE),
					     S(run_source, SHAPE_STR, NONE, .part = PART_RUN_SOURCE),
					     /* ours; a file of the original has none of them */
					     S(schema_version, SHAPE_OPT_U64, NONE),
					     S(started_at, SHAPE_STR, NONE),
					     S(outcome, SHAPE_STR, NONE),
					     S(duration_ms, SHAPE_OPT_U64, NONE),
					     S(kernel_label, SHAPE_STR, NONE),
					     S(sched_ext, SHAPE_RAW, NONE),
					     S(failure, SHAPE_STR, NONE),
					     { 0 } };
static const struct shape sidecar_shape = { sizeof(struct sidecar), fields, true, offsetof(struct sidecar, rest) };

static int parse(struct sidecar *s, const char *text, size_t n, enum shape_mode mode, struct err *e)
{
	struct jr r;

	*s = (struct sidecar){ 0 };
	jr_init(&r, text, n);
	shape_read(&r, &sidecar_shape, s, mode);
	return jr_end(&r, e);
}

int sidecar_parts(struct slice *parts, const char *text, size_t n, struct err *e)
{
	struct jr r;

	memset(parts, 0, PART_COUNT * sizeof(*parts));
	jr_init(&r, text, n);
	shape_check(&r, &sidecar_shape, parts);
	return jr_end(&r, e);
}

int sidecar_parse(struct sidecar *s, const char *text, size_t n, struct err *e)
{
	return parse(s, text, n, SHAPE_STRICT, e);
}

int sidecar_parse_lax(struct sidecar *s, const char *text, size_t n, struct err *e)
{
	return parse(s, text, n, SHAPE_LAX, e);
}

void sidecar_print(const struct sidecar *s, struct str *out)
{
	struct jw w;

	jw_init(&w, out, 2);
	shape_write(&w, &sidecar_shape, s);
}

char *sidecar_file_name(const struct sidecar *s)
{
	uint64_t hash = variant_hash(&s->kargs, s->payload, s->scheduler, &s->sysctls, s->topology,
				     s->work_type ? s->work_type : "");

	return xasprintf("%s-%016llx.ktstr.json", s->test_name, (unsigned long long)hash);
}

bool is_sidecar_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return ends_with(name, ".json") && strstr(name, ".ktstr.");
}

void sidecar_release(struct sidecar *s)
{
	shape_release(&sidecar_shape, s);
}
