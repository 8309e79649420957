/* SPDX-License-Identifier: GPL-2.0-only */
#include "test/cpus.h"

#include <ctype.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

void cpus_set(struct cpus *c, uint32_t cpu)
{
	if (cpu < CPUS_MAX)
		c->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

bool cpus_has(const struct cpus *c, uint32_t cpu)
{
	return cpu < CPUS_MAX && (c->bits[cpu / 64] >> (cpu % 64) & 1);
}

uint32_t cpus_count(const struct cpus *c)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bits); i++)
		n += (uint32_t)__builtin_popcountll(c->bits[i]);
	return n;
}

void cpus_or(struct cpus *to, const struct cpus *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] |= from->bits[i];
}

void cpus_minus(struct cpus *from, const struct cpus *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(from->bits); i++)
		from->bits[i] &= ~what->bits[i];
}

bool cpus_equal(const struct cpus *a, const struct cpus *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int number(const char **p, uint32_t *out)
{
	unsigned long v = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++)
		if ((v = v * 10 + (unsigned long)(**p - '0')) >= CPUS_MAX)
			return -1;
	*out = (uint32_t)v;
	return 0;
}

int cpus_parse(const char *list, struct cpus *c)
{
	uint32_t from, to;

	*c = (struct cpus){ 0 };
	while (*list && *list != '\n') {
		if (number(&list, &from))
			return -1;
		to = from;
		if (*list == '-') {
			list++;
			if (number(&list, &to) || to < from)
				return -1;
		}
		while (from <= to)
			cpus_set(c, from++);
		if (*list == ',' && list[1] && list[1] != '\n')
			list++;
		else if (*list && *list != '\n')
			return -1;
	}
	return 0;
}

void cpus_print(const struct cpus *c, struct str *out)
{
	const char *comma = "";

	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		uint32_t end = i;

		if (!cpus_has(c, i))
			continue;
		while (cpus_has(c, end + 1))
			end++;
		str_addf(out, end > i ? "%s%u-%u" : "%s%u", comma, i, end);
		comma = ",";
		i = end;
	}
}

uint32_t cpus_allowed_count(void)
{
	uint64_t mask[CPUS_MAX / 64] = { 0 };
	uint32_t n = 0;

	if (sched_getaffinity(0, sizeof(mask), (cpu_set_t *)mask) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(mask); i++)
			n += (uint32_t)__builtin_popcountll(mask[i]);
	return n ? n : 1;
}
