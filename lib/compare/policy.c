/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "json/shape.h"

void policy_init(struct policy *p)
{
	p->all = POLICY_DEFAULT;
	for (int m = 0; m < METRIC_COUNT; m++)
		p->own[m] = POLICY_DEFAULT;
}

int policy_percent(struct policy *p, double percent, struct err *e)
{
	p->all = percent / 100;
	if (percent >= 0)
		return 0;
	return err_set(e,
		       "ComparisonPolicy: default_percent must be non-negative; got %.15g, "
		       "which no change could stay under",
		       percent);
}

double policy_threshold(const struct policy *p, const struct metric_def *m, size_t def)
{
	if (def < METRIC_COUNT && p->own[def] >= 0)
		return p->own[def];
	return p->all >= 0 ? p->all : m->rel;
}

/* What the file says, before it is judged. */
struct draft {
	double all;
	bool has_all, uses_all, has_own;
	double own[METRIC_COUNT];
	bool has[METRIC_COUNT];
	char *unknown; /* the first name that is no metric's */
};

static int metric_by_name(const char *name)
{
	for (int m = 0; m < METRIC_COUNT; m++)
		if (strcmp(metrics[m].name, name) == 0)
			return m;
	return -1;
}

static void read_own(struct jr *r, struct draft *d)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		auto_free char *name = key_text(&k);
		double percent = jr_f64(r);
		int m = metric_by_name(name);

		if (m >= 0) {
			d->own[m] = percent;
			d->has[m] = true;
		} else if (!d->unknown) {
			d->unknown = xstrdup(name);
		}
	}
}

static void read_draft(struct jr *r, struct draft *d)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		bool all = key_is(&k, "default_percent"), own = key_is(&k, "per_metric_percent");
		auto_free char *name = key_text(&k);

		if (!all && !own) {
			jr_fail(r, "unknown field `%s`, expected `default_percent` or `per_metric_percent`", name);
		} else if (all ? d->has_all : d->has_own) {
			jr_fail(r, "duplicate field `%s`", name);
		} else if (own) {
			d->has_own = true;
			read_own(r, d);
		} else {
			d->has_all = true;
			d->uses_all = !jr_null(r);
			d->all = d->uses_all ? jr_f64(r) : 0;
		}
	}
}

static int refuse_unknown(const char *name, struct err *e)
{
	auto_str struct str names = { 0 };

	for (int m = 0; m < METRIC_COUNT; m++)
		str_addf(&names, "%s%s", m ? ", " : "", metrics[m].name);
	return err_set(e, "ComparisonPolicy: per_metric_percent contains unknown metric `%s`; the metrics are %s", name,
		       names.s);
}

static int judge(const struct draft *d, struct policy *p, struct err *e)
{
	if (d->unknown)
		return refuse_unknown(d->unknown, e);
	if (d->uses_all && policy_percent(p, d->all, e) < 0)
		return -1;
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (!d->has[m])
			continue;
		p->own[m] = d->own[m] / 100;
		if (d->own[m] < 0)
			return err_set(e,
				       "ComparisonPolicy: per_metric_percent[\"%s\"] must be non-negative; got %.15g",
				       metrics[m].name, d->own[m]);
	}
	return 0;
}

static int parse(struct draft *d, const struct str *text, struct err *e)
{
	struct jr r;

	jr_init(&r, str_c(text), text->len);
	read_draft(&r, d);
	return jr_end(&r, e);
}

int policy_read(struct policy *p, const char *path, struct err *e)
{
	auto_str struct str text = { 0 };
	struct draft d = { 0 };
	const char *failed = NULL;

	if (read_file(path, &text, e) < 0)
		return err_set(e, "read comparison policy from %s: %s", path, strerror(errno));
	if (parse(&d, &text, e) < 0)
		failed = "parse";
	else if (judge(&d, p, e) < 0)
		failed = "validate";
	free(d.unknown);
	return failed ? err_wrap(e, "%s comparison policy from %s", failed, path) : 0;
}
