/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "test/select.h"

/* Cut the kernel's label off the end of name, in place. */
static int peel_kernel(char *name, const struct kernel_ref **kernel, struct err *e)
{
	size_t n, len = strlen(name);
	const struct kernel_ref *list = kernel_list(&n);

	for (size_t i = 0; i < n; i++) {
		size_t cut = strlen(list[i].label) + 1;

		if (len > cut && name[len - cut] == '/' && strcmp(name + len - cut + 1, list[i].label) == 0) {
			name[len - cut] = '\0';
			*kernel = &list[i];
			return 0;
		}
	}
	return err_set(e, "test '%s' has no recognised kernel suffix (KTSTR_KERNEL_LIST carries %zu kernels)", name, n);
}

static bool is_host_only(const char *name)
{
	const struct ktstr_test *t = test_find(name);

	return t && t->host_only;
}

static int parse_base(char *name, struct choice *c, bool peel, struct err *e)
{
	if (!*name)
		return err_set(e, "malformed test name: 'ktstr/' without a test");
	/* a host_only test never carries a kernel, so ask before peeling */
	if (peel && multi_kernel() && !is_host_only(name) && peel_kernel(name, &c->kernel, e))
		return -1;
	c->test = test_find(name);
	if (!c->test)
		return err_set(e, "unknown test: %s", name);
	c->topo = test_topology(c->test);
	return 0;
}

static int parse_variant(char *name, struct choice *c, struct err *e)
{
	char *slash;

	if (!*name)
		return err_set(e, "malformed test name: 'gauntlet/' without a test");
	if (multi_kernel() && peel_kernel(name, &c->kernel, e))
		return -1;
	slash = strchr(name, '/');
	if (!slash || slash == name || !slash[1])
		return err_set(e, "invalid gauntlet test name: %s", name);
	*slash = '\0';
	c->test = test_find(name);
	if (!c->test)
		return err_set(e, "unknown test: %s", name);
	c->preset = preset_find(slash + 1);
	if (!c->preset)
		return err_set(e, "unknown gauntlet preset: %s", slash + 1);
	if (c->test->host_only)
		return err_set(e, "invalid gauntlet test name: %s runs on the host only", name);
	c->topo = c->preset->topo;
	return 0;
}

int choice_parse(const char *name, struct choice *c, struct err *e)
{
	auto_free char *copy = xstrdup(name);
	const char *hint;
	int bad;

	*c = (struct choice){ 0 };
	if (starts_with(copy, "gauntlet/"))
		bad = parse_variant(copy + strlen("gauntlet/"), c, e);
	else if (starts_with(copy, "ktstr/"))
		bad = parse_base(copy + strlen("ktstr/"), c, true, e);
	else
		bad = parse_base(copy, c, false, e);
	if (bad && !c->test) {
		hint = test_suggest(starts_with(copy, "ktstr/") ? copy + strlen("ktstr/") : copy);
		if (hint)
			err_hint(e, "did you mean '%s'?", hint);
	}
	return bad;
}
