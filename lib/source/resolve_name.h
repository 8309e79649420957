/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each kind of spec is called, and where it is: kind, label and, as far
 * as the text says it, version, key and canonical path.
 */
#ifndef SOURCE_RESOLVE_NAME_H
#define SOURCE_RESOLVE_NAME_H

#include "source/resolve.h"

/* Everything the rest needs that takes no look at the kernel's contents; a
 * path that is no source fails here. */
void resolve_name(struct resolve *r, struct kernel *k);

/* k is that release: its version as it was released, its key, its label. */
void resolve_set_version(const struct resolve *r, struct kernel *k, const char *version);

#endif
