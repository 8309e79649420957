/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/findings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/delta.h"
#include "result/rows.h"

/* --- hosts ------------------------------------------------------------- */

static void view_side(const struct comparison *c, enum side side, struct host_view *h)
{
	bool *seen = xcalloc(c->rows->n_hosts + 1, sizeof(*seen));
	const struct row *first = NULL;

	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct group *g = &c->pairs[i].side[side];

		for (size_t k = 0; k < g->n; k++) {
			const struct row *row = g->v[k];

			if (row->host < 0)
				continue;
			h->distinct[side] += !seen[row->host];
			seen[row->host] = true;
			if (!first || row < first)
				first = row;
		}
	}
	h->first[side] = first ? c->rows->hosts[first->host] : NULL;
	free(seen);
}

void report_init(struct report *r, const struct comparison *c, bool all)
{
	*r = (struct report){ .c = c, .all = all };
	for (int s = 0; s < SIDES; s++)
		view_side(c, s, &r->hosts);
	if (r->hosts.first[SIDE_A] && r->hosts.first[SIDE_B])
		host_delta(r->hosts.first[SIDE_A], r->hosts.first[SIDE_B], &r->hosts.delta);
}

void report_release(struct report *r)
{
	strv_release(&r->hosts.delta);
}

/* --- what to list ------------------------------------------------------ */

const struct finding *report_next(const struct report *r, size_t *i)
{
	while (*i < r->c->n_findings) {
		const struct finding *f = &r->c->findings[(*i)++];

		if (r->all || f->verdict != UNCHANGED)
			return f;
	}
	return NULL;
}

static int by_place(const void *x, const void *y)
{
	const struct pass_count *a = x, *b = y;
	int order = strcmp(a->test, b->test);

	if (!order)
		order = strcmp(a->topology, b->topology);
	return order ? order : strcmp(a->work_type, b->work_type);
}

struct pass_count *pass_counts(const struct comparison *c, size_t *n)
{
	struct pass_count *list = xcalloc(SIDES * c->n_pairs + 1, sizeof(*list));
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < c->n_pairs; i++)
		for (int s = 0; s < SIDES; s++) {
			const struct group *g = &c->pairs[i].side[s];
			struct pass_count *p = &list[all];

			if (!g->n)
				continue;
			p->test = g->v[0]->test;
			p->topology = g->v[0]->topology;
			p->work_type = g->v[0]->work_type;
			p->passed[s] = g->passed;
			p->total[s] = g->n;
			all++;
		}
	qsort(list, all, sizeof(*list), by_place);
	for (size_t i = 0; i < all; i++) {
		if (kept && by_place(&list[kept - 1], &list[i]) == 0)
			for (int s = 0; s < SIDES; s++) {
				list[kept - 1].passed[s] += list[i].passed[s];
				list[kept - 1].total[s] += list[i].total[s];
			}
		else
			list[kept++] = list[i];
	}
	*n = kept;
	return list;
}

const char *finding_common(const struct comparison *c, const struct finding *f, enum dimension d)
{
	if (c->slicing[d])
		return NULL;
	return d == DIM_SCHEDULER ? f->pair->scheduler : d == DIM_TOPOLOGY ? f->pair->topology : f->pair->work_type;
}

/* --- texts ------------------------------------------------------------- */

const char *verdict_word(enum verdict v)
{
	static const char *const words[VERDICTS] = {
		[UNCHANGED] = "unchanged", [IMPROVEMENT] = "improvement", [REGRESSION] = "REGRESSION",
		[CHANGED] = "changed",     [UNDECIDED] = "undecided",
	};

	return words[v];
}

char *finding_change(const struct finding *f)
{
	return isfinite(f->rel) ? xasprintf("%+.2f%%", 100 * f->rel) : xstrdup("from 0");
}

char *finding_interval(const struct finding *f)
{
	return f->has_interval ? xasprintf("%+.1f..%+.1f%%", 100 * f->ci_lo, 100 * f->ci_hi) : xstrdup("-");
}

char *finding_p(const struct finding *f)
{
	if (!f->enough)
		return xstrdup("too few runs");
	return f->p_adjusted < 0.0005 ? xstrdup("<0.001") : xasprintf("%.3f", f->p_adjusted);
}

char *finding_commit(const struct finding *f, bool kernel)
{
	const char *text[SIDES];

	for (int s = 0; s < SIDES; s++) {
		const struct group *g = &f->pair->side[s];

		text[s] = kernel ? g->kernel_commit : g->commit;
		if (!text[s])
			text[s] = "-";
	}
	if (strcmp(text[SIDE_A], text[SIDE_B]) == 0)
		return xstrdup(text[SIDE_A]);
	return xasprintf("%s → %s", text[SIDE_A], text[SIDE_B]);
}
