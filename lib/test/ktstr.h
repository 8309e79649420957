/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr.h: scheduler tests in C.
 *
 *	#include <ktstr.h>
 *
 *	KTSTR_SCHEDULER(simple, .name = "scx_simple", .binary = "scx_simple");
 *
 *	KTSTR_TEST(two_cgroups_share_the_cpus, .scheduler = &simple, .llcs = 2, .duration_s = 3,
 *		   .assert = { .not_starved = KTSTR_ON })
 *	{
 *		return ktstr_run(t, (struct ktstr_cgroup[]){
 *			{ .name = "a", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 2 } } },
 *			{ .name = "b", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 2 } } },
 *			{ 0 } });
 *	}
 *
 * A field that is left out has its default; 0 always means "not given". The
 * body runs as root in a VM of the declared topology, with the scheduler
 * attached, or on the host with .host_only. It returns 0 to pass. Everything
 * reachable from the tables must live as long as the program.
 *
 * Strings handed in stay the caller's. Nothing here needs to be freed.
 */
#ifndef KTSTR_H
#define KTSTR_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A switch that can be left to the layer below. */
enum ktstr_switch { KTSTR_UNSET, KTSTR_ON, KTSTR_OFF };

/* A limit that can be left to the layer below: KTSTR_LIMIT(500). */
struct ktstr_limit {
	bool set;
	double value;
};
#define KTSTR_LIMIT(v) { .set = true, .value = (v) }

/*
 * What is checked. The last layer that sets a field wins: built-in, then the
 * scheduler's, then the test's. Everything is off until it is set.
 */
struct ktstr_assert {
	enum ktstr_switch not_starved; /* every worker worked; gap and spread within limits */
	enum ktstr_switch isolation;   /* no worker outside its cgroup's cpuset */
	struct ktstr_limit max_gap_ms;
	struct ktstr_limit max_spread_pct;
	struct ktstr_limit max_throughput_cv;
	struct ktstr_limit min_work_rate; /* work units per CPU second */
	struct ktstr_limit max_p99_wake_latency_ns;
	struct ktstr_limit max_wake_latency_cv;
	struct ktstr_limit min_iteration_rate;  /* iterations per second */
	struct ktstr_limit max_migration_ratio; /* migrations per iteration */
	/* read from the guest's kernel while the test runs */
	struct ktstr_limit max_imbalance_ratio;
	struct ktstr_limit max_local_dsq_depth;
	enum ktstr_switch fail_on_stall;
	struct ktstr_limit sustained_samples;
	struct ktstr_limit max_fallback_rate;
	struct ktstr_limit max_keep_last_rate;
	/* NUMA */
	struct ktstr_limit min_page_locality;
	struct ktstr_limit max_cross_node_migration_ratio;
	struct ktstr_limit max_slow_tier_ratio;
};

/* Which gauntlet presets fit; 0 takes the default in brackets. */
struct ktstr_constraints {
	uint32_t min_numa_nodes, max_numa_nodes; /* [1, 1] */
	uint32_t min_llcs, max_llcs;             /* [1, 12] */
	uint32_t min_cpus, max_cpus;             /* [1, 192] */
	bool requires_smt;
};
#define KTSTR_NO_MAX UINT32_MAX

struct ktstr_sysctl {
	const char *key, *value; /* "kernel.sched_cfs_bandwidth_slice_us", "1000" */
};

/* A scheduler. Exactly one of binary, binary_path and the builtin pair. */
struct ktstr_scheduler {
	const char *name;                  /* required, unique */
	const char *binary;                /* looked up: KTSTR_SCHEDULER, beside the test, target/ */
	const char *binary_path;           /* absolute */
	const char *const *builtin_enable; /* "echo 1 > /sys/…", NULL-terminated */
	const char *const *builtin_disable;
	const char *const *args;                   /* NULL-terminated */
	const struct ktstr_sysctl *sysctls;        /* ends with { 0 } */
	const char *const *kargs;                  /* kernel command line words, NULL-terminated */
	const char *cgroup_parent;                 /* "/cells" */
	uint32_t numa_nodes, llcs, cores, threads; /* default topology of its tests */
	struct ktstr_constraints constraints;
	const char *config_file; /* host path */
	struct ktstr_assert assert;
	const char *const *kernels; /* verifier filter, NULL-terminated */
};

/* The kernel's own scheduler, the default of every test. */
extern const struct ktstr_scheduler ktstr_eevdf;

struct ktstr;

struct ktstr_test {
	const char *name;
	int (*func)(struct ktstr *t);
	const struct ktstr_scheduler *scheduler;   /* ktstr_eevdf */
	uint32_t numa_nodes, llcs, cores, threads; /* the scheduler's, else 1, 1, 2, 1 */
	uint32_t memory_mb;                        /* 2048 */
	const char *const *extra_sched_args;
	uint64_t watchdog_timeout_s;  /* 5 */
	uint64_t duration_s;          /* 12 */
	enum ktstr_switch auto_repro; /* on */
	bool expect_err;              /* an error is the pass */
	bool host_only;               /* no VM */
	bool performance_mode;
	bool no_perf_mode;
	const char *const *extra_include_files; /* into /include-files/ */
	uint64_t cleanup_budget_ms;
	struct ktstr_constraints constraints; /* the scheduler's */
	struct ktstr_assert assert;
	bool release_build; /* set by KTSTR_TEST: compiled with NDEBUG */
};

