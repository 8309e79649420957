/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/context.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "host/llc.h"

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

static char *text_at(const char *root, const char *path)
{
	auto_free char *full = xasprintf("%s%s", root, path);

	return file_text(full);
}

static void cpu_identity(struct host_context *h, const char *root)
{
	auto_free char *path = xasprintf("%s/proc/cpuinfo", root);
	auto_str struct str text = { 0 };
	FILE *f = fopen(path, "re");
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

static void memory(struct host_context *h, const char *root)
{
	auto_free char *text = text_at(root, "/proc/meminfo");

	if (!text)
		return;
	h->total_memory_kb = meminfo(text, "MemTotal");
	h->hugepages_total = meminfo(text, "HugePages_Total");
	h->hugepages_free = meminfo(text, "HugePages_Free");
	h->hugepages_size_kb = meminfo(text, "Hugepagesize");
}

static void tunables(struct host_context *h, const char *root)
{
	auto_free char *where = xasprintf("%s/proc/sys/kernel", root);
	DIR *dir = opendir(where);
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
		auto_free char *path = xasprintf("%s/%s", where, names.v[i]);
		char *value = is_file(path) ? file_text(path) : NULL;

		if (!value)
			continue;
		strv_add(&h->sched_tunables.kv, names.v[i]);
		strv_give(&h->sched_tunables.kv, value);
	}
}

static void governor(struct host_context *h, const char *root, uint32_t cpu)
{
	auto_free char *path = xasprintf("%s/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", root, cpu);
	char *text = file_text(path);

	if (!text)
		return;
	h->cpufreq_governor.set = true;
	strv_addf(&h->cpufreq_governor.kv, "%u", cpu);
	strv_give(&h->cpufreq_governor.kv, text);
}

static void cpus(struct host_context *h, const char *root)
{
	struct cpus nodes = { 0 };
	struct llc_map map;
	struct err ignored;

	if (llc_map_read(&map, root, &ignored) == 0) {
		for (size_t i = 0; i < map.n; i++)
			cpus_set(&nodes, map.llc[i].node);
		h->online_cpus = (struct opt_u64){ cpus_count(&map.online), true };
		h->numa_nodes = (struct opt_u64){ cpus_count(&nodes), true };
		CPUS_EACH(cpu, &map.online)
		governor(h, root, cpu);
	}
	llc_map_release(&map);
}

/* What uname says, of the host whose /proc it is. */
static void kernel(struct host_context *h, const char *root)
{
	struct utsname u;

	if (*root) {
		h->kernel_name = text_at(root, "/proc/sys/kernel/ostype");
		h->kernel_release = text_at(root, "/proc/sys/kernel/osrelease");
		h->arch = text_at(root, "/proc/sys/kernel/arch");
	} else if (uname(&u) == 0) {
		h->kernel_name = xstrdup(u.sysname);
		h->kernel_release = xstrdup(u.release);
		h->arch = xstrdup(u.machine);
	}
}

void host_context_collect_at(struct host_context *h, const char *root)
{
	cpu_identity(h, root);
	memory(h, root);
	h->thp_enabled = text_at(root, "/sys/kernel/mm/transparent_hugepage/enabled");
	h->thp_defrag = text_at(root, "/sys/kernel/mm/transparent_hugepage/defrag");
	tunables(h, root);
	cpus(h, root);
	kernel(h, root);
	h->kernel_cmdline = text_at(root, "/proc/cmdline");
}

void host_context_collect(struct host_context *h)
{
	host_context_collect_at(h, "");
}
