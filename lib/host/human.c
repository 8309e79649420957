/* SPDX-License-Identifier: GPL-2.0-only */
/* A host context as people read it. Order and layout are a contract: outputs
 * of two hosts, or of then and now, are compared by diff. */
#include <stdlib.h>
#include <string.h>

#include "host/context.h"

#define UNKNOWN "(unknown)"

static void line(struct str *out, const char *key, const char *value)
{
	str_addf(out, "%s: %s\n", key, value ? value : UNKNOWN);
}

static void number(struct str *out, const char *indent, const char *key, const struct opt_u64 *v)
{
	if (v->set)
		str_addf(out, "%s%s: %llu\n", indent, key, (unsigned long long)v->v);
	else
		str_addf(out, "%s%s: " UNKNOWN "\n", indent, key);
}

/* Positions of the keys in a map, in the order they are shown. */
struct pair {
	const char *key, *value;
};

static int by_cpu(const void *a, const void *b)
{
	unsigned long x = strtoul(((const struct pair *)a)->key, NULL, 10);
	unsigned long y = strtoul(((const struct pair *)b)->key, NULL, 10);

	return x < y ? -1 : x > y;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void block(struct str *out, const char *title, const char *prefix, const struct map_str *m,
		  int (*order)(const void *, const void *))
{
	size_t n = m->kv.n / 2;
	auto_free struct pair *pairs = xcalloc(n + 1, sizeof(*pairs));

	if (!n) {
		str_addf(out, "%s: (empty)\n", title);
		return;
	}
	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct pair){ m->kv.v[2 * i], m->kv.v[2 * i + 1] };
	qsort(pairs, n, sizeof(*pairs), order);
	str_addf(out, "%s:\n", title);
	for (size_t i = 0; i < n; i++)
		str_addf(out, "  %s%s = %s\n", prefix, pairs[i].key, pairs[i].value);
}

static void heap(struct str *out, const struct heap_state *s)
{
	if (!s) {
		str_add(out, "heap_state: " UNKNOWN "\n");
		return;
	}
	str_add(out, "heap_state:\n");
	number(out, "  ", "allocated_bytes", &s->allocated_bytes);
	number(out, "  ", "active_bytes", &s->active_bytes);
	number(out, "  ", "resident_bytes", &s->resident_bytes);
	number(out, "  ", "mapped_bytes", &s->mapped_bytes);
	number(out, "  ", "narenas", &s->narenas);
}

void host_context_print(const struct host_context *h, struct str *out)
{
	line(out, "kernel_name", h->kernel_name);
	line(out, "kernel_release", h->kernel_release);
	line(out, "arch", h->arch);
	line(out, "cpu_model", h->cpu_model);
	line(out, "cpu_vendor", h->cpu_vendor);
	number(out, "", "total_memory_kb", &h->total_memory_kb);
	number(out, "", "hugepages_total", &h->hugepages_total);
	number(out, "", "hugepages_free", &h->hugepages_free);
	number(out, "", "hugepages_size_kb", &h->hugepages_size_kb);
	number(out, "", "online_cpus", &h->online_cpus);
	number(out, "", "numa_nodes", &h->numa_nodes);
	line(out, "thp_enabled", h->thp_enabled);
	line(out, "thp_defrag", h->thp_defrag);
	line(out, "kernel_cmdline", h->kernel_cmdline);
	block(out, "cpufreq_governor", "cpu", &h->cpufreq_governor, by_cpu);
	if (h->sched_tunables.set)
		block(out, "sched_tunables", "", &h->sched_tunables, by_name);
	else
		line(out, "sched_tunables", NULL);
	heap(out, h->heap_state);
}
