/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The comparison as a JUnit report: a case for every metric of every pair,
 * failed where it regressed, so that a CI service shows it as tests.
 */
#include <stdlib.h>
#include <string.h>

#include "compare/findings.h"
#include "result/rows.h"
#include "compare/xml.h"

static void text(const char *s, FILE *out)
{
	auto_str struct str safe = { 0 };

	xml_text(&safe, s);
	fputs(str_c(&safe), out);
}

static void open_case(const char *pair, const char *metric, FILE *out)
{
	fputs("    <testcase classname=\"", out);
	text(pair, out);
	fputs("\" name=\"", out);
	text(metric, out);
	fputs("\"", out);
}

static void put_finding(const struct comparison *c, const struct finding *f, FILE *out)
{
	const struct metric_def *m = finding_metric(c, f);
	auto_free char *change = finding_change(f), *interval = finding_interval(f), *p = finding_p(f);
	auto_free char *message = xasprintf("%s %.2f%s -> %.2f%s, %s", m->name, f->a, m->unit, f->b, m->unit, change);

	open_case(f->pair->name, m->name, out);
	if (f->verdict != REGRESSION) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n      <failure type=\"regression\" message=\"", out);
	text(message, out);
	fputs("\">", out);
	text(c->label[SIDE_A], out);
	fputs(" -&gt; ", out);
	text(c->label[SIDE_B], out);
	fprintf(out, ": 95 %% interval %s, p ", interval);
	text(p, out);
	fprintf(out, ", %zu and %zu runs</failure>\n    </testcase>\n", f->n_a, f->n_b);
}

/* Pairs of which no metric was compared. */
static size_t put_skipped(const struct comparison *c, FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_pairs; i++) {
		if (c->pairs[i].state != PAIR_SKIPPED)
			continue;
		n++;
		if (!out)
			continue;
		open_case(c->pairs[i].name, "metrics", out);
		fputs("><skipped message=\"no run of a side passed\"/></testcase>\n", out);
	}
	return n;
}

void findings_junit(const struct report *r, FILE *out)
{
	const struct comparison *c = r->c;
	size_t skipped = put_skipped(c, NULL), tests = c->n_findings + skipped;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n"
		"  <testsuite tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" errors=\"0\" name=\"ktstr stats compare: ",
		tests, c->verdict[REGRESSION], skipped, tests, c->verdict[REGRESSION], skipped);
	text(c->label[SIDE_A], out);
	fputs(" -&gt; ", out);
	text(c->label[SIDE_B], out);
	fputs("\">\n", out);
	for (size_t i = 0; i < c->n_findings; i++)
		put_finding(c, &c->findings[i], out);
	put_skipped(c, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
