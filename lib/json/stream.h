/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON in from a descriptor: a strict pull reader of constant memory over one
 * document or many, each beginning on a line of its own. Documents, lists and
 * strings may be of any length; keys and numbers are bounded.
 *
 *	while ((t = js_next(&s)) > JS_END)
 *		…;
 *	if (t < 0) js_error(&s, &e);
 */
#ifndef JSON_STREAM_H
#define JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define JS_DEPTH   127             /* nesting; what is deeper is an error */
#define JS_WINDOW  (1 << 18)       /* bytes read ahead; a key or number must fit */
#define JS_KEY_MAX (JS_WINDOW / 2) /* a key's text is shorter */

enum js_token {
	JS_ERROR = -1,
	JS_END = 0, /* of input */
	JS_OBJECT,
	JS_OBJECT_END,
	JS_ARRAY,
	JS_ARRAY_END,
	JS_KEY,    /* text: decoded */
	JS_STRING, /* text: decoded, or its first piece if more */
	JS_NUMBER, /* text: as it stands */
	JS_TRUE,
	JS_FALSE,
	JS_NULL,
	JS_DONE /* a document is whole and its line at an end */
};

struct js {
	/* the token's text, valid until the next call */
	const char *text;
	size_t len;
	bool more;  /* JS_STRING: js_more gives the next piece */
	bool plain; /* text stands in the input as it is: no escapes */
	int depth;

	/* the reader's own */
	int fd;
	char *buf, *p, *end, *counted, *line_start;
	size_t line, before; /* bytes of this line that are gone from buf */
	bool eof, any;
	int state;
	unsigned char kind[JS_DEPTH + 1];
	struct str scratch;
	void (*before_read)(void *ctx); /* called before waiting for input */
	void *ctx;
	enum { JS_SYNTAX = 1, JS_BAD_UTF8, JS_IO } failed;
	char why[128];
};

void js_init(struct js *s, int fd);
void js_release(struct js *s);

/* The next token. After JS_ERROR and JS_END it stays at that. */
enum js_token js_next(struct js *s);

/* The next piece of a long string, in text; false on an error. */
bool js_more(struct js *s);

/* Refuse the token that was just given. */
enum js_token js_refuse(struct js *s, const char *why);

/* What went wrong: "WHY at line L column C"; -1. */
int js_error(struct js *s, struct err *e);

#endif