/* A release build is held to stricter built-in limits. */
#ifdef NDEBUG
#define KTSTR_RELEASE true
#else
#define KTSTR_RELEASE false
#endif

void ktstr_register_test(const struct ktstr_test *test);
void ktstr_register_scheduler(const struct ktstr_scheduler *scheduler);

#define KTSTR_SCHEDULER(id, ...)                                     \
	static const struct ktstr_scheduler id = { __VA_ARGS__ };    \
	__attribute__((constructor)) static void id##_register(void) \
	{                                                            \
		ktstr_register_scheduler(&id);                       \
	}                                                            \
	extern const struct ktstr_scheduler ktstr_eevdf

#define KTSTR_TEST(id, ...)                                                                   \
	static int id##_body(struct ktstr *t);                                                \
	static const struct ktstr_test id##_test = {                                          \
		.name = #id, .func = id##_body, .release_build = KTSTR_RELEASE, ##__VA_ARGS__ \
	};                                                                                    \
	__attribute__((constructor)) static void id##_register(void)                          \
	{                                                                                     \
		ktstr_register_test(&id##_test);                                              \
	}                                                                                     \
	static int id##_body(__attribute__((unused)) struct ktstr *t)

/* --- in a test's body ------------------------------------------------- */

enum ktstr_work_type {
	KTSTR_SPIN_WAIT,   /* bursts of 1024 spins, never blocks */
	KTSTR_YIELD_HEAVY, /* one unit, then sched_yield */
};

struct ktstr_work {
	enum ktstr_work_type type;
	uint32_t workers; /* 0 ends a list; a cgroup without any gets one spinner */
	int nice;
};

/* CPUs of a cgroup, chosen by what they are; all of them when left out. On
 * the host (.host_only) no cgroup is made: a group is the affinity of its
 * workers, and weight and cpu_max_pct are errors. */
enum ktstr_cpus_kind { KTSTR_CPUS_ALL, KTSTR_CPUS_LLC, KTSTR_CPUS_NUMA, KTSTR_CPUS_DISJOINT, KTSTR_CPUS_LIST };
struct ktstr_cpus {
	enum ktstr_cpus_kind kind;
	uint32_t index, of; /* LLC or node number; share number of so many shares */
	const char *list;   /* "0-1,3" */
};
#define KTSTR_LLC(i)         { .kind = KTSTR_CPUS_LLC, .index = (i) }
#define KTSTR_NUMA(i)        { .kind = KTSTR_CPUS_NUMA, .index = (i) }
#define KTSTR_DISJOINT(i, n) { .kind = KTSTR_CPUS_DISJOINT, .index = (i), .of = (n) }
#define KTSTR_CPUS(l)        { .kind = KTSTR_CPUS_LIST, .list = (l) }

struct ktstr_cgroup {
	const char *name; /* NULL ends a list */
	struct ktstr_cpus cpus;
	struct ktstr_work work[8];
	uint32_t weight;      /* cpu.weight, 1 to 10000 */
	uint32_t cpu_max_pct; /* cpu.max, percent of one CPU */
};

/*
 * One step for the test's whole duration: make the cgroups, start the
 * workers, hold, stop them, check. 0, or -1 with the reasons recorded. A
 * scheduler that dies ends the step at once and is a failure.
 */
int ktstr_run(struct ktstr *t, const struct ktstr_cgroup *cgroups);

/* The same for a part of the duration; steps follow one another. */
int ktstr_step(struct ktstr *t, const struct ktstr_cgroup *cgroups, double seconds);

/* Record a reason to fail, printf-like. Always -1. */
int ktstr_fail(struct ktstr *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Record why the test can't tell anything here. Returns what a body returns
 * for a skip. */
int ktstr_skip(struct ktstr *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define KTSTR_SKIPPED 77

/* Fail with the expression's text unless it holds. */
#define KTSTR_CHECK(t, expr) ((expr) ? 0 : ktstr_fail((t), "%s:%d: %s", __FILE__, __LINE__, #expr))

/* Keep a figure: it lands in the result's ext_metrics. */
void ktstr_metric(struct ktstr *t, const char *name, double value);

uint32_t ktstr_cpu_count(const struct ktstr *t);
uint32_t ktstr_llc_count(const struct ktstr *t);
uint32_t ktstr_numa_count(const struct ktstr *t);
double ktstr_duration(const struct ktstr *t); /* seconds */
/* The scheduler's process in the guest, 0 when there is none. */
int ktstr_scheduler_pid(const struct ktstr *t);
/* What /sys/kernel/sched_ext says: "enabled", "disabled", …, "" when absent. */
const char *ktstr_scx_state(struct ktstr *t);
const char *ktstr_scx_ops(struct ktstr *t); /* "simple" */

/* The program's main: answers cargo-nextest and the VM. */
int ktstr_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
