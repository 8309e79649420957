/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "test/select.h"

const struct ktstr_scheduler ktstr_eevdf = { .name = "eevdf" };

static const struct ktstr_test **tests;
static size_t tests_n, tests_cap;
static struct strv duplicates;
static const struct ktstr_scheduler **schedulers;
static size_t schedulers_n, schedulers_cap;

const struct ktstr_test *test_find(const char *name)
{
	for (size_t i = 0; i < tests_n; i++)
		if (strcmp(tests[i]->name, name) == 0)
			return tests[i];
	return NULL;
}

void ktstr_register_test(const struct ktstr_test *test)
{
	if (test_find(test->name)) {
		if (!strv_has(&duplicates, test->name))
			strv_add(&duplicates, test->name);
		return;
	}
	GROW(tests, tests_n, tests_cap);
	tests[tests_n++] = test;
}

void ktstr_register_scheduler(const struct ktstr_scheduler *scheduler)
{
	GROW(schedulers, schedulers_n, schedulers_cap);
	schedulers[schedulers_n++] = scheduler;
}

size_t test_count(void)
{
	return tests_n;
}

const struct ktstr_test *test_at(size_t i)
{
	return tests[i];
}

size_t scheduler_count(void)
{
	return schedulers_n;
}

const struct ktstr_scheduler *scheduler_at(size_t i)
{
	return schedulers[i];
}

void warn_duplicate_tests(void)
{
	for (size_t i = 0; i < duplicates.n; i++) {
		auto_free char *line = xasprintf(
			"warning: ktstr_test: duplicate test name '%s'; the first one is used\n", duplicates.v[i]);

		fputs(line, stderr);
	}
}

const char *test_suggest(const char *name)
{
	size_t limit = strlen(name) / 3 > 3 ? strlen(name) / 3 : 3, best = limit + 1;
	const char *found = NULL;

	for (size_t i = 0; i < tests_n; i++) {
		size_t d = edit_distance(name, tests[i]->name);

		if (d < best) {
			best = d;
			found = tests[i]->name;
		}
	}
	return found;
}

const struct ktstr_scheduler *test_scheduler(const struct ktstr_test *t)
{
	return t->scheduler ? t->scheduler : &ktstr_eevdf;
}

static uint32_t either(uint32_t first, uint32_t second)
{
	return first ? first : second;
}

struct topology scheduler_topology(const struct ktstr_scheduler *s)
{
	return (struct topology){ either(s->numa_nodes, 1), either(s->llcs, 1), either(s->cores, 2),
				  either(s->threads, 1) };
}

struct topology test_topology(const struct ktstr_test *t)
{
	struct topology base = scheduler_topology(test_scheduler(t));

	return (struct topology){ either(t->numa_nodes, base.nodes), either(t->llcs, base.llcs),
				  either(t->cores, base.cores), either(t->threads, base.threads) };
}

static struct ktstr_constraints over(const struct ktstr_constraints *a, const struct ktstr_constraints *b)
{
	return (struct ktstr_constraints){
		.min_numa_nodes = either(a->min_numa_nodes, b->min_numa_nodes),
		.max_numa_nodes = either(a->max_numa_nodes, b->max_numa_nodes),
		.min_llcs = either(a->min_llcs, b->min_llcs),
		.max_llcs = either(a->max_llcs, b->max_llcs),
		.min_cpus = either(a->min_cpus, b->min_cpus),
		.max_cpus = either(a->max_cpus, b->max_cpus),
		.requires_smt = a->requires_smt || b->requires_smt,
	};
}

struct ktstr_constraints scheduler_constraints(const struct ktstr_scheduler *s)
{
	static const struct ktstr_constraints defaults = { 1, 1, 1, 12, 1, 192, false };

	return over(&s->constraints, &defaults);
}

struct ktstr_constraints test_constraints(const struct ktstr_test *t)
{
	struct ktstr_constraints base = scheduler_constraints(test_scheduler(t));

	return over(&t->constraints, &base);
}

uint64_t test_duration_s(const struct ktstr_test *t)
{
	return t->duration_s ? t->duration_s : 12;
}

uint64_t test_watchdog_s(const struct ktstr_test *t)
{
	return t->watchdog_timeout_s ? t->watchdog_timeout_s : 5;
}

