/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/llc.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define CACHE_INDICES 16
#define SAME_NODE     10
#define OTHER_NODE    20
#define UNKNOWN_NODE  255

static char *cpu_file(const struct llc_map *m, uint32_t cpu, const char *name)
{
	auto_free char *path = xasprintf("%s/sys/devices/system/cpu/cpu%u/%s", m->root, cpu, name);

	return file_text(path);
}

static bool cpu_list(char *text, struct cpus *c)
{
	auto_free char *owned = text;

	return owned && cpus_parse(owned, c) == 0 && cpus_count(c) > 0;
}

static long cache_number(const struct llc_map *m, uint32_t cpu, int index, const char *what)
{
	auto_free char *name = xasprintf("cache/index%d/%s", index, what);
	auto_free char *text = cpu_file(m, cpu, name);
	unsigned long long v;

	return text && parse_u64(text, &v) == 0 && v < 1u << 31 ? (long)v : -1;
}

/* The CPU's node is a link beside its files. */
static unsigned node_of(const struct llc_map *m, uint32_t cpu)
{
	auto_free char *path = xasprintf("%s/sys/devices/system/cpu/cpu%u", m->root, cpu);
	DIR *dir = opendir(path);
	struct dirent *d;
	unsigned node = 0;

	while (dir && (d = readdir(dir)))
		if (starts_with(d->d_name, "node") && isdigit((unsigned char)d->d_name[4]))
			node = (unsigned)strtoul(d->d_name + 4, NULL, 10);
	if (dir)
		closedir(dir);
	return node;
}

/* The cache of the highest level: what it is and who shares it. */
static void last_cache(const struct llc_map *m, uint32_t cpu, struct llc *out)
{
	auto_free char *name = NULL;
	int best = -1;
	long id;

	*out = (struct llc){ 0 };
	for (int index = 0; index < CACHE_INDICES; index++) {
		long level = cache_number(m, cpu, index, "level");

		if (level < 0)
			break;
		if (level >= (long)out->level) {
			out->level = (unsigned)level;
			best = index;
		}
	}
	if (best >= 0) {
		name = xasprintf("cache/index%d/shared_cpu_list", best);
		if (!cpu_list(cpu_file(m, cpu, name), &out->cpus))
			out->cpus = (struct cpus){ 0 };
		id = cache_number(m, cpu, best, "id");
		out->id = id >= 0 ? (unsigned)id : cpus_next(&out->cpus, 0) % CPUS_MAX;
	}
	cpus_set(&out->cpus, cpu);
	cpus_and(&out->cpus, &m->online);
}

static int by_id(const void *a, const void *b)
{
	const struct llc *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->level < y->level ? -1 : x->level > y->level;
}

/* Each cache is read once, at the first of its CPUs. */
static void read_caches(struct llc_map *m)
{
	struct cpus seen = { 0 };
	size_t cap = 0;

	CPUS_EACH(cpu, &m->online)
	{
		struct llc found;
		size_t i = 0;

		if (cpus_has(&seen, cpu))
			continue;
		last_cache(m, cpu, &found);
		cpus_or(&seen, &found.cpus);
		while (i < m->n && by_id(&m->llc[i], &found) != 0)
			i++;
		if (i < m->n) {
			cpus_or(&m->llc[i].cpus, &found.cpus);
			continue;
		}
		found.node = node_of(m, cpu);
		GROW(m->llc, m->n, cap);
		m->llc[m->n++] = found;
	}
	qsort(m->llc, m->n, sizeof(*m->llc), by_id);
}

int llc_map_read(struct llc_map *m, const char *root, struct err *e)
{
	auto_free char *path = NULL, *nodes = NULL;
	struct cpus listed = { 0 };

	*m = (struct llc_map){ .root = root ? root : "" };
	path = xasprintf("%s/sys/devices/system/cpu/online", m->root);
	if (!cpu_list(file_text(path), &listed))
		return err_set(e, "%s does not say which CPUs are online", path);
	CPUS_EACH(cpu, &listed)
	{
		auto_free char *dir = xasprintf("%s/sys/devices/system/cpu/cpu%u", m->root, cpu);

		if (is_dir(dir))
			cpus_set(&m->online, cpu);
	}
	if (!cpus_count(&m->online))
		return err_set(e, "%s names no CPU that is there", path);
	read_caches(m);
	nodes = xasprintf("%s/sys/devices/system/node/online", m->root);
	if (!cpu_list(file_text(nodes), &m->nodes))
		for (size_t i = 0; i < m->n; i++)
			cpus_set(&m->nodes, m->llc[i].node);
	return 0;
}

void llc_map_release(struct llc_map *m)
{
	free(m->llc);
	*m = (struct llc_map){ 0 };
}

const struct llc *llc_of(const struct llc_map *m, uint32_t cpu)
{
	for (size_t i = 0; i < m->n; i++)
		if (cpus_has(&m->llc[i].cpus, cpu))
			return &m->llc[i];
	return NULL;
}

void llc_core_of(const struct llc_map *m, uint32_t cpu, struct cpus *core)
{
	/* the second is the name of older kernels */
	if (!cpu_list(cpu_file(m, cpu, "topology/core_cpus_list"), core) &&
	    !cpu_list(cpu_file(m, cpu, "topology/thread_siblings_list"), core))
		*core = (struct cpus){ 0 };
	cpus_and(core, &m->online);
	cpus_set(core, cpu);
}

/* The row of a node's file has a number for each online node. */
unsigned llc_node_distance(const struct llc_map *m, unsigned from, unsigned to)
{
	auto_free char *path = xasprintf("%s/sys/devices/system/node/node%u/distance", m->root, from);
	auto_free char *row = file_text(path);
	char *p = row, *end;

	if (!row)
		return from == to ? SAME_NODE : OTHER_NODE;
	CPUS_EACH(node, &m->nodes)
	{
		unsigned long v = strtoul(p, &end, 10);

		if (end == p)
			break;
		if (node == to)
			return (unsigned)v;
		p = end;
	}
	return UNKNOWN_NODE;
}
