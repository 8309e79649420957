/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/budget.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/stop.h"
#include "host/reserve.h"

#define SHARE_PERCENT 30
#define POLICY_PREFER 5 /* MPOL_PREFERRED_MANY */

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
		rc = reserve_take(&r, e);
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
	reserve_drop(b);
	*b = (struct budget)BUDGET_NONE;
}
