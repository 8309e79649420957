/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/defs.h"

#include <stdlib.h>
#include <string.h>

/* What an unregistered metric must change by; most registered ones say so. */
#define DEFAULT_REL 0.25

enum kind { KIND_REGISTERED, KIND_EXT, KIND_PAYLOAD };

static uint32_t add_def(struct rows *r, struct metric_def def, enum kind kind)
{
	struct rows_store *st = r->store;

	GROW(r->defs, r->n_defs, r->defs_cap);
	GROW(st->kinds, r->n_defs, st->kinds_cap);
	r->defs[r->n_defs] = def;
	st->kinds[r->n_defs] = (unsigned char)kind;
	return (uint32_t)r->n_defs++;
}

void defs_init(struct rows *r)
{
	for (const struct metric *m = metrics; m < metrics + METRIC_COUNT; m++)
		add_def(r,
			(struct metric_def){ .name = m->name,
					     .polarity = m->higher_is_better ? HIGHER : LOWER,
					     .abs = m->abs,
					     .rel = m->rel,
					     .unit = m->unit,
					     .registered = true },
			KIND_REGISTERED);
}

/* Which way an extension's metric is better, by what its name says. */
static enum polarity by_name(const char *name)
{
	static const char *const lower[] = { "latency",  "delay", "_gap",   "stall", "stuck", "_cv", "error",
					     "fail",     "drop",  "spread", "_us",   "_ms",   "_ns", "migration_ratio",
					     "imbalance" };
	static const char *const higher[] = { "iops",        "throughput", "bandwidth", "iterations",
					      "ops_per_sec", "locality",   "_score",    "goodput" };

	for (size_t i = 0; i < ARRAY_SIZE(lower); i++)
		if (strstr(name, lower[i]))
			return LOWER;
	for (size_t i = 0; i < ARRAY_SIZE(higher); i++)
		if (strstr(name, higher[i]))
			return HIGHER;
	return LOWER;
}

static struct text *slot_of(struct rows *r, const char *name)
{
	return texts_slot(&r->store->texts, name, strlen(name));
}

uint32_t defs_ext(struct rows *r, const char *name)
{
	struct text *t = slot_of(r, name);

	if (!t->tag[0])
		t->tag[0] = add_def(r,
				    (struct metric_def){
					    .name = t->s, .polarity = by_name(name), .rel = DEFAULT_REL, .unit = "" },
				    KIND_EXT) +
			    1;
	return t->tag[0] - 1;
}

static void read_polarity(struct jr *in, struct metric_def *d)
{
	struct jkey k;

	d->polarity = UNKNOWN;
	if (jr_peek(in) == JR_STRING) {
		jr_text(in, &k);
		if (key_is(&k, "LowerBetter"))
			d->polarity = LOWER;
		else if (key_is(&k, "HigherBetter"))
			d->polarity = HIGHER;
		return;
	}
	for (jr_object(in); jr_key(in, &k);)
		if (key_is(&k, "TargetValue")) {
			d->polarity = TARGET;
			d->target = jr_f64(in);
		} else {
			jr_skip(in);
		}
}

static void payload_metric(struct rows *r, struct jr *in)
{
	struct metric_def d = { .rel = DEFAULT_REL, .unit = "", .polarity = UNKNOWN };
	auto_free char *name = NULL, *unit = NULL;
	struct jkey k;
	struct text *t;
	double v = 0;

	for (jr_object(in); jr_key(in, &k);)
		if (key_is(&k, "name") && !name)
			name = jr_str(in);
		else if (key_is(&k, "value"))
			v = jr_f64(in);
		else if (key_is(&k, "polarity"))
			read_polarity(in, &d);
		else if (key_is(&k, "unit") && !unit)
			unit = jr_str(in);
		else
			jr_skip(in);
	if (!name)
		return;
	if (unit)
		d.unit = slot_of(r, unit)->s;
	t = slot_of(r, name);
	d.name = t->s;
	if (!t->tag[1])
		t->tag[1] = add_def(r, d, KIND_PAYLOAD) + 1;
	defs_value(r, t->tag[1] - 1, v);
}

void defs_payload(struct rows *r, struct jr *in)
{
	for (jr_array(in); jr_item(in);)
		payload_metric(r, in);
}

void defs_value(struct rows *r, uint32_t def, double v)
{
	struct rows_store *st = r->store;

	GROW(st->now, st->n_now, st->now_cap);
	st->now[st->n_now++] = (struct value){ .def = def, .v = v };
}

