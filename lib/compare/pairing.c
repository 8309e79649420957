/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/pairing.h"

#include <stdlib.h>
#include <string.h>

#include "result/rows.h"

/* --- keys -------------------------------------------------------------- */

static bool is_commit(enum dimension d)
{
	return d == DIM_PROJECT_COMMIT || d == DIM_KERNEL_COMMIT;
}

static size_t clean_length(const char *commit)
{
	size_t n = strlen(commit);

	return ends_with(commit, "-dirty") ? n - strlen("-dirty") : n;
}

/* Scenario and the values paired on, each with a NUL behind it. */
static void key_of(const struct row *row, const bool pairing[DIM_COUNT], struct str *key)
{
	str_clear(key);
	str_addn(key, row->test, strlen(row->test) + 1);
	for (int d = 0; d < DIM_COUNT; d++) {
		const char *v = row_dimension(row, d);

		if (!pairing[d])
			continue;
		if (v)
			str_addn(key, v, is_commit(d) ? clean_length(v) : strlen(v));
		str_addc(key, '\0');
	}
}

static uint64_t hash_of(const struct str *key)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->s[i]) * 0x100000001b3;
	return h ^ h >> 32;
}

/* Keys to pairs, while they are made: a table with room for every row. */
struct maker {
	struct comparison *c;
	uint32_t *slot; /* number of a pair + 1; 0: free */
	size_t mask;
	struct str *keys; /* by pair */
	size_t cap, keys_cap;
};

static void maker_init(struct maker *m, struct comparison *c, size_t rows)
{
	size_t size = 16;

	while (size < 2 * rows)
		size *= 2;
	*m = (struct maker){ .c = c, .slot = xcalloc(size, sizeof(*m->slot)), .mask = size - 1, .keys_cap = 16 };
	m->keys = xcalloc(m->keys_cap, sizeof(*m->keys));
}

static bool same(const struct str *a, const struct str *b)
{
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static struct pair *add_pair(struct maker *m, const struct row *row, const struct str *key)
{
	struct comparison *c = m->c;

	GROW(c->pairs, c->n_pairs, m->cap);
	GROW(m->keys, c->n_pairs, m->keys_cap);
	m->keys[c->n_pairs] = (struct str){ 0 };
	str_addn(&m->keys[c->n_pairs], key->s, key->len);
	c->pairs[c->n_pairs] = (struct pair){
		.test = row->test, .topology = row->topology, .scheduler = row->scheduler, .work_type = row->work_type
	};
	return &c->pairs[c->n_pairs++];
}

static struct pair *pair_of(struct maker *m, const struct row *row, const struct str *key)
{
	size_t i = hash_of(key) & m->mask;

	for (; m->slot[i]; i = (i + 1) & m->mask)
		if (same(&m->keys[m->slot[i] - 1], key))
			return &m->c->pairs[m->slot[i] - 1];
	m->slot[i] = (uint32_t)m->c->n_pairs + 1;
	return add_pair(m, row, key);
}

static void add_row(struct group *g, const struct row *row)
{
	/* the list doubles, as GROW's would */
	if ((g->n & (g->n - 1)) == 0)
		g->v = xrealloc(g->v, (g->n ? 2 * g->n : 1) * sizeof(struct row *));
	g->v[g->n++] = row;
	g->passed += row->passed;
	g->skipped += row->skipped;
	g->failed += !row->passed && !row->skipped;
}

static void take(struct maker *m, const struct selection *s, enum side side)
{
	auto_str struct str key = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		key_of(s->v[i], m->c->pairing, &key);
		add_row(&pair_of(m, s->v[i], &key)->side[side], s->v[i]);
	}
}

/* The key as it is shown; the pair takes it over. */
static char *shown(struct str *key)
{
	for (size_t i = 0; i + 1 < key->len; i++)
		if (!key->s[i])
			key->s[i] = '/';
	return str_take(key);
}

/* --- groups ------------------------------------------------------------ */

/* The commit of a group: its first one, marked when that commit was there both
 * with and without changes. */
static char *commit_of(const struct group *g, enum dimension d)
{
	const char *own = g->n ? row_dimension(g->v[0], d) : NULL, *first = own, *last = NULL;
	bool dirty = false, clean = false;

	for (size_t i = 0; i < g->n; i++) {
		const char *v = row_dimension(g->v[i], d);

		if (!v || v == last)
			continue;
		last = v;
		if (!first)
			first = v;
		if (strncmp(v, first, clean_length(first)) != 0 || clean_length(v) != clean_length(first))
			continue;
		dirty |= v[clean_length(v)] != '\0';
		clean |= v[clean_length(v)] == '\0';
	}
	if (dirty && clean)
		return xasprintf("%.*s+mixed", (int)clean_length(first), first);
	return own ? xstrdup(own) : NULL;
}

