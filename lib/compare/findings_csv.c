/* SPDX-License-Identifier: GPL-2.0-only */
/* One line a finding, RFC 4180 quoting. Empty where there is no number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/write.h"
#include "compare/findings.h"
#include "result/rows.h"

static void text(struct str *line, const char *s)
{
	s = s ? s : "";
	str_add(line, line->len ? "," : "");
	if (!strpbrk(s, ",\"\r\n")) {
		str_add(line, s);
		return;
	}
	str_addc(line, '"');
	for (; *s; s++)
		str_addf(line, *s == '"' ? "\"\"" : "%c", *s);
	str_addc(line, '"');
}

static void number(struct str *line, double v, bool there)
{
	str_add(line, line->len ? "," : "");
	if (there)
		json_f64(line, v);
}

static void put_line(const struct comparison *c, const struct finding *f, struct str *line)
{
	const struct metric_def *m = finding_metric(c, f);

	text(line, verdict_word(f->verdict));
	text(line, f->pair->name);
	text(line, f->pair->test);
	text(line, finding_common(c, f, DIM_SCHEDULER));
	text(line, finding_common(c, f, DIM_TOPOLOGY));
	text(line, finding_common(c, f, DIM_WORK_TYPE));
	text(line, m->name);
	text(line, m->unit);
	number(line, f->a, true);
	number(line, f->b, true);
	number(line, f->delta, true);
	number(line, 100 * f->rel, isfinite(f->rel));
	number(line, 100 * f->ci_lo, f->has_interval);
	number(line, 100 * f->ci_hi, f->has_interval);
	number(line, f->p, f->enough);
	number(line, f->p_adjusted, f->enough);
	str_addf(line, ",%zu,%zu", f->n_a, f->n_b);
	for (int s = 0; s < SIDES; s++) {
		text(line, f->pair->side[s].commit);
		text(line, f->pair->side[s].kernel_commit);
	}
	str_addc(line, '\n');
}

void findings_csv(const struct report *r, FILE *out)
{
	auto_str struct str line = { 0 };
	const struct finding *f;
	size_t i = 0;

	fputs("verdict,pair,scenario,scheduler,topology,work_type,metric,unit,a,b,delta,change_percent,"
	      "interval_low_percent,interval_high_percent,p,p_adjusted,n_a,n_b,commit_a,kernel_commit_a,"
	      "commit_b,kernel_commit_b\n",
	      out);
	while ((f = report_next(r, &i))) {
		str_clear(&line);
		put_line(r->c, f, &line);
		fputs(line.s, out);
	}
}
