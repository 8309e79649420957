/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel specs: what a --kernel value says, by its text alone. The first rule
 * that fits wins:
 *
 *	git+URL#REF             a git source; the last '#' counts
 *	START..=END START..END  every release between two versions, both included
 *	has '/', starts . or ~  a path; "~" and "~/…" expand with $HOME
 *	MAJOR.MINOR[.PATCH][-rcN]  a version
 *	anything else           a cache key
 */
#ifndef KERNEL_SPEC_H
#define KERNEL_SPEC_H

#include <stdbool.h>

#include "base/err.h"

enum spec_kind { SPEC_GIT, SPEC_RANGE, SPEC_PATH, SPEC_VERSION, SPEC_KEY };

/* Owns its strings until spec_release; those of other kinds are NULL. */
struct spec {
	enum spec_kind kind;
	char *text;        /* as given, without blanks around it */
	char *path;        /* SPEC_PATH: expanded */
	char *url, *ref;   /* SPEC_GIT */
	char *start, *end; /* SPEC_RANGE */
};

/* Classify a trimmed, non-empty text: 0, or -1 for an inverted range or a git
 * URL without a ref, "--kernel TEXT: …". Release s either way. */
int spec_parse(const char *text, struct spec *s, struct err *e);
void spec_release(struct spec *s);

/* Whether the text is a range; an inverted one is. */
bool spec_is_range(const char *text);

/* What someone who wrote an unknown cache key may have meant, for a hint;
 * NULL when nothing comes to mind. The caller frees it. */
char *spec_near_miss(const char *text);

#endif
