/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/term.h"
#include "test/run.h"

#define CONSOLE_TAIL 20
#define LOG_TAIL     200

static const char *last_text(const struct strv *l)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->v[i][strspn(l->v[i], " \t")])
			return l->v[i];
	return NULL;
}

static void add_head(struct run *r)
{
	const struct ktstr_scheduler *s = test_scheduler(r->c->test);
	auto_free char *topo = topology_label(&r->c->topo);
	const char *log = last_text(&r->sched_log);
	struct str *m = &r->message;

	if (log) {
		str_add_sgr(m, term_colour(stderr), "1;31", log);
		str_addc(m, '\n');
	}
	str_addf(m, "ktstr_test '%s'", r->c->test->name);
	if (scheduler_active(s))
		str_addf(m, " [sched=%s]", scheduler_display(s));
	if (!r->c->test->host_only)
		str_addf(m, " [topo=%s]", topo);
	if (r->reason.len)
		str_addf(m, " %s%s\n", r->refused ? "failed: " : "", str_c(&r->reason));
	else
		str_add(m, " failed:\n");
	for (size_t i = 0; i < r->details.n; i++)
		str_addf(m, "  %s\n", r->details.v[i]);
}

/* Figures of the "stats" object by name. */
static double figure(const char *json, size_t n, const char *name)
{
	double v = 0;
	struct jkey k;
	struct jr j;

	jr_init(&j, json, n);
	for (jr_object(&j); jr_key(&j, &k);) {
		if (key_is(&k, name) && jr_peek(&j) == JR_NUMBER)
			v = jr_f64(&j);
		else
			jr_skip(&j);
	}
	return v;
}

static void add_cgroups(struct str *m, const char *json)
{
	struct jkey k;
	struct jr j;
	int i = 0;

	jr_init(&j, json, strlen(json));
	for (jr_object(&j); jr_key(&j, &k);) {
		if (!key_is(&k, "cgroups")) {
			jr_skip(&j);
			continue;
		}
		for (jr_array(&j); jr_item(&j); i++) {
			struct slice c = jr_raw(&j);

			str_addf(m,
				 "  cg%d: workers=%.0f cpus=%.0f spread=%.1f%% gap=%.0fms migrations=%.0f iter=%.0f\n",
				 i, figure(c.s, c.n, "num_workers"), figure(c.s, c.n, "num_cpus"),
				 figure(c.s, c.n, "spread"), figure(c.s, c.n, "max_gap_ms"),
				 figure(c.s, c.n, "total_migrations"), figure(c.s, c.n, "total_iterations"));
		}
	}
}

static void add_stats(struct run *r)
{
	const char *s = r->stats;
	size_t n = s ? strlen(s) : 0;

	if (!s || figure(s, n, "total_workers") <= 0)
		return;
	str_addf(&r->message,
		 "\n--- stats ---\n%.0f workers, %.0f cpus, %.0f migrations, worst_spread=%.1f%%, worst_gap=%.0fms\n",
		 figure(s, n, "total_workers"), figure(s, n, "total_cpus"), figure(s, n, "total_migrations"),
		 figure(s, n, "worst_spread"), figure(s, n, "worst_gap_ms"));
	add_cgroups(&r->message, s);
}

static const char *stage(const struct run *r)
{
	if (!r->init)
		return "init script never started (kernel or mount failure)";
	if (!r->payload)
		return "init started but payload never ran (cgroup/scheduler setup failed)";
	return r->has_result ? NULL : "payload started but produced no test result";
}

static bool wants_diagnostics(const struct run *r)
{
	if (r->c->test->host_only || r->refused)
		return false;
	return !r->has_result || r->died || r->not_attached || env_get(ENV_VERBOSE) || env_get(ENV_RUST_BACKTRACE);
}

static void add_tail(struct str *m, const struct strv *l, size_t n)
{
	for (size_t i = l->n > n ? l->n - n : 0; i < l->n; i++)
		str_addf(m, "  %s\n", l->v[i]);
}

static bool has_panic(const struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (strstr(l->v[i], "PANIC:") || strstr(l->v[i], "Kernel panic"))
			return true;
	return false;
}

static void add_diagnostics(struct run *r)
{
	struct str *m = &r->message;

	if (!wants_diagnostics(r))
		return;
	str_add(m, "\n--- diagnostics ---\n");
	if (stage(r))
		str_addf(m, "stage: %s\n", stage(r));
	if (r->exit_reason) {
		const char *detail = r->exit_detail && *r->exit_detail ? r->exit_detail : NULL;

		str_addf(m, "exit: %s (exit_code %d)%s%s\n", r->exit_reason, r->exit_code, detail ? ": " : "",
			 detail ? detail : "");
	}
	add_tail(m, &r->vm_log, CONSOLE_TAIL);
	if (r->console.n)
		str_addf(m, "console (%zu lines%s)\n", r->console.n,
			 r->console.n > CONSOLE_TAIL && !has_panic(&r->console) ? ", window-truncated" : "");
	add_tail(m, &r->console, has_panic(&r->console) ? r->console.n : CONSOLE_TAIL);
}

static void add_watchdog(struct run *r)
{
	const struct ktstr_test *t = r->c->test;

	if (r->outcome != OUTCOME_TIMEOUT)
		return;
	str_addf(&r->message,
		 "\n--- watchdog ---\nelapsed=%.1fs watchdog_timeout=%llus duration=%llus\n"
		 "hint: a body that needs longer wants a larger duration_s; the VM gets 10 s on top of it\n",
		 (double)(r->ended_ms - r->started_ms) / 1000, (unsigned long long)test_watchdog_s(t),
		 (unsigned long long)test_duration_s(t));
}

static void add_timeline(struct run *r)
{
	auto_free char *topo = topology_label(&r->c->topo);
	struct str *m = &r->message;

	if (!r->stimuli.n)
		return;
	str_addf(m, "\n--- timeline ---\nkernel=%s topology=%s scheduler=%s scenario=%s duration=%llus\n",
		 r->kernel ? r->kernel : "-", topo, test_scheduler(r->c->test)->name, r->c->test->name,
		 (unsigned long long)test_duration_s(r->c->test));
	for (size_t i = 0; i < r->stimuli.n; i++) {
		const char *s = r->stimuli.v[i];
		auto_free char *label = json_get_str(s, strlen(s), "label");
		auto_free char *detail = json_get_str(s, strlen(s), "detail");

		str_addf(m, "  +%.0fms %s %s\n", figure(s, strlen(s), "elapsed_ms"), label ? label : "",
			 detail ? detail : "");
	}
}

void report_failure(struct run *r)
{
	add_head(r);
	add_stats(r);
	add_watchdog(r);
	add_diagnostics(r);
	add_timeline(r);
	if (r->sched_log.n) {
		str_add(&r->message, "\n--- scheduler log ---\n");
		add_tail(&r->message, &r->sched_log, LOG_TAIL);
	}
}
