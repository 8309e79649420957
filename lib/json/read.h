/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON in: a strict pull reader over one buffer (RFC 8259, UTF-8, nesting up
 * to 256). The buffer stays the caller's and must outlive the reader; slices
 * point into it. Errors stick: after the first one every call answers "no
 * more" or a zero value, so a caller checks once, with jr_end.
 *
 *	for (jr_object(&r); jr_key(&r, &k);)
 *		if (key_is(&k, "index"))
 *			rec->index = jr_u64(&r);
 *		else
 *			jr_skip(&r);
 *	return jr_end(&r, e);
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define JR_DEPTH 256

struct slice {
	const char *s;
	size_t n;
};

enum jr_kind { JR_NONE, JR_OBJECT, JR_ARRAY, JR_STRING, JR_NUMBER, JR_TRUE, JR_FALSE, JR_NULL };

struct jr {
	const char *start, *p, *end;
	int depth;
	bool first[JR_DEPTH + 1]; /* nothing read at this level yet */
	char close[JR_DEPTH + 1]; /* '}' or ']' */
	bool failed;
	bool lax; /* shape.h: null stands for a number that is none */
	char why[256];
	const char *at; /* where it failed */
};

/* A member's name, or any string: the raw text between the quotes. */
struct jkey {
	const char *s;
	size_t n;
	bool escaped;
};

void jr_init(struct jr *r, const char *s, size_t n);

/* The same for the members of an object whose '{' is not in the text. */
void jr_init_inside(struct jr *r, const char *s, size_t n);

/* What comes next; JR_NONE at the end or after an error. */
enum jr_kind jr_peek(struct jr *r);

/* Enter an object; then jr_key answers true for each member, whose value the
 * caller reads or skips, and false once, after the '}'. */
bool jr_object(struct jr *r);
bool jr_key(struct jr *r, struct jkey *k);
bool key_is(const struct jkey *k, const char *name);

/* Step to the next member if its name is written just so, in n bytes; else
 * nothing happens, and jr_key is to be asked. For members that come in an
 * order. */
bool jr_key_if(struct jr *r, const char *name, size_t n);

/* Enter an array; jr_item answers true before each item. */
bool jr_array(struct jr *r);
bool jr_item(struct jr *r);

/* Values. A value of another kind is an error; whole-number readers refuse a
 * fraction, an exponent and what does not fit. */
char *jr_str(struct jr *r);                     /* caller frees; "" on error; \u0000 becomes U+FFFD */
char *jr_str_or_null(struct jr *r);             /* NULL for null */
bool jr_str_is(struct jr *r, const char *want); /* reads a string, compares */
void jr_text(struct jr *r, struct jkey *text);  /* as it stands between the quotes */
uint64_t jr_u64(struct jr *r);
int64_t jr_i64(struct jr *r);
double jr_f64(struct jr *r);
void jr_f64_check(struct jr *r); /* the same, for the errors alone */
bool jr_bool(struct jr *r);
bool jr_null(struct jr *r); /* true and consumed if null */
void jr_skip(struct jr *r);
struct slice jr_raw(struct jr *r); /* skip it, return its text */

/* Make the reader fail here with a message of the caller's. */
void jr_fail(struct jr *r, const char *fmt, ...) PRINTF(2, 3);

/* All read? 0, or -1 with "expected a number at line 3 column 9". What is
 * left over after the value is an error too. */
int jr_end(struct jr *r, struct err *e);

/* The string value of one top-level key of a JSON object; caller frees. NULL
 * when it is not there, no string, or s is no object. */
char *json_get_str(const char *s, size_t n, const char *key);

/* Whether n bytes are well-formed UTF-8 (RFC 3629). */
bool utf8_valid(const char *s, size_t n);

/* Write a string's JSON text (quotes included) decoded to out, NUL characters
 * and all; -1: no string. */
int json_unquote(struct str *out, struct slice raw);

/* Parts of strings, for readers. The length of the well-formed UTF-8 sequence
 * of several bytes at s, 0 when there is none. */
size_t utf8_sequence(const char *s, const char *end);
/* One escape at p (behind the backslash): length used, 0 when bad. */
size_t json_escape(const char *p, const char *end, unsigned *code);
void json_add_utf8(struct str *out, unsigned c);

#endif
