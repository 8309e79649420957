/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/stream.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json/read.h"

enum { START, VALUE, FIRST_ITEM, FIRST_KEY, AFTER };

void js_init(struct js *s, int fd)
{
	*s = (struct js){ .fd = fd, .line = 1 };
	s->buf = xcalloc(1, JS_WINDOW + 16);
	s->p = s->end = s->counted = s->line_start = s->buf;
	*s->end = '\0';
}

void js_release(struct js *s)
{
	free(s->buf);
	str_release(&s->scratch);
}

/* Count the lines up to where, which is in the buffer. */
static void count_lines(struct js *s, const char *where)
{
	char *nl;

	while (s->counted < where && (nl = memchr(s->counted, '\n', (size_t)(where - s->counted)))) {
		s->line++;
		s->before = 0;
		s->line_start = s->counted = nl + 1;
	}
	s->counted = (char *)where;
}

static enum js_token fail(struct js *s, int kind, const char *why)
{
	if (!s->failed) {
		s->failed = kind;
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
	s->more = false;
	return JS_ERROR;
}

enum js_token js_refuse(struct js *s, const char *why)
{
	return fail(s, JS_SYNTAX, why);
}

int js_error(struct js *s, struct err *e)
{
	if (s->failed == JS_IO)
		return err_set(e, "%s", s->why);
	count_lines(s, s->p);
	return err_set(e, "%s at line %zu column %zu", s->why, s->line,
		       s->before + (size_t)(s->p - s->line_start) + (s->end > s->buf));
}

/* Read on behind what is there, which is kept from s->p; false when nothing
 * came: at the end, after an error, or with a full buffer. */
static bool fill(struct js *s)
{
	size_t left = (size_t)(s->end - s->p);
	ssize_t n;

	if (s->eof || s->failed || left >= JS_WINDOW)
		return false;
	if (s->before_read)
		s->before_read(s->ctx);
	count_lines(s, s->p);
	s->before += (size_t)(s->p - s->line_start);
	memmove(s->buf, s->p, left);
	s->p = s->counted = s->line_start = s->buf;
	do
		n = read(s->fd, s->buf + left, JS_WINDOW - left);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fail(s, JS_IO, strerror(errno));
	if (n <= 0)
		s->eof = true;
	s->end = s->buf + left + (n > 0 ? n : 0);
	*s->end = '\0';
	return n > 0;
}

/* The next byte that is no blank, -1 at the end of input. */
static int peek(struct js *s)
{
	for (;;) {
		while (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')
			s->p++;
		if (s->p < s->end)
			return (unsigned char)*s->p;
		if (!fill(s))
			return -1;
	}
}

/* c is not what may stand there; -1 is the end of input inside of what. */
static enum js_token unexpected(struct js *s, int c, const char *want, const char *what)
{
	char why[64];

	if (s->failed)
		return JS_ERROR;
	if (c >= 0)
		return fail(s, JS_SYNTAX, want);
	snprintf(why, sizeof(why), "EOF while parsing %s", what);
	return fail(s, JS_SYNTAX, why);
}

#define ONES    0x0101010101010101ull
#define HIGHS   0x8080808080808080ull
#define HAS0(x) (((x) - ONES) & ~(x))

/* The first byte that is not plain ASCII of a string; there is always one:
 * the NUL behind the buffer. */
static char *plain_run(char *p)
{
	for (;; p += 8) {
		uint64_t x;

		memcpy(&x, p, 8);
		if ((HAS0(x ^ 0x22 * ONES) | HAS0(x ^ 0x5c * ONES) | ((x - 0x20 * ONES) & ~x) | x) & HIGHS)
			break;
	}
	while ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* One byte that is not plain: step over it, its decoded text to scratch if
 * copying. 0 the string ends here, 1 go on, -1 needs more input or failed. */
static int odd_byte(struct js *s, char **p, bool copying)
{
	unsigned code;
	size_t n;

	if (**p == '"')
		return 0;
	if (s->end - *p < 12 && !s->eof)
		return -1;
	if (*p >= s->end) {
		s->p = *p;
		fail(s, JS_SYNTAX, "EOF while parsing a string");
		return -1;
	}
	if (**p == '\\') {
		n = json_escape(*p + 1, s->end, &code);
		if (n && copying)
			json_add_utf8(&s->scratch, code);
		n += n > 0;
	} else {
		n = (unsigned char)**p < 0x20 ? 0 : utf8_sequence(*p, s->end);
		if (n && copying)
			str_addn(&s->scratch, *p, n);
	}
	if (!n) {
		s->p = *p;
		if (**p == '\\')
			fail(s, JS_SYNTAX, "invalid escape");
		else if ((unsigned char)**p < 0x20)
			fail(s, JS_SYNTAX, "control character in a string");
		else
			fail(s, JS_BAD_UTF8, "stream did not contain valid UTF-8");
		return -1;
	}
	*p += n;
	return 1;
}

/*
 * Text of a string from s->p on, as much as the buffer has. Without an escape
 * it is the buffer's own; from the first escape on it is decoded to scratch.
 * Returns 1 when the closing quote was reached, 0 when the buffer ended first
 * (p is then behind what was taken), -1 on an error.
 */
static int piece(struct js *s)
{
	char *from = s->p, *p = s->p;
	bool copying = false;
	int got;

	str_clear(&s->scratch);
	for (;;) {
		char *run = p;

		p = plain_run(p);
		if (copying)
			str_addn(&s->scratch, run, (size_t)(p - run));
		if (*p == '\\' && !copying) {
			copying = true;
			str_addn(&s->scratch, from, (size_t)(p - from));
		}
		got = odd_byte(s, &p, copying);
		if (s->failed)
			return -1;
		if (got <= 0)
			break;
	}
	s->plain = !copying;
	s->text = copying ? str_c(&s->scratch) : from;
	s->len = copying ? s->scratch.len : (size_t)(p - from);
	s->p = p;
	return got == 0;
}

/* A string behind its opening quote. It is asked for again from its start
 * when the buffer was too short; one longer than the buffer comes in pieces. */
static enum js_token string(struct js *s, enum js_token t)
{
	char *from = s->p;
	int got = piece(s);

	s->more = false;
	while (got == 0) {
		if (s->p - from >= JS_KEY_MAX) {
			if (t == JS_KEY)
				return fail(s, JS_SYNTAX, "key too long");
			s->more = true;
			return t;
		}
		s->p = from;
		fill(s);
		from = s->p;
		got = s->failed ? -1 : piece(s);
	}
	if (got < 0)
		return JS_ERROR;
	if (t == JS_KEY && s->p - from >= JS_KEY_MAX)
		return fail(s, JS_SYNTAX, "key too long");
	s->p++;
	return t;
}

bool js_more(struct js *s)
{
	int got;

	if (!fill(s) && s->failed)
		return false;
	got = piece(s);
	if (got < 0)
		return false;
	s->more = got == 0;
	s->p += got;
	return true;
}

static char *digits(char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* The end of the number at s->p by JSON's grammar; NULL: none, *at says where. */
static char *number_end(const struct js *s, char **at)
{
	char *p = s->p + (*s->p == '-'), *d;

	*at = d = p;
	p = digits(p);
	if (p == d || (*d == '0' && p - d > 1))
		return NULL;
	if (*p == '.') {
		*at = d = p + 1;
		p = digits(d);
		if (p == d)
			return NULL;
	}
	if ((*p | 32) == 'e') {
		p++;
		*at = d = p + (*p == '+' || *p == '-');
		p = digits(d);
		if (p == d)
			return NULL;
	}
	*at = p;
	return p;
}

static enum js_token number(struct js *s)
{
	char *at, *end;

	/* what touches the end of the buffer may go on */
	while (end = number_end(s, &at), at >= s->end)
		if (!fill(s))
			break;
	if (s->failed)
		return JS_ERROR;
	if (!end && at >= s->end)
		s->p = at;
	if (!end)
		return fail(s, JS_SYNTAX, at >= s->end ? "EOF while parsing a value" : "invalid number");
	if (!s->eof && end >= s->end)
		return fail(s, JS_SYNTAX, "number too long");
	s->text = s->p;
	s->len = (size_t)(end - s->p);
	s->p = end;
	return JS_NUMBER;
}

static enum js_token word(struct js *s, const char *text, enum js_token t)
{
	size_t n = strlen(text);

	while ((size_t)(s->end - s->p) < n && fill(s))
		;
	if (s->failed)
		return JS_ERROR;
	if ((size_t)(s->end - s->p) < n)
		return fail(s, JS_SYNTAX, "EOF while parsing a value");
	if (memcmp(s->p, text, n) != 0)
		return fail(s, JS_SYNTAX, "expected a value");
	s->p += n;
	return t;
}

static enum js_token enter(struct js *s, enum js_token t)
{
	if (s->depth >= JS_DEPTH)
		return fail(s, JS_SYNTAX, "recursion limit exceeded");
	s->p++;
	s->kind[++s->depth] = (unsigned char)t;
	s->state = t == JS_OBJECT ? FIRST_KEY : FIRST_ITEM;
	return t;
}

static enum js_token leave(struct js *s)
{
	s->p++;
	s->state = AFTER;
	return s->kind[s->depth--] == JS_OBJECT ? JS_OBJECT_END : JS_ARRAY_END;
}

static enum js_token value(struct js *s, int c)
{
	s->state = AFTER;
	switch (c) {
	case '"':
		s->p++;
		return string(s, JS_STRING);
	case '{':
		return enter(s, JS_OBJECT);
	case '[':
		return enter(s, JS_ARRAY);
	case '-':
	case '0' ... '9':
		return number(s);
	case 't':
		return word(s, "true", JS_TRUE);
	case 'f':
		return word(s, "false", JS_FALSE);
	case 'n':
		return word(s, "null", JS_NULL);
	default:
		break;
	}
	if (c >= 0x80 && !utf8_sequence(s->p, s->end))
		return fail(s, JS_BAD_UTF8, "stream did not contain valid UTF-8");
	return unexpected(s, c, "expected a value", "a value");
}

static enum js_token key(struct js *s, int c)
{
	if (c != '"')
		return unexpected(s, c, "expected a key", "an object");
	s->p++;
	if (string(s, JS_KEY) < 0)
		return JS_ERROR;
	/* looking for the colon may move the buffer */
	if (*s->p == ':') {
		s->p++;
	} else {
		if (s->plain) {
			str_clear(&s->scratch);
			str_addn(&s->scratch, s->text, s->len);
		}
		s->text = str_c(&s->scratch);
		c = peek(s);
		if (c != ':')
			return unexpected(s, c, "expected `:`", "an object");
		s->p++;
	}
	s->state = VALUE;
	return JS_KEY;
}

/* Behind a whole document: nothing more on its line. */
static enum js_token line_end(struct js *s)
{
	do {
		while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
			s->p++;
		if (s->p < s->end && *s->p != '\n')
			return fail(s, JS_SYNTAX, "trailing characters");
	} while (s->p == s->end && fill(s));
	if (s->failed)
		return JS_ERROR;
	s->state = START;
	return JS_DONE;
}

static enum js_token after(struct js *s)
{
	int c;

	if (s->depth == 0)
		return line_end(s);
	c = peek(s);
	if (s->kind[s->depth] == JS_OBJECT) {
		if (c == '}')
			return leave(s);
		if (c != ',')
			return unexpected(s, c, "expected `,` or `}`", "an object");
		s->p++;
		return key(s, peek(s));
	}
	if (c == ']')
		return leave(s);
	if (c != ',')
		return unexpected(s, c, "expected `,` or `]`", "a list");
	s->p++;
	return value(s, peek(s));
}

enum js_token js_next(struct js *s)
{
	int c;

	if (s->failed)
		return JS_ERROR;
	switch (s->state) {
	case START:
		c = peek(s);
		if (c < 0 && !s->failed && s->any)
			return JS_END;
		s->any = true;
		return value(s, c);
	case FIRST_ITEM:
		c = peek(s);
		return c == ']' ? leave(s) : c < 0 ? unexpected(s, c, "", "a list") : value(s, c);
	case FIRST_KEY:
		c = peek(s);
		return c == '}' ? leave(s) : key(s, c);
	case VALUE:
		return value(s, peek(s));
	default:
		return after(s);
	}
}
