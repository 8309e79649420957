/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "test/guest.h"

#define STOP_GRACE_MS 5000
#define DEADLINE_MS   10000

/* One cgroup of a step while it runs. */
struct cell {
	const struct ktstr_cgroup *def;
	char *path;
	bool has_cpuset;
	struct cpus cpuset;
	size_t first, n; /* its workers */
};

struct step {
	struct ktstr *t;
	struct cell *cells;
	size_t n_cells;
	struct worker_spec *specs;
	size_t n_workers, specs_cap;
	struct workers *workers;
};

static double elapsed_s(const struct ktstr *t)
{
	return (double)(now_ms() - t->start_ms) / 1000;
}

/* --- cpusets --- */

/* Share i of n of the usable CPUs; the last takes what is left over. */
static int share(const struct ktstr *t, uint32_t i, uint32_t n, struct cpus *out, struct err *e)
{
	/* the last CPU is left to the rest of the system */
	uint32_t usable = t->topo.cpus > 2 ? t->topo.cpus - 1 : t->topo.cpus, at = 0;
	uint32_t chunk = n ? usable / n : 0;

	if (!n || i >= n || !chunk)
		return err_set(e, "share %u of %u does not exist on %u usable CPUs", i, n, usable);
	for (uint32_t cpu = 0; cpu < CPUS_MAX && at < usable; cpu++)
		if (cpus_has(&t->topo.all, cpu)) {
			if (at >= i * chunk && (at < (i + 1) * chunk || i == n - 1))
				cpus_set(out, cpu);
			at++;
		}
	return 0;
}

static int resolve_cpus(const struct ktstr *t, const struct ktstr_cpus *want, struct cpus *out, struct err *e)
{
	struct cpus outside;

	*out = (struct cpus){ 0 };
	switch (want->kind) {
	case KTSTR_CPUS_ALL:
		return 0;
	case KTSTR_CPUS_LLC:
		if (want->index >= t->topo.llcs)
			return err_set(e, "LLC %u does not exist: there are %u", want->index, t->topo.llcs);
		*out = t->topo.llc[want->index];
		return 0;
	case KTSTR_CPUS_NUMA:
		if (want->index >= t->topo.nodes)
			return err_set(e, "NUMA node %u does not exist: there are %u", want->index, t->topo.nodes);
		*out = t->topo.node[want->index];
		return 0;
	case KTSTR_CPUS_DISJOINT:
		return share(t, want->index, want->of, out, e);
	case KTSTR_CPUS_LIST:
		break;
	}
	if (!want->list || cpus_parse(want->list, out) || !cpus_count(out))
		return err_set(e, "'%s' is not a list of CPUs", want->list ? want->list : "");
	outside = *out;
	cpus_minus(&outside, &t->topo.all);
	if (cpus_count(&outside))
		return err_set(e, "CPUs %s are not all there: %u CPUs are online", want->list, t->topo.cpus);
	return 0;
}

/* --- setting up --- */

static int check_name(const char *name, struct err *e)
{
	bool bad = !*name || *name == '/' || *name == '.' || strstr(name, "/.") || strstr(name, "//") ||
		   ends_with(name, "/");

	return bad ? err_set(e, "'%s' is no name for a cgroup", name) : 0;
}

static int make_cgroup(struct cell *c, struct err *e)
{
	auto_str struct str list = { 0 };
	auto_str struct str value = { 0 };

	if (cgroup_make(c->path, e))
		return -1;
	cpus_print(&c->cpuset, &list);
	if (c->has_cpuset && cgroup_write(c->path, "cpuset.cpus", str_c(&list), e))
		return -1;
	if (c->def->weight) {
		str_addf(&value, "%u", c->def->weight);
		if (cgroup_write(c->path, "cpu.weight", str_c(&value), e))
			return -1;
	}
	str_clear(&value);
	if (c->def->cpu_max_pct) {
		str_addf(&value, "%llu 100000", c->def->cpu_max_pct * 1000ULL);
		if (cgroup_write(c->path, "cpu.max", str_c(&value), e))
			return -1;
	}
	return 0;
}

static void add_worker(struct step *s, struct cell *c, enum ktstr_work_type type, int nice)
{
	GROW(s->specs, s->n_workers, s->specs_cap);
	s->specs[s->n_workers++] = (struct worker_spec){
		.type = type,
		.nice = nice,
		.affinity = s->t->on_host && c->has_cpuset ? &c->cpuset : NULL,
	};
	c->n++;
}

static void add_workers(struct step *s, struct cell *c)
{
	c->first = s->n_workers;
	for (size_t i = 0; i < ARRAY_SIZE(c->def->work) && c->def->work[i].workers; i++)
		for (uint32_t k = 0; k < c->def->work[i].workers; k++)
			add_worker(s, c, c->def->work[i].type, c->def->work[i].nice);
	if (!c->n)
		add_worker(s, c, KTSTR_SPIN_WAIT, 0);
}

static int set_up_cell(struct step *s, struct cell *c, struct err *e)
{
	const struct ktstr_cgroup *d = c->def;

	if (check_name(d->name, e) || resolve_cpus(s->t, &d->cpus, &c->cpuset, e))
		return -1;
	c->has_cpuset = d->cpus.kind != KTSTR_CPUS_ALL;
	if (d->weight > 10000)
		return err_set(e, "cgroup %s: weight %u is not between 1 and 10000", d->name, d->weight);
	if (s->t->on_host && (d->weight || d->cpu_max_pct))
		return err_set(e, "cgroup %s: host_only tests have no cgroups to set weight or cpu_max_pct on",
			       d->name);
	c->path = xasprintf("%s/%s", s->t->cgroup_root, d->name);
	if (!s->t->on_host && make_cgroup(c, e))
		return -1;
	add_workers(s, c);
	return 0;
}

