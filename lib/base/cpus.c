/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/cpus.h"

#include <ctype.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

void cpus_set(struct cpus *c, uint32_t cpu)
{
	if (cpu < CPUS_MAX)
		c->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

void cpus_unset(struct cpus *c, uint32_t cpu)
{
	if (cpu < CPUS_MAX)
		c->bits[cpu / 64] &= ~(1ULL << (cpu % 64));
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

uint32_t cpus_next(const struct cpus *c, uint32_t from)
{
	for (uint32_t i = from / 64; i < ARRAY_SIZE(c->bits); i++) {
		uint64_t word = c->bits[i];

		if (i == from / 64)
			word &= ~0ULL << (from % 64);
		if (word)
			return i * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return CPUS_MAX;
}

void cpus_or(struct cpus *to, const struct cpus *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] |= from->bits[i];
}

void cpus_and(struct cpus *to, const struct cpus *with)
{
	for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] &= with->bits[i];
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

	for (uint32_t i = cpus_next(c, 0); i < CPUS_MAX; i = cpus_next(c, i)) {
		uint32_t end = i;

		while (cpus_has(c, end + 1))
			end++;
		str_addf(out, end > i ? "%s%u-%u" : "%s%u", comma, i, end);
		comma = ",";
		i = end + 1;
	}
}

int cpus_allowed(struct cpus *c)
{
	*c = (struct cpus){ 0 };
	return sched_getaffinity(0, sizeof(c->bits), (cpu_set_t *)c->bits);
}

uint32_t cpus_allowed_count(void)
{
	struct cpus c;
	uint32_t n = cpus_allowed(&c) == 0 ? cpus_count(&c) : 0;

	return n ? n : 1;
}

int cpus_confine(const struct cpus *c)
{
	return sched_setaffinity(0, sizeof(c->bits), (const cpu_set_t *)c->bits);
}
