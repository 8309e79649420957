/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

/* Take a word in, by so many rounds. */
static inline void word(uint64_t v[4], uint64_t m, int c)
{
	v[3] ^= m;
	rounds(v, c);
	v[0] ^= m;
}

static uint64_t le64(const unsigned char *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return le64toh(x);
}

void siphash_init(struct siphash *h, const unsigned char key[16])
{
	uint64_t k0 = le64(key), k1 = le64(key + 8);

	/* "somepseudorandomlygeneratedbytes"; 0xee asks for 128 bits */
	*h = (struct siphash){ .v = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261,
				      k1 ^ 0x7465646279746573 } };
}

void siphash_add(struct siphash *h, const void *p, size_t n)
{
	const unsigned char *s = p, *end = s + n;

	for (; s < end && h->n % 8; s++) {
		h->tail |= (uint64_t)*s << (8 * (h->n++ % 8));
		if (h->n % 8 == 0) {
			word(h->v, h->tail, 2);
			h->tail = 0;
		}
	}
	for (; end - s >= 8; s += 8, h->n += 8)
		word(h->v, le64(s), 2);
	for (; s < end; s++)
		h->tail |= (uint64_t)*s << (8 * (h->n++ % 8));
}

struct hash128 siphash_end(struct siphash h)
{
	struct hash128 out;

	word(h.v, h.tail | h.n << 56, 2);
	h.v[2] ^= 0xee;
	rounds(h.v, 4);
	out.lo = h.v[0] ^ h.v[1] ^ h.v[2] ^ h.v[3];
	h.v[1] ^= 0xdd;
	rounds(h.v, 4);
	out.hi = h.v[0] ^ h.v[1] ^ h.v[2] ^ h.v[3];
	return out;
}

uint64_t siphash13(const void *p, size_t n)
{
	uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573 };
	const unsigned char *s = p;
	uint64_t last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, s += 8)
		word(v, le64(s), 1);
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)s[i] << (8 * i);
	word(v, last, 1);
	v[2] ^= 0xff;
	rounds(v, 3);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
