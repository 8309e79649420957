/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define ARENA_BYTES 262144

void *texts_room(struct texts *t, size_t n)
{
	struct arena *a = t->arena;
	size_t size = n > ARENA_BYTES ? n : ARENA_BYTES;

	n = (n + 7) & ~(size_t)7;
	if (!a || a->size - a->used < n) {
		a = xmalloc(sizeof(*a) + size + 8);
		a->next = t->arena;
		a->used = 0;
		a->size = size + 8;
		t->arena = a;
	}
	a->used += n;
	return a->bytes + a->used - n;
}

/* FNV-1a, eight bytes a step. */
static uint32_t hash_of(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325, v;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&v, s, 8);
		h = (h ^ v) * 0x100000001b3;
		h ^= h >> 32;
	}
	for (; n; n--, s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return (uint32_t)(h ^ h >> 32);
}

static struct text *find(struct texts *t, const char *s, size_t n, uint32_t hash)
{
	for (size_t i = hash & (t->cap - 1);; i = (i + 1) & (t->cap - 1)) {
		struct text *x = &t->v[i];

		if (!x->s || (x->hash == hash && x->n == n && memcmp(x->s, s, n) == 0))
			return x;
	}
}

static void grow(struct texts *t)
{
	struct texts bigger = { .cap = t->cap ? t->cap * 2 : 256 };

	bigger.v = xcalloc(bigger.cap, sizeof(*bigger.v));
	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].s)
			*find(&bigger, t->v[i].s, t->v[i].n, t->v[i].hash) = t->v[i];
	free(t->v);
	t->v = bigger.v;
	t->cap = bigger.cap;
}

struct text *texts_slot(struct texts *t, const char *s, size_t n)
{
	uint32_t hash = hash_of(s, n);
	struct text *x;
	char *copy;

	if (t->n * 2 >= t->cap)
		grow(t);
	x = find(t, s, n, hash);
	if (x->s)
		return x;
	copy = texts_room(t, n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	*x = (struct text){ .s = copy, .n = (uint32_t)n, .hash = hash };
	t->n++;
	return x;
}

void texts_release(struct texts *t)
{
	while (t->arena) {
		struct arena *a = t->arena;

		t->arena = a->next;
		free(a);
	}
	free(t->v);
	*t = (struct texts){ 0 };
}
