/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "kernel/label.h"
#include "test/select.h"

static struct kernel_ref *list;
static size_t count, cap;
static bool loaded;

/* "label=path"; a segment with an empty side is dropped. */
static void add_segment(char *segment)
{
	char *eq = strchr(segment, '=');
	char *raw, *path;

	if (!eq)
		return;
	*eq = '\0';
	raw = trim(segment);
	path = trim(eq + 1);
	if (!*raw || !*path)
		return;
	GROW(list, count, cap);
	list[count++] = (struct kernel_ref){ xstrdup(raw), label_sanitize(raw), xstrdup(path) };
}

const struct kernel_ref *kernel_list(size_t *n)
{
	const char *env = env_get(ENV_KERNEL_LIST);

	if (!loaded && env) {
		auto_free char *copy = xstrdup(env);
		char *rest = copy, *segment;

		while ((segment = strsep(&rest, ";")))
			add_segment(segment);
	}
	loaded = true;
	*n = count;
	return list;
}

bool multi_kernel(void)
{
	size_t n;

	kernel_list(&n);
	return n >= 2 && !env_get(ENV_CARGO_TEST_MODE);
}
