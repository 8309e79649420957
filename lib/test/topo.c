/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "test/topo.h"

#define CPU_DIR "/sys/devices/system/cpu"

static int read_list(const char *path, struct cpus *c)
{
	auto_str struct str b = { 0 };
	struct err e;

	return read_file(path, &b, &e) ? -1 : cpus_parse(str_c(&b), c);
}

/* CPUs that share the last cache of this one; the CPU's package or, at last,
 * everything where caches are not described. */
static struct cpus last_cache(uint32_t cpu, const struct cpus *all)
{
	struct cpus c, found = *all;
	bool any = false;

	for (int index = 0; index < 8; index++) {
		auto_free char *path = xasprintf(CPU_DIR "/cpu%u/cache/index%d/shared_cpu_list", cpu, index);

		if (read_list(path, &c))
			break;
		if (!any || cpus_count(&c) >= cpus_count(&found))
			found = c;
		any = true;
	}
	if (!any) {
		auto_free char *path = xasprintf(CPU_DIR "/cpu%u/topology/package_cpus_list", cpu);

		if (read_list(path, &c) == 0 && cpus_count(&c))
			found = c;
	}
	return found;
}

static void add_set(struct cpus **list, uint32_t *n, const struct cpus *c)
{
	for (uint32_t i = 0; i < *n; i++)
		if (cpus_equal(&(*list)[i], c))
			return;
	*list = xrealloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = *c;
}

static void read_llcs(struct cpu_topo *t)
{
	struct cpus seen = { 0 };

	for (uint32_t cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(&t->all, cpu) && !cpus_has(&seen, cpu)) {
			struct cpus c = last_cache(cpu, &t->all);

			cpus_set(&c, cpu);
			cpus_or(&seen, &c);
			add_set(&t->llc, &t->llcs, &c);
		}
}

static void read_nodes(struct cpu_topo *t)
{
	struct cpus nodes, c;

	if (read_list("/sys/devices/system/node/online", &nodes) == 0)
		for (uint32_t i = 0; i < CPUS_MAX; i++) {
			auto_free char *path = NULL;

			if (!cpus_has(&nodes, i))
				continue;
			path = xasprintf("/sys/devices/system/node/node%u/cpulist", i);
			if (read_list(path, &c) == 0 && cpus_count(&c))
				add_set(&t->node, &t->nodes, &c);
		}
	if (!t->nodes)
		add_set(&t->node, &t->nodes, &t->all);
}

int cpu_topo_read(struct cpu_topo *t)
{
	*t = (struct cpu_topo){ 0 };
	if (read_list(CPU_DIR "/online", &t->all) || !cpus_count(&t->all))
		return -1;
	t->cpus = cpus_count(&t->all);
	read_llcs(t);
	read_nodes(t);
	return 0;
}

void cpu_topo_release(struct cpu_topo *t)
{
	free(t->llc);
	free(t->node);
	*t = (struct cpu_topo){ 0 };
}
