/* SPDX-License-Identifier: GPL-2.0-only */
#include "net/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/err.h"

/* libcrypto's context under our own name */
static EVP_MD_CTX *inner(struct sha256 *s)
{
	return (EVP_MD_CTX *)s;
}

struct sha256 *sha256_start(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (!c || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1)
		die("libcrypto has no sha256");
	return (struct sha256 *)c;
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
	if (EVP_DigestUpdate(inner(s), p, n) != 1)
		die("libcrypto cannot hash");
}

void sha256_end(struct sha256 *s, char hex[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	EVP_DigestFinal_ex(inner(s), raw, &n);
	EVP_MD_CTX_free(inner(s));
	for (unsigned int i = 0; i < n && i < 32; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", raw[i]);
}

void sha256_drop(struct sha256 *s)
{
	EVP_MD_CTX_free(inner(s));
}
