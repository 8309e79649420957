/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "kernel/spec.h"
#include "kernel/version.h"

static bool is_of_range(const struct krecord *k)
{
	return k->version && spec_is_range(k->spec);
}

void tally_next(struct tally *t, const struct krecord *k)
{
	if (is_of_range(k)) {
		if (!t->range)
			t->range = xstrdup(k->spec);
		t->total++;
	}
	if (is_of_range(k) && strcmp(k->state, "error") != 0)
		note("[%llu/%llu] kernel build %s", (unsigned long long)k->index + 1, (unsigned long long)k->total,
		     k->version);
	if (strcmp(k->state, "cached") == 0) {
		note("cached kernel found: %s", k->dir);
		note("use --force to rebuild");
	}
}

void tally_failed(struct tally *t, const struct krecord *k)
{
	if (is_of_range(k))
		strv_add(&t->failed, k->version);
}

static int by_version(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	struct version v, w;

	version_parse(x, strlen(x), &v);
	version_parse(y, strlen(y), &w);
	return version_cmp(&v, &w);
}

static void say_failed(const struct tally *t)
{
	auto_str struct str list = { 0 };
	struct err e;

	qsort(t->failed.v, t->failed.n, sizeof(*t->failed.v), by_version);
	for (size_t i = 0; i < t->failed.n; i++)
		str_addf(&list, "%s%s", i ? ", " : "", t->failed.v[i]);
	err_set(&e, "kernel build range %s: %zu/%zu version(s) failed: %s", t->range, t->failed.n, t->total,
		str_c(&list));
	print_err(&e);
}

void tally_end(struct tally *t)
{
	if (t->failed.n)
		say_failed(t);
	free(t->range);
	strv_release(&t->failed);
	*t = (struct tally){ 0 };
}
