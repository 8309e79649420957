/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC-32 eight bytes at a time: a table for each place in the eight, so that
 * their look-ups do not wait for each other. Where the CPU multiplies without
 * carry, 64 bytes at a time: by folding, as in Gopal et al., "Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction", 2009.
 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/file.h"

static uint32_t table[8][256];

static void fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			table[k][i] = table[0][table[k - 1][i] & 0xff] ^ (table[k - 1][i] >> 8);
}

#ifdef __x86_64__
#define FOLD_MIN 256
#define FOLDS    __attribute__((target("pclmul,sse4.1")))

static bool can_fold(void)
{
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

static inline __m128i constants(uint64_t low, uint64_t high)
{
	return _mm_set_epi64x((long long)high, (long long)low);
}

static inline __m128i load(const unsigned char *s)
{
	return _mm_loadu_si128((const __m128i *)s);
}

/* a moved on by as many bytes as k stands for, and the next bytes. */
FOLDS static inline __m128i fold(__m128i a, __m128i k, __m128i next)
{
	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(a, k, 0x00), _mm_clmulepi64_si128(a, k, 0x11)), next);
}

/* 128 bits to 32, by Barrett's reduction at the end. */
FOLDS static uint32_t reduce(__m128i a, __m128i k16)
{
	const __m128i low = _mm_setr_epi32(-1, 0, -1, 0), k8 = constants(0x163cd6124, 0);
	const __m128i poly = constants(0x1db710641, 0x1f7011641);
	__m128i q;

	a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, k16, 0x10));
	a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low), k8, 0x00));
	q = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), poly, 0x10), low);
	a = _mm_xor_si128(a, _mm_clmulepi64_si128(q, poly, 0x00));
	return (uint32_t)_mm_extract_epi32(a, 1);
}

/* n is a multiple of 64, and 64 at least. */
FOLDS static uint32_t fold_all(uint32_t crc, const unsigned char *s, size_t n)
{
	const __m128i k64 = constants(0x154442bd4, 0x1c6e41596), k16 = constants(0x1751997d0, 0x0ccaa009e);
	__m128i a = _mm_xor_si128(load(s), _mm_cvtsi32_si128((int)crc));
	__m128i b = load(s + 16), c = load(s + 32), d = load(s + 48);

	for (s += 64, n -= 64; n; s += 64, n -= 64) {
		a = fold(a, k64, load(s));
		b = fold(b, k64, load(s + 16));
		c = fold(c, k64, load(s + 32));
		d = fold(d, k64, load(s + 48));
	}
	return reduce(fold(fold(fold(a, k16, b), k16, c), k16, d), k16);
}
#else
#define FOLD_MIN SIZE_MAX

static bool can_fold(void)
{
	return false;
}

static uint32_t fold_all(uint32_t crc, const unsigned char *s, size_t n)
{
	(void)s, (void)n;
	return crc;
}
#endif

uint32_t crc32_bytes(uint32_t crc, const void *p, size_t n)
{
	const unsigned char *s = p;

	if (!table[0][1])
		fill_table();
	crc = ~crc;
	if (n >= FOLD_MIN && can_fold()) {
		size_t whole = n & ~(size_t)63;

		crc = fold_all(crc, s, whole);
		s += whole;
		n -= whole;
	}
	for (; n >= 8; s += 8, n -= 8) {
		uint64_t v;

		memcpy(&v, s, 8);
		v = le64toh(v) ^ crc;
		crc = table[7][v & 0xff] ^ table[6][(v >> 8) & 0xff] ^ table[5][(v >> 16) & 0xff] ^
		      table[4][(v >> 24) & 0xff] ^ table[3][(v >> 32) & 0xff] ^ table[2][(v >> 40) & 0xff] ^
		      table[1][(v >> 48) & 0xff] ^ table[0][v >> 56];
	}
	while (n--)
		crc = table[0][(crc ^ *s++) & 0xff] ^ (crc >> 8);
	return ~crc;
}
