/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/plan.h"

#include <stdlib.h>

/* What is known of an LLC while choosing. */
struct candidate {
	uint32_t index, node, distance, free;
	bool fits, used;
};

static int by_worth(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->fits != y->fits)
		return x->fits ? -1 : 1;
	if (x->used != y->used)
		return x->used ? 1 : -1;
	if (x->free != y->free)
		return x->free > y->free ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int by_distance(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	/* nodes equally far away are used up one by one */
	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return by_worth(a, b);
}

/* The LLCs in the order they are taken; *n of them. */
static struct candidate *rank(const struct llc_map *m, const struct plan_state *s, uint32_t want, size_t *n)
{
	struct candidate *list = xcalloc(m->n + 1, sizeof(*list));

	*n = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		struct cpus room = m->llc[i].cpus;
		uint32_t count;

		cpus_and(&room, &s->free);
		count = cpus_count(&room);
		if (!count || cpus_has(&s->shut, i))
			continue;
		list[(*n)++] = (struct candidate){ .index = i,
						   .node = m->llc[i].node,
						   .free = count,
						   .fits = count >= want,
						   .used = cpus_has(&s->used, i) };
	}
	if (!*n)
		return list;
	qsort(list, *n, sizeof(*list), by_worth);
	for (size_t i = 1; i < *n; i++)
		list[i].distance = llc_node_distance(m, list[0].node, list[i].node);
	if (*n > 1)
		qsort(list + 1, *n - 1, sizeof(*list), by_distance);
	return list;
}

enum whose { IDLE, OURS, ANY };

/* Whose core the CPU is a thread of, as things stand. */
static enum whose core_state(const struct llc_map *m, const struct plan *p, const struct cpus *room, uint32_t cpu)
{
	struct cpus core, mine;

	llc_core_of(m, cpu, &core);
	mine = core;
	cpus_and(&mine, &p->cpus);
	if (cpus_count(&mine))
		return OURS;
	cpus_minus(&core, room);
	return cpus_count(&core) ? ANY : IDLE;
}

static uint32_t take(struct plan *p, const struct llc_map *m, const struct cpus *room, uint32_t want)
{
	uint32_t got = 0;

	for (enum whose pass = IDLE; pass <= ANY && got < want; pass++)
		CPUS_EACH(cpu, room)
	if (got < want && !cpus_has(&p->cpus, cpu) && (pass == ANY || core_state(m, p, room, cpu) == pass)) {
		cpus_set(&p->cpus, cpu);
		got++;
	}
	return got;
}

uint32_t plan_make(struct plan *p, const struct llc_map *m, const struct plan_state *s, uint32_t want)
{
	size_t n;
	auto_free struct candidate *list = rank(m, s, want, &n);
	uint32_t got = 0;

	*p = (struct plan){ 0 };
	for (size_t i = 0; i < n && got < want; i++) {
		const struct llc *l = &m->llc[list[i].index];
		struct cpus room = l->cpus;

		cpus_and(&room, &s->free);
		got += take(p, m, &room, want - got);
		cpus_set(&p->llcs, list[i].index);
		cpus_set(&p->nodes, l->node);
	}
	return got;
}
