/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/makefile.h"

#include <string.h>

#include "base/file.h"
#include "base/str.h"

/* What "NAME = value" sets; NULL without such a line. Caller frees. */
static char *makefile_value(const char *text, const char *name)
{
	size_t name_n = strlen(name);

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n > name_n && strncmp(text, name, name_n) == 0 && strchr(" \t=", text[name_n])) {
			auto_free char *line = xstrndup(text + name_n, n - name_n);
			char *eq = strchr(line, '=');

			if (eq)
				return xstrdup(trim(eq + 1));
		}
		text += n + (text[n] == '\n');
	}
	return NULL;
}

char *makefile_version(const char *tree)
{
	auto_free char *path = xasprintf("%s/Makefile", tree);
	auto_free char *version = NULL, *patch = NULL, *sub = NULL, *extra = NULL;
	auto_str struct str text = { 0 };
	struct err ignored;

	if (read_file(path, &text, &ignored) < 0)
		return NULL;
	version = makefile_value(str_c(&text), "VERSION");
	patch = makefile_value(str_c(&text), "PATCHLEVEL");
	sub = makefile_value(str_c(&text), "SUBLEVEL");
	extra = makefile_value(str_c(&text), "EXTRAVERSION");
	if (!version || !patch || !sub || !*version || !*patch)
		return NULL;
	return xasprintf("%s.%s%s%s%s", version, patch, strcmp(sub, "0") == 0 ? "" : ".",
			 strcmp(sub, "0") == 0 ? "" : sub, extra && starts_with(extra, "-rc") ? extra : "");
}
