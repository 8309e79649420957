/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pet names. A value is hashed together with its namespace, the key it stands
 * under, so that equal values under one key get equal names; the hash is keyed
 * by the seed.
 *
 * Two values never share a name: the first to come keeps the short one
 * ("calm-otter"), the next of the same short name has 16 more bits of its hash
 * behind it ("calm-otter-3f9c"), and who meets another even so has 64
 * ("calm-otter-8d0c5b7a1e2f4a69"). Numbers of 32 bits are hashed again. Who
 * came first is remembered in a table of fixed size. When it is full, new
 * strings get the long form at once, and new 32-bit numbers are no longer
 * looked after.
 */
#ifndef FUNIFY_NAMES_H
#define FUNIFY_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/siphash.h"

#define NAME_MAX_LEN 80 /* bytes of a name, with a NUL */

struct namer {
	unsigned char key[16];
	struct claim *claims;
	size_t n_claims;
};

/* With seed NULL names are new in every process. */
int namer_init(struct namer *n, const char *seed, struct err *e);
void namer_release(struct namer *n);

/* A namespace, ready for a value's bytes to be added. */
struct siphash namespace_of(const struct namer *n, const char *key, size_t len);

/* The name for a string: the hash of its namespace and all of its bytes.
 * Returns the length. */
size_t name_string(struct namer *n, struct hash128 h, char name[NAME_MAX_LEN]);

/* What a whole number becomes. id32: it stays within 32 bits. */
uint64_t name_u64(struct namer *n, struct siphash space, uint64_t v, bool id32);
int64_t name_negative(struct namer *n, struct siphash space, int64_t v, bool id32);

#endif
