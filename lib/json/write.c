/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/write.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

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
			len = *p < 0x80 ? 1 : utf8_sequence((const char *)p, (const char *)end);
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
	}
	str_addc(out, '"');
}

/* Add one to the last digit of "d.ddde-xx"; false when that would carry into
 * the exponent. */
static bool next_up(char *text)
{
	for (char *p = strchr(text, 'e') - 1; p >= text; p--) {
		if (*p == '.')
			continue;
		if (*p != '9') {
			++*p;
			return true;
		}
		*p = '0';
	}
	return false;
}

/* The fewest digits that read back as v > 0, as "d.ddde-xx". */
static void shortest(char *text, size_t size, double v)
{
	int exp2;
	/* 15 digits always tell normal numbers apart, subnormal ones need fewer */
	int n = v < DBL_MIN ? 1 : DBL_DIG;

	for (; n <= 16; n++) {
		snprintf(text, size, "%.*e", n - 1, v);
		if (strtod(text, NULL) == v)
			return;
		/* numbers lie closer below a power of two than above it: the
		 * nearest text may miss where the next one up still hits */
		if (n == 16 && frexp(v, &exp2) == 0.5 && next_up(text) && strtod(text, NULL) == v)
			return;
	}
	snprintf(text, size, "%.16e", v);
}

/* d digits, the first of them worth 10^exp10, in serde_json's notation: with
 * an exponent from 1e16 up and below 1e-5. */
static void put_decimal(struct str *out, const char *digits, int n, int exp10)
{
	if (exp10 < -5 || exp10 >= 16) {
		str_addc(out, digits[0]);
		if (n > 1)
			str_addf(out, ".%s", digits + 1);
		str_addf(out, "e%d", exp10);
	} else if (exp10 < 0) {
		str_addf(out, "0.%.*s%s", -exp10 - 1, "0000", digits);
	} else if (n <= exp10 + 1) {
		str_addf(out, "%s%.*s.0", digits, exp10 + 1 - n, "000000000000000");
	} else {
		str_addf(out, "%.*s.%s", exp10 + 1, digits, digits + exp10 + 1);
	}
}

void json_f64(struct str *out, double v)
{
	char text[32], digits[32];
	int n = 0;

	if (!isfinite(v))
		v = 0;
	if (signbit(v))
		str_addc(out, '-');
	if (v == 0) {
		str_add(out, "0.0");
		return;
	}
	shortest(text, sizeof(text), fabs(v));
	for (const char *p = text; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	put_decimal(out, digits, n, atoi(strchr(text, 'e') + 1));
}
