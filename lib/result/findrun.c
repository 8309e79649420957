/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/findrun.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "result/pool.h"

/* "." and ".." as a part of the path, or a path from the root. */
static bool leads_elsewhere(const char *id)
{
	if (*id == '/')
		return true;
	for (const char *p = id; *p;) {
		size_t n = strcspn(p, "/");

		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return true;
		p += n + (p[n] == '/');
	}
	return false;
}

/* The run's name that needs the fewest edits; NULL when all need too many. */
static char *similar(const char *root, const char *id)
{
	size_t best = strlen(id) / 3;
	char *found = NULL;
	struct run *runs;
	size_t n = pool_runs(root, false, &runs);

	best = (best < 3 ? 3 : best) + 1;
	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(id, runs[i].name);

		if (d > best || (d == best && (!found || strcmp(runs[i].name, found) > 0)))
			continue;
		free(found);
		found = xstrdup(runs[i].name);
		best = d;
	}
	runs_release(runs, n);
	return found;
}

char *find_run(const char *root, const char *id, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", root, id), *near = NULL;
	struct str text = { 0 };

	if (!*id) {
		err_set(e, "run argument must not be empty. Run `cargo ktstr stats list` for the runs there are");
		return NULL;
	}
	if (leads_elsewhere(id)) {
		err_set(e,
			"run '%s' contains pool-root-aliasing or path-traversal components (`.`, `..`, or a leading "
			"`/`); "
			"give the name as `cargo ktstr stats list` prints it",
			id);
		return NULL;
	}
	if (is_dir(path))
		return xstrdup(path);
	near = similar(root, id);
	if (near && strcmp(near, id) == 0) /* it has come meanwhile */
		return xstrdup(path);
	str_addf(&text, "run '%s' not found under %s.", id, root);
	if (near)
		str_addf(&text, " Did you mean `%s`?", near);
	str_add(&text, " Run `cargo ktstr stats list` for the runs there are");
	err_set(e, "%s", text.s);
	str_release(&text);
	return NULL;
}
