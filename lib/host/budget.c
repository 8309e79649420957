/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/budget.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/lockers.h"
#include "base/stop.h"
#include "cli/progress.h"
#include "host/plan.h"

#define SHARE_PERCENT   30
#define RETRY_MS        100
#define QUIET_MS        10
#define QUIET_TRIES     20
#define POLICY_PREFER   5 /* MPOL_PREFERRED_MANY */
#define WAITED_FOR_SHOW 8

/* What budget_take works on. */
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

/* As the kernel says it of ourselves, or of whom the test made up. */
static int allowed_cpus(const char *root, struct cpus *c, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_free char *path = NULL, *list = NULL;
	char *p;

	if (!root && cpus_allowed(c) == 0 && cpus_count(c))
		return 0;
	path = xasprintf("%s/proc/self/status", root ? root : "");
	if (read_file(path, &text, e) < 0)
		return -1;
	p = strstr(str_c(&text), "\nCpus_allowed_list:");
	if (p) {
		p = strchr(p, ':') + 1;
		list = xstrndup(p, strcspn(p, "\n"));
	}
	if (!list || cpus_parse(trim(list), c) < 0 || !cpus_count(c))
		return err_set(e, "%s does not say which CPUs this process may run on", path);
	return 0;
}

static bool unbound(void)
{
	return env_get(ENV_BYPASS_LLC_LOCKS) || env_get(ENV_CARGO_TEST_MODE);
}

static int check_cap(unsigned long long n, const char *root, struct err *e)
{
	struct cpus allowed;
	uint32_t count;

	if (n == 0)
		return err_set(e, "--cpu-cap must be ≥ 1 CPU (got 0)");
	if (env_get(ENV_BYPASS_LLC_LOCKS)) {
		err_set(e, "--cpu-cap is a resource contract, and KTSTR_BYPASS_LLC_LOCKS says to make none");
		return err_hint(e, "unset KTSTR_BYPASS_LLC_LOCKS, or drop --cpu-cap and KTSTR_CPU_CAP");
	}
	if (allowed_cpus(root, &allowed, e) < 0)
		return -1;
	count = cpus_count(&allowed);
	if (n <= count)
		return 0;
	err_set(e, "--cpu-cap N = %llu exceeds the %u CPUs this process is allowed on (sched_getaffinity)", n, count);
	return err_hint(e, "give at most %u, or no cap for %d %% of them", count, SHARE_PERCENT);
}

int budget_cap(long given, const char *root, unsigned *cap, struct err *e)
{
	const char *text = env_get(ENV_CPU_CAP);
	unsigned long long n = (unsigned long long)given;

	*cap = 0;
	if (given < 0 && !text)
		return 0;
	if (given < 0 && parse_u64(text, &n) < 0)
		return err_set(e, "KTSTR_CPU_CAP is not a valid integer: \"%s\"", text);
	if (check_cap(n, root, e) < 0)
		return -1;
	*cap = (unsigned)n;
	return 0;
}

static char *llc_lock(const struct reserve *r, uint32_t llc)
{
	return xasprintf("%s/ktstr-llc-%u.lock", r->dir, llc);
}

static char *cpu_lock(const struct reserve *r, uint32_t cpu)
{
	return xasprintf("%s/ktstr-cpu-%u.lock", r->dir, cpu);
}

static bool write_held(const struct locker *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!k[i].waiting && k[i].write)
			return true;
	return false;
}

/* Who has what, without touching it. */
static void look(const struct reserve *r, const struct lockers *l, struct plan_state *s)
{
	size_t n;

	*s = (struct plan_state){ .free = r->allowed };
	for (uint32_t i = 0; i < r->map.n; i++) {
		auto_free char *path = llc_lock(r, i);
		const struct locker *k = lockers_of(l, path, &n);

		if (n)
			cpus_set(write_held(k, n) ? &s->shut : &s->used, i);
	}
	CPUS_EACH(cpu, &r->allowed)
	{
		auto_free char *path = cpu_lock(r, cpu);

		if (lockers_of(l, path, &n))
			cpus_unset(&s->free, cpu);
	}
}

static void drop_locks(struct budget *b)
{
	for (size_t i = 0; i < b->n_locks; i++)
		lock_drop(&b->locks[i]);
	free(b->locks);
	b->locks = NULL;
	b->n_locks = 0;
}

static int add_lock(struct budget *b, const char *path, enum lock_mode mode, struct err *e)
{
	int rc = lock_take(&b->locks[b->n_locks], path, mode, 0, path, e);

	if (rc == 0)
		b->n_locks++;
	return rc;
}

