/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two cgroups share two CPUs: one computes, the other keeps giving way.
 * Nobody may starve, whichever scheduler decides.
 */
#include "schedulers.h"

#include <string.h>

KTSTR_SCHEDULER(qmap, .name = "scx_qmap", .binary = "scx_qmap", .assert = LIMITS);

static int share_the_cpus(struct ktstr *t)
{
	static const struct ktstr_cgroup cgroups[] = {
		{ .name = "compute", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 2 } } },
		{ .name = "polite", .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 2 } } },
		{ 0 },
	};

	return ktstr_run(t, cgroups);
}

KTSTR_TEST(two_cgroups_share_under_eevdf, .cores = 2, .duration_s = 3, .assert = LIMITS)
{
	return share_the_cpus(t);
}

KTSTR_TEST(two_cgroups_share_under_simple, .scheduler = &simple, .cores = 2, .duration_s = 3)
{
	return share_the_cpus(t);
}

KTSTR_TEST(two_cgroups_share_under_qmap, .scheduler = &qmap, .cores = 2, .duration_s = 3)
{
	return share_the_cpus(t);
}

/* Passing under EEVDF by mistake would prove nothing about a scheduler. */
KTSTR_TEST(the_scheduler_is_attached, .scheduler = &simple, .cores = 2, .duration_s = 2)
{
	if (KTSTR_CHECK(t, !strcmp(ktstr_scx_state(t), "enabled")) ||
	    KTSTR_CHECK(t, !strcmp(ktstr_scx_ops(t), "simple")))
		return -1;
	if (share_the_cpus(t))
		return -1;
	return KTSTR_CHECK(t, !strcmp(ktstr_scx_ops(t), "simple"));
}
