/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/topology.h"

static uint32_t width(uint32_t n)
{
	uint32_t bits = 0;

	while ((1ull << bits) < n)
		bits++;
	return bits;
}

static uint32_t apic_id(const struct topology *t, uint32_t sockets, uint32_t dies)
{
	uint32_t core = width(t->threads), die = core + width(t->cores), socket = die + width(dies);

	return (uint32_t)((unsigned long long)(sockets - 1) << socket) | (dies - 1) << die | (t->cores - 1) << core |
	       (t->threads - 1);
}

void vm_topology_sockets(const struct topology *t, uint32_t *sockets, uint32_t *dies)
{
	*sockets = t->llcs;
	*dies = 1;
	if (t->nodes > 1 && t->llcs > t->nodes && apic_id(t, t->nodes, t->llcs / t->nodes) < 255) {
		*sockets = t->nodes;
		*dies = t->llcs / t->nodes;
	}
}

uint32_t vm_topology_max_apic_id(const struct topology *t)
{
	uint32_t sockets, dies;

	vm_topology_sockets(t, &sockets, &dies);
	return apic_id(t, sockets, dies);
}
