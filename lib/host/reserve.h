/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reserving CPUs: plan, lock what the plan says, wait while others have it.
 * A part of budget_take.
 */
#ifndef HOST_RESERVE_H
#define HOST_RESERVE_H

#include "host/budget.h"
#include "host/plan.h"

struct reserve {
	struct budget *b;
	const char *dir; /* of lock files */
	struct llc_map map;
	struct cpus allowed; /* online, and this process may run on them */
	uint32_t want;
	bool exact; /* want and no less */
	struct lock turn;
	struct plan plan;
	uint32_t free; /* CPUs nobody has, at the last look */
};

/* Lock want CPUs, or fewer when that is all there are and exact is not set;
 * the locks are b's, the plan says which. Waits while there are none, or not
 * enough. 0, or -1. */
int reserve_take(struct reserve *r, struct err *e);

/* Let go of b's locks. */
void reserve_drop(struct budget *b);

#endif
