/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/version.h"
#include "source/resolve_labels.h"
#include "source/resolve_name.h"
#include "source/resolve_open.h"

void resolve_drop(struct kernel *k)
{
	spec_release(&k->spec);
	free(k->label);
	free(k->key);
	free(k->version);
	free(k->source);
	git_tip_release(&k->tip);
	*k = (struct kernel){ 0 };
}

void resolve_fail(struct resolve *r, struct kernel *k, const struct err *why)
{
	struct err e = *why;

	k->failed = true;
	r->failed = true;
	if (k->spec.kind == SPEC_PATH && e.hint[0]) {
		err_set(&k->why, "--kernel %s: %s. %s", k->spec.text, e.text, e.hint);
		return;
	}
	k->why = e;
	if (k->spec.kind == SPEC_GIT && k->label)
		err_wrap(&k->why, "resolve %s", k->spec.text);
	else if (!k->latest && !starts_with(e.text, "--kernel "))
		err_wrap(&k->why, "--kernel %s", k->spec.text);
}

static bool is_series(const char *text)
{
	struct series s;

	return series_parse(text, &s) == 0;
}

void resolve_parse(struct resolve *r, char **words, size_t n, bool latest)
{
	r->kernels = xcalloc(n + 1, sizeof(*r->kernels));
	for (size_t i = 0; i < n; i++) {
		struct kernel *k = &r->kernels[r->total];
		char *text = trim(words[i]);
		struct err e;

		if (!*text)
			continue;
		r->total++;
		if (spec_parse(text, &k->spec, &e) < 0)
			resolve_fail(r, k, &e);
		if (r->series && is_series(text))
			k->spec.kind = SPEC_VERSION;
	}
	if (!r->total && latest)
		r->kernels[r->total++] =
			(struct kernel){ .latest = true, .spec = { .kind = SPEC_VERSION, .text = xstrdup("latest") } };
}

/* Drop the kernels that did not fail: nothing is to be built when the texts
 * alone show that no test can run. */
static void keep_failed(struct resolve *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->total; i++)
		if (r->kernels[i].failed)
			r->kernels[kept++] = r->kernels[i];
		else
			resolve_drop(&r->kernels[i]);
	r->total = kept;
}

int resolve_prepare(struct resolve *r, struct err *e)
{
	if (!r->total)
		return err_set(e, "--kernel: every supplied value parsed to empty / whitespace; give a path, a version "
				  "or a cache key");
	if (r->failed)
		keep_failed(r);
	for (size_t i = 0; i < r->total; i++)
		if (!r->kernels[i].failed && r->kernels[i].spec.kind != SPEC_PATH)
			resolve_name(r, &r->kernels[i]);
	if (resolve_check_labels(r, true, e) < 0 || resolve_look_up(r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->total; i++)
		if (!r->kernels[i].failed && r->kernels[i].spec.kind == SPEC_PATH)
			resolve_name(r, &r->kernels[i]);
	resolve_fold(r);
	resolve_tell_apart(r);
	return resolve_check_labels(r, false, e);
}
