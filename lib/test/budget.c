/* SPDX-License-Identifier: GPL-2.0-only */
#include "test/budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"

double budget_seconds(void)
{
	const char *text = env_get(ENV_BUDGET_SECS);
	char *end;
	double v;

	if (!text)
		return 0;
	v = strtod(text, &end);
	if (*end || end == text || !isfinite(v)) {
		say_line("ktstr budget: KTSTR_BUDGET_SECS='%s' is not a number, ignoring", text);
		return 0;
	}
	if (v <= 0) {
		say_line("ktstr budget: KTSTR_BUDGET_SECS=%s must be positive, ignoring", text);
		return 0;
	}
	return v;
}

static uint32_t djb2(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

/* Which of the classes "up to limit[i]" v is in; n when above all. */
static unsigned int class_of(uint64_t v, const uint64_t *limit, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && v > limit[i])
		i++;
	return i;
}

uint64_t candidate_features(const struct candidate *c)
{
	static const uint64_t cpus[] = { 8, 16, 64, 128 }, llcs[] = { 1, 2, 4, 8 }, seconds[] = { 2, 10 },
			      nodes[] = { 1, 2, 4 };
	const struct ktstr_test *t = c->test;
	const char *hashed = c->variant ? c->name : t->name;
	uint64_t f = 0;

	f |= 1ULL << djb2(test_scheduler(t)->name) % 4;
	f |= 1ULL << (4 + class_of(topology_cpus(&c->topo), cpus, 4));
	f |= 1ULL << (9 + class_of(c->topo.llcs, llcs, 4));
	f |= (uint64_t)(c->topo.threads > 1) << 14;
	f |= (uint64_t)t->performance_mode << 15;
	f |= (uint64_t)t->host_only << 16;
	f |= (uint64_t)t->expect_err << 17;
	f |= 1ULL << (18 + class_of(test_duration_s(t), seconds, 2));
	f |= (uint64_t)c->variant << 22;
	f |= 1ULL << (23 + djb2(hashed) % 4);
	f |= 1ULL << (27 + class_of(c->topo.nodes, nodes, 3));
	return f;
}

double candidate_cost(const struct candidate *c)
{
	uint64_t duration = test_duration_s(c->test), cpus = topology_cpus(&c->topo);

	if (c->test->host_only)
		return (double)(duration + 2);
	return (double)(10 + (cpus > 16 ? (cpus - 16) / 10 : 0) + duration + 2 + (c->test->performance_mode ? 3 : 0));
}

/* Whether a is worth more than b: new bits a second, then the name. */
static bool better(double worth, const struct candidate *a, double best, const struct candidate *b)
{
	return !b || worth > best || (worth >= best && strcmp(a->name, b->name) < 0);
}

static struct candidate *pick(struct candidate *list, size_t n, uint64_t covered, double left)
{
	struct candidate *found = NULL;
	double best = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t fresh = candidate_features(&list[i]) & ~covered;
		double cost = candidate_cost(&list[i]);
		double worth = __builtin_popcountll(fresh) / cost;

		if (list[i].chosen || !fresh || cost > left || !better(worth, &list[i], best, found))
			continue;
		found = &list[i];
		best = worth;
	}
	return found;
}

void budget_choose(struct candidate *list, size_t n, double seconds)
{
	uint64_t covered = 0, possible = 0;
	double used = 0;
	size_t chosen = 0;
	struct candidate *c;

	for (size_t i = 0; i < n; i++)
		possible |= candidate_features(&list[i]);
	while ((c = pick(list, n, covered, seconds - used))) {
		c->chosen = true;
		covered |= candidate_features(c);
		used += candidate_cost(c);
		chosen++;
	}
	say_line("ktstr budget: %zu/%zu tests, %.0f/%.0fs used, %d/%d configurations covered", chosen, n, used, seconds,
		 __builtin_popcountll(covered), __builtin_popcountll(possible));
}
