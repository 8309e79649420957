/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of a test's body: the context handed to it, workers, cgroups,
 * the scheduler's process. Used in the guest, and on the host for host_only
 * tests, which have neither scheduler nor cgroups.
 */
#ifndef TEST_GUEST_H
#define TEST_GUEST_H

#include <sys/types.h>

#include "base/proc.h"
#include "test/checks.h"
#include "test/select.h"

/* The scheduler under test, as a process of this machine. */
struct sched {
	struct child child;
	pid_t pid; /* 0 when there is none */
	int pidfd;
	bool attached, dead;
	int code;                 /* exit code of a dead one, 128 + signal */
	char state[64], ops[128]; /* what sysfs last said */
};

struct ktstr {
	const struct ktstr_test *test;
	struct topology declared;
	struct cpu_topo topo;
	struct ktstr_assert assert;
	double duration_s;
	struct result result;
	struct sched sched;
	bool on_host;
	int headroom; /* 3 on an emulated CPU, else 1 */
	long long start_ms;
	unsigned int steps;
	char *cgroup_root;
	struct str stimuli; /* JSON texts, a line each, for the host_only sidecar */
};

/* Run a test's body in this process, checks included, and fill t->result.
 * Starts and stops the scheduler when in_guest. */
void body_begin(struct ktstr *t, const struct choice *c, bool on_host);
void body_call(struct ktstr *t);
void body_end(struct ktstr *t);

/* The guest's side of --ktstr-test-fn: exit code. */
int guest_main(const struct choice *c);

/* --- messages to the host (dropped when there is none) ----------------- */

bool guest_connected(void);
void guest_send(const char *json);
/* The VM ends ms from now unless moved again. */
void guest_deadline(long long ms);

/* --- scheduler --------------------------------------------------------- */

/* Start it and wait until it is attached: 0, or -1 with the reason recorded. */
int sched_start(struct ktstr *t);
/* Whether it died; fills code. */
bool sched_died(struct sched *s);
/* Wait ms, or until it dies: true when it died. */
bool sched_wait(struct sched *s, long long ms);
/* Record "scheduler process died …" with how long the test ran. */
void sched_report_death(struct ktstr *t, const char *fmt, ...) PRINTF(2, 3);
/* Whether sched_ext still runs the scheduler; records it when not. */
void sched_check_enabled(struct ktstr *t);
/* Stop it and send its log. */
void sched_stop(struct ktstr *t);
void sched_read_state(struct sched *s);

/* --- cgroups ------------------------------------------------------------ */

/* Make the directory and hand cpu and cpuset down to it. */
int cgroup_make(const char *path, struct err *e);
int cgroup_write(const char *path, const char *file, const char *value, struct err *e);
int cgroup_move(const char *path, pid_t pid, struct err *e);
void cgroup_remove(const char *path);

/* --- workers ------------------------------------------------------------ */

struct worker_spec {
	enum ktstr_work_type type;
	int nice;
	const struct cpus *affinity; /* NULL: inherit */
};

struct workers;
/* Fork them; each waits to be released. 0 or -1. */
int workers_start(struct workers **out, const struct worker_spec *specs, size_t n, struct err *e);
pid_t worker_pid(const struct workers *w, size_t i);
void workers_release(struct workers *w);
/* Iterations of all so far. */
uint64_t workers_iterations(const struct workers *w);
/* Tell them to stop, kill those that don't within grace_ms, reap them. */
void workers_stop(struct workers *w, int grace_ms);
const struct worker_report *worker_report(const struct workers *w, size_t i);
void workers_free(struct workers *w);

#endif
