/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/verb.h"

#include <stdlib.h>
#include <string.h>

static void no_such_verb(const char *word, const struct verb *verbs)
{
	auto_strv struct strv names = { 0 };
	const char *near;

	for (; verbs->name; verbs++)
		strv_add(&names, verbs->name);
	near = suggest(word, (const char *const *)names.v);
	if (near)
		die_usage("unrecognized subcommand '%s'\n\n  tip: a similar subcommand exists: '%s'", word, near);
	die_usage("unrecognized subcommand '%s'", word);
}

int verb_main(struct program *p, const struct verb *verbs, int argc, char **argv)
{
	char **words;
	int n;

	words = start(p, argc, argv, &n);
	for (const struct verb *v = verbs; v->name; v++)
		if (strcmp(words[0], v->name) == 0)
			return finish(v->run(n, words));
	if (words[0][0] == '-') {
		p->tail = false;
		start(p, n + 1, argv, &n);
	}
	no_such_verb(words[0], verbs);
	return 2;
}
