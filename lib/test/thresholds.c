/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "test/checks.h"
#include "test/select.h"

#define SWITCH(f, on) { #f, true, offsetof(struct ktstr_assert, f), on }
#define LIMIT(f, on)  { #f, false, offsetof(struct ktstr_assert, f), on }

const struct threshold thresholds[] = {
	SWITCH(not_starved, true),
	SWITCH(isolation, true),
	LIMIT(max_gap_ms, true),
	LIMIT(max_spread_pct, true),
	LIMIT(max_throughput_cv, true),
	LIMIT(min_work_rate, true),
	LIMIT(max_p99_wake_latency_ns, false),
	LIMIT(max_wake_latency_cv, false),
	LIMIT(min_iteration_rate, true),
	LIMIT(max_migration_ratio, true),
	LIMIT(max_imbalance_ratio, false),
	LIMIT(max_local_dsq_depth, false),
	SWITCH(fail_on_stall, false),
	LIMIT(sustained_samples, false),
	LIMIT(max_fallback_rate, false),
	LIMIT(max_keep_last_rate, false),
	LIMIT(min_page_locality, false),
	LIMIT(max_cross_node_migration_ratio, false),
	LIMIT(max_slow_tier_ratio, false),
};
const size_t thresholds_n = ARRAY_SIZE(thresholds);

static void lay_over(struct ktstr_assert *to, const struct ktstr_assert *from)
{
	for (size_t i = 0; i < thresholds_n; i++) {
		const char *src = (const char *)from + thresholds[i].offset;
		char *dst = (char *)to + thresholds[i].offset;

		if (thresholds[i].is_switch) {
			if (*(const enum ktstr_switch *)src != KTSTR_UNSET)
				*(enum ktstr_switch *)dst = *(const enum ktstr_switch *)src;
		} else if (((const struct ktstr_limit *)src)->set) {
			*(struct ktstr_limit *)dst = *(const struct ktstr_limit *)src;
		}
	}
}

struct ktstr_assert assert_merged(const struct ktstr_test *t)
{
	struct ktstr_assert a = { 0 };

	lay_over(&a, &test_scheduler(t)->assert);
	lay_over(&a, &t->assert);
	return a;
}

char *threshold_text(const struct threshold *row, const struct ktstr_assert *a)
{
	const char *at = (const char *)a + row->offset;
	const struct ktstr_limit *limit = (const struct ktstr_limit *)at;
	struct str b = { 0 };

	if (row->is_switch) {
		enum ktstr_switch s = *(const enum ktstr_switch *)at;

		return s == KTSTR_UNSET ? NULL : xstrdup(s == KTSTR_ON ? "true" : "false");
	}
	if (!limit->set)
		return NULL;
	json_f64(&b, limit->value);
	if (ends_with(str_c(&b), ".0"))
		b.s[b.len -= 2] = '\0';
	return str_take(&b);
}

int show_thresholds(const char *name, struct err *e)
{
	const struct ktstr_test *t = test_find(name);
	const char *near = test_suggest(name);
	struct ktstr_assert a;

	if (!t) {
		auto_free char *mean = near ? xasprintf(" Did you mean `%s`?", near) : xstrdup("");

		return err_set(
			e,
			"no registered ktstr test named '%s'.%s Run `cargo nextest list` to see the available test "
			"names, and give the name without the `<binary>::` prefix",
			name, mean);
	}
	a = assert_merged(t);
	printf("Test: %s\nScheduler: %s\nResolved assertion thresholds:\n", t->name, test_scheduler(t)->name);
	for (size_t i = 0; i < thresholds_n; i++) {
		auto_free char *text = threshold_text(&thresholds[i], &a);

		printf("  %-38s: %s\n", thresholds[i].name, text ? text : "none");
	}
	return 0;
}
