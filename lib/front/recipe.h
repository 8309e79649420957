/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a row of the table and a command line to a pipeline. A struct call owns
 * its option values; release it with call_release.
 */
#ifndef FRONT_RECIPE_H
#define FRONT_RECIPE_H

#include <stdbool.h>

#include "cli/opt.h"
#include "front/commands.h"
#include "front/pipeline.h"

/* One parsed command line. */
struct call {
	const struct command *cmd;
	struct program program; /* what opt_parse works from */
	char *name, *commands;  /* texts program points to */
	struct opt *opts;       /* the row's options and --explain */
	union value *values;    /* where they are kept */
	char **args;            /* operands or tail, NULL-terminated */
	int n_args;
	bool explain;
};

/* Get the row ready for parsing; nothing is parsed yet. */
void call_init(struct call *c, const struct command *cmd);

/* Parse argv[1..]; exits 2 on a usage error, 0 after help. */
void call_parse(struct call *c, int argc, char **argv);

/* The pipeline of the recipe that fits, its variables exported to the
 * environment. -1: the options make no sense together. */
int call_pipeline(struct call *c, struct pipeline *p, struct err *e);

/* What was typed as the value of an option; NULL when it was not given. */
const char *call_value(const struct call *c, const char *name);

/* Refuse what is in the table and not in this version: 0, or -1 with what
 * that is. */
int call_check_later(const struct call *c, struct err *e);

void call_release(struct call *c);

#endif
