/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "test/run.h"

static const char *first_line_with(const struct strv *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *at = strstr(l->v[i], word);

		if (at)
			return at;
	}
	return NULL;
}

static void explain_timeout(struct run *r)
{
	const struct ktstr_scheduler *s = test_scheduler(r->c->test);

	r->outcome = OUTCOME_TIMEOUT;
	if (r->died)
		run_because(r, "timed out (scheduler %s exited)", scheduler_display(s));
	else
		run_because(r, "timed out (no result via bulk port or COM2)");
}

/* The VM ended and gave no result. */
static void explain_crash(struct run *r)
{
	const struct ktstr_scheduler *s = test_scheduler(r->c->test);
	const char *why = r->exit_reason ? r->exit_reason : "ktstr-vm ended early";
	const char *detail = r->exit_detail && *r->exit_detail ? r->exit_detail : NULL;
	const char *panic = first_line_with(&r->console, "Kernel panic");

	r->outcome = OUTCOME_CRASH;
	if (strcmp(why, "qemu_missing") == 0 || strcmp(why, "kvm_failed") == 0) {
		run_refuse(r, "%s", detail ? detail : why);
		return;
	}
	if (strcmp(why, "panic") == 0 || panic)
		run_because(r, "guest crashed: %s", panic ? panic : detail ? detail : "kernel panic");
	else if (r->died)
		run_because(r, "scheduler exited (%s)", scheduler_display(s));
	else if (strcmp(why, "done") == 0 && scheduler_active(s))
		run_because(r, "no test result received from guest (exit code %d)", r->exit_code);
	else if (strcmp(why, "done") == 0)
		run_because(r, "test function produced no output (no test result found), exit code %d", r->exit_code);
	else if (scheduler_active(s))
		run_because(r, "no test result received from guest (%s%s%s)", why, detail ? ": " : "",
			    detail ? detail : "");
	else
		run_because(r, "test function produced no output (no test result found): %s%s%s", why,
			    detail ? ": " : "", detail ? detail : "");
}

static void decide_result(struct run *r)
{
	if (r->skipped) {
		r->outcome = OUTCOME_SKIP;
		run_skip(r, SKIP_BODY, "%s", r->details.n ? r->details.v[0] : "no reason given");
	} else {
		r->outcome = r->passed ? OUTCOME_PASS : OUTCOME_FAIL;
	}
}

/* An error that is expected counts once the test itself had begun: a VM that
 * does not boot proves nothing about the scheduler. */
static void invert(struct run *r)
{
	if (r->outcome == OUTCOME_PASS) {
		r->outcome = OUTCOME_FAIL;
		strv_add(&r->kinds, "Other");
		strv_add(&r->details, "expected error but test passed");
	} else if (r->outcome != OUTCOME_SKIP && (r->payload || r->has_result)) {
		r->outcome = OUTCOME_PASS;
	}
}

void decide(struct run *r)
{
	if (r->skip != SKIP_NONE) {
		r->outcome = OUTCOME_SKIP;
		return;
	}
	if (!r->refused && r->has_result)
		decide_result(r);
	else if (!r->refused && r->exit_reason && strcmp(r->exit_reason, "timeout") == 0)
		explain_timeout(r);
	else if (!r->refused)
		explain_crash(r);
	if (r->refused) {
		r->outcome = OUTCOME_FAIL;
		return;
	}
	if (r->c->test->expect_err)
		invert(r);
}

/* What a skip is called, and whether --no-skip-mode makes it a failure. */
static const struct {
	const char *name;
	bool strict;
} skips[] = {
	[SKIP_CONTENTION] = { "resource contention", true },
	[SKIP_TOPOLOGY] = { "host topology insufficient", true },
	[SKIP_HARNESS] = { "harness not configured", false },
	[SKIP_PERF] = { NULL, false },
};

static int conclude_skip(struct run *r)
{
	const char *reason = str_c(&r->reason);

	if (r->skip == SKIP_BODY) {
		say_line("ktstr: %s skipped itself: %s", r->c->test->name, reason);
		return 0;
	}
	if (skips[r->skip].strict && env_present(ENV_NO_SKIP_MODE)) {
		say_line("ktstr: FAIL: %s under --no-skip-mode: %s", skips[r->skip].name, reason);
		r->outcome = OUTCOME_FAIL;
		return 1;
	}
	if (skips[r->skip].name)
		say_line("ktstr: SKIP: %s: %s", skips[r->skip].name, reason);
	else
		say_line("ktstr: SKIP: %s", reason);
	return 0;
}

int conclude(struct run *r)
{
	int code = 0;

	if (r->outcome == OUTCOME_SKIP) {
		code = conclude_skip(r);
	} else if (r->outcome != OUTCOME_PASS) {
		report_failure(r);
		write_all(STDERR_FILENO, r->message.s, r->message.len);
		code = 1;
	}
	write_sidecar(r);
	return code;
}