/* Lock what the plan says: 0; 1 when something is not to be had, which s knows
 * then (processes we cannot see hold locks too); -1. */
static int lock_plan(struct reserve *r, struct plan_state *s, struct err *e)
{
	const struct plan *p = &r->plan;
	int rc = 0;

	r->b->locks = xcalloc(cpus_count(&p->llcs) + cpus_count(&p->cpus), sizeof(*r->b->locks));
	CPUS_EACH(llc, &p->llcs)
	{
		auto_free char *path = llc_lock(r, llc);

		if (rc)
			break;
		rc = add_lock(r->b, path, LOCK_SHARED, e);
		if (rc == 1)
			cpus_set(&s->shut, llc);
	}
	CPUS_EACH(cpu, &p->cpus)
	{
		auto_free char *path = cpu_lock(r, cpu);

		if (rc)
			break;
		rc = add_lock(r->b, path, LOCK_EXCLUSIVE, e);
		if (rc == 1)
			cpus_unset(&s->free, cpu);
	}
	if (rc)
		drop_locks(r->b);
	return rc;
}

/* 0: reserved; 1: others have what we need; -1. */
static int attempt(struct reserve *r, struct err *e)
{
	struct plan_state s;
	struct lockers l;
	uint32_t got;
	int rc;

	lockers_read(&l);
	look(r, &l, &s);
	lockers_release(&l);
	do {
		got = plan_make(&r->plan, &r->map, &s, r->want);
		r->free = got;
		rc = !got || (r->exact && got < r->want) ? 1 : 0;
		if (rc)
			return rc;
		rc = lock_plan(r, &s, e);
	} while (rc == 1);
	return rc;
}

static void add_holder(const struct locker *k, size_t n, struct str *out, long *shown, size_t *n_shown)
{
	for (size_t i = 0; i < n && *n_shown < WAITED_FOR_SHOW; i++) {
		size_t j = 0;

		while (j < *n_shown && shown[j] != k[i].pid)
			j++;
		if (k[i].waiting || j < *n_shown)
			continue;
		shown[(*n_shown)++] = k[i].pid;
		str_addf(out, "\n  pid=%ld cmd=", k[i].pid);
		str_add_cmdline(out, k[i].pid);
	}
}

/* Once, before waiting: for whom. */
static void say_waiting(const struct reserve *r)
{
	auto_str struct str who = { 0 };
	long shown[WAITED_FOR_SHOW];
	size_t n_shown = 0, n;
	struct lockers l;

	lockers_read(&l);
	for (uint32_t i = 0; i < r->map.n; i++) {
		auto_free char *path = llc_lock(r, i);
		const struct locker *k = lockers_of(&l, path, &n);

		add_holder(k, n, &who, shown, &n_shown);
	}
	CPUS_EACH(cpu, &r->allowed)
	{
		auto_free char *path = cpu_lock(r, cpu);
		const struct locker *k = lockers_of(&l, path, &n);

		add_holder(k, n, &who, shown, &n_shown);
	}
	lockers_release(&l);
	note("waiting for %u CPU%s, reserved by others (see cargo ktstr locks)%s", r->exact ? r->want : 1,
	     r->exact && r->want > 1 ? "s" : "", str_c(&who));
}

/* Those who wait take turns, so that who needs many CPUs gets them in the end
 * though others need few. */
