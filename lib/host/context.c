/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/context.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"

#define HEAP(m) FIELD(struct heap_state, m, SHAPE_OPT_U64, .absent = SHAPE_OMIT)
static const struct shape_field heap_fields[] = { HEAP(active_bytes), HEAP(allocated_bytes), HEAP(resident_bytes),
						  HEAP(mapped_bytes), HEAP(narenas),         { 0 } };
static const struct shape heap_shape = { sizeof(struct heap_state), heap_fields };

#define TEXT(m)   FIELD(struct host_context, m, SHAPE_STR, .absent = SHAPE_OMIT)
#define NUMBER(m) FIELD(struct host_context, m, SHAPE_OPT_U64, .absent = SHAPE_OMIT)
#define MAP(m)    FIELD(struct host_context, m, SHAPE_CUSTOM, .absent = SHAPE_OMIT, .codec = &codec_map_str)

static const struct shape_field fields[] = { TEXT(cpu_model),
					     TEXT(cpu_vendor),
					     NUMBER(total_memory_kb),
					     NUMBER(hugepages_total),
					     NUMBER(hugepages_free),
					     NUMBER(hugepages_size_kb),
					     TEXT(thp_enabled),
					     TEXT(thp_defrag),
					     MAP(sched_tunables),
					     NUMBER(online_cpus),
					     NUMBER(numa_nodes),
					     MAP(cpufreq_governor),
					     TEXT(kernel_name),
					     TEXT(kernel_release),
					     TEXT(arch),
					     TEXT(kernel_cmdline),
					     FIELD(struct host_context, heap_state, SHAPE_PTR, .absent = SHAPE_OMIT,
						   .of = &heap_shape),
					     { 0 } };
const struct shape host_shape = { sizeof(struct host_context), fields };

void host_context_release(struct host_context *h)
{
	shape_release(&host_shape, h);
}

/* "Key   : value" of a /proc table whose line begins with key, within text. */
static char *table_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		const char *p = line + n;
		auto_free char *value = NULL;
		char *s;

		if (strncmp(line, key, n) != 0)
			continue;
		p += strspn(p, " \t");
		if (*p != ':')
			continue;
		value = xstrndup(p + 1, strcspn(p + 1, "\n"));
		s = trim(value);
		return *s ? xstrdup(s) : NULL;
	}
	return NULL;
}

static void cpu_identity(struct host_context *h)
{
	auto_str struct str text = { 0 };
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[4096];

	if (!f)
		return;
	/* only the first CPU's block: the file grows with every CPU */
	while (fgets(line, sizeof(line), f) && strcmp(line, "\n") != 0)
		str_add(&text, line);
	fclose(f);
	h->cpu_model = table_value(str_c(&text), "model name");
	h->cpu_vendor = table_value(str_c(&text), "vendor_id");
}

static struct opt_u64 meminfo(const char *text, const char *key)
{
	auto_free char *value = table_value(text, key);
	unsigned long long v;

	if (!value)
		return (struct opt_u64){ 0 };
	value[strcspn(value, " ")] = '\0';
	return parse_u64(value, &v) == 0 ? (struct opt_u64){ v, true } : (struct opt_u64){ 0 };
}

static void memory(struct host_context *h)
{
	auto_str struct str text = { 0 };
	struct err ignored;

	if (read_file("/proc/meminfo", &text, &ignored) < 0)
		return;
	h->total_memory_kb = meminfo(str_c(&text), "MemTotal");
	h->hugepages_total = meminfo(str_c(&text), "HugePages_Total");
	h->hugepages_free = meminfo(str_c(&text), "HugePages_Free");
	h->hugepages_size_kb = meminfo(str_c(&text), "Hugepagesize");
}

static void tunables(struct host_context *h)
{
	DIR *dir = opendir("/proc/sys/kernel");
	auto_strv struct strv names = { 0 };
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (starts_with(d->d_name, "sched_"))
			strv_add(&names, d->d_name);
	closedir(dir);
	strv_sort(&names);
	h->sched_tunables.set = true;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("/proc/sys/kernel/%s", names.v[i]);
		char *value = is_file(path) ? file_text(path) : NULL;

		if (!value)
			continue;
		strv_add(&h->sched_tunables.kv, names.v[i]);
		strv_give(&h->sched_tunables.kv, value);
	}
}

/* The node of the first CPU that shares the last-level cache with cpu; that
 * is how a cache that spans nodes is counted once. */
static unsigned node_of(unsigned cpu)
{
	unsigned first = cpu, node = 0;

	for (int index = 3; index >= 0; index--) {
		auto_free char *path =
			xasprintf("/sys/devices/system/cpu/cpu%u/cache/index%d/shared_cpu_list", cpu, index);
		auto_free char *list = file_text(path);

		if (list) {
			first = (unsigned)strtoul(list, NULL, 10);
			break;
		}
	}
	auto_free char *path = xasprintf("/sys/devices/system/cpu/cpu%u", first);
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (starts_with(d->d_name, "node") && d->d_name[4] >= '0' && d->d_name[4] <= '9')
			node = (unsigned)strtoul(d->d_name + 4, NULL, 10);
	if (dir)
		closedir(dir);
	return node;
}

static void one_cpu(struct host_context *h, unsigned cpu, uint64_t *nodes)
{
	auto_free char *dir = xasprintf("/sys/devices/system/cpu/cpu%u", cpu);
	auto_free char *path = xasprintf("%s/cpufreq/scaling_governor", dir);
	char *governor;

	if (!is_dir(dir))
		return;
	h->online_cpus.v++;
	*nodes |= 1ull << (node_of(cpu) & 63);
	governor = file_text(path);
	if (!governor)
		return;
	h->cpufreq_governor.set = true;
	strv_addf(&h->cpufreq_governor.kv, "%u", cpu);
	strv_give(&h->cpufreq_governor.kv, governor);
}

static void cpus(struct host_context *h)
{
	auto_free char *list = file_text("/sys/devices/system/cpu/online");
	uint64_t nodes = 0;

	if (!list)
		return;
	for (char *p = list, *end; *p; p = *end == ',' ? end + 1 : end) {
		unsigned long from = strtoul(p, &end, 10), to = from;

		if (end == p)
			return;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = from; cpu <= to && cpu < 65536; cpu++)
			one_cpu(h, (unsigned)cpu, &nodes);
		if (*end && *end != ',')
			break;
	}
	h->online_cpus.set = h->online_cpus.v > 0;
	h->numa_nodes = (struct opt_u64){ (uint64_t)__builtin_popcountll(nodes), h->online_cpus.set };
}

void host_context_collect(struct host_context *h)
{
	struct utsname u;

	cpu_identity(h);
	memory(h);
	h->thp_enabled = file_text("/sys/kernel/mm/transparent_hugepage/enabled");
	h->thp_defrag = file_text("/sys/kernel/mm/transparent_hugepage/defrag");
	tunables(h);
	cpus(h);
	if (uname(&u) == 0) {
		h->kernel_name = xstrdup(u.sysname);
		h->kernel_release = xstrdup(u.release);
		h->arch = xstrdup(u.machine);
	}
	h->kernel_cmdline = file_text("/proc/cmdline");
}