static void settle(struct comparison *c, struct pair *p, const char *filter)
{
	const struct group *a = &p->side[SIDE_A], *b = &p->side[SIDE_B];

	for (int s = 0; s < SIDES; s++) {
		p->side[s].commit = commit_of(&p->side[s], DIM_PROJECT_COMMIT);
		p->side[s].kernel_commit = commit_of(&p->side[s], DIM_KERNEL_COMMIT);
	}
	if (!has_text(p->test, p->topology, p->scheduler, p->work_type, filter))
		p->state = PAIR_HIDDEN;
	else if (!a->n || !b->n)
		p->state = a->n ? PAIR_REMOVED : PAIR_NEW;
	else
		p->state = a->passed && b->passed ? PAIR_COMPARED : PAIR_SKIPPED;
	c->state[p->state]++;
	c->partial += p->state == PAIR_COMPARED && (a->passed < a->n || b->passed < b->n);
}

/* Rows of both sides: both lists are in stream order. */
static size_t overlap(const struct selection side[SIDES])
{
	size_t n = 0;

	for (size_t a = 0, b = 0; a < side[SIDE_A].n && b < side[SIDE_B].n;) {
		const struct row *x = side[SIDE_A].v[a], *y = side[SIDE_B].v[b];

		n += x == y;
		a += x <= y;
		b += y <= x;
	}
	return n;
}

void pair_up(struct comparison *c, const struct selection side[SIDES], const char *filter)
{
	struct maker m;

	maker_init(&m, c, side[SIDE_A].n + side[SIDE_B].n);
	take(&m, &side[SIDE_B], SIDE_B);
	take(&m, &side[SIDE_A], SIDE_A);
	for (size_t i = 0; i < c->n_pairs; i++) {
		c->pairs[i].name = shown(&m.keys[i]);
		settle(c, &c->pairs[i], filter);
	}
	for (int s = 0; s < SIDES; s++)
		c->results[s] = side[s].n;
	c->overlap = overlap(side);
	free(m.slot);
	free(m.keys);
}

int pairs_refuse_twice(const struct comparison *c, struct err *e)
{
	for (int s = 0; s < SIDES; s++)
		for (size_t i = 0; i < c->n_pairs; i++) {
			const struct pair *p = &c->pairs[i];
			char name = s == SIDE_A ? 'A' : 'B';

			if (p->side[s].n > 1)
				return err_set(e,
					       "stats compare --no-average: duplicate pairing keys: side %c has %zu "
					       "sidecars with the same pairing key [%s]. Either drop --no-average to "
					       "average them, or add another --%c-X filter to disambiguate.",
					       name, p->side[s].n, p->name, name | 0x20);
		}
	return 0;
}

/* --- what keeps pairs apart -------------------------------------------- */

static bool any_has(const struct selection *s, enum dimension d)
{
	for (size_t i = 0; i < s->n; i++)
		if (row_dimension(s->v[i], d))
			return true;
	return false;
}

void pairing_relax(bool pairing[DIM_COUNT], const bool slicing[DIM_COUNT], const struct selection side[SIDES])
{
	if (slicing[DIM_KERNEL] &&
	    (any_has(&side[SIDE_A], DIM_KERNEL_COMMIT) || any_has(&side[SIDE_B], DIM_KERNEL_COMMIT)))
		pairing[DIM_KERNEL_COMMIT] = false;
}

static bool have_in_common(const struct comparison *c, enum dimension d)
{
	auto_strv struct strv a = { 0 };

	for (size_t i = 0; i < c->n_pairs; i++)
		if (c->pairs[i].side[SIDE_A].n) {
			const char *v = row_dimension(c->pairs[i].side[SIDE_A].v[0], d);

			if (!strv_has(&a, v ? v : ""))
				strv_add(&a, v ? v : "");
		}
	for (size_t i = 0; i < c->n_pairs; i++)
		if (c->pairs[i].side[SIDE_B].n) {
			const char *v = row_dimension(c->pairs[i].side[SIDE_B].v[0], d);

			if (strv_has(&a, v ? v : ""))
				return true;
		}
	return false;
}

char *pairing_apart(const struct comparison *c)
{
	struct str names = { 0 };

	for (int d = 0; d < DIM_COUNT; d++)
		if (c->pairing[d] && !have_in_common(c, d))
			str_addf(&names, "%s%s", names.len ? ", " : "", dimension_names[d]);
	return str_take(&names);
}
