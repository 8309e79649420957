/* SPDX-License-Identifier: GPL-2.0-only */
/* Run a fuzz target over files and directories of them. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"

static unsigned long inputs;

static void replay(const char *path)
{
	auto_str struct str text = { 0 };
	struct dirent *d;
	struct err e;
	char *exact;
	DIR *dir = opendir(path);

	while (dir && (d = readdir(dir))) {
		auto_free char *file = xasprintf("%s/%s", path, d->d_name);

		if (is_file(file))
			replay(file);
	}
	if (dir) {
		closedir(dir);
		return;
	}
	if (read_file(path, &text, &e) < 0)
		die_err(&e);
	/* no byte behind the input, so that a sanitizer sees a read past it */
	exact = xrealloc(xstrndup(str_c(&text), text.len), text.len);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, text.len);
	free(exact);
	inputs++;
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	fprintf(stderr, "%lu inputs\n", inputs);
	return inputs ? 0 : 1;
}
