/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The remote cache of KTSTR_REMOTE_CACHE, as stages use it: through the helper
 * ktstr-remote, so that no other program links what it takes. Nothing here
 * fails: what goes wrong is one warning, and the kernel is built. A server
 * that cannot be reached is not asked again for half a minute.
 */
#ifndef KERNEL_REMOTE_H
#define KERNEL_REMOTE_H

#include <stdbool.h>

#include "kernel/krecord.h"

bool remote_wanted(void);

/* Whether a record is of a kernel that may lie there: a key that says what it
 * was built from, and nothing in the cache yet. */
bool remote_may_have(const struct krecord *k);

/* Bring the entry into the cache: its directory (caller frees), or NULL. */
char *remote_get(const char *key);

/* Send the cache's entry there. */
void remote_put(const char *key);

/* What ktstr-remote exits with when the server is no good for any key. */
#define REMOTE_OUT 3

#endif
