/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding a command in the table. */
#include <stdlib.h>
#include <string.h>

#include "front/commands.h"

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
			return strchr(name, ' ') ? NULL : c;
	return NULL;
}

const char *command_leaf(const struct command *c, const struct command *group)
{
	size_t n = group ? strlen(group->name) : 0;

	if (!group)
		return strchr(c->name, ' ') ? NULL : c->name;
	return strncmp(c->name, group->name, n) == 0 && c->name[n] == ' ' ? c->name + n + 1 : NULL;
}

const struct command *command_sub(const struct command *group, const char *word)
{
	for (const struct command *c = commands; c->name; c++) {
		const char *name = command_leaf(c, group);

		if (name && strcmp(name, word) == 0)
			return c;
	}
	return NULL;
}

bool command_is_group(const struct command *c)
{
	for (const struct command *s = commands; s->name; s++)
		if (command_leaf(s, c))
			return true;
	return false;
}

void command_list(const struct command *group, struct str *out)
{
	for (const struct command *c = commands; c->name; c++) {
		const char *name = command_leaf(c, group);

		if (!name)
			continue;
		str_addf(out, "  %-16s  %s", name, c->about);
		if (c->alias)
			str_addf(out, " [aliases: %s]", c->alias);
		str_addc(out, '\n');
	}
	str_addf(out, "  %-16s  %s\n", "help", command_help_about);
}

const char *command_suggest(const struct command *group, const char *word)
{
	auto_strv struct strv names = { 0 };
	const char *near;

	for (const struct command *c = commands; c->name; c++) {
		if (!command_leaf(c, group))
			continue;
		strv_add(&names, command_leaf(c, group));
		if (c->alias)
			strv_add(&names, c->alias);
	}
	strv_add(&names, "help");
	near = suggest(word, (const char *const *)names.v);
	if (!near)
		return NULL;
	for (const struct command *c = commands; c->name; c++)
		if (command_leaf(c, group) && strcmp(command_leaf(c, group), near) == 0)
			return command_leaf(c, group);
		else if (command_leaf(c, group) && c->alias && strcmp(c->alias, near) == 0)
			return c->alias;
	return "help";
}

void command_names(struct str *out)
{
	for (const struct command *c = commands; c->name; c++) {
		str_addf(out, "%s\n", c->name);
		if (c->alias)
			str_addf(out, "%s\n", c->alias);
	}
}
