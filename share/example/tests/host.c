/* SPDX-License-Identifier: GPL-2.0-only */
/* What needs no kernel is tested on the host, in milliseconds. */
#include <ktstr.h>

#include "vtime.h"

KTSTR_TEST(a_heavier_task_is_charged_less, .host_only = true)
{
	if (KTSTR_CHECK(t, vtime_charge(1000, VTIME_DEFAULT_WEIGHT) == 1000) ||
	    KTSTR_CHECK(t, vtime_charge(1000, 2 * VTIME_DEFAULT_WEIGHT) == 500))
		return -1;
	return KTSTR_CHECK(t, vtime_charge(UINT64_C(3600000000000), 1) == UINT64_C(360000000000000));
}

KTSTR_TEST(vtime_order_survives_the_wrap, .host_only = true)
{
	return KTSTR_CHECK(t, vtime_before(UINT64_MAX, 1) && !vtime_before(1, UINT64_MAX));
}
