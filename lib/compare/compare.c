/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/compare.h"

#include <stdlib.h>

#include "compare/judge.h"
#include "compare/pairing.h"
#include "compare/sides.h"

/* Pass rates are in percent, and count from a quarter on. */
static const struct metric_def pass_rate = {
	.name = "pass_rate", .polarity = HIGHER, .abs = 25, .rel = 0.25, .unit = "%"
};

const struct metric_def *finding_metric(const struct comparison *c, const struct finding *f)
{
	return f->def == PASS_RATE ? &pass_rate : &c->rows->defs[f->def];
}

static void warn_slices(const bool slicing[DIM_COUNT])
{
	auto_str struct str names = { 0 };
	int n = 0;

	for (int d = 0; d < DIM_COUNT; d++)
		if (slicing[d])
			str_addf(&names, "%s%s", n++ ? ", " : "", dimension_names[d]);
	if (n > 1)
		say_line(
			"warning: slicing on %d dimensions; results compress multiple axes into a single A/B contrast\n"
			"  [%s]",
			n, names.s);
}

int comparison_ask(struct comparison *c, const struct question *q, struct err *e)
{
	*c = (struct comparison){ .averaged = !q->apart, .alpha = q->alpha };
	if (sides_slice(q->side, c->slicing, c->pairing, e) < 0)
		return -1;
	for (int s = 0; s < SIDES; s++)
		c->label[s] = side_label(&q->side[s], c->slicing, s);
	warn_slices(c->slicing);
	return 0;
}

static void warn_unpaired(const struct comparison *c)
{
	auto_free char *apart = pairing_apart(c);

	say_line("warning: 0 pairs compared: no result of '%s' has a counterpart in '%s'", c->label[SIDE_A],
		 c->label[SIDE_B]);
	if (*apart)
		say_line("hint: the sides have nothing in common in: %s; filter on it by side too, or run both alike",
			 apart);
}

static void warn_of_pairs(const struct comparison *c)
{
	if (c->overlap)
		say_line(
			"warning: %zu result(s) are on both sides; a change between the sides looks smaller than it is",
			c->overlap);
	if (!c->state[PAIR_COMPARED] && !c->state[PAIR_SKIPPED])
		warn_unpaired(c);
}

/* Both sides' rows, if each has some. */
static int select_rows(struct selection side[SIDES], const struct rows *rows, const struct question *q, struct err *e)
{
	if (!rows->n)
		return err_set(e,
			       "stats compare: no sidecar data found under %s. Run `cargo ktstr test` first, or name "
			       "another place by --dir.",
			       q->where);
	for (int s = 0; s < SIDES; s++) {
		side_select(rows, &q->side[s], &side[s]);
		if (!side[s].n)
			return side_empty(rows, &q->side[s], s, e);
	}
	return 0;
}

static int pair_rows(struct comparison *c, const struct selection side[SIDES], const struct question *q, struct err *e)
{
	warn_dirty(side);
	pairing_relax(c->pairing, c->slicing, side);
	pair_up(c, side, q->filter);
	return q->apart ? pairs_refuse_twice(c, e) : 0;
}

int comparison_make(struct comparison *c, const struct rows *rows, const struct question *q, struct err *e)
{
	struct selection side[SIDES] = { 0 };
	int rc;

	c->rows = rows;
	rc = select_rows(side, rows, q, e);
	if (rc == 0)
		rc = pair_rows(c, side, q, e);
	if (rc == 0) {
		judge_pairs(c, q->policy, q->all_intervals);
		warn_of_pairs(c);
	}
	for (int s = 0; s < SIDES; s++)
		selection_release(&side[s]);
	return rc;
}

void comparison_release(struct comparison *c)
{
	for (size_t i = 0; i < c->n_pairs; i++) {
		free(c->pairs[i].name);
		for (int s = 0; s < SIDES; s++) {
			free(c->pairs[i].side[s].v);
			free(c->pairs[i].side[s].commit);
			free(c->pairs[i].side[s].kernel_commit);
		}
	}
	free(c->pairs);
	free(c->findings);
	for (int s = 0; s < SIDES; s++)
		free(c->label[s]);
	*c = (struct comparison){ 0 };
}
