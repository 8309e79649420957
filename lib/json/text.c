/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/text.h"

#include <stdint.h>
#include <string.h>

/* Check one well-formed UTF-8 sequence (RFC 3629) and step over it. */
bool utf8_step(const unsigned char **pp, const unsigned char *end)
{
	const unsigned char *p = *pp;
	unsigned char lo = 0x80, hi = 0xbf;
	int more;

	if (*p >= 0xc2 && *p <= 0xdf)
		more = 1;
	else if (*p >= 0xe0 && *p <= 0xef)
		more = 2;
	else if (*p >= 0xf0 && *p <= 0xf4)
		more = 3;
	else
		return false;
	if (*p == 0xe0)
		lo = 0xa0;
	else if (*p == 0xed)
		hi = 0x9f;
	else if (*p == 0xf0)
		lo = 0x90;
	else if (*p == 0xf4)
		hi = 0x8f;
	if (end - p <= more || p[1] < lo || p[1] > hi)
		return false;
	for (int i = 2; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	*pp = p + more + 1;
	return true;
}

size_t utf8_sequence(const char *s, const char *end)
{
	const unsigned char *p = (const unsigned char *)s;

	return utf8_step(&p, (const unsigned char *)end) ? (size_t)((const char *)p - s) : 0;
}

static bool ascii8(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return !(v & 0x8080808080808080);
}

bool utf8_valid(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end) {
		while (end - p >= 8 && ascii8(p))
			p += 8;
		if (p < end && *p < 0x80)
			p++;
		else if (p < end && !utf8_step(&p, end))
			return false;
	}
	return true;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

size_t json_escape(const char *p, const char *end, unsigned *code)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *f;
	int hi, lo;

	if (p >= end)
		return 0;
	f = *p ? strchr(from, *p) : NULL;
	if (f) {
		*code = (unsigned char)to[f - from];
		return 1;
	}
	if (*p != 'u' || (hi = hex4(p + 1, end)) < 0)
		return 0;
	*code = (unsigned)hi;
	if (hi < 0xd800 || hi > 0xdfff)
		return 5;
	if (hi > 0xdbff || end - p < 11 || p[5] != '\\' || p[6] != 'u')
		return 0;
	lo = hex4(p + 7, end);
	if (lo < 0xdc00 || lo > 0xdfff)
		return 0;
	*code = 0x10000u + ((unsigned)(hi - 0xd800) << 10) + (unsigned)(lo - 0xdc00);
	return 11;
}

void json_add_utf8(struct str *out, unsigned c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(out, (char)(0xf0 | c >> 18));
		str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

void json_decode(struct str *out, struct slice s, unsigned nul)
{
	const char *end = s.s + s.n;

	for (const char *p = s.s; p < end;) {
		const char *bs = memchr(p, '\\', (size_t)(end - p));
		unsigned code = 0;
		size_t n;

		str_addn(out, p, (size_t)((bs ? bs : end) - p));
		if (!bs)
			break;
		n = json_escape(bs + 1, end, &code);
		if (!n)
			break;
		json_add_utf8(out, code ? code : nul);
		p = bs + 1 + n;
	}
}
