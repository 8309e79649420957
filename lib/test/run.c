/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/term.h"
#include "test/guest.h"
#include "test/run.h"

void run_init(struct run *r, const struct choice *c)
{
	*r = (struct run){ .c = c, .cleanup_ms = -1, .kernel_lock = LOCK_NONE };
	r->started_ms = r->ended_ms = now_ms();
}

void run_release(struct run *r)
{
	lock_drop(&r->kernel_lock);
	free(r->kernel);
	free(r->scheduler);
	free(r->exit_reason);
	free(r->exit_detail);
	free(r->scx_state);
	free(r->scx_ops);
	free(r->sched_reason);
	free(r->stats);
	strv_release(&r->console);
	strv_release(&r->sched_log);
	strv_release(&r->vm_log);
	strv_release(&r->stimuli);
	strv_release(&r->kinds);
	strv_release(&r->details);
	str_release(&r->reason);
	str_release(&r->message);
}

static void set_reason(struct run *r, const char *fmt, va_list ap)
{
	str_clear(&r->reason);
	str_vaddf(&r->reason, fmt, ap);
}

void run_skip(struct run *r, enum skip why, const char *fmt, ...)
{
	va_list ap;

	r->skip = why;
	va_start(ap, fmt);
	set_reason(r, fmt, ap);
	va_end(ap);
}

void run_refuse(struct run *r, const char *fmt, ...)
{
	va_list ap;

	r->refused = true;
	va_start(ap, fmt);
	set_reason(r, fmt, ap);
	va_end(ap);
}

void run_because(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(r, fmt, ap);
	va_end(ap);
}

/* A host_only test: the body runs here, its result takes the way of a guest's. */
void run_here(struct run *r)
{
	auto_str struct str out = { 0 };
	struct ktstr t;
	char *rest, *line;

	r->payload = true;
	body_begin(&t, r->c, true);
	body_call(&t);
	result_write(&out, &t.result);
	take_event(r, (struct slice){ out.s, out.len });
	rest = t.stimuli.s;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			take_event(r, (struct slice){ line, strlen(line) });
	body_end(&t);
}

/* Gates in front of the VM: true when the test may run. */
static bool ready(struct run *r)
{
	const struct ktstr_test *t = r->c->test;
	const struct topology *topo = &r->c->topo;
	unsigned long long cpus = topology_cpus(topo);
	struct err e;
	int found;

	if (t->performance_mode && test_no_perf(t)) {
		run_skip(r, SKIP_PERF,
			 "%s: test requires performance_mode but --no-perf-mode or KTSTR_NO_PERF_MODE is active",
			 t->name);
		return false;
	}
	/* the APIC's 8-bit ids; below that a VM may have more CPUs than the host */
	if (cpus > 255) {
		run_skip(r, SKIP_TOPOLOGY, "need %llu CPUs, a VM can have 255", cpus);
		return false;
	}
	if (t->performance_mode && cpus + 1 > host_limits()->cpus) {
		run_skip(r, SKIP_CONTENTION, "performance_mode: need %llu CPUs, the host has %u", cpus + 1,
			 host_limits()->cpus);
		return false;
	}
	found = find_kernel(r, &e);
	if (found == 0)
		run_skip(r, SKIP_HARNESS,
			 "no kernel found: give one with --kernel or KTSTR_KERNEL, or build one with cargo ktstr "
			 "kernel build");
	else if (found == 2)
		run_skip(r, SKIP_CONTENTION, "%s", e.text);
	else if (found < 0 || find_scheduler(test_scheduler(t), &r->scheduler, &e))
		run_refuse(r, "%s", e.text);
	else
		return true;
	return false;
}

int run_test(const struct choice *c)
{
	struct run r;
	struct err e;
	int code;

	run_init(&r, c);
	if (test_validate(c->test, &e))
		run_refuse(&r, "%s", e.text);
	else if (c->test->host_only)
		run_here(&r);
	else if (ready(&r))
		run_in_vm(&r);
	r.ended_ms = now_ms();
	decide(&r);
	code = conclude(&r);
	run_release(&r);
	return code;
}
