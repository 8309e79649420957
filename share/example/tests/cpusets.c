/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two LLCs, a cgroup bound to each, and one that may run anywhere: no worker
 * may be seen on a CPU outside its cpuset.
 */
#include "schedulers.h"

static int stay_in_the_llc(struct ktstr *t)
{
	static const struct ktstr_cgroup cgroups[] = {
		{ .name = "left", .cpus = KTSTR_LLC(0), .work = { { .type = KTSTR_SPIN_WAIT, .workers = 1 } } },
		{ .name = "right", .cpus = KTSTR_LLC(1), .work = { { .type = KTSTR_YIELD_HEAVY, .workers = 2 } } },
		{ .name = "anywhere", .work = { { .type = KTSTR_SPIN_WAIT, .workers = 1 } } },
		{ 0 },
	};

	if (KTSTR_CHECK(t, ktstr_llc_count(t) == 2))
		return -1;
	return ktstr_run(t, cgroups);
}

KTSTR_TEST(cpusets_hold_under_eevdf, .llcs = 2, .cores = 1, .duration_s = 3,
	   .constraints = { .min_llcs = 2, .max_llcs = 2 },
	   .assert = { .not_starved = KTSTR_ON, .isolation = KTSTR_ON, .max_spread_pct = KTSTR_LIMIT(30) })
{
	return stay_in_the_llc(t);
}

KTSTR_TEST(cpusets_hold_under_simple, .scheduler = &simple, .llcs = 2, .cores = 1, .duration_s = 3,
	   .constraints = { .min_llcs = 2, .max_llcs = 2 }, .assert = { .isolation = KTSTR_ON })
{
	return stay_in_the_llc(t);
}
