/* SPDX-License-Identifier: GPL-2.0-only */
#include "test/topo.h"
#include "test/select.h"

static bool within(uint32_t v, uint32_t min, uint32_t max)
{
	return v >= min && v <= max; /* KTSTR_NO_MAX is above every value */
}

bool preset_fits(const struct preset *p, const struct ktstr_constraints *c, const struct host_limits *h, bool no_perf)
{
	const struct topology *t = &p->topo;
	uint32_t cpus = (uint32_t)topology_cpus(t);

	if (!within(t->nodes, c->min_numa_nodes, c->max_numa_nodes) || !within(t->llcs, c->min_llcs, c->max_llcs) ||
	    !within(cpus, c->min_cpus, c->max_cpus) || (c->requires_smt && t->threads < 2))
		return false;
	if (cpus > h->cpus)
		return false;
	return no_perf || (t->llcs <= h->llcs && t->cores * t->threads <= h->llc_width);
}

const struct host_limits *host_limits(void)
{
	static struct host_limits h;
	struct cpu_topo topo;

	if (h.cpus)
		return &h;
	h.cpus = cpus_allowed_count();
	h.llcs = 1;
	h.llc_width = h.cpus;
	if (cpu_topo_read(&topo) == 0) {
		h.llcs = topo.llcs;
		h.llc_width = 1;
		for (uint32_t i = 0; i < topo.llcs; i++)
			if (cpus_count(&topo.llc[i]) > h.llc_width)
				h.llc_width = cpus_count(&topo.llc[i]);
		cpu_topo_release(&topo);
	}
	return &h;
}
