/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson, Bernstein), taking its input
 * in pieces. A state is a plain value: copied, it goes on from there.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash {
	uint64_t v[4];
	uint64_t tail; /* the last n % 8 bytes */
	uint64_t n;
};

struct hash128 {
	uint64_t lo, hi;
};

void siphash_init(struct siphash *h, const unsigned char key[16]);
void siphash_add(struct siphash *h, const void *p, size_t n);
struct hash128 siphash_end(struct siphash h);

#endif
