/* SPDX-License-Identifier: GPL-2.0-only */
/* The comparison as a comment on a pull request. */
#include <stdlib.h>
#include <string.h>

#include "compare/findings.h"
#include "result/rows.h"

/* Text that means itself, also inside a table. */
static void plain(const char *s, FILE *out)
{
	for (; *s; s++) {
		if (strchr("\\`*_{}[]<>#|~&", *s))
			fputc('\\', out);
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s, out);
	}
}

static void cell(const char *s, FILE *out)
{
	fputs(" ", out);
	plain(s, out);
	fputs(" |", out);
}

static void give(char *s, FILE *out)
{
	cell(s, out);
	free(s);
}

static void put_finding(const struct comparison *c, const struct finding *f, FILE *out)
{
	static const char *const marks[VERDICTS] = { "", "🟢 ", "🔴 ", "🟡 ", "⚪ " };
	const struct metric_def *m = finding_metric(c, f);

	fprintf(out, "| %s%s |", marks[f->verdict], verdict_word(f->verdict));
	cell(f->pair->name, out);
	cell(m->name, out);
	give(xasprintf("%.2f%s", f->a, m->unit), out);
	give(xasprintf("%.2f%s", f->b, m->unit), out);
	give(finding_change(f), out);
	give(finding_interval(f), out);
	give(finding_p(f), out);
	fprintf(out, " %zu+%zu |", f->n_a, f->n_b);
	give(finding_commit(f, false), out);
	give(finding_commit(f, true), out);
	fputc('\n', out);
}

static void put_table(const struct report *r, FILE *out)
{
	const struct finding *f;
	size_t i = 0;

	if (r->c->n_findings && !(f = report_next(r, &i))) {
		fputs("\nNothing changed beyond its threshold.\n", out);
		return;
	}
	fputs("\n| verdict | test | metric |", out);
	cell(r->c->label[SIDE_A], out);
	cell(r->c->label[SIDE_B], out);
	fputs(" change | 95 % interval | p | runs | commit | kernel commit |\n"
	      "|---|---|---|--:|--:|--:|--:|--:|--:|---|---|\n",
	      out);
	for (i = 0; (f = report_next(r, &i));)
		put_finding(r->c, f, out);
}

static void note_if(size_t n, const char *what, FILE *out)
{
	if (n)
		fprintf(out, "- %zu %s\n", n, what);
}

static void put_notes(const struct comparison *c, FILE *out)
{
	fputc('\n', out);
	if (!c->state[PAIR_COMPARED])
		fputs("- **0 pairs compared**\n", out);
	note_if(c->state[PAIR_SKIPPED], "pair(s) not compared metric by metric because no run of a side passed", out);
	note_if(c->partial, "pair(s) compared by the runs that passed; others failed or were skipped", out);
	note_if(c->state[PAIR_NEW], "row(s) new on the second side", out);
	note_if(c->state[PAIR_REMOVED], "row(s) on the first side only", out);
	note_if(c->one_sided, "metric(s) on one side only", out);
	note_if(c->verdict[UNDECIDED], "metric(s) undecided: too few runs", out);
	note_if(c->too_few, "metric(s) with too few runs to tell change from chance", out);
	fputs("- p by the Mann–Whitney test, adjusted for all metrics compared; interval of the relative change of the "
	      "means\n",
	      out);
}

static void put_counts(const struct comparison *c, FILE *out)
{
	size_t n = 0;
	struct pass_count *list = pass_counts(c, &n);

	fprintf(out, "\n<details><summary>Passes: %zu group(s)</summary>\n\n| group |", n);
	cell(c->label[SIDE_A], out);
	cell(c->label[SIDE_B], out);
	fputs("\n|---|--:|--:|\n", out);
	for (size_t i = 0; i < n; i++) {
		fputs("| ", out);
		plain(list[i].test, out);
		fputc('/', out);
		plain(list[i].topology, out);
		fputc('/', out);
		plain(list[i].work_type, out);
		for (int s = 0; s < SIDES; s++)
			fprintf(out, " | %zu/%zu", list[i].passed[s], list[i].total[s]);
		fputs(" |\n", out);
	}
	fputs("\n</details>\n", out);
	free(list);
}

static void put_hosts(const struct report *r, FILE *out)
{
	const struct strv *delta = &r->hosts.delta;

	if (!delta->n)
		return;
	fprintf(out, "\n<details><summary>Host: %zu difference(s)</summary>\n\n", delta->n / 3);
	for (size_t i = 0; i + 2 < delta->n; i += 3) {
		fputs("- ", out);
		plain(delta->v[i], out);
		fputs(": ", out);
		plain(delta->v[i + 1], out);
		fputs(" → ", out);
		plain(delta->v[i + 2], out);
		fputc('\n', out);
	}
	fputs("\n</details>\n", out);
}

void findings_markdown(const struct report *r, FILE *out)
{
	const struct comparison *c = r->c;

	fputs("### ", out);
	plain(c->label[SIDE_A], out);
	fputs(" → ", out);
	plain(c->label[SIDE_B], out);
	fprintf(out, "\n\n**%zu regression(s)**, %zu improvement(s), %zu unchanged, over %zu and %zu run(s)\n",
		c->verdict[REGRESSION], c->verdict[IMPROVEMENT], c->verdict[UNCHANGED], c->results[SIDE_A],
		c->results[SIDE_B]);
	put_table(r, out);
	put_notes(c, out);
	put_counts(c, out);
	put_hosts(r, out);
}
