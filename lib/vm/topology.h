/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU topology of a guest: NUMA nodes, last-level caches, cores of each
 * cache, threads of each core. CPU numbers count threads first, then cores,
 * then caches; the caches are dealt to the nodes in consecutive runs.
 */
#ifndef VM_TOPOLOGY_H
#define VM_TOPOLOGY_H

#include <stdint.h>

#include "base/err.h"

struct vm_topology {
	uint32_t nodes, llcs, cores, threads;
};

/* Parse a label, "1n2l4c1t". 0 or -1; nothing may follow the last letter. */
int vm_topology_parse(struct vm_topology *t, const char *label, struct err *e);

/* Parse "1,2,4,1": nodes, caches, cores, threads. 0 or -1. */
int vm_topology_parse_list(struct vm_topology *t, const char *text, struct err *e);

/* The label; caller frees. */
char *vm_topology_label(const struct vm_topology *t);

uint32_t vm_topology_cpus(const struct vm_topology *t);

/* Sockets and dies of a socket that show the guest its caches and nodes: a
 * cache is a socket of its own, or, where a node has several, a die of its
 * node's socket. */
void vm_topology_sockets(const struct vm_topology *t, uint32_t *sockets, uint32_t *dies);

/* The highest APIC id a CPU gets: every level takes a power of two. */
uint32_t vm_topology_max_apic_id(const struct vm_topology *t);

#endif
