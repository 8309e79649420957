/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/reserve.h"

#include <stdlib.h>
#include <time.h>

#include "base/lockers.h"
#include "base/stop.h"
#include "cli/progress.h"

#define RETRY_MS        100
#define QUIET_MS        10
#define QUIET_TRIES     20
#define WAITED_FOR_SHOW 8

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

void reserve_drop(struct budget *b)
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
		reserve_drop(r->b);
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

int reserve_take(struct reserve *r, struct err *e)
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
		reserve_drop(r->b);
		return err_set(e, "interrupted while waiting for CPUs");
	}
	return rc;
}
