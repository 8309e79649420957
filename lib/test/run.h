/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of one test: find the kernel and the scheduler, run the VM,
 * collect what it says, decide, tell people and leave one sidecar.
 *
 * struct run owns everything below it until run_release.
 */
#ifndef TEST_RUN_H
#define TEST_RUN_H

#include "base/lock.h"
#include "json/read.h"
#include "test/checks.h"
#include "test/select.h"

enum outcome { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_SKIP, OUTCOME_CRASH, OUTCOME_TIMEOUT };

/* Why a test did not run. */
enum skip { SKIP_NONE, SKIP_BODY, SKIP_CONTENTION, SKIP_TOPOLOGY, SKIP_HARNESS, SKIP_PERF };

struct run {
	const struct choice *c;
	long long started_ms, ended_ms, cleanup_ms; /* cleanup_ms -1: there was no VM */

	/* what was found on the host */
	char *kernel;    /* what the sidecar names: directory or image */
	char *scheduler; /* binary, or NULL */
	struct lock kernel_lock;

	/* what the VM said */
	bool booted, init, payload, attached, not_attached, died, has_result;
	char *exit_reason, *exit_detail; /* NULL: no exit event came */
	int exit_code;
	char *scx_state, *scx_ops, *sched_reason;
	struct strv console, sched_log, vm_log; /* last lines */
	struct strv stimuli;                    /* JSON texts */

	/* the result of the body */
	bool passed, skipped;
	struct strv kinds, details; /* same length */
	char *stats;                /* JSON text, or NULL */

	/* the verdict */
	enum outcome outcome;
	enum skip skip;
	bool refused;       /* failed before anything of the test ran */
	struct str reason;  /* why it was skipped, or what ended it */
	struct str message; /* the failure as people read it */
};
void run_init(struct run *r, const struct choice *c);
void run_release(struct run *r);

/* Mark it as not run, or as failed before it ran; or just say why. */
void run_skip(struct run *r, enum skip why, const char *fmt, ...) PRINTF(3, 4);
void run_refuse(struct run *r, const char *fmt, ...) PRINTF(2, 3);
void run_because(struct run *r, const char *fmt, ...) PRINTF(2, 3);

/* KTSTR_TEST_KERNEL, KTSTR_KERNEL, the cache, ../linux, the host: 1 found and
 * held, 0 none, 2 its cache entry is being replaced, -1 the named one is not
 * there. */
int find_kernel(struct run *r, struct err *e);

/* The scheduler's program on this host: 0 with *path (NULL for the kernel's
 * own; caller frees), or -1. */
int find_scheduler(const struct ktstr_scheduler *s, char **path, struct err *e);

/* Run it in a VM, or here, and fill what it said. */
void run_in_vm(struct run *r);
void run_here(struct run *r);

/* One line of the VM's event stream. */
void take_event(struct run *r, struct slice line);

/* Turn what was seen into outcome, reason and message. */
void decide(struct run *r);
/* Write message: the failure's report. */
void report_failure(struct run *r);
/* Print what people need, write the sidecar, return the exit code. */
int conclude(struct run *r);
void write_sidecar(const struct run *r);

/* Run the chosen test from start to end: exit code. */
int run_test(const struct choice *c);

#endif
