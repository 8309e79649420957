/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "json/write.h"
#include "test/budget.h"

/* Everything that could be listed, in order. */
struct listing {
	struct candidate *v;
	size_t n, cap;
};

static void add(struct listing *l, const struct ktstr_test *t, const struct preset *p, char *name)
{
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct candidate){
		.name = name, .test = t, .topo = p ? p->topo : test_topology(t), .variant = p, .chosen = true
	};
}

/* One name for each kernel, or a single one without a suffix. */
static void add_kernels(struct listing *l, const struct ktstr_test *t, const struct preset *p, const char *name)
{
	size_t n;
	const struct kernel_ref *kernels = kernel_list(&n);

	if (t->host_only || !multi_kernel())
		add(l, t, p, xstrdup(name));
	else
		for (size_t i = 0; i < n; i++)
			add(l, t, p, xasprintf("%s/%s", name, kernels[i].label));
}

static void add_variants(struct listing *l, const struct ktstr_test *t)
{
	struct ktstr_constraints c = test_constraints(t);
	size_t n;
	const struct preset *p = presets(&n);

	for (size_t i = 0; i < n; i++) {
		auto_free char *name = NULL;

		if (!preset_fits(&p[i], &c, host_limits(), test_no_perf(t)))
			continue;
		name = xasprintf("gauntlet/%s/%s", t->name, p[i].name);
		add_kernels(l, t, &p[i], name);
	}
}

static void add_test(struct listing *l, const struct ktstr_test *t, bool ignored)
{
	auto_free char *name = xasprintf("ktstr/%s", t->name);

	if (starts_with(t->name, "__unit_test_"))
		return;
	if (!ignored || starts_with(t->name, "demo_"))
		add_kernels(l, t, NULL, name);
	if (!t->host_only && !env_get(ENV_CARGO_TEST_MODE))
		add_variants(l, t);
}

void list_tests(bool ignored)
{
	struct listing l = { 0 };
	double seconds = budget_seconds();

	for (size_t i = 0; i < test_count(); i++)
		add_test(&l, test_at(i), ignored);
	for (size_t i = 0; seconds > 0 && i < l.n; i++)
		l.v[i].chosen = false;
	if (seconds > 0)
		budget_choose(l.v, l.n, seconds);
	for (size_t i = 0; i < l.n; i++) {
		if (l.v[i].chosen)
			printf("%s: test\n", l.v[i].name);
		free(l.v[i].name);
	}
	free(l.v);
}

static void put_list(struct jw *w, const char *key, const char *const *v)
{
	jw_key(w, key);
	jw_array(w);
	for (; v && *v; v++)
		jw_str(w, *v);
	jw_end(w);
}

static void put_max(struct jw *w, const char *key, uint32_t v)
{
	if (v == KTSTR_NO_MAX)
		jw_key_null(w, key);
	else
		jw_key_u64(w, key, v);
}

static void put_constraints(struct jw *w, const struct ktstr_constraints *c)
{
	jw_key(w, "constraints");
	jw_object(w);
	jw_key_u64(w, "min_numa_nodes", c->min_numa_nodes);
	put_max(w, "max_numa_nodes", c->max_numa_nodes);
	jw_key_u64(w, "min_llcs", c->min_llcs);
	put_max(w, "max_llcs", c->max_llcs);
	jw_key_bool(w, "requires_smt", c->requires_smt);
	jw_key_u64(w, "min_cpus", c->min_cpus);
	put_max(w, "max_cpus", c->max_cpus);
	jw_end(w);
}

static void put_kind(struct jw *w, const struct ktstr_scheduler *s)
{
	jw_key(w, "binary_kind");
	jw_object(w);
	if (s->binary || s->binary_path) {
		jw_key_str(w, "kind", s->binary ? "discover" : "path");
		jw_key_str(w, "value", scheduler_display(s));
	} else {
		jw_key_str(w, "kind", s->builtin_enable ? "kernel_builtin" : "eevdf");
	}
	jw_end(w);
}

static void put_scheduler(struct jw *w, const struct ktstr_scheduler *s)
{
	struct ktstr_constraints c = scheduler_constraints(s);
	struct topology t = scheduler_topology(s);

	jw_object(w);
	jw_key_str(w, "name", s->name);
	put_kind(w, s);
	jw_key(w, "topology");
	jw_object(w);
	jw_key_u64(w, "num_numa_nodes", t.nodes);
	jw_key_u64(w, "num_llcs", t.llcs);
	jw_key_u64(w, "cores_per_llc", t.cores);
	jw_key_u64(w, "threads_per_core", t.threads);
	jw_end(w);
	put_list(w, "sched_args", s->args);
	put_list(w, "kernels", s->kernels);
	put_constraints(w, &c);
	jw_end(w);
}

void list_schedulers(void)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 0);
	jw_array(&w);
	for (size_t i = 0; i < scheduler_count(); i++)
		put_scheduler(&w, scheduler_at(i));
	jw_end(&w);
	puts(str_c(&out));
}
