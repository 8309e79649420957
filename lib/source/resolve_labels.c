/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/resolve_labels.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/label.h"

static bool same_label(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->label, b->label) == 0;
}

static bool collide(const struct kernel *a, const struct kernel *b, char **sanitized)
{
	auto_free char *other = label_sanitize(b->label);

	*sanitized = label_sanitize(a->label);
	if (strcmp(*sanitized, other) == 0)
		return true;
	free(*sanitized);
	*sanitized = NULL;
	return false;
}

/* Two names that would be one in the test names: the whole set is refused. */
int resolve_check_labels(const struct resolve *r, bool before_io, struct err *e)
{
	for (size_t i = 0; i < r->total; i++)
		for (size_t j = i + 1; j < r->total; j++) {
			const struct kernel *a = &r->kernels[i], *b = &r->kernels[j];
			auto_free char *name = NULL;

			if (!a->label || !b->label || (before_io && same_label(a, b)) || !collide(a, b, &name))
				continue;
			if (before_io)
				return err_set(e,
					       "--kernel: pre-flight check found collision between labels \"%s\" and "
					       "\"%s\": both sanitize to \"%s\"",
					       a->label, b->label, name);
			return err_set(e, "labels \"%s\" and \"%s\" both sanitize to \"%s\"", a->label, b->label, name);
		}
	return 0;
}

static bool same_kernel(const struct kernel *a, const struct kernel *b)
{
	if (!a->label || !b->label || !same_label(a, b))
		return false;
	if (a->source && b->source)
		return strcmp(a->source, b->source) == 0;
	if (a->spec.kind == SPEC_GIT && b->spec.kind == SPEC_GIT)
		return strcmp(a->spec.url, b->spec.url) == 0;
	return a->key && b->key && strcmp(a->key, b->key) == 0;
}

void resolve_fold(struct resolve *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->total; i++) {
		size_t j = 0;

		while (j < kept && !same_kernel(&r->kernels[j], &r->kernels[i]))
			j++;
		if (j < kept) {
			resolve_drop(&r->kernels[i]);
			continue;
		}
		if (kept != i) {
			r->kernels[kept] = r->kernels[i];
			r->kernels[i] = (struct kernel){ 0 };
		}
		kept++;
	}
	r->total = kept;
}

/* Kernels of one label that were configured otherwise are told apart. */
void resolve_tell_apart(struct resolve *r)
{
	for (size_t i = 0; i < r->total; i++)
		for (size_t j = i + 1; j < r->total; j++) {
			struct kernel *a = &r->kernels[i], *b = &r->kernels[j];
			auto_free char *label = NULL;

			if (!a->label || !b->label || !a->key || !b->key || !same_label(a, b))
				continue;
			label = a->label;
			free(b->label);
			a->label = label_beside(label, a->key, b->key);
			b->label = label_beside(label, b->key, a->key);
		}
}