uint64_t test_memory_mb(const struct ktstr_test *t, const struct topology *topo)
{
	uint64_t mb = t->memory_mb ? t->memory_mb : 2048;

	if (mb < 256)
		mb = 256;
	return mb < topology_cpus(topo) * 64 ? topology_cpus(topo) * 64 : mb;
}

bool test_no_perf(const struct ktstr_test *t)
{
	return t->no_perf_mode || env_get(ENV_NO_PERF_MODE);
}

bool scheduler_active(const struct ktstr_scheduler *s)
{
	return s->binary || s->binary_path || s->builtin_enable;
}

const char *scheduler_display(const struct ktstr_scheduler *s)
{
	if (s->binary)
		return s->binary;
	if (s->binary_path)
		return s->binary_path;
	return s->builtin_enable ? "kernel" : s->name;
}

int scheduler_validate(const struct ktstr_scheduler *s, struct err *e)
{
	int sources = !!s->binary + !!s->binary_path + (s->builtin_enable || s->builtin_disable);

	if (s == &ktstr_eevdf)
		return 0;
	if (!s->name || !s->name[strspn(s->name, " \t")])
		return err_set(e, "a scheduler needs a name");
	if (strcasecmp(s->name, "eevdf") == 0 || strcasecmp(s->name, "kernel_default") == 0)
		return err_set(e, "scheduler '%s': the name is reserved", s->name);
	if (sources != 1)
		return err_set(e,
			       "scheduler '%s': give exactly one of binary, binary_path and "
			       "builtin_enable with builtin_disable",
			       s->name);
	if (!s->builtin_enable != !s->builtin_disable)
		return err_set(e, "scheduler '%s': builtin_enable and builtin_disable go together", s->name);
	if (s->binary_path && s->binary_path[0] != '/')
		return err_set(e, "scheduler '%s': binary_path '%s' is not absolute", s->name, s->binary_path);
	if (s->cgroup_parent && (s->cgroup_parent[0] != '/' || !s->cgroup_parent[1] || strstr(s->cgroup_parent, "..")))
		return err_set(e, "scheduler '%s': cgroup_parent '%s' must start with '/' and name a cgroup", s->name,
			       s->cgroup_parent);
	for (size_t i = 0; i < schedulers_n; i++)
		if (schedulers[i] != s && schedulers[i]->name && strcmp(schedulers[i]->name, s->name) == 0)
			return err_set(e, "duplicate scheduler name '%s'", s->name);
	return 0;
}

static int check_range(const char *test, const char *what, uint32_t min, uint32_t max, struct err *e)
{
	if (min > max)
		return err_set(e, "test '%s': min_%s %u is above max_%s %u", test, what, min, what, max);
	return 0;
}

int test_validate(const struct ktstr_test *t, struct err *e)
{
	const struct ktstr_scheduler *s = test_scheduler(t);
	struct ktstr_constraints c = test_constraints(t);
	struct topology topo = test_topology(t);

	if (!t->name || !*t->name || strpbrk(t->name, "/\\"))
		return err_set(e, "test '%s': a name is not empty and has no '/' or '\\'", t->name ? t->name : "");
	if (!t->func)
		return err_set(e, "test '%s' has no function", t->name);
	if (topo.llcs % topo.nodes)
		return err_set(e, "test '%s': %u LLCs cannot be split over %u NUMA nodes", t->name, topo.llcs,
			       topo.nodes);
	if (check_range(t->name, "numa_nodes", c.min_numa_nodes, c.max_numa_nodes, e) ||
	    check_range(t->name, "llcs", c.min_llcs, c.max_llcs, e) ||
	    check_range(t->name, "cpus", c.min_cpus, c.max_cpus, e))
		return -1;
	if (t->performance_mode && t->no_perf_mode)
		return err_set(e, "test '%s': performance_mode and no_perf_mode exclude each other", t->name);
	if (t->performance_mode && t->host_only)
		return err_set(e, "test '%s': performance_mode needs a VM, host_only has none", t->name);
	if (t->host_only && scheduler_active(s))
		return err_set(e, "test '%s': host_only starts no scheduler, but '%s' is declared", t->name, s->name);
	return scheduler_validate(s, e);
}
