/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison written out, in one of several formats. What changed is listed;
 * with all also what did not.
 */
#ifndef COMPARE_FINDINGS_H
#define COMPARE_FINDINGS_H

#include <stdio.h>

#include "compare/compare.h"

struct host_context;

/* The hosts the sides were run on. */
struct host_view {
	const struct host_context *first[SIDES]; /* of the first result that has one, or NULL */
	size_t distinct[SIDES];
	struct strv delta; /* as host_delta gives it */
};

struct report {
	const struct comparison *c;
	bool all;
	struct host_view hosts;
};

void report_init(struct report *r, const struct comparison *c, bool all);
void report_release(struct report *r);

/* The formats. */
void findings_table(const struct report *r, FILE *out);
void findings_json(const struct report *r, FILE *out);
void findings_csv(const struct report *r, FILE *out);
void findings_markdown(const struct report *r, FILE *out);
void findings_junit(const struct report *r, FILE *out);

/* --- what the formats share -------------------------------------------- */

/* The next finding to list from number i on, or NULL; i moves behind it. */
const struct finding *report_next(const struct report *r, size_t *i);

/* Runs that passed and runs at all of one scenario, topology and work type. */
struct pass_count {
	const char *test, *topology, *work_type;
	size_t passed[SIDES], total[SIDES];
};
/* Sorted by these three; caller frees. */
struct pass_count *pass_counts(const struct comparison *c, size_t *n);

/* What both sides of a finding's pair have in common, NULL where they are told
 * apart by it: scheduler, topology, work type. */
const char *finding_common(const struct comparison *c, const struct finding *f, enum dimension d);

/* Texts of a finding; caller frees. */
char *finding_change(const struct finding *f);              /* "+139.39%", "from 0" */
char *finding_interval(const struct finding *f);            /* "+120.1..+160.0%", "-" */
char *finding_p(const struct finding *f);                   /* "0.008", "too few runs" */
char *finding_commit(const struct finding *f, bool kernel); /* "3f9c2ab", "a → b", "-" */
const char *verdict_word(enum verdict v);

#endif
