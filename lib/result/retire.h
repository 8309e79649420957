/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking runs away, never under a writer. */
#ifndef RESULT_RETIRE_H
#define RESULT_RETIRE_H

#include "base/lock.h"

#define RUN_LOCK_WAIT_MS 30000

/* Take the lock that writers of the run hold while they write: 0 held, 1 busy,
 * -1 error. */
int run_lock(struct lock *l, const char *root, const char *run, int timeout_ms, struct err *e);

/*
 * Remove a run, its mark and its index; the caller holds its lock. The run
 * leaves the pool in one step, and only then are its files removed; what a
 * killed remover left over goes with the next call. 0 removed, 1 it was gone
 * already, -1 error.
 */
int run_remove(const char *root, const char *run, struct err *e);

#endif
