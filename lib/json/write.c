/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jw_init(struct jw *w, struct str *out, int indent)
{
	*w = (struct jw){ .out = out, .indent = indent };
}

static void line_break(struct jw *w)
{
	if (!w->indent)
		return;
	str_addf(w->out, "\n%*s", w->depth * w->indent, "");
}

/* What comes before a value or a key. */
static void lead(struct jw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (!w->depth)
		return;
	if (w->any[w->depth])
		str_addc(w->out, ',');
	w->any[w->depth] = true;
	line_break(w);
}

static void open_level(struct jw *w, char open, char close)
{
	lead(w);
	str_addc(w->out, open);
	if (w->depth + 1 >= JW_DEPTH)
		die("JSON output is nested too deeply");
	w->depth++;
	w->any[w->depth] = false;
	w->close[w->depth] = close;
}

void jw_object(struct jw *w)
{
	open_level(w, '{', '}');
}

void jw_array(struct jw *w)
{
	open_level(w, '[', ']');
}

void jw_end(struct jw *w)
{
	bool any = w->any[w->depth];
	char close = w->close[w->depth];

	w->depth--;
	if (any)
		line_break(w);
	str_addc(w->out, close);
}

void jw_key(struct jw *w, const char *key)
{
	lead(w);
	json_quote(w->out, key, strlen(key));
	str_add(w->out, w->indent ? ": " : ":");
	w->after_key = true;
}

void jw_strn(struct jw *w, const char *s, size_t n)
{
	lead(w);
	json_quote(w->out, s, n);
}

void jw_str(struct jw *w, const char *s)
{
	if (s)
		jw_strn(w, s, strlen(s));
	else
		jw_null(w);
}

void jw_u64(struct jw *w, uint64_t v)
{
	lead(w);
	str_addf(w->out, "%llu", (unsigned long long)v);
}

void jw_i64(struct jw *w, int64_t v)
{
	lead(w);
	str_addf(w->out, "%lld", (long long)v);
}

void jw_f64(struct jw *w, double v)
{
	lead(w);
	json_f64(w->out, v);
}

void jw_bool(struct jw *w, bool v)
{
	lead(w);
	str_add(w->out, v ? "true" : "false");
}

void jw_null(struct jw *w)
{
	lead(w);
	str_add(w->out, "null");
}

void jw_raw(struct jw *w, const char *json, size_t n)
{
	lead(w);
	str_addn(w->out, json, n);
}

void jw_key_str(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void jw_key_u64(struct jw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_u64(w, v);
}

void jw_key_i64(struct jw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_i64(w, v);
}

void jw_key_f64(struct jw *w, const char *key, double v)
{
	jw_key(w, key);
	jw_f64(w, v);
}

void jw_key_bool(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

void jw_key_null(struct jw *w, const char *key)
{
	jw_key(w, key);
	jw_null(w);
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 when there is
 * none. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	if (s[0] == 0xed)
		hi = 0x9f;
	if (s[0] == 0xf0)
		lo = 0x90;
	if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static void escape(struct str *out, unsigned char c)
{
	static const char short_form[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	if (c == '"' || c == '\\')
		str_addf(out, "\\%c", c);
	else if (c < sizeof(short_form) && short_form[c])
		str_addf(out, "\\%c", short_form[c]);
	else
		str_addf(out, "\\u%04x", c);
}

void json_quote(struct str *out, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	str_addc(out, '"');
	while (p < end) {
		const unsigned char *run = p;
		size_t len = 1;

		while (p < end && *p >= 0x20 && *p != '"' && *p != '\\') {
			len = utf8_len(p, (size_t)(end - p));
			if (!len)
				break;
			p += len;
		}
		str_addn(out, run, (size_t)(p - run));
		if (p >= end)
			break;
		if (len)
			escape(out, *p);
		else
			str_add(out, "\xef\xbf\xbd");
		p++;
		len = 1;
	}
	str_addc(out, '"');
}

/* serde_json's notation: 1e16 and above or below 1e-5 with an exponent. */
static void with_exponent(struct str *out, const char *text)
{
	const char *e = strchr(text, 'e');
	int exp = atoi(e + 1);

	str_addn(out, text, (size_t)(e - text));
	str_addf(out, "e%d", exp);
}

void json_f64(struct str *out, double v)
{
	char text[64], plain[64];
	int digits;

	if (!isfinite(v))
		v = 0;
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, v);
		if (strtod(text, NULL) == v)
			break;
	}
	/* cut zeros off the fraction: 5.000e+00 is 5e+00 */
	char *e = strchr(text, 'e'), *last = e - 1;
	while (*last == '0')
		last--;
	if (*last == '.')
		last--;
	memmove(last + 1, e, strlen(e) + 1);
	int exp10 = atoi(strchr(text, 'e') + 1);
	if (v != 0 && (exp10 < -5 || exp10 >= 16)) {
		with_exponent(out, text);
		return;
	}
	digits = (int)(last - text) + (strchr(text, '.') ? 0 : 1) - (text[0] == '-');
	snprintf(plain, sizeof(plain), "%.*f", digits - 1 - exp10 > 0 ? digits - 1 - exp10 : 1, v);
	str_add(out, plain);
}
