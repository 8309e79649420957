/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "test/guest.h"

#define SETUP_MS    20000
#define DEADLINE_MS 10000

#if defined(__x86_64__)
#include <cpuid.h>

/* Whether the CPU is QEMU's translator, by the hypervisor's signature. */
static bool emulated(void)
{
	unsigned int a, b, c, d;
	char name[13] = "";

	__cpuid(1, a, b, c, d);
	if (!(c >> 31))
		return false;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	return strcmp(name, "TCGTCGTCGTCG") == 0;
}
#else
/* Nothing tells; time too much does no harm. */
static bool emulated(void)
{
	return true;
}
#endif

/* The declared topology as if sysfs had told it. */
static void declared_topo(const struct topology *d, struct cpu_topo *t)
{
	uint32_t width = d->cores * d->threads, per_node = d->llcs / d->nodes * width;

	*t = (struct cpu_topo){ .cpus = (uint32_t)topology_cpus(d), .llcs = d->llcs, .nodes = d->nodes };
	t->llc = xcalloc(t->llcs, sizeof(*t->llc));
	t->node = xcalloc(t->nodes, sizeof(*t->node));
	for (uint32_t cpu = 0; cpu < t->cpus; cpu++) {
		cpus_set(&t->all, cpu);
		cpus_set(&t->llc[cpu / width], cpu);
		cpus_set(&t->node[cpu / per_node < t->nodes ? cpu / per_node : t->nodes - 1], cpu);
	}
}

/* Say which limits were set and are not looked at, rather than pass in
 * silence. */
static void note_unchecked(struct ktstr *t)
{
	for (size_t i = 0; i < thresholds_n; i++) {
		auto_free char *text = threshold_text(&thresholds[i], &t->assert);

		if (text && !thresholds[i].checked)
			result_note(&t->result, "%s=%s is not evaluated by this version", thresholds[i].name, text);
	}
}

void body_begin(struct ktstr *t, const struct choice *c, bool on_host)
{
	const char *parent = test_scheduler(c->test)->cgroup_parent;

	*t = (struct ktstr){ .test = c->test, .declared = c->topo, .on_host = on_host, .sched.pidfd = -1 };
	t->assert = assert_merged(c->test);
	t->duration_s = (double)test_duration_s(c->test);
	t->headroom = !on_host && emulated() ? 3 : 1;
	t->cgroup_root = xasprintf("/sys/fs/cgroup%s", parent ? parent : "/ktstr");
	if (on_host || cpu_topo_read(&t->topo))
		declared_topo(&c->topo, &t->topo);
	note_unchecked(t);
	t->start_ms = now_ms();
}

void body_call(struct ktstr *t)
{
	int rc;

	t->start_ms = now_ms();
	guest_deadline((long long)(t->duration_s * 1000) + (long long)DEADLINE_MS * t->headroom);
	rc = t->test->func(t);
	if (rc == KTSTR_SKIPPED && !t->result.skipped)
		ktstr_skip(t, "the test gives no reason");
	if (rc != 0 && !t->result.failed && !t->result.skipped)
		result_fail(&t->result, "Other", "test function returned %d", rc);
	if (!t->sched.dead && sched_died(&t->sched))
		sched_report_death(t, "unexpectedly (detected after all %u steps completed, %.1fs into test)", t->steps,
				   (double)(now_ms() - t->start_ms) / 1000);
}

void body_end(struct ktstr *t)
{
	result_release(&t->result);
	cpu_topo_release(&t->topo);
	str_release(&t->stimuli);
	free(t->cgroup_root);
}

/* Make what the scheduler expects, start it, run the body, stop it. */
static void run_in_guest(struct ktstr *t)
{
	struct err e;

	guest_deadline((long long)SETUP_MS * t->headroom);
	if (test_scheduler(t->test)->cgroup_parent && cgroup_make(t->cgroup_root, &e)) {
		result_fail(&t->result, "Other", "cgroup parent: %s", e.text);
		return;
	}
	if (sched_start(t) == 0)
		body_call(t);
	guest_deadline((long long)DEADLINE_MS * t->headroom);
	sched_stop(t);
}

int guest_main(const struct choice *c)
{
	auto_str struct str out = { 0 };
	struct ktstr t;
	bool passed;

	/* an init may have left SIGCHLD ignored, which would reap our children */
	signal(SIGCHLD, SIG_DFL);
	body_begin(&t, c, false);
	if (guest_connected())
		run_in_guest(&t);
	else
		body_call(&t);
	result_write(&out, &t.result);
	guest_send(str_c(&out));
	passed = !t.result.failed;
	if (!guest_connected())
		for (size_t i = 0; i < t.result.n_details; i++)
			note("%s", t.result.details[i].message);
	body_end(&t);
	return passed ? 0 : 1;
}

/* --- what a body may ask and say -------------------------------------- */

int ktstr_fail(struct ktstr *t, const char *fmt, ...)
{
	struct str b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&b, fmt, ap);
	va_end(ap);
	result_fail(&t->result, "Other", "%s", str_c(&b));
	str_release(&b);
	return -1;
}

int ktstr_skip(struct ktstr *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result_skip(&t->result, fmt, ap);
	va_end(ap);
	return KTSTR_SKIPPED;
}

void ktstr_metric(struct ktstr *t, const char *name, double value)
{
	result_metric(&t->result, name, value);
}

uint32_t ktstr_cpu_count(const struct ktstr *t)
{
	return t->topo.cpus;
}

uint32_t ktstr_llc_count(const struct ktstr *t)
{
	return t->topo.llcs;
}

uint32_t ktstr_numa_count(const struct ktstr *t)
{
	return t->topo.nodes;
}

double ktstr_duration(const struct ktstr *t)
{
	return t->duration_s;
}

int ktstr_scheduler_pid(const struct ktstr *t)
{
	return t->sched.dead ? 0 : t->sched.pid;
}

const char *ktstr_scx_state(struct ktstr *t)
{
	sched_read_state(&t->sched);
	return t->sched.state;
}

const char *ktstr_scx_ops(struct ktstr *t)
{
	sched_read_state(&t->sched);
	return t->sched.ops;
}
