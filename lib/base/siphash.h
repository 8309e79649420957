/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SipHash (Aumasson, Bernstein). With 2-4 rounds and 128 bits of output it
 * takes its input in pieces: a state is a plain value, copied, it goes on from
 * there. With 1-3 rounds, 64 bits and key 0, of a text at once, it is what
 * Rust's DefaultHasher computes.
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

uint64_t siphash13(const void *p, size_t n);

#endif
