/* SPDX-License-Identifier: GPL-2.0-only */
#include "funify/names.h"

#include <endian.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "funify/words.h"

#define CLAIMS (1u << 17)

/* Which hash has which name. */
struct claim {
	uint64_t name; /* 0: nobody's */
	uint64_t whose;
};

enum { CLAIM_SHORT = 1, CLAIM_MIDDLE, CLAIM_NUMBER };

#define CLAIM(kind, bits) ((uint64_t)(kind) << 60 | (bits))

/* Whether the name is, or becomes, the one of this hash. */
static bool claim(struct namer *n, uint64_t name, uint64_t whose)
{
	size_t at = (size_t)(name * 0x9e3779b97f4a7c15 >> 40) % CLAIMS;

	for (; n->claims[at].name; at = (at + 1) % CLAIMS)
		if (n->claims[at].name == name)
			return n->claims[at].whose == whose;
	if (n->n_claims >= CLAIMS / 4 * 3)
		return false;
	n->claims[at] = (struct claim){ name, whose };
	n->n_claims++;
	return true;
}

static bool full(const struct namer *n)
{
	return n->n_claims >= CLAIMS / 4 * 3;
}

int namer_init(struct namer *n, const char *seed, struct err *e)
{
	static const char pepper[] = "ktstr-fun-mode/v1"; /* its NUL belongs to it */
	auto_str struct str text = { 0 };
	unsigned char digest[SHA256_DIGEST_LENGTH];

	*n = (struct namer){ .claims = xcalloc(CLAIMS, sizeof(*n->claims)) };
	if (!seed) {
		if (getrandom(n->key, sizeof(n->key), 0) == sizeof(n->key))
			return 0;
		return err_sys(e, "get random bytes for the names");
	}
	str_addn(&text, pepper, sizeof(pepper));
	str_add(&text, seed);
	SHA256((const unsigned char *)text.s, text.len, digest);
	memcpy(n->key, digest, sizeof(n->key));
	return 0;
}

void namer_release(struct namer *n)
{
	free(n->claims);
}

struct siphash namespace_of(const struct namer *n, const char *key, size_t len)
{
	struct siphash h;

	siphash_init(&h, n->key);
	siphash_add(&h, key, len);
	siphash_add(&h, "", 1);
	return h;
}

static size_t put_word(char *to, const char *word)
{
	size_t n = strlen(word);

	memcpy(to, word, n);
	return n;
}

size_t name_string(struct namer *n, struct hash128 h, char name[NAME_MAX_LEN])
{
	size_t len = put_word(name, words_adjective(h.lo & 0xff));

	name[len++] = '-';
	len += put_word(name + len, words_animal(h.lo >> 8 & 0xff));
	if (claim(n, CLAIM(CLAIM_SHORT, h.lo & 0xffff), h.hi))
		return len;
	if (claim(n, CLAIM(CLAIM_MIDDLE, h.lo & 0xffffffff), h.hi))
		return len + (size_t)snprintf(name + len, NAME_MAX_LEN - len, "-%04x", (unsigned)(h.lo >> 16 & 0xffff));
	return len + (size_t)snprintf(name + len, NAME_MAX_LEN - len, "-%016llx", (unsigned long long)h.hi);
}

static struct hash128 number_hash(struct siphash space, uint64_t v, unsigned char again)
{
	uint64_t le = htole64(v);

	siphash_add(&space, &le, sizeof(le));
	if (again)
		siphash_add(&space, &again, 1);
	return siphash_end(space);
}

/* 32 bits nobody else has. mask: 31 bits for a magnitude. */
static uint32_t own32(struct namer *n, struct siphash space, uint64_t v, uint32_t mask, bool negative)
{
	uint64_t whose = number_hash(space, v, 0).hi;
	uint32_t got = 0;

	for (unsigned again = 0; again < 256; again++) {
		got = (uint32_t)number_hash(space, v, (unsigned char)again).lo & mask;
		if (got == 0 || (!negative && got == UINT32_MAX))
			continue; /* these stand for themselves */
		if (claim(n, CLAIM(CLAIM_NUMBER, (uint64_t)negative << 32 | got), whose) || full(n))
			break;
	}
	return got;
}

uint64_t name_u64(struct namer *n, struct siphash space, uint64_t v, bool id32)
{
	if (id32)
		return v == 0 || v >= UINT32_MAX ? (v ? UINT32_MAX : 0) : own32(n, space, v, UINT32_MAX, false);
	return v == 0 || v == UINT64_MAX ? v : number_hash(space, v, 0).lo;
}

int64_t name_negative(struct namer *n, struct siphash space, int64_t v, bool id32)
{
	uint64_t magnitude = -(uint64_t)v;

	if (id32)
		return v <= INT32_MIN ? INT32_MIN : -(int64_t)own32(n, space, magnitude, INT32_MAX, true);
	return -(int64_t)(number_hash(space, magnitude, 0).lo & INT64_MAX);
}