static int next_try(struct reserve *r, struct err *e)
{
	auto_free char *path = xasprintf("%s/ktstr-turn.lock", r->dir);
	int rc = r->turn.fd >= 0 ? 0 : lock_take(&r->turn, path, LOCK_EXCLUSIVE, 0, path, e);

	return rc ? rc : attempt(r, e);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static int reserve(struct reserve *r, struct err *e)
{
	struct progress progress;
	int rc = next_try(r, e);

	/* who is just taking his own is no reason to talk */
	for (int i = 0; rc == 1 && r->turn.fd < 0 && i < QUIET_TRIES && !stop_wanted(); i++) {
		pause_ms(QUIET_MS);
		rc = next_try(r, e);
	}
	if (rc == 1) {
		say_waiting(r);
		progress_start(&progress, "build", r->b->label ? r->b->label : "", "Waiting for CPUs", "CPUs");
		while (rc == 1 && !stop_wanted()) {
			progress_update(&progress, r->free, r->want);
			pause_ms(RETRY_MS);
			rc = next_try(r, e);
		}
		progress_end(&progress, rc == 0 && !stop_wanted() ? "CPUs reserved" : NULL);
	}
	lock_drop(&r->turn);
	if (rc == 1 || (rc == 0 && stop_wanted())) {
		drop_locks(r->b);
		return err_set(e, "interrupted while waiting for CPUs");
	}
	return rc;
}

static void say_nodes(const struct reserve *r)
{
	auto_str struct str list = { 0 };

	if (cpus_count(&r->plan.nodes) < 2)
		return;
	CPUS_EACH(llc, &r->plan.llcs)
	str_addf(&list, "%s%u (node %u)", list.len ? ", " : "", llc, r->map.llc[llc].node);
	note("reserving LLCs [%s] across %u NUMA nodes: memory will be further away", str_c(&list),
	     cpus_count(&r->plan.nodes));
}

/* The plan is what the budget is; make the cgroup and tell. */
static void settle(struct reserve *r, uint32_t of)
{
	struct budget *b = r->b;
	auto_str struct str list = { 0 }, llcs = { 0 };
	struct err why = { 0 };
	bool sandbox;

	b->set = r->plan.cpus;
	b->nodes = r->plan.nodes;
	b->llcs = r->plan.llcs;
	b->cpus = cpus_count(&b->set);
	b->many_nodes = cpus_count(&r->map.nodes) > cpus_count(&b->nodes);
	say_nodes(r);
	sandbox = !b->root && sandbox_make(&b->sandbox, &b->set, &b->nodes, &why) == 0;
	cpus_print(&b->set, &list);
	cpus_print(&b->llcs, &llcs);
	if (sandbox || b->root)
		note("using %u of %u CPUs: %s (LLC %s)", b->cpus, of, str_c(&list), str_c(&llcs));
	else
		note("using %u of %u CPUs: %s (LLC %s), kept there by affinity, without a cgroup: %s", b->cpus, of,
		     str_c(&list), str_c(&llcs), why.text);
}

/* What cannot be reserved is an error only for who asked for it. */
static int without(struct budget *b, unsigned cap, uint32_t allowed, struct err *e)
{
	if (cap)
		return -1;
	note("no CPUs are reserved: %s", e->text);
	b->cpus = allowed;
	return 0;
}

static int prepare(struct reserve *r, unsigned cap, uint32_t count, struct err *e)
{
	uint32_t there;

	cpus_and(&r->allowed, &r->map.online);
	there = cpus_count(&r->allowed);
	if (!there || cap > there) {
		err_set(e, "no host LLC overlaps the process's %u-CPU allowed set far enough: %u of them are online",
			count, there);
		return err_hint(e, "the CPUs allowed: grep Cpus_allowed_list /proc/self/status; online: "
				   "cat /sys/devices/system/cpu/online");
	}
	r->want = cap ? cap : (count * SHARE_PERCENT + 99) / 100;
	if (r->want > there)
		r->want = there;
	r->exact = cap > 0;
	return 0;
}

int budget_take(struct budget *b, unsigned cap, struct err *e)
{
	struct reserve r = { .b = b, .turn = LOCK_NONE };
	uint32_t count;
	int rc;

	if ((cap && check_cap(cap, b->root, e) < 0) || allowed_cpus(b->root, &r.allowed, e) < 0)
		return -1;
	count = cpus_count(&r.allowed);
	b->cpus = count;
	if (unbound())
		return 0;
	r.dir = env_get(ENV_LOCK_DIR) ? env_get(ENV_LOCK_DIR) : "/tmp";
	if (llc_map_read(&r.map, b->root, e) < 0) {
		if (cap)
			return err_wrap(e, "--cpu-cap set but host LLC topology unreadable from sysfs");
		return without(b, cap, count, e);
	}
	rc = prepare(&r, cap, count, e);
	if (rc == 0)
		rc = reserve(&r, e);
	if (rc == 0)
		settle(&r, count);
	else if (!stop_wanted())
		rc = without(b, cap, count, e);
	llc_map_release(&r.map);
	return rc;
}

void budget_child(const void *budget)
{
	const struct budget *b = budget;

	/* CPUs of a made-up host are not there */
	if (b->root || !cpus_count(&b->set))
		return;
	if (b->sandbox.path && sandbox_join(&b->sandbox) == 0)
		return;
	if (b->sandbox.path)
		warn("cannot join cgroup %s, so affinity does it", b->sandbox.path);
	if (cpus_confine(&b->set) < 0)
		warn("make is not kept on its CPUs: they went offline");
	if (b->many_nodes)
		syscall(SYS_set_mempolicy, POLICY_PREFER, b->nodes.bits, (unsigned long)CPUS_MAX);
}

void budget_release(struct budget *b)
{
	sandbox_remove(&b->sandbox);
	drop_locks(b);
	*b = (struct budget)BUDGET_NONE;
}
