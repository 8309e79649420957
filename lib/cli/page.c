/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/page.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/where.h"

/* One page covers a program with its verbs, a command with what is below it. */
static char *page_path(const char *program)
{
	bool front = starts_with(program, "cargo ktstr");
	size_t n = strcspn(program + (front ? strlen("cargo ktstr") : 0), " ");
	auto_free char *name = NULL, *file = NULL;

	if (front && program[strlen("cargo ktstr")])
		n = strlen("cargo ktstr ") + strcspn(program + strlen("cargo ktstr "), " ");
	else if (front)
		n = strlen("cargo ktstr");
	name = xstrndup(program, n);
	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '-';
	file = xasprintf("man1/%s.1", name);
	return where_man(file);
}

void page_show(const char *program)
{
	static const char *const viewers[][2] = { { "man", "-l" }, { "mandoc", "-a" } };
	auto_free char *path = isatty(STDOUT_FILENO) ? page_path(program) : NULL;
	struct err e;

	if (!path || !is_file(path))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(viewers); i++) {
		auto_free char *found = find_program(viewers[i][0]);
		char *argv[] = { found, (char *)viewers[i][1], path, NULL };

		if (found && exec_replace(argv, &e) < 0)
			return;
	}
}
