/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --jq EXPR, for every program that prints JSON. The row goes into the
 * program's table, behind its row "json":
 *
 *	static bool json;
 *	static const char *jq;
 *	static struct opt opts[] = { { "json", … }, JQ_OPT(&jq), { 0 } };
 *	…
 *	words = start(&program, argc, argv, &n);
 *	jq_begin(jq);
 *
 * From then on standard output goes through a child, ktstr-jq, so that no
 * other program links libjq; giving --jq gives --json too. The program goes
 * on as ever and leaves through finish, die or exit.
 */
#ifndef CLI_JQ_H
#define CLI_JQ_H

#include "cli/opt.h"

/* The row; a table of commands keeps no value and names NULL. */
#define JQ_ROW(to_)                                                                                       \
	.name = "jq", .type = OPT_STR, .to = (to_), .arg = "EXPR", .implies = "json",                     \
	.help = "Print what this jq expression makes of the JSON",                                        \
	.more = "Implies --json. A string is printed as it is, any other value as a line of JSON; of a\n" \
		"stream the expression sees one record after the other."
#define JQ_OPT(to_) { JQ_ROW(to_) }

/*
 * Send standard output through the expression; NULL: nothing happens. Nothing
 * may have been printed yet. An expression that is none ends the program here
 * with exit 2; one that fails on what it is given turns an exit 0 into 1.
 */
void jq_begin(const char *expr);

#endif
