/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/metric_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/term.h"

/* How many rows have each metric; caller frees. */
static size_t *count(const struct rows *r)
{
	size_t *n = xcalloc(r->n_defs, sizeof(*n));

	for (size_t i = 0; i < r->n; i++)
		for (uint32_t k = 0; k < r->v[i].n_values; k++)
			n[r->v[i].values[k].def]++;
	return n;
}

static char *polarity_word(const struct metric_def *d)
{
	static const char *const words[] = { [LOWER] = "lower", [HIGHER] = "higher", [UNKNOWN] = "unknown" };

	return d->polarity == TARGET ? xasprintf("target(%.15g)", d->target) : xstrdup(words[d->polarity]);
}

void metrics_table(const struct rows *r, bool found, FILE *out)
{
	static const char *const heads[] = { "NAME", "POLARITY", "DEFAULT_ABS", "DEFAULT_REL", "UNIT", "RESULTS" };
	auto_free size_t *n = count(r);
	struct table t;

	table_init(&t, ARRAY_SIZE(heads) - !found);
	for (size_t i = 0; i < ARRAY_SIZE(heads) - !found; i++)
		table_cell(&t, heads[i]);
	for (size_t i = 0; i < r->n_defs; i++) {
		const struct metric_def *d = &r->defs[i];
		auto_free char *abs = xasprintf("%.15g", d->abs), *rel = xasprintf("%.15g", d->rel);
		auto_free char *polarity = polarity_word(d), *results = xasprintf("%zu", n[i]);

		table_cell(&t, d->name);
		table_cell(&t, polarity);
		table_cell(&t, abs);
		table_cell(&t, rel);
		table_cell(&t, d->unit);
		if (found)
			table_cell(&t, results);
	}
	table_print(&t, out);
	table_release(&t);
}

static void json_metric(struct jw *w, const struct metric_def *d, const struct metric *registered)
{
	jw_key_str(w, "name", d->name);
	metric_polarity(w, d);
	jw_key(w, "kind");
	if (registered)
		json_copy(w, (struct slice){ registered->kind, strlen(registered->kind) });
	else
		jw_null(w);
	jw_key_f64(w, "default_abs", d->abs);
	jw_key_f64(w, "default_rel", d->rel);
	jw_key_str(w, "display_unit", d->unit);
}

void metrics_json(const struct rows *r, bool found, FILE *out)
{
	auto_free size_t *n = count(r);
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_array(&w);
	for (size_t i = 0; i < r->n_defs; i++) {
		jw_object(&w);
		json_metric(&w, &r->defs[i], i < METRIC_COUNT ? &metrics[i] : NULL);
		if (found) {
			jw_key_bool(&w, "registered", r->defs[i].registered);
			jw_key_u64(&w, "results", n[i]);
		}
		jw_end(&w);
	}
	jw_end(&w);
	fprintf(out, "%s\n", text.s);
}
