/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who runs the tests: what one run of them is called, and the process that
 * lives as long as the run does.
 */
#ifndef RESULT_RUNNER_H
#define RESULT_RUNNER_H

/* A name for the run that this process, or what it turns into by exec, is
 * going to make; for KTSTR_RUN_ID. Caller frees. */
char *run_new_id(void);

/* What tells this run from others: KTSTR_RUN_ID, NEXTEST_RUN_ID, else the
 * process that started the test program. Caller frees. */
char *run_token(void);

/* The run's process, called by a program that a test has started: the one
 * whose number KTSTR_RUN_ID has, else cargo-nextest. "BOOT:PID:START", which
 * no other process ever is, or NULL when it is not known. Caller frees. */
char *runner_find(void);

/* Its process id while it lives on this machine, else 0. */
long runner_alive(const char *runner);

#endif
