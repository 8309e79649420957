/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/where.h"
#include "test/run.h"

static const char *const outcome_names[] = {
	[OUTCOME_PASS] = "pass",   [OUTCOME_FAIL] = "fail",       [OUTCOME_SKIP] = "skip",
	[OUTCOME_CRASH] = "crash", [OUTCOME_TIMEOUT] = "timeout",
};

static void put_scheduler_setup(struct jw *w, const struct ktstr_scheduler *s)
{
	jw_key(w, "sysctls");
	jw_array(w);
	for (const struct ktstr_sysctl *c = s->sysctls; c && c->key; c++) {
		auto_free char *word = xasprintf("sysctl.%s=%s", c->key, c->value);

		jw_str(w, word);
	}
	jw_end(w);
	jw_key(w, "kargs");
	jw_array(w);
	for (const char *const *k = s->kargs; k && *k; k++)
		jw_str(w, *k);
	jw_end(w);
}

static void put_raw(struct jw *w, const char *key, const char *json)
{
	jw_key(w, key);
	jw_raw(w, json, strlen(json));
}

static void put_stats(struct jw *w, const struct run *r)
{
	static const struct result none;

	if (r->stats) {
		put_raw(w, "stats", r->stats);
		return;
	}
	jw_key(w, "stats");
	stats_write(w, &none);
}

static void put_stimuli(struct jw *w, const struct run *r)
{
	jw_key(w, "stimulus_events");
	jw_array(w);
	for (size_t i = 0; i < r->stimuli.n; i++)
		jw_raw(w, r->stimuli.v[i], strlen(r->stimuli.v[i]));
	jw_end(w);
}

static void put_sched_ext(struct jw *w, const struct run *r)
{
	if (!r->scx_ops || !*r->scx_ops) {
		jw_key_null(w, "sched_ext");
		return;
	}
	jw_key(w, "sched_ext");
	jw_object(w);
	jw_key_str(w, "state", r->scx_state ? r->scx_state : "");
	jw_key_str(w, "ops", r->scx_ops);
	jw_end(w);
}

/* Which kernel the figures are of: a record of its own for each variant. */
static void put_kernel(struct jw *w, const struct run *r)
{
	size_t n;
	const struct kernel_ref *list = kernel_list(&n);

	jw_key_str(w, "kernel", r->kernel ? r->kernel : env_get(ENV_KERNEL));
	if (r->c->kernel)
		jw_key_str(w, "kernel_label", r->c->kernel->raw);
	else
		jw_key_str(w, "kernel_label", n == 1 ? list[0].raw : NULL);
}

static void put_failure(struct jw *w, const struct run *r)
{
	bool bad = r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_SKIP;

	if (bad)
		jw_key_str(w, "failure", r->message.len ? str_c(&r->message) : str_c(&r->reason));
	else
		jw_key_null(w, "failure");
}

static void build(const struct run *r, struct str *out)
{
	const struct ktstr_scheduler *s = test_scheduler(r->c->test);
	bool skip = r->outcome == OUTCOME_SKIP, before_boot = skip && r->skip != SKIP_BODY;
	auto_free char *topo = topology_label(&r->c->topo);
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "result");
	jw_key_str(&w, "outcome", outcome_names[r->outcome]);
	jw_key_str(&w, "test_name", r->c->test->name);
	jw_key_str(&w, "topology", topo);
	jw_key_str(&w, "scheduler", s->name);
	jw_key_null(&w, "payload");
	jw_key_bool(&w, "passed", skip || r->outcome == OUTCOME_PASS);
	jw_key_bool(&w, "skipped", skip);
	put_stats(&w, r);
	jw_key_null(&w, "monitor");
	put_stimuli(&w, r);
	jw_key_str(&w, "work_type", before_boot ? "skipped" : "SpinWait");
	put_raw(&w, "verifier_stats", "[]");
	jw_key_null(&w, "kvm_stats");
	put_scheduler_setup(&w, s);
	put_raw(&w, "metrics", "[]");
	if (r->cleanup_ms < 0)
		jw_key_null(&w, "cleanup_duration_ms");
	else
		jw_key_i64(&w, "cleanup_duration_ms", r->cleanup_ms);
	jw_key_i64(&w, "duration_ms", r->ended_ms - r->started_ms);
	put_kernel(&w, r);
	put_sched_ext(&w, r);
	put_failure(&w, r);
	jw_end(&w);
	str_addc(out, '\n');
}

static int hand_over(const struct str *json, struct err *e)
{
	auto_free char *program = where_libexec("ktstr-sidecar");
	char *const argv[] = { program, (char[]){ "write" }, NULL };
	struct child c = { .argv = argv, .in = FD_PIPE, .out = FD_NULL };
	int code;

	if (child_start(&c, e))
		return -1;
	signal(SIGPIPE, SIG_IGN); /* its exit code says more */
	write_all(c.in, json->s, json->len);
	close(c.in);
	code = child_wait(&c);
	return code ? err_set(e, "ktstr-sidecar exited with %d", code) : 0;
}

void write_sidecar(const struct run *r)
{
	auto_str struct str json = { 0 };
	struct err e;

	build(r, &json);
	if (hand_over(&json, &e))
		warn("%s failed for %s: %s", r->outcome == OUTCOME_SKIP ? "skip-sidecar write" : "sidecar write",
		     r->c->test->name, e.text);
}
