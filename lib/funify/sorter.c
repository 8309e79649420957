/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects in the order of their keys: members lie in out as they came, and are
 * put in order when their object ends. */
#include <stdlib.h>
#include <string.h>

#include "funify/costume.h"

struct member {
	size_t key, len; /* in keys */
	size_t from, to; /* in out behind whole; from is 0 for the mark an object begins with */
	size_t turn;
};

struct sorter {
	struct member *v;
	size_t n, cap;
	struct str keys, text;
};

void sorter_member(struct costume *c, const char *key, size_t len)
{
	struct sorter *s = c->sorter;

	if (!s)
		s = c->sorter = xcalloc(1, sizeof(*s));
	GROW(s->v, s->n, s->cap);
	s->v[s->n] = (struct member){ s->keys.len, len, key ? c->out.len - c->whole : 0, 0, s->n };
	s->n++;
	str_addn(&s->keys, key ? key : "", len);
}

static int by_key(const void *a, const void *b, void *keys)
{
	const struct member *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int d = memcmp((char *)keys + x->key, (char *)keys + y->key, n);

	if (!d)
		d = (x->len > y->len) - (x->len < y->len);
	return d ? d : (x->turn > y->turn) - (x->turn < y->turn);
}

static bool same_key(const struct sorter *s, const struct member *a, const struct member *b)
{
	return a->len == b->len && memcmp(s->keys.s + a->key, s->keys.s + b->key, a->len) == 0;
}

/* The text of members first..n, in order and without those that another one of
 * the same key follows. */
static void write_members(struct costume *c, size_t first, const char *text, size_t start, int depth)
{
	struct sorter *s = c->sorter;

	for (size_t i = first, any = 0; i < s->n; i++) {
		const struct member *m = &s->v[i];

		if (i + 1 < s->n && same_key(s, m, m + 1))
			continue;
		if (any++)
			str_addc(&c->out, ',');
		costume_indent(c, depth);
		str_addn(&c->out, text + m->from - start, m->to - m->from);
	}
}

void sorter_object(struct costume *c, int depth)
{
	struct sorter *s = c->sorter;
	size_t first = s->n, start, end = c->out.len - c->whole;

	while (s->v[first - 1].from)
		first--;
	if (first < s->n) {
		start = s->v[first].from;
		for (size_t i = first; i < s->n; i++)
			s->v[i].to = i + 1 < s->n ? s->v[i + 1].from : end;
		str_clear(&s->text);
		str_addn(&s->text, c->out.s + c->whole + start, end - start);
		c->out.len = c->whole + start;
		qsort_r(s->v + first, s->n - first, sizeof(*s->v), by_key, s->keys.s);
		write_members(c, first, s->text.s, start, depth);
		c->levels[depth].any = true;
	}
	s->n = first - 1;
	s->keys.len = s->v[first - 1].key;
}

void sorter_release(struct costume *c)
{
	if (!c->sorter)
		return;
	free(c->sorter->v);
	str_release(&c->sorter->keys);
	str_release(&c->sorter->text);
	free(c->sorter);
}
