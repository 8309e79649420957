/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/delta.h"

#include <stdlib.h>
#include <string.h>

static const struct field {
	const char *name;
	bool number;
	size_t at;
} fields[] = {
#define TEXT(m)   { #m, false, offsetof(struct host_context, m) }
#define NUMBER(m) { #m, true, offsetof(struct host_context, m) }
	TEXT(kernel_name),       TEXT(kernel_release),   TEXT(arch),
	TEXT(cpu_model),         TEXT(cpu_vendor),       NUMBER(total_memory_kb),
	NUMBER(hugepages_total), NUMBER(hugepages_free), NUMBER(hugepages_size_kb),
	NUMBER(online_cpus),     NUMBER(numa_nodes),     TEXT(thp_enabled),
	TEXT(thp_defrag),        TEXT(kernel_cmdline),
};

/* The value as it is shown; caller frees. */
static char *shown(const struct host_context *h, const struct field *f)
{
	const char *at = (const char *)h + f->at;
	const struct opt_u64 *n = (const void *)at;
	const char *text;

	if (f->number)
		return n->set ? xasprintf("%llu", (unsigned long long)n->v) : xstrdup("(unknown)");
	memcpy(&text, at, sizeof(text));
	return xstrdup(text ? text : "(unknown)");
}

static void add(struct strv *triples, const char *name, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return;
	strv_add(triples, name);
	strv_add(triples, a);
	strv_add(triples, b);
}

/* CPU numbers by their value, names by their bytes. */
static int by_key(const void *x, const void *y)
{
	const char *a = *(char *const *)x, *b = *(char *const *)y;
	unsigned long long na, nb;

	if (parse_u64(a, &na) == 0 && parse_u64(b, &nb) == 0 && na != nb)
		return na < nb ? -1 : 1;
	return strcmp(a, b);
}

static void add_members(const struct map_str *a, const struct map_str *b, const char *name, struct strv *triples)
{
	auto_strv struct strv keys = { 0 };

	for (size_t i = 0; i + 1 < a->kv.n; i += 2)
		strv_add(&keys, a->kv.v[i]);
	for (size_t i = 0; i + 1 < b->kv.n; i += 2)
		if (!map_str_get(a, b->kv.v[i]))
			strv_add(&keys, b->kv.v[i]);
	if (keys.n)
		qsort(keys.v, keys.n, sizeof(*keys.v), by_key);
	for (size_t i = 0; i < keys.n; i++) {
		auto_free char *full = xasprintf("%s%s", name, keys.v[i]);
		const char *va = map_str_get(a, keys.v[i]), *vb = map_str_get(b, keys.v[i]);

		add(triples, full, va ? va : "(absent)", vb ? vb : "(absent)");
	}
}

/* A whole map where the other side has none. */
static char *size_of(const struct map_str *m)
{
	size_t n = m->kv.n / 2;

	if (!m->set)
		return xstrdup("(unknown)");
	if (!n)
		return xstrdup("(empty)");
	return xasprintf("(%zu %s)", n, n == 1 ? "entry" : "entries");
}

static void add_tunables(const struct map_str *a, const struct map_str *b, struct strv *triples)
{
	auto_free char *na = size_of(a), *nb = size_of(b);

	if (a->set && b->set)
		add_members(a, b, "sched_tunables.", triples);
	else
		add(triples, "sched_tunables", na, nb);
}

void host_delta(const struct host_context *a, const struct host_context *b, struct strv *triples)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		auto_free char *va = shown(a, &fields[i]), *vb = shown(b, &fields[i]);

		add(triples, fields[i].name, va, vb);
	}
	add_members(&a->cpufreq_governor, &b->cpufreq_governor, "cpufreq_governor.cpu", triples);
	add_tunables(&a->sched_tunables, &b->sched_tunables, triples);
}
