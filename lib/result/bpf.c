/* SPDX-License-Identifier: GPL-2.0-only */
/* The report's sections on BPF programs: what the verifier had to walk, and
 * what the callbacks cost. */
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "result/analysis.h"

static void keep_max(struct maxima *all, const struct verifier_stats *p)
{
	size_t i = 0;

	while (i < all->n && strcmp(all->v[i].name, p->name) != 0)
		i++;
	if (i == all->n) {
		GROW(all->v, all->n, all->cap);
		all->v[all->n++] = (struct program_max){ .name = p->name };
	}
	if (p->verified_insns > all->v[i].insns)
		all->v[i].insns = p->verified_insns;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct program_max *)a)->name, ((const struct program_max *)b)->name);
}

double maxima_percent(const struct program_max *p)
{
	return p->insns / VERIFIER_LIMIT * 100;
}

static void warn_near_limit(const struct maxima *all, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct program_max *p = &all->v[i];

		if (maxima_percent(p) < VERIFIER_WARN_PCT)
			continue;
		if (!any)
			fputs("\nWARNING: programs near verifier complexity limit:\n", out);
		any = true;
		print_plain(out, "  %s: %.1f%% of 1M limit (%u verified insns)\n", p->name, maxima_percent(p),
			    p->insns);
	}
}

struct maxima maxima_find(const struct rows *r)
{
	struct maxima all = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		const struct sidecar *s = r->results[i];

		for (size_t k = 0; s && k < s->verifier_stats.n; k++)
			keep_max(&all, (const struct verifier_stats *)s->verifier_stats.v + k);
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_name);
	return all;
}

void analysis_verifier(const struct rows *r, FILE *out)
{
	struct maxima all = maxima_find(r);
	unsigned long long total = 0;

	if (!all.n)
		return;
	print_plain(out, "\n=== BPF VERIFIER STATS ===\n\n  %-24s %12s %8s\n", "program", "verified", "limit%");
	fputs("  ------------------------ ------------ --------\n", out);
	for (size_t i = 0; i < all.n; i++) {
		const struct program_max *p = &all.v[i];

		fputs("  ", out);
		print_left(out, p->name, 24);
		print_plain(out, " %12u %7.1f%%%s\n", p->insns, maxima_percent(p),
			    maxima_percent(p) >= VERIFIER_WARN_PCT ? " !" : "");
		total += p->insns;
	}
	print_plain(out, "\n  total verified insns: %llu\n", total);
	warn_near_limit(&all, out);
	free(all.v);
}

static void print_callbacks(const struct sidecar *s, FILE *out)
{
	const struct shape_list *l = &s->monitor->prog_stats_deltas;

	print_plain(out, "\n  %s (%s):\n    %-24s %12s %14s %12s\n", s->test_name, s->topology, "program", "cnt",
		    "total_ns", "avg_ns");
	fputs("    ------------------------ ------------ -------------- ------------\n", out);
	for (size_t i = 0; i < l->n; i++) {
		const struct prog_stats *p = (const struct prog_stats *)l->v + i;

		fputs("    ", out);
		print_left(out, p->name, 24);
		print_plain(out, " %12llu %14llu %12.0f\n", (unsigned long long)p->cnt, (unsigned long long)p->nsecs,
			    p->nsecs_per_call);
	}
}

void analysis_callbacks(const struct rows *r, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct sidecar *s = r->results[i];

		if (!s || !s->monitor || !s->monitor->prog_stats_deltas.n)
			continue;
		if (!any)
			fputs("\n=== BPF CALLBACK PROFILE ===\n", out);
		any = true;
		print_callbacks(s, out);
	}
}
