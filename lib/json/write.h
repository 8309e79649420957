/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON out: a streaming writer that knows where commas go. It appends to a
 * struct str, which stays the caller's. Numbers are written so that reading
 * them gives the same bits; a number that is not finite becomes 0.0, since
 * JSON has no way to say it.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define JW_DEPTH 272 /* what the reader takes, and a little around it */

struct jw {
	struct str *out;
	int indent; /* spaces a level; 0 writes one line */
	int depth;
	bool any[JW_DEPTH];   /* something was written at this level */
	char close[JW_DEPTH]; /* '}' or ']' */
	bool after_key;
};

void jw_init(struct jw *w, struct str *out, int indent);
void jw_object(struct jw *w);
void jw_array(struct jw *w);
void jw_end(struct jw *w); /* ends the innermost object or array */
void jw_key(struct jw *w, const char *key);
void jw_str(struct jw *w, const char *s); /* NULL writes null */
void jw_strn(struct jw *w, const char *s, size_t n);
void jw_u64(struct jw *w, uint64_t v);
void jw_i64(struct jw *w, int64_t v);
void jw_f64(struct jw *w, double v); /* shortest, with ".0" for whole ones */
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, const char *json, size_t n); /* one value, as it is */

void jw_key_str(struct jw *w, const char *key, const char *s);
void jw_key_u64(struct jw *w, const char *key, uint64_t v);
void jw_key_i64(struct jw *w, const char *key, int64_t v);
void jw_key_f64(struct jw *w, const char *key, double v);
void jw_key_bool(struct jw *w, const char *key, bool v);
void jw_key_null(struct jw *w, const char *key);

/* Append s as a JSON string, quotes included. Bytes that are no UTF-8 become
 * U+FFFD. Escapes as serde_json's: \b \t \n \f \r \" \\ and \u00xx. */
void json_quote(struct str *out, const char *s, size_t n);

/* Append the shortest decimal text that reads back as v. */
void json_f64(struct str *out, double v);

#endif
