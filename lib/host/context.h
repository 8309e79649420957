/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host a result was made on: CPU, memory, kernel, tunables. Everything
 * that cannot be read is left out; collecting never fails.
 *
 * A struct host_context owns what it points to until host_context_release.
 */
#ifndef HOST_CONTEXT_H
#define HOST_CONTEXT_H

#include "json/shape.h"

/* Allocator figures; only results of other implementations carry them. */
struct heap_state {
	struct opt_u64 active_bytes, allocated_bytes, resident_bytes, mapped_bytes, narenas;
};

struct host_context {
	char *cpu_model, *cpu_vendor;
	struct opt_u64 total_memory_kb;
	struct opt_u64 hugepages_total, hugepages_free, hugepages_size_kb;
	char *thp_enabled, *thp_defrag; /* the whole menu, brackets included */
	struct map_str sched_tunables;  /* /proc/sys/kernel/sched_* */
	struct opt_u64 online_cpus, numa_nodes;
	struct map_str cpufreq_governor; /* CPU number to governor */
	char *kernel_name, *kernel_release, *arch;
	char *kernel_cmdline;
	struct heap_state *heap_state;
};

extern const struct shape host_shape;

/* Read this host's /proc and /sys into the zeroed h. */
void host_context_collect(struct host_context *h);
/* The same of a tree that has a copy of them, as of another host. */
void host_context_collect_at(struct host_context *h, const char *root);
/* Append it as people read it: a line "key: value" each, "(unknown)" for what
 * is not there. Live and archived contexts are shown by this alone. */
void host_context_print(const struct host_context *h, struct str *out);
void host_context_release(struct host_context *h);

#endif
