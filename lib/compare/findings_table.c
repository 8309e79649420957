/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The comparison as people read it. The lines, their order and the table up to
 * its sixth column are what scripts know from the original; what is ours
 * stands behind.
 */
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "host/context.h"
#include "compare/findings.h"
#include "compare/judge.h"
#include "compare/significance.h"

#define RED   "38;5;9"
#define GREEN "38;5;10"

static void print_names(const char *head, const bool which[DIM_COUNT], FILE *out)
{
	const char *lead = ends_with(head, ":") ? " " : ", ";

	fputs(head, out);
	for (int d = 0; d < DIM_COUNT; d++)
		if (which[d]) {
			print_plain(out, "%s%s", lead, dimension_names[d]);
			lead = ", ";
		}
	fputc('\n', out);
}

static void print_head(const struct comparison *c, FILE *out)
{
	print_names("slicing dimensions:", c->slicing, out);
	print_names("pairing on: scenario", c->pairing, out);
	if (c->averaged)
		print_plain(out, "averaged across %zu runs (%s) and %zu runs (%s)\n", c->results[SIDE_A],
			    c->label[SIDE_A], c->results[SIDE_B], c->label[SIDE_B]);
}

static void give(struct table *t, char *text)
{
	table_cell(t, text);
	free(text);
}

static void add_finding(struct table *t, const struct comparison *c, const struct finding *f)
{
	const struct metric_def *m = finding_metric(c, f);
	const char *sgr = f->verdict == REGRESSION ? RED : f->verdict == IMPROVEMENT ? GREEN : "";

	table_cell(t, f->pair->name);
	table_cell(t, m->name);
	give(t, xasprintf("%.2f", f->a));
	give(t, xasprintf("%.2f", f->b));
	give(t, xasprintf("%+.2f%s", f->delta, m->unit));
	table_cell_sgr(t, sgr, verdict_word(f->verdict));
	give(t, finding_change(f));
	give(t, finding_interval(f));
	give(t, finding_p(f));
	give(t, xasprintf("%zu+%zu", f->n_a, f->n_b));
	give(t, finding_commit(f, false));
	give(t, finding_commit(f, true));
}

static void print_table(const struct report *r, FILE *out)
{
	const char *heads[] = { "TEST",
				"METRIC",
				r->c->label[SIDE_A],
				r->c->label[SIDE_B],
				"DELTA",
				"VERDICT",
				"CHANGE",
				"95%_INTERVAL",
				"P",
				"N",
				"COMMIT",
				"KERNEL_COMMIT" };
	const struct finding *f;
	struct table t;
	size_t i = 0;

	table_init(&t, ARRAY_SIZE(heads));
	for (size_t k = 0; k < ARRAY_SIZE(heads); k++)
		table_cell(&t, heads[k]);
	while ((f = report_next(r, &i)))
		add_finding(&t, r->c, f);
	table_print(&t, out);
	table_release(&t);
}

static void print_summary(const struct comparison *c, FILE *out)
{
	size_t needed = runs_needed(c->alpha > 0 ? c->alpha : DEFAULT_ALPHA);

	print_plain(out, "\nsummary: %zu regressions, %zu improvements, %zu unchanged\n", c->verdict[REGRESSION],
		    c->verdict[IMPROVEMENT], c->verdict[UNCHANGED]);
	if (c->state[PAIR_SKIPPED])
		print_plain(out, "  %zu pairing-key row pair(s) skipped because one or both sides failed\n",
			    c->state[PAIR_SKIPPED]);
	if (c->partial)
		print_plain(out, "  %zu pair(s) compared by the runs that passed; others failed or were skipped\n",
			    c->partial);
	if (!c->state[PAIR_COMPARED])
		fputs("  0 pairs compared\n", out);
	if (c->verdict[CHANGED])
		print_plain(out, "  %zu metric(s) changed of which no result says what is better\n",
			    c->verdict[CHANGED]);
	if (c->verdict[UNDECIDED])
		print_plain(out, "  %zu metric(s) undecided: too few runs for --alpha %g\n", c->verdict[UNDECIDED],
			    c->alpha);
	if (c->one_sided)
		print_plain(out, "  %zu metric(s) on one side only, not compared\n", c->one_sided);
	if (c->too_few)
		fprintf(out,
			"  %zu of %zu metric(s) have too few runs to tell change from chance; %zu a side would do\n",
			c->too_few, c->n_findings, needed);
}

static void print_count(const struct pass_count *p, const struct comparison *c, FILE *out)
{
	print_plain(out, "  %s/%s/%s:", p->test, p->topology, p->work_type);
	for (int s = 0; s < SIDES; s++)
		if (p->total[s])
			print_plain(out, " %s=%zu/%zu", c->label[s], p->passed[s], p->total[s]);
		else
			print_plain(out, " %s=-", c->label[s]);
	fputc('\n', out);
}

static void print_groups(const struct comparison *c, FILE *out)
{
	size_t n = 0;
	struct pass_count *list;

	if (!c->averaged)
		return;
	list = pass_counts(c, &n);
	fputs("\nper-group pass counts (passes_observed/total_observed):\n", out);
	for (size_t i = 0; i < n; i++)
		print_count(&list[i], c, out);
	free(list);
}

static void print_unpaired(const struct comparison *c, FILE *out)
{
	const char *a = c->label[SIDE_A], *b = c->label[SIDE_B];

	if (c->state[PAIR_NEW])
		print_plain(out, "  %zu row(s) new in '%s' (no matching key in '%s')\n", c->state[PAIR_NEW], b, a);
	if (c->state[PAIR_REMOVED])
		print_plain(out, "  %zu row(s) removed from '%s' (no matching key in '%s')\n", c->state[PAIR_REMOVED],
			    a, b);
}

static void print_delta(const struct report *r, FILE *out)
{
	const char *a = r->c->label[SIDE_A], *b = r->c->label[SIDE_B];
	const struct strv *delta = &r->hosts.delta;
	const char *arch = r->hosts.first[SIDE_A]->arch;

	if (delta->n) {
		print_plain(out, "\nhost delta ('%s' → '%s'):\n", a, b);
		for (size_t i = 0; i + 2 < delta->n; i += 3)
			print_plain(out, "  %s: %s → %s\n", delta->v[i], delta->v[i + 1], delta->v[i + 2]);
		return;
	}
	print_plain(out, "\nhost: identical between '%s' and '%s'", a, b);
	if (arch)
		print_plain(out, " (arch: %s)", arch);
	fputc('\n', out);
}

static void print_hosts(const struct report *r, FILE *out)
{
	const struct host_view *h = &r->hosts;
	const struct comparison *c = r->c;

	if (h->first[SIDE_A] && h->first[SIDE_B])
		print_delta(r, out);
	else if (h->first[SIDE_A] || h->first[SIDE_B])
		print_plain(out, "\nhost: captured in '%s' only, delta unavailable\n",
			    c->label[h->first[SIDE_A] ? SIDE_A : SIDE_B]);
	if (h->distinct[SIDE_A] > 1 || h->distinct[SIDE_B] > 1)
		print_plain(out, "  (of each side's first host; '%s' has %zu, '%s' has %zu)\n", c->label[SIDE_A],
			    h->distinct[SIDE_A], c->label[SIDE_B], h->distinct[SIDE_B]);
}

void findings_table(const struct report *r, FILE *out)
{
	print_head(r->c, out);
	print_table(r, out);
	print_summary(r->c, out);
	print_groups(r->c, out);
	print_unpaired(r->c, out);
	print_hosts(r, out);
}
