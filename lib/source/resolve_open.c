/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/resolve_open.h"

#include <stdlib.h>

#include "source/lookup.h"
#include "source/resolve_name.h"

/* Whether kernel.org has to say which release is meant. */
static bool is_open(const struct kernel *k)
{
	return !k->failed && (k->spec.kind == SPEC_RANGE || (k->spec.kind == SPEC_VERSION && !k->version));
}

/* Put the releases of a range in its place. */
static void expand(const struct resolve *r, struct kernel **list, size_t *n, struct kernel *k,
		   const struct strv *versions)
{
	for (size_t i = 0; i < versions->n; i++) {
		struct kernel *one = &(*list)[(*n)++];

		*one = (struct kernel){ .kind = "version", .spec.kind = SPEC_VERSION };
		one->spec.text = xstrdup(k->spec.text);
		resolve_set_version(r, one, versions->v[i]);
	}
	resolve_drop(k);
}

/* Fill in the answers; a range becomes several kernels. */
static void settle(struct resolve *r, struct lookup *answers, size_t n)
{
	size_t room = r->total, kept = 0, next = 0;
	struct kernel *list;

	for (size_t i = 0; i < n; i++)
		room += answers[i].versions.n;
	list = xcalloc(room, sizeof(*list));
	for (size_t i = 0; i < r->total; i++) {
		struct kernel *k = &r->kernels[i];
		struct lookup *a = is_open(k) ? &answers[next++] : NULL;

		if (a && a->failed)
			resolve_fail(r, k, &a->why);
		if (a && !a->failed && k->spec.kind == SPEC_RANGE) {
			expand(r, &list, &kept, k, &a->versions);
			continue;
		}
		if (a && !a->failed)
			resolve_set_version(r, k, a->versions.v[0]);
		list[kept++] = *k;
	}
	free(r->kernels);
	r->kernels = list;
	r->total = kept;
}

/* What is known of series that ended; it was asked for, or costs nothing. */
static void load_listed(struct resolve *r)
{
	bool wanted = false;
	struct err ignored;

	for (size_t i = 0; i < r->total; i++)
		wanted |= !r->kernels[i].failed && r->kernels[i].version;
	if (wanted)
		releases_load_stored(&r->listed, &ignored);
}

int resolve_look_up(struct resolve *r, struct err *e)
{
	struct lookup *asked = xcalloc(r->total + 1, sizeof(*asked));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < r->total; i++)
		if (is_open(&r->kernels[i]))
			asked[n++].spec = r->kernels[i].latest ? NULL : r->kernels[i].spec.text;
	rc = n ? lookup_run(asked, n, e) : 0;
	if (rc == 0 && n)
		settle(r, asked, n);
	load_listed(r);
	for (size_t i = 0; i < n; i++)
		lookup_release(&asked[i]);
	free(asked);
	return rc;
}
