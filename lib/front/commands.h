/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of commands: names, options, help and the recipe each one is.
 * Parsing, help, suggestions, --list-cmds, --explain and the running all read
 * these rows. The rows are constant; nobody owns them.
 *
 * A recipe is a pipeline in words:
 *
 *	ktstr-resolve {kernel} | ktstr-fetch | ktstr-build |3 ktstr-exec -- cargo nextest run {release} {tail}
 *
 * The last stage acts: it has the user's terminal and gives the exit code.
 * "|" feeds the next stage's stdin, "|3" its descriptor 3, which leaves stdin
 * to the user. {NAME} is what option NAME becomes, {args} the operands,
 * {tail} the words that are passed on as they came, {options} every option
 * given that has no place of its own.
 */
#ifndef FRONT_COMMANDS_H
#define FRONT_COMMANDS_H

#include <stdbool.h>

#include "base/env.h"
#include "cli/opt.h"

struct cmd_opt {
	struct opt opt;   /* .to stays NULL: values are kept by whoever parses */
	enum env_var env; /* set for every stage, to "1" or the value; 0: not */
	const char *as;   /* what {NAME} becomes: NULL the option as given, "" its
			   * values alone, "./" its value as a path, else these words */
};

struct recipe {
	const char *when;   /* only with this option, or "{args}": an operand, given; NULL: always */
	const char *stages; /* the first that fits is the one */
};

struct command {
	const char *name; /* "test", "kernel build" */
	const char *alias;
	const char *about;
	const char *args;         /* operands in the usage line, or NULL */
	const char *detail;       /* text behind the options in --help, or NULL */
	int min_args, max_args;   /* operands */
	bool tail;                /* what follows is passed on as it came */
	const char *const *words; /* what the operand may be; NULL: anything */
	const char *values;       /* or what it is, for completion: see struct opt */
	const char *alone;        /* options an operand excludes, space-separated */
	const char *needs;        /* programs that must be in PATH */
	const struct cmd_opt *opts;
	struct recipe recipes[5]; /* none: a group of commands */
	const char *later;        /* options that no stage takes yet, space-separated;
				   * "*": the whole command */
	bool works;               /* no stage acts: the records at the end are of
				   * interest with --json only */
};

/* The rows in the order of help; the last one has no name. */
extern const struct command commands[];

/* The row of that name or alias, or NULL. */
const struct command *command_find(const char *name);

/* The row of "GROUP WORD", or NULL. */
const struct command *command_sub(const struct command *group, const char *word);

/* The part of the row's name behind the group's (NULL: the root's), or NULL for
 * a row that is not right below it. */
const char *command_leaf(const struct command *c, const struct command *group);

/* The option every command has. */
extern const struct opt command_explain;

/* What "help" does, in one line. */
extern const char command_help_about[];

/* Whether rows named "NAME …" follow. */
bool command_is_group(const struct command *c);

/* Help lines of the commands right below a group, or (NULL) of the root. */
void command_list(const struct command *group, struct str *out);

/* The name nearest to a mistyped word, or NULL. The word is the part behind
 * the group's name. */
const char *command_suggest(const struct command *group, const char *word);

/* One name a line, aliases included. */
void command_names(struct str *out);

#endif
