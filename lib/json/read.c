/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/read.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

void jr_init(struct jr *r, const char *s, size_t n)
{
	r->start = r->p = s;
	r->end = s + n;
	r->depth = 0;
	r->failed = false;
	r->lax = false;
	r->at = NULL;
	r->why[0] = '\0';
}

void jr_init_inside(struct jr *r, const char *s, size_t n)
{
	jr_init(r, s, n);
	r->depth = 1;
	r->first[1] = true;
	r->close[1] = '}';
}

void jr_fail(struct jr *r, const char *fmt, ...)
{
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	r->at = r->p;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

static void blanks(struct jr *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

static bool next_is(struct jr *r, char c)
{
	blanks(r);
	if (r->failed || r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

enum jr_kind jr_peek(struct jr *r)
{
	blanks(r);
	if (r->failed || r->p >= r->end)
		return JR_NONE;
	switch (*r->p) {
	case '{':
		return JR_OBJECT;
	case '[':
		return JR_ARRAY;
	case '"':
		return JR_STRING;
	case 't':
		return JR_TRUE;
	case 'f':
		return JR_FALSE;
	case 'n':
		return JR_NULL;
	case '-':
	case '0' ... '9':
		return JR_NUMBER;
	default:
		return JR_NONE;
	}
}

static void want(struct jr *r, const char *what)
{
	blanks(r);
	if (r->p >= r->end)
		jr_fail(r, "EOF while parsing a value");
	else
		jr_fail(r, "expected %s", what);
}

static bool enter(struct jr *r, char open, const char *what)
{
	if (!next_is(r, open)) {
		want(r, what);
		return false;
	}
	if (r->depth >= JR_DEPTH) {
		jr_fail(r, "nested more than %d deep", JR_DEPTH);
		return false;
	}
	r->first[++r->depth] = true;
	r->close[r->depth] = open == '{' ? '}' : ']';
	return true;
}

/* Move to the next member or item; false after the closing bracket. */
static bool step(struct jr *r, char close)
{
	if (r->failed || r->depth == 0)
		return false;
	if (next_is(r, close)) {
		r->depth--;
		return false;
	}
	if (!r->first[r->depth] && !next_is(r, ',')) {
		blanks(r);
		if (r->p >= r->end)
			jr_fail(r, "EOF while parsing %s", close == '}' ? "an object" : "a list");
		else
			jr_fail(r, "expected `,` or `%c`", close);
		return false;
	}
	r->first[r->depth] = false;
	return true;
}

bool jr_object(struct jr *r)
{
	return enter(r, '{', "an object");
}

bool jr_array(struct jr *r)
{
	return enter(r, '[', "a list");
}

bool jr_item(struct jr *r)
{
	return step(r, ']');
}

/* Of eight bytes those that are no plain character of a string: control, '"',
 * '\\' and everything above ASCII. */
static uint64_t not_plain(uint64_t v)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';

	return ((v - ones * 0x20) | (quote - ones) | (slash - ones) | v) & tops;
}

/* Step over plain characters, eight at a time; a few may be left over. */
static const unsigned char *plain(const unsigned char *p, const unsigned char *end)
{
	uint64_t v;

	while (end - p >= 8) {
		memcpy(&v, p, 8);
		if (not_plain(v))
			break;
		p += 8;
	}
	return p;
}

/* Step over a string; the slice is what stands between the quotes. */
static struct slice string(struct jr *r, bool *escaped)
{
	struct slice s = { "", 0 };
	const unsigned char *p, *end = (const unsigned char *)r->end;
	const char *from;

	*escaped = false;
	if (!next_is(r, '"')) {
		want(r, "a string");
		return s;
	}
	from = r->p;
	for (p = plain((const unsigned char *)r->p, end); p < end && *p != '"';) {
		unsigned code;
		size_t n;

		if (*p >= 0x20 && *p < 0x80 && *p != '\\') {
			p++;
			continue;
		}
		r->p = (const char *)p;
		if (*p == '\\') {
			n = json_escape((const char *)p + 1, r->end, &code);
			if (!n) {
				jr_fail(r, "invalid escape");
				return s;
			}
			p += n + 1;
			*escaped = true;
		} else if (*p < 0x20) {
			jr_fail(r, "control character in a string");
			return s;
		} else if (!utf8_step(&p, end)) {
			jr_fail(r, "invalid UTF-8");
			return s;
		}
	}
	r->p = (const char *)p;
	if (p >= end) {
		jr_fail(r, "EOF while parsing a string");
		return s;
	}
	s = (struct slice){ from, (size_t)(r->p - from) };
	r->p++;
	return s;
}

bool jr_key(struct jr *r, struct jkey *k)
{
	struct slice s;

	if (!step(r, '}'))
		return false;
	blanks(r);
	if (r->p >= r->end || *r->p != '"') {
		jr_fail(r, r->p >= r->end ? "EOF while parsing an object" : "expected a key");
		return false;
	}
	s = string(r, &k->escaped);
	k->s = s.s;
	k->n = s.n;
	if (!r->failed && !next_is(r, ':'))
		want(r, "`:`");
	return !r->failed;
}

static const char *behind_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

bool jr_key_if(struct jr *r, const char *name, size_t n)
{
	const char *p = behind_blanks(r->p, r->end);

	if (r->failed || p >= r->end)
		return false;
	if (!r->first[r->depth]) {
		if (*p != ',')
			return false;
		p = behind_blanks(p + 1, r->end);
	}
	if ((size_t)(r->end - p) < n + 3 || *p != '"' || memcmp(p + 1, name, n) != 0 || p[n + 1] != '"')
		return false;
	p = behind_blanks(p + n + 2, r->end);
	if (p >= r->end || *p != ':')
		return false;
	r->first[r->depth] = false;
	r->p = p + 1;
	return true;
}

bool key_is(const struct jkey *k, const char *name)
{
	struct str text = { 0 };
	bool same;

	if (!k->escaped)
		return strncmp(name, k->s, k->n) == 0 && !name[k->n];
	json_decode(&text, (struct slice){ k->s, k->n }, 0);
	same = strlen(name) == text.len && memcmp(str_c(&text), name, text.len) == 0;
	str_release(&text);
	return same;
}

char *jr_str(struct jr *r)
{
	struct str out = { 0 };
	bool escaped;
	struct slice s = string(r, &escaped);

	if (!escaped)
		return xstrndup(s.s, s.n);
	json_decode(&out, s, 0xfffd);
	return str_take(&out);
}

char *jr_str_or_null(struct jr *r)
{
	return jr_null(r) ? NULL : jr_str(r);
}

bool jr_str_is(struct jr *r, const char *want_text)
{
	struct jkey k;
	struct slice s = string(r, &k.escaped);

	k.s = s.s;
	k.n = s.n;
	return !r->failed && key_is(&k, want_text);
}

void jr_text(struct jr *r, struct jkey *text)
{
	struct slice s = string(r, &text->escaped);

	text->s = s.s;
	text->n = s.n;
}

static bool literal(struct jr *r, const char *word)
{
	size_t n = strlen(word);

	blanks(r);
	if (r->failed || (size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

bool jr_null(struct jr *r)
{
	return jr_peek(r) == JR_NULL && literal(r, "null");
}

bool jr_bool(struct jr *r)
{
	if (literal(r, "true"))
		return true;
	if (!literal(r, "false"))
		want(r, "true or false");
	return false;
}

/* Step over a number by JSON's grammar; whole tells whether it is an integer. */
static struct slice number(struct jr *r, bool *whole)
{
	const char *p, *from, *d;

	blanks(r);
	from = p = r->p;
	*whole = true;
	if (r->failed)
		return (struct slice){ "", 0 };
	if (p < r->end && *p == '-')
		p++;
	d = p;
	while (p < r->end && *p >= '0' && *p <= '9')
		p++;
	if (p == d || (*d == '0' && p - d > 1))
		goto bad;
	if (p < r->end && *p == '.') {
		*whole = false;
		d = ++p;
		while (p < r->end && *p >= '0' && *p <= '9')
			p++;
		if (p == d)
			goto bad;
	}
	if (p < r->end && (*p | 32) == 'e') {
		*whole = false;
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		d = p;
		while (p < r->end && *p >= '0' && *p <= '9')
			p++;
		if (p == d)
			goto bad;
	}
	r->p = p;
	return (struct slice){ from, (size_t)(p - from) };
bad:
	want(r, "a number");
	return (struct slice){ "", 0 };
}

/* The reader's buffer has no NUL to stop strto*; copy the digits out. */
static void digits(struct slice s, char *text, size_t size)
{
	size_t n = s.n < size - 1 ? s.n : size - 1;

	memcpy(text, s.s, n);
	text[n] = '\0';
}

/* Up to 18 digits. */
static uint64_t small_number(const char *s, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (uint64_t)(s[i] - '0');
	return v;
}

/* Digits with a point, no exponent, of at most 15 digits: the quotient of two
 * numbers that doubles hold exactly, hence rounded once, as strtod does. */
static bool small_decimal(struct slice s, double *v)
{
	static const double tens[] = { 1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				       1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	const char *p = s.s, *end = s.s + s.n, *point = NULL;
	uint64_t m = 0;

	if (s.n > 16)
		return false;
	for (p += *p == '-'; p < end; p++)
		if (*p == '.')
			point = p;
		else if (*p >= '0' && *p <= '9')
			m = m * 10 + (uint64_t)(*p - '0');
		else
			return false;
	if (m > 1ull << 53)
		return false;
	*v = point ? (double)m / tens[end - point - 1] : (double)m;
	if (*s.s == '-')
		*v = -*v;
	return true;
}

uint64_t jr_u64(struct jr *r)
{
	bool whole;
	struct slice s = number(r, &whole);
	char text[32], *end;
	uint64_t v;

	if (r->failed)
		return 0;
	if (whole && s.n < 19 && s.s[0] != '-')
		return small_number(s.s, s.n);
	digits(s, text, sizeof(text));
	errno = 0;
	v = strtoull(text, &end, 10);
	if (!whole || text[0] == '-' || errno || s.n >= sizeof(text)) {
		r->p = s.s;
		jr_fail(r, "invalid value: `%.*s`, expected a whole number of 64 bits", (int)s.n, s.s);
		return 0;
	}
	return v;
}

int64_t jr_i64(struct jr *r)
{
	bool whole;
	struct slice s = number(r, &whole);
	char text[32], *end;
	int64_t v;

	if (r->failed)
		return 0;
	if (whole && s.n < 19 && s.s[0] != '-')
		return (int64_t)small_number(s.s, s.n);
	digits(s, text, sizeof(text));
	errno = 0;
	v = strtoll(text, &end, 10);
	if (!whole || errno || s.n >= sizeof(text)) {
		r->p = s.s;
		jr_fail(r, "invalid value: `%.*s`, expected a signed whole number of 64 bits", (int)s.n, s.s);
		return 0;
	}
	return v;
}

double jr_f64(struct jr *r)
{
	bool whole;
	struct slice s = number(r, &whole);
	char small[64], *text = small;
	double v;

	if (r->failed)
		return 0;
	if (small_decimal(s, &v))
		return v;
	if (s.n >= sizeof(small))
		text = xmalloc(s.n + 1);
	digits(s, text, s.n + 1);
	v = strtod(text, NULL);
	if (text != small)
		free(text);
	if (!isfinite(v)) {
		r->p = s.s;
		jr_fail(r, "number out of range");
		return 0;
	}
	return v;
}

void jr_f64_check(struct jr *r)
{
	const char *from;
	struct slice s;
	bool whole;

	blanks(r);
	from = r->p;
	s = number(r, &whole);
	/* without an exponent 300 digits are no infinity */
	if (r->failed || (s.n < 300 && !memchr(s.s, 'e', s.n) && !memchr(s.s, 'E', s.n)))
		return;
	r->p = from;
	jr_f64(r);
}

void jr_skip(struct jr *r)
{
	int floor = r->depth;
	struct jkey k;
	bool b;

	/* a loop, not recursion: depth is the reader's, not the stack's */
	do {
		switch (jr_peek(r)) {
		case JR_OBJECT:
			jr_object(r);
			break;
		case JR_ARRAY:
			jr_array(r);
			break;
		case JR_STRING:
			string(r, &b);
			break;
		case JR_NUMBER:
			number(r, &b);
			break;
		case JR_TRUE:
		case JR_FALSE:
			jr_bool(r);
			break;
		case JR_NULL:
			if (!literal(r, "null"))
				want(r, "a value");
			break;
		case JR_NONE:
			want(r, "a value");
			break;
		}
		while (!r->failed && r->depth > floor)
			if (r->close[r->depth] == '}' ? jr_key(r, &k) : jr_item(r))
				break;
	} while (!r->failed && r->depth > floor);
}

struct slice jr_raw(struct jr *r)
{
	const char *from;

	blanks(r);
	from = r->p;
	jr_skip(r);
	return r->failed ? (struct slice){ "", 0 } : (struct slice){ from, (size_t)(r->p - from) };
}

int jr_end(struct jr *r, struct err *e)
{
	size_t line = 1, column = 1;

	blanks(r);
	if (!r->failed && r->depth == 0 && r->p < r->end)
		jr_fail(r, "trailing characters");
	if (!r->failed)
		return 0;
	for (const char *p = r->start; p < r->at; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(e, "%s at line %zu column %zu", r->why, line, column);
}

char *json_get_str(const char *s, size_t n, const char *key)
{
	char *found = NULL;
	struct err ignored;
	struct jkey k;
	struct jr r;

	jr_init(&r, s, n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, key) && jr_peek(&r) == JR_STRING) {
			free(found);
			found = jr_str(&r);
		} else {
			jr_skip(&r);
		}
	if (jr_end(&r, &ignored) == 0)
		return found;
	free(found);
	return NULL;
}

int json_unquote(struct str *out, struct slice raw)
{
	struct err ignored;
	struct jr r;
	struct slice s;
	bool escaped;

	jr_init(&r, raw.s, raw.n);
	s = string(&r, &escaped);
	if (jr_end(&r, &ignored) < 0)
		return -1;
	json_decode(out, s, 0);
	return 0;
}
