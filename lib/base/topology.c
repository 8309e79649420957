/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/topology.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int check(const struct topology *t, const char *text, struct err *e)
{
	unsigned long long cpus = (unsigned long long)t->llcs * t->cores;

	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return err_set(e, "invalid topology '%s': all values must be >= 1", text);
	if (t->llcs % t->nodes)
		return err_set(e, "invalid topology '%s': llcs (%u) must be divisible by numa_nodes (%u)", text,
			       t->llcs, t->nodes);
	if (cpus > UINT32_MAX || cpus * t->threads > INT32_MAX)
		return err_set(e, "invalid topology '%s': too many CPUs", text);
	return 0;
}

/* Digits up to a letter or an end: the number, or -1. */
static long long number(const char **s)
{
	const char *p = *s;
	unsigned long long v = 0;

	while (*p >= '0' && *p <= '9' && v <= UINT32_MAX)
		v = v * 10 + (unsigned)(*p++ - '0');
	if (p == *s || v > UINT32_MAX)
		return -1;
	*s = p;
	return (long long)v;
}

static bool parse_letters(const char *s, const char *letters, uint32_t *out)
{
	for (; *letters; letters++, out++) {
		long long v = number(&s);

		if (v < 0 || *s != *letters)
			return false;
		*out = (uint32_t)v;
		s++;
	}
	return !*s;
}

int topology_parse(struct topology *t, const char *label, struct err *e)
{
	uint32_t v[4];

	if (parse_letters(label, "nlct", v) && v[0] && v[1] && v[2] && v[3]) {
		*t = (struct topology){ v[0], v[1], v[2], v[3] };
		return check(t, label, e);
	}
	err_set(e, "invalid --ktstr-topo format '%s' (expected NnNlNcNt, e.g. 1n2l4c2t)", label);
	if (parse_letters(label, "sct", v))
		err_hint(e, "sockets are called llcs now, behind the NUMA nodes: 1n%ul%uc%ut", v[0], v[1], v[2]);
	else if (parse_letters(label, "slct", v))
		err_hint(e, "sockets are called NUMA nodes now: %un%ul%uc%ut", v[0], v[1], v[2], v[3]);
	return -1;
}

int topology_parse_list(struct topology *t, const char *text, struct err *e)
{
	static const char *const names[] = { "numa_nodes", "llcs", "cores", "threads" };
	uint32_t v[4];
	size_t commas = 0;

	for (const char *s = text; *s; s++)
		commas += *s == ',';
	if (commas != 3)
		return err_set(e,
			       "invalid topology '%s': expected 'numa_nodes,llcs,cores,threads' "
			       "(e.g. '1,2,4,1')",
			       text);
	for (const char *s = text, *next; commas <= 3; s = next, commas--) {
		size_t n = strcspn(s, ",");
		const char *p = s;
		long long value = number(&p);

		if (value < 0 || p != s + n)
			return err_set(e, "invalid %s value: '%.*s'", names[3 - commas], (int)n, s);
		v[3 - commas] = (uint32_t)value;
		next = s + n + 1;
		if (!commas)
			break;
	}
	*t = (struct topology){ v[0], v[1], v[2], v[3] };
	return check(t, text, e);
}

char *topology_label(const struct topology *t)
{
	return xasprintf("%un%ul%uc%ut", t->nodes, t->llcs, t->cores, t->threads);
}

uint64_t topology_cpus(const struct topology *t)
{
	return (uint64_t)t->llcs * t->cores * t->threads;
}
