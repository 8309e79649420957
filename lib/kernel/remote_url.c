/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/remote_url.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".tar.zst"

static void add_escaped(struct str *out, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			str_addc(out, *s);
		else
			str_addf(out, "%%%02X", (unsigned char)*s);
}

static void add_sha256(struct str *out, const char *s)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_Digest(s, strlen(s), raw, &n, EVP_sha256(), NULL) != 1)
		die("libcrypto has no sha256");
	for (unsigned int i = 0; i < n; i++)
		str_addf(out, "%02x", raw[i]);
}

static int hex_digit(char c)
{
	const char *at = c ? strchr("0123456789abcdef", tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - "0123456789abcdef") : -1;
}

/* "%3A" to ":", as it is written in a URL. */
static void add_decoded(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int hi = s[i] == '%' && i + 2 < n ? hex_digit(s[i + 1]) : -1;
		int lo = hi >= 0 ? hex_digit(s[i + 2]) : -1;

		if (lo < 0) {
			str_addc(out, s[i]);
			continue;
		}
		str_addc(out, (char)(hi * 16 + lo));
		i += 2;
	}
}

static void add_credential(struct strv *headers, const char *user, size_t n)
{
	auto_str struct str plain = { 0 };
	unsigned char *coded;

	add_decoded(&plain, user, n);
	coded = xmalloc(plain.len * 4 / 3 + 5);
	EVP_EncodeBlock(coded, (const unsigned char *)str_c(&plain), (int)plain.len);
	strv_addf(headers, "Authorization: Basic %s", (char *)coded);
	free(coded);
}

/* The base with the key in its place. */
static void place_key(struct str *out, const char *base, const char *key)
{
	size_t path = strcspn(base, "?#");
	bool placed = false;

	for (const char *p = base; *p; p++) {
		if ((size_t)(p - base) == path && !placed && !strstr(base, "{key}") && !strstr(base, "{sha256}")) {
			str_add(out, out->len && out->s[out->len - 1] == '/' ? "" : "/");
			add_escaped(out, key);
			str_add(out, SUFFIX);
			placed = true;
		}
		if (starts_with(p, "{key}")) {
			add_escaped(out, key);
			placed = true;
			p += 4;
		} else if (starts_with(p, "{sha256}")) {
			add_sha256(out, key);
			placed = true;
			p += 7;
		} else {
			str_addc(out, *p);
		}
	}
	if (placed)
		return;
	str_add(out, ends_with(str_c(out), "/") ? "" : "/");
	add_escaped(out, key);
	str_add(out, SUFFIX);
}

int remote_url_make(struct remote_url *u, const char *base, const char *key, struct err *e)
{
	size_t scheme = starts_with(base, "http://") ? 7 : starts_with(base, "https://") ? 8 : 0, host, at;
	auto_str struct str bare = { 0 }, url = { 0 };

	*u = (struct remote_url){ 0 };
	host = strcspn(base + scheme, "/?#");
	if (!scheme || !host || strpbrk(base, " \t\r\n"))
		return err_set(e, "KTSTR_REMOTE_CACHE is no http:// or https:// URL");
	for (at = host; at > 0 && base[scheme + at - 1] != '@'; at--)
		;
	if (at > 1)
		add_credential(&u->headers, base + scheme, at - 1);
	str_addn(&bare, base, scheme);
	str_add(&bare, base + scheme + at);
	place_key(&url, bare.s, key);
	u->url = str_take(&url);
	u->shown = xstrndup(u->url, strcspn(u->url, "?#"));
	return 0;
}

void remote_url_release(struct remote_url *u)
{
	free(u->url);
	free(u->shown);
	strv_release(&u->headers);
	*u = (struct remote_url){ 0 };
}

void remote_url_scrub(const struct remote_url *u, struct err *e)
{
	const char *secret = u->url + strlen(u->shown);
	size_t n = strlen(secret);
	char *at;

	while (n && (at = strstr(e->text, secret)))
		memmove(at, at + n, strlen(at + n) + 1);
}
