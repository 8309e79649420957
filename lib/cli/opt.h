/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options as rows of a table. Parsing, --help, suggestions for typos and the
 * dump that completions and manual pages are made from all read the same
 * rows, so nothing about an option is written twice.
 *
 * Grammar: --name value, --name=value, -nVALUE, -n value; a value that begins
 * with '-' needs '='; an option that is not a list may be given once; "--"
 * ends the options. Every error is a usage error: message, exit 2.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>

#include "base/str.h"

enum opt_type {
	OPT_FLAG, /* bool */
	OPT_STR,  /* const char *, pointing into argv; a PATH, DIR or FILE is not empty */
	OPT_LIST, /* struct strv, repeatable */
	OPT_INT,  /* long, between min and max */
	OPT_REAL, /* double, finite */
	OPT_TIME, /* unsigned long long, nanoseconds, from "1s" and the like */
};

struct opt {
	const char *name; /* without "--" */
	char brief;       /* one letter, or 0 */
	enum opt_type type;
	void *to;
	const char *arg;            /* the value's name in help: "PATH" */
	const char *help;           /* one line; NULL hides the row from help */
	const char *more;           /* further text for --help, or NULL */
	const char *const *choices; /* allowed words, NULL-terminated, or NULL */
	long min, max;              /* OPT_INT; 0, 0 means no bounds */
	const char *unit;           /* OPT_INT: what it counts, said when there are too few */
	const char *conflicts;      /* space-separated names this one excludes */
	const char *values;         /* what it takes, for completion, when arg is none of FILE, DIR, PATH,
				     * RUN, TEST and METRIC: a kind that ktstr-complete knows */
	const char *needs;          /* name of an option that must be given too */
	const char *implies;        /* name of a flag that is given with this one */
	bool required;
	bool given;       /* set by the parser */
	const char *text; /* set by the parser: the value as it was typed */
};

struct program {
	const char *name;       /* "ktstr-fetch", or "cargo ktstr test" */
	const char *args;       /* operands in the usage line: "[VERSION]", or NULL */
	const char *about;      /* one line */
	const char *commands;   /* list of subcommands for help, or NULL */
	const char *detail;     /* text behind the options in --help, or NULL */
	struct opt *opts;       /* ends with a row without a name; may be NULL */
	int min_args, max_args; /* operands; max -1 means any number */
	bool tail;              /* the first operand or unknown option starts the rest,
		     * which is left alone; one "--" in front of it is dropped */
	bool stop;              /* the first operand starts the rest, which is left alone;
		     * options in front of it must be known */
};

#define KTSTR_VERSION "0.1.0"

/*
 * Parse argv[1..] by p's rows. Answers -h, --help, -V, --dump-opts itself
 * (stdout, exit 0) and exits 2 on a usage error. Returns the operands: a
 * NULL-terminated array inside argv, *n of them. Sets prog_name to p->name.
 */
char **opt_parse(const struct program *p, int argc, char **argv, int *n);

/* What a main starts with: takes the standard descriptors that are closed,
 * names the program, parses. */
char **start(const struct program *p, int argc, char **argv, int *n);

/* A usage error of p's command line: message, p's usage line, exit 2. */
void usage_error(const struct program *p, const char *fmt, ...) PRINTF(2, 3) __attribute__((noreturn));

/* The rows every program has: help and version. */
extern const struct opt opt_builtins[];

/* Print help: the short form (-h), or with every text (--help). */
void opt_help(const struct program *p, bool full);

/* One JSON line per option, for completions and manual pages. */
void opt_dump(const struct program *p);

#endif