static int move_workers(struct step *s, struct err *e)
{
	for (size_t i = 0; i < s->n_cells && !s->t->on_host; i++)
		for (size_t k = 0; k < s->cells[i].n; k++)
			if (cgroup_move(s->cells[i].path, worker_pid(s->workers, s->cells[i].first + k), e))
				return -1;
	return 0;
}

static int set_up(struct step *s, const struct ktstr_cgroup *defs, struct err *e)
{
	for (s->n_cells = 0; defs[s->n_cells].name;)
		s->n_cells++;
	if (!s->n_cells)
		return err_set(e, "no cgroup is given");
	s->cells = xcalloc(s->n_cells, sizeof(*s->cells));
	for (size_t i = 0; i < s->n_cells; i++)
		s->cells[i].def = &defs[i];
	for (size_t i = 0; i < s->n_cells; i++)
		if (set_up_cell(s, &s->cells[i], e))
			return -1;
	if (workers_start(&s->workers, s->specs, s->n_workers, e))
		return -1;
	return move_workers(s, e);
}

static void tear_down(struct step *s)
{
	for (size_t i = s->n_cells; i-- > 0;) {
		if (s->cells[i].path && !s->t->on_host)
			cgroup_remove(s->cells[i].path);
		free(s->cells[i].path);
	}
	workers_free(s->workers);
	free(s->cells);
	free(s->specs);
}

/* --- running --- */

static void send_stimulus(struct step *s, uint64_t iterations)
{
	auto_str struct str out = { 0 };
	auto_free char *label = xasprintf("StepStart[%u]", s->t->steps);
	auto_free char *ops = xasprintf("ops=%zu", s->n_cells);
	auto_free char *detail = xasprintf("%zu cgroups, %zu workers", s->n_cells, s->n_workers);
	struct jw w;

	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "stimulus");
	jw_key_u64(&w, "elapsed_ms", (uint64_t)(now_ms() - s->t->start_ms));
	jw_key_str(&w, "label", label);
	jw_key_str(&w, "op_kind", ops);
	jw_key_str(&w, "detail", detail);
	if (iterations)
		jw_key_u64(&w, "total_iterations", iterations);
	else
		jw_key_null(&w, "total_iterations");
	jw_end(&w);
	guest_send(str_c(&out));
	str_addf(&s->t->stimuli, "%s\n", str_c(&out));
}

static uint64_t iterations_so_far(const struct ktstr *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->result.n_cgroups; i++)
		sum += t->result.cgroups[i].iterations;
	return sum;
}

static void check(struct step *s)
{
	const struct worker_report **list = xcalloc(s->n_workers, sizeof(*list));

	for (size_t i = 0; i < s->n_workers; i++)
		list[i] = worker_report(s->workers, i);
	for (size_t i = 0; i < s->n_cells; i++) {
		struct cell *c = &s->cells[i];
		struct group g = { .name = c->def->name, .reports = list + c->first, .n = c->n };

		if (c->has_cpuset)
			g.cpuset = &c->cpuset;
		check_group(&g, &s->t->assert, s->t->test->release_build, &s->t->result);
	}
	free(list);
}

/* Whether the workers ran, so that there is something to check. */
static bool hold(struct step *s, double seconds)
{
	struct ktstr *t = s->t;

	if (sched_died(&t->sched)) {
		sched_report_death(t, "after cgroup creation (pid=%d)", t->sched.pid);
		workers_stop(s->workers, 0);
		return false;
	}
	send_stimulus(s, iterations_so_far(t));
	workers_release(s->workers);
	if (!sched_wait(&t->sched, (long long)(seconds * 1000)))
		sched_check_enabled(t);
	if (sched_died(&t->sched))
		sched_report_death(t, "unexpectedly during workload (%.1fs into test)", elapsed_s(t));
	workers_stop(s->workers, STOP_GRACE_MS * t->headroom);
	return true;
}

static int run_step(struct ktstr *t, const struct ktstr_cgroup *defs, double seconds)
{
	struct step s = { .t = t };
	bool failed_before = t->result.failed, failed;
	struct err e;

	if (t->sched.dead)
		return -1; /* said already */
	if (t->steps && sched_died(&t->sched)) {
		sched_report_death(t, "unexpectedly after completing step %u of %u (%.1fs into test)", t->steps,
				   t->steps + 1, elapsed_s(t));
		return -1;
	}
	t->result.failed = false;
	guest_deadline((long long)(seconds * 1000) + (long long)DEADLINE_MS * t->headroom);
	if (set_up(&s, defs, &e)) {
		result_fail(&t->result, "Other", "step %u failed: %s", t->steps, e.text);
		if (s.workers)
			workers_stop(s.workers, 0);
	} else if (hold(&s, seconds)) {
		check(&s);
	}
	tear_down(&s);
	t->steps++;
	guest_deadline((long long)(t->duration_s * 1000) + (long long)DEADLINE_MS * t->headroom);
	failed = t->result.failed;
	t->result.failed = failed || failed_before;
	return failed ? -1 : 0;
}

int ktstr_run(struct ktstr *t, const struct ktstr_cgroup *cgroups)
{
	return run_step(t, cgroups, t->duration_s);
}

int ktstr_step(struct ktstr *t, const struct ktstr_cgroup *cgroups, double seconds)
{
	double left = t->duration_s - elapsed_s(t);

	if (!(seconds > 0))
		return ktstr_fail(t, "step %u failed: %g seconds is no time to hold", t->steps, seconds);
	if (left <= 0)
		return ktstr_fail(t, "step %u failed: the test's %g seconds are over", t->steps, t->duration_s);
	return run_step(t, cgroups, seconds < left ? seconds : left);
}
