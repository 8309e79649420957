/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/git_locate.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/cache.h"

static bool is_of(const struct cache_entry *c, const char *url, const char *ref)
{
	return !c->problem && c->git_url && c->git_ref && strcmp(c->git_url, url) == 0 && strcmp(c->git_ref, ref) == 0;
}

/* Entries come newest first. */
static void hint_at_last(const char *full, const char *ref, struct err *e)
{
	auto_free char *url = git_url_public(full);
	struct cache_entry *list = NULL;
	struct err ignored;
	bool found = false;
	size_t n = 0;

	if (cache_list(&list, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!found && is_of(&list[i], url, ref)) {
			found = true;
			err_hint(e, "what was built of it last, at %s, is cached: --kernel %s", list[i].built_at,
				 list[i].key);
		}
		cache_entry_release(&list[i]);
	}
	free(list);
}

int git_locate(const char *url, const char *ref, char **full, struct git_tip *t, struct err *e)
{
	*full = git_url(url, e);
	if (!*full)
		return -1;
	if (git_resolve(*full, ref, t, e) == 0)
		return 0;
	hint_at_last(*full, ref, e);
	return -1;
}
