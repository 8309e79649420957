/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 (FIPS 180-4) of what comes in pieces, by libcrypto.
 */
#ifndef NET_SHA256_H
#define NET_SHA256_H

#include <stddef.h>

struct sha256;

/* Never NULL; ended by sha256_end or sha256_drop. */
struct sha256 *sha256_start(void);
void sha256_add(struct sha256 *s, const void *p, size_t n);
/* The digest in lower-case hexadecimal. */
void sha256_end(struct sha256 *s, char hex[65]);
/* NULL is fine. */
void sha256_drop(struct sha256 *s);

#endif
