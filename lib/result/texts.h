/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interned texts: equal texts are one pointer, valid until texts_release. Each
 * has room for two numbers of its user.
 */
#ifndef RESULT_TEXTS_H
#define RESULT_TEXTS_H

#include <stddef.h>
#include <stdint.h>

struct text {
	const char *s; /* NUL-terminated */
	uint32_t n, hash;
	uint32_t tag[2]; /* 0 at first */
};

struct texts {
	struct text *v; /* open addressing; a slot without s is free */
	size_t n, cap;
	struct arena {
		struct arena *next;
		size_t used, size;
		char bytes[];
	} *arena;
};

/* The slot of a text, made if needed; the slot moves with the next call, its
 * s does not. */
struct text *texts_slot(struct texts *t, const char *s, size_t n);

/* n bytes that live as long as the texts, aligned for a double. */
void *texts_room(struct texts *t, size_t n);

void texts_release(struct texts *t);

#endif
