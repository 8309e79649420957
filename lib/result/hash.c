/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/hash.h"

#include <endian.h>
#include <string.h>

#include "json/write.h"

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void round_of(uint64_t v[4])
{
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

uint64_t siphash13(const void *p, size_t n)
{
	/* "somepseudorandomlygeneratedbytes", the algorithm's initial state */
	uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573 };
	const unsigned char *s = p;
	uint64_t m, last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&m, s, 8);
		m = le64toh(m);
		v[3] ^= m;
		round_of(v);
		v[0] ^= m;
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)s[i] << (8 * i);
	v[3] ^= last;
	round_of(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void sorted(struct jw *w, const char *key, const struct strv *list)
{
	auto_strv struct strv copy = { 0 };

	if (list->n)
		strv_addv(&copy, list->v);
	strv_sort(&copy);
	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < copy.n; i++)
		jw_str(w, copy.v[i]);
	jw_end(w);
}

uint64_t variant_hash(const struct strv *kargs, const char *payload, const char *scheduler, const struct strv *sysctls,
		      const char *topology, const char *work_type)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 0);
	jw_object(&w);
	sorted(&w, "kargs", kargs);
	jw_key_str(&w, "payload", payload);
	jw_key_str(&w, "scheduler", scheduler);
	sorted(&w, "sysctls", sysctls);
	jw_key_str(&w, "topology", topology);
	jw_key_str(&w, "work_type", work_type);
	jw_end(&w);
	return siphash13(text.s, text.len);
}
