/* SPDX-License-Identifier: GPL-2.0-only */
/* A test program as users write them, with one test for every way out. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/ktstr.h"

KTSTR_SCHEDULER(simple, .name = "scx_simple", .binary = "scx_simple", .llcs = 2,
		.assert = { .max_gap_ms = KTSTR_LIMIT(2500), .not_starved = KTSTR_ON });
KTSTR_SCHEDULER(qmap, .name = "scx_qmap", .binary = "scx_qmap", .cores = 4);
KTSTR_SCHEDULER(tuned, .name = "tuned", .binary_path = "/nowhere/tuned", .args = (const char *const[]){ "-v", NULL });
KTSTR_SCHEDULER(dressed, .name = "dressed", .binary = "scx_dressed",
		.sysctls = (const struct ktstr_sysctl[]){ { "kernel.sched_cfs_bandwidth_slice_us", "1000" }, { 0 } },
		.kargs = (const char *const[]){ "nosmt", NULL }, .config_file = "dressed.json");

/* Names the library has inside: a test must be free to use them. */
int warn(void);
int start(void);
int presets(void);

int warn(void)
{
	return 1;
}

int start(void)
{
	return warn();
}

int presets(void)
{
	return start();
}

KTSTR_TEST(boots, .duration_s = 1)
{
	return KTSTR_CHECK(t, presets() == 1 && ktstr_cpu_count(t) == 2);
}

KTSTR_TEST(under_simple, .scheduler = &simple, .duration_s = 2, .assert = { .max_spread_pct = KTSTR_LIMIT(80) })
{
	if (strcmp(ktstr_scx_state(t), "enabled") != 0)
		return ktstr_fail(t, "sched_ext is %s", ktstr_scx_state(t));
	printf("this is no protocol line\n{\"type\":\"result\",\n");
	fflush(stdout);
	return ktstr_run(
		t, (struct ktstr_cgroup[]){ { .name = "a", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 2 } } },
					    { .name = "b", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 2 } } },
					    { 0 } });
}

KTSTR_TEST(cpusets_hold, .llcs = 2, .duration_s = 2, .assert = { .not_starved = KTSTR_ON, .isolation = KTSTR_ON })
{
	return ktstr_run(t, (struct ktstr_cgroup[]){ { .name = "left",
						       .cpus = KTSTR_LLC(0),
						       .work = { { .type = KTSTR_SPIN_WAIT, .workers = 2 } } },
						     { .name = "right/inner", .cpus = KTSTR_LLC(1), .weight = 50 },
						     { 0 } });
}

KTSTR_TEST(scheduler_dies, .scheduler = &simple, .duration_s = 5, .expect_err = true)
{
	kill(ktstr_scheduler_pid(t), SIGKILL);
	return ktstr_run(t, (struct ktstr_cgroup[]){ { .name = "a" }, { 0 } });
}

KTSTR_TEST(scheduler_dies_unexpectedly, .scheduler = &simple, .duration_s = 5)
{
	kill(ktstr_scheduler_pid(t), SIGKILL);
	return ktstr_run(t, (struct ktstr_cgroup[]){ { .name = "a" }, { 0 } });
}

/* its BPF side calls scx_bpf_error after so many enqueues */
KTSTR_TEST(scheduler_errors, .scheduler = &qmap, .duration_s = 20,
	   .extra_sched_args = (const char *const[]){ "-e", "1000", NULL })
{
	return ktstr_run(t, (struct ktstr_cgroup[]){
				    { .name = "a", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 8 } } }, { 0 } });
}

/* it drops every so manieth task, which the kernel's watchdog notices */
KTSTR_TEST(scheduler_stalls, .scheduler = &qmap, .duration_s = 20,
	   .extra_sched_args = (const char *const[]){ "-t", "100", NULL })
{
	return ktstr_run(t, (struct ktstr_cgroup[]){
				    { .name = "a", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 8 } } }, { 0 } });
}

KTSTR_TEST(body_hangs, .duration_s = 1)
{
	pause();
	return 0;
}

KTSTR_TEST(body_crashes, .duration_s = 1)
{
	abort();
}

KTSTR_TEST(two_steps, .duration_s = 2, .cores = 4, .assert = { .not_starved = KTSTR_ON })
{
	struct ktstr_cgroup half[] = { { .name = "a", .cpus = KTSTR_DISJOINT(0, 2) },
				       { .name = "b", .cpus = KTSTR_DISJOINT(1, 2) },
				       { 0 } };

	if (ktstr_step(t, half, 1))
		return -1;
	return ktstr_step(t, (struct ktstr_cgroup[]){ { .name = "c", .cpu_max_pct = 50 }, { 0 } }, 1);
}

KTSTR_TEST(unplaced, .scheduler = &tuned)
{
	return 0;
}

KTSTR_TEST(with_setup, .scheduler = &dressed, .extra_include_files = (const char *const[]){ "data", "env", NULL })
{
	return 0;
}

KTSTR_TEST(wide_smt, .constraints = { .min_llcs = 2, .requires_smt = true })
{
	return 0;
}

KTSTR_TEST(isolated, .performance_mode = true, .cores = 250)
{
	return 0;
}

KTSTR_TEST(too_wide, .llcs = 16, .cores = 32)
{
	return 0;
}

KTSTR_TEST(demo_slow, .duration_s = 60)
{
	return 0;
}

KTSTR_TEST(crooked, .llcs = 3, .numa_nodes = 2)
{
	return 0;
}

KTSTR_TEST(on_host, .host_only = true, .duration_s = 1, .assert = { .not_starved = KTSTR_ON })
{
	ktstr_metric(t, "answer", 42);
	return ktstr_run(
		t, (struct ktstr_cgroup[]){ { .name = "a", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 1 } } },
					    { .name = "b", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 1 } } },
					    { 0 } });
}

KTSTR_TEST(on_host_fails, .host_only = true)
{
	return ktstr_fail(t, "two and two are %d", 5);
}

KTSTR_TEST(on_host_skips, .host_only = true)
{
	return ktstr_skip(t, "nothing to see");
}

KTSTR_TEST(on_host_with_limits, .host_only = true,
	   .assert = { .max_gap_ms = KTSTR_LIMIT(1e6), .max_p99_wake_latency_ns = KTSTR_LIMIT(5000) })
{
	return ktstr_skip(t, "nothing to see");
}

KTSTR_TEST(on_host_wants_weight, .host_only = true)
{
	return ktstr_run(t, (struct ktstr_cgroup[]){ { .name = "a", .weight = 100 }, { 0 } });
}

/* CPUs the declaration has and no host. */
KTSTR_TEST(on_host_elsewhere, .host_only = true, .cores = 8000)
{
	return ktstr_step(t, (struct ktstr_cgroup[]){ { .name = "a", .cpus = KTSTR_CPUS("7999") }, { 0 } }, 0.1);
}

KTSTR_TEST(on_host_expects_error, .host_only = true, .expect_err = true)
{
	return ktstr_fail(t, "as expected");
}

KTSTR_TEST(on_host_misses_error, .host_only = true, .expect_err = true)
{
	return 0;
}

/* The same name a second time, as a copied file would bring it. */
static int again(struct ktstr *t)
{
	return ktstr_fail(t, "the second one ran");
}

static const struct ktstr_test twin = { .name = "on_host", .func = again, .host_only = true };

int main(int argc, char **argv)
{
	ktstr_register_test(&twin);
	return ktstr_main(argc, argv);
}
