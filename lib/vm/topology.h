/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a guest is shown its topology (base/topology.h): in sockets, dies and
 * APIC ids.
 */
#ifndef VM_TOPOLOGY_H
#define VM_TOPOLOGY_H

#include <stdint.h>

#include "base/topology.h"

/* Sockets and dies of a socket that show the guest its caches and nodes: a
 * cache is a socket of its own, or, where a node has several, a die of its
 * node's socket. */
void vm_topology_sockets(const struct topology *t, uint32_t *sockets, uint32_t *dies);

/* The highest APIC id a CPU gets: every level takes a power of two. */
uint32_t vm_topology_max_apic_id(const struct topology *t);

#endif
