/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-runs: what runs there are and what is in them.
 *
 *	list	the runs, as a table
 *	values	what results can be told apart by
 *	host	the host a run was made on
 *	explain	which fields of a run's results are empty, and why
 *	prune	remove all but the newest runs
 */
#include "cli/verb.h"
#include "result/verbs.h"

int main(int argc, char **argv)
{
	static struct program program = { .name = "ktstr-runs",
					  .args = "list|values|host|explain|prune",
					  .about = "list runs and what is in them",
					  .min_args = 1,
					  .tail = true };
	static const struct verb verbs[] = { { "list", runs_list },   { "values", runs_values },
					     { "host", runs_host },   { "explain", runs_explain },
					     { "prune", runs_prune }, { 0 } };

	return verb_main(&program, verbs, argc, argv);
}
