/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scheduler that dies in the middle of a test must be an error. The kernel
 * falls back to EEVDF and the workers go on as if nothing had happened, so
 * only the runtime can tell.
 */
#include "schedulers.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void *kill_soon(void *pid)
{
	sleep(1);
	kill(*(pid_t *)pid, SIGKILL);
	return NULL;
}

/* The error is the pass, so returning 0 is how the test fails. */
KTSTR_TEST(a_killed_scheduler_is_an_error, .scheduler = &simple, .cores = 2, .duration_s = 5, .expect_err = true)
{
	static const struct ktstr_cgroup cgroups[] = {
		{ .name = "busy", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 2 } } },
		{ 0 },
	};
	pid_t pid = ktstr_scheduler_pid(t);
	pthread_t killer;
	int result;

	if (pid <= 0 || strcmp(ktstr_scx_ops(t), "simple"))
		return 0;
	if (pthread_create(&killer, NULL, kill_soon, &pid))
		return 0;
	result = ktstr_run(t, cgroups);
	pthread_join(killer, NULL);
	return result;
}