static int by_def(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->def > y->def) - (x->def < y->def);
}

/* Several invocations of a payload give a metric several times: their mean. */
static size_t merge(struct value *v, size_t n)
{
	size_t kept = 0, same;

	for (size_t i = 0; i < n; i += same) {
		double sum = 0;

		for (same = 0; i + same < n && v[i + same].def == v[i].def; same++)
			sum += v[i + same].v;
		v[kept++] = (struct value){ .def = v[i].def, .v = sum / (double)same };
	}
	return kept;
}

static bool sorted(const struct value *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].def <= v[i - 1].def)
			return false;
	return true;
}

void defs_values_end(struct rows *r, struct row *row)
{
	struct rows_store *st = r->store;
	struct value *copy;

	if (!sorted(st->now, st->n_now)) {
		qsort(st->now, st->n_now, sizeof(*st->now), by_def);
		st->n_now = merge(st->now, st->n_now);
	}
	row->n_values = (uint32_t)st->n_now;
	if (!st->n_now)
		return;
	copy = texts_room(&st->texts, st->n_now * sizeof(*copy));
	memcpy(copy, st->now, st->n_now * sizeof(*copy));
	row->values = copy;
	st->n_now = 0;
}

/* --- the end ----------------------------------------------------------- */

static const char *prefixed(struct rows *r, const char *prefix, const char *name)
{
	auto_free char *text = xasprintf("%s%s", prefix, name);

	return slot_of(r, text)->s;
}

static bool is_registered(const struct rows *r, const char *name)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (strcmp(r->defs[i].name, name) == 0)
			return true;
	return false;
}

static void rename_doubles(struct rows *r)
{
	for (size_t i = METRIC_COUNT; i < r->n_defs; i++) {
		const char *name = r->defs[i].name;
		bool payload = r->store->kinds[i] == KIND_PAYLOAD;

		if (is_registered(r, name) || (payload && slot_of(r, name)->tag[0]))
			r->defs[i].name = prefixed(r, payload ? "payload." : "ext.", name);
	}
}

struct renumber {
	const struct metric_def *def;
	uint32_t old;
};

static int by_def_name(const void *a, const void *b)
{
	const struct renumber *x = a, *y = b;

	return strcmp(x->def->name, y->def->name);
}

void defs_end(struct rows *r)
{
	size_t n = r->n_defs - METRIC_COUNT;
	struct renumber *order = xcalloc(n + 1, sizeof(*order));
	struct metric_def *defs = xcalloc(r->n_defs, sizeof(*defs));
	uint32_t *new = xcalloc(r->n_defs, sizeof(*new));

	rename_doubles(r);
	for (size_t i = 0; i < n; i++)
		order[i] = (struct renumber){ &r->defs[METRIC_COUNT + i], (uint32_t)(METRIC_COUNT + i) };
	qsort(order, n, sizeof(*order), by_def_name);
	for (uint32_t i = 0; i < r->n_defs; i++) {
		new[i < METRIC_COUNT ? i : order[i - METRIC_COUNT].old] = i;
		defs[i] = i < METRIC_COUNT ? r->defs[i] : *order[i - METRIC_COUNT].def;
	}
	for (size_t i = 0; n && i < r->n; i++) {
		struct value *v = (struct value *)r->v[i].values;

		for (uint32_t k = 0; k < r->v[i].n_values; k++)
			v[k].def = new[v[k].def];
		if (!sorted(v, r->v[i].n_values))
			qsort(v, r->v[i].n_values, sizeof(*v), by_def);
	}
	free(r->defs);
	free(order);
	free(new);
	r->defs = defs;
}

void defs_release(struct rows *r)
{
	if (!r->store)
		return;
	texts_release(&r->store->texts);
	free(r->store->host_ids.v);
	free(r->store->now);
	free(r->store->kinds);
	free(r->store);
	free(r->defs);
}

void metric_polarity(struct jw *w, const struct metric_def *m)
{
	static const char *const words[] = {
		[LOWER] = "LowerBetter", [HIGHER] = "HigherBetter", [UNKNOWN] = "Unknown"
	};

	jw_key(w, "polarity");
	if (m->polarity != TARGET) {
		jw_str(w, words[m->polarity]);
		return;
	}
	jw_object(w);
	jw_key_f64(w, "TargetValue", m->target);
	jw_end(w);
}
