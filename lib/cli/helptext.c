/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/helptext.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define DEEPEST 8 /* an option is indented; further in there is help */

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Cut the help off an entry, "-E, --filter <X>  Help [default: y]", or take the
 * line below: it is returned without what stands in brackets at its end. */
static char *cut_help(char *entry, char *below)
{
	char *gap = strstr(entry, "  "), *help = gap ? gap : below, *brackets;

	help += strspn(help, " ");
	if (gap)
		*gap = '\0';
	else if (*help == '-')
		help += strlen(help);
	brackets = strstr(help, " [");
	if (brackets)
		*brackets = '\0';
	return help;
}

/* Every word of "-E, --filter <X>" that is an option. */
static void each_option(char *flags, const char *help, void (*say)(const char *name, const char *help))
{
	for (char *rest, *word = strtok_r(flags, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
		word[strspn(word, NAME_CHARS)] = '\0'; /* --timings[=<X>], --quiet... */
		if (word[0] == '-' && word[strspn(word, "-")])
			say(word, help);
	}
}

/* "Commands:", "SUBCOMMANDS:": what is indented below are commands. */
static bool opens_commands(const char *line)
{
	return strcasestr(line, "commands:") != NULL;
}

static void each_in(char *entry, char *below, void (*say)(const char *name, const char *help))
{
	char *help = cut_help(entry, below);

	if (entry[0] == '-') {
		each_option(entry, help, say);
	} else if (islower((unsigned char)entry[0])) {
		entry[strspn(entry, NAME_CHARS)] = '\0';
		say(entry, help);
	}
}

static void each_line(char **lines, size_t n, void (*say)(const char *name, const char *help))
{
	bool commands = false;
	size_t column = 0; /* of the section's commands; 0: none yet */
	char none[] = "";

	for (size_t i = 0; i < n; i++) {
		size_t indent = strspn(lines[i], " ");
		char *entry = lines[i] + indent;

		if (indent == 0) {
			commands = opens_commands(entry);
			column = 0;
		} else if (indent <= DEEPEST && (*entry == '-' || (commands && (!column || column == indent)))) {
			if (*entry != '-')
				column = indent;
			each_in(entry, i + 1 < n ? lines[i + 1] : none, say);
		}
	}
}

void helptext_each(const char *text, void (*say)(const char *name, const char *help))
{
	auto_free char *copy = xstrdup(text);
	auto_strv struct strv lines = { 0 };

	for (char *rest, *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		strv_add(&lines, line);
	each_line(lines.v, lines.n, say);
}
