/* SPDX-License-Identifier: GPL-2.0-only */
#include "funify/costume.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "funify/shortest.h"
#include "json/write.h"

/* Keys come again and again: what is known of the last ones. */
#define SEEN 1024

struct seen_key {
	unsigned char len; /* 0: none */
	char key[63];
	struct place place;
};

void costume_indent(struct costume *c, int depth)
{
	size_t n = 2 * (size_t)depth;

	if (!c->pretty)
		return;
	str_addc(&c->out, '\n');
	memset(str_room(&c->out, n), ' ', n);
	c->out.len += n;
}

/* What comes before a value or a key. */
static void lead(struct costume *c)
{
	struct level *l = &c->levels[c->in.depth];

	if (c->after_key || !c->in.depth) {
		c->after_key = false;
		return;
	}
	if (c->sort && l->object)
		return;
	if (l->any)
		str_addc(&c->out, ',');
	l->any = true;
	costume_indent(c, c->in.depth);
}

static void put_quoted(struct costume *c, const char *s, size_t n)
{
	char *to = str_room(&c->out, n + 2);

	to[0] = '"';
	memcpy(to + 1, s, n);
	to[n + 1] = '"';
	c->out.len += n + 2;
}

static void put_text(struct costume *c, const char *s, size_t n, bool plain)
{
	if (plain)
		put_quoted(c, s, n);
	else
		json_quote(&c->out, s, n);
}

/* A string that stays, in pieces where it is long. Asking for more may write
 * out what is there, so there is no closing quote until the end. */
static void pass_string(struct costume *c)
{
	put_text(c, c->in.text, c->in.len, c->in.plain);
	while (c->in.more) {
		auto_str struct str piece = { 0 };

		c->out.len--;
		if (!js_more(&c->in))
			return;
		json_quote(&piece, c->in.text, c->in.len);
		str_addn(&c->out, piece.s + 1, piece.len - 1);
	}
}

static void put_name(struct costume *c, struct siphash h)
{
	char name[NAME_MAX_LEN];
	size_t n = name_string(&c->names, siphash_end(h), name);

	put_quoted(c, name, n);
}

static void string(struct costume *c)
{
	struct siphash h;

	lead(c);
	if (c->place.class == KEY_PASS) {
		pass_string(c);
		return;
	}
	h = c->place.space;
	siphash_add(&h, c->in.text, c->in.len);
	while (c->in.more && js_more(&c->in))
		siphash_add(&h, c->in.text, c->in.len);
	put_name(c, h);
}

static void put_float(struct costume *c)
{
	size_t from = c->out.len;
	char *e;
	double v;

	if (is_shortest(c->in.text, c->in.len)) {
		str_addn(&c->out, c->in.text, c->in.len);
		return;
	}
	v = strtod(c->in.text, NULL);
	if (!isfinite(v)) {
		js_refuse(&c->in, "number out of range");
		return;
	}
	json_f64(&c->out, v);
	e = memchr(c->out.s + from, 'e', c->out.len - from);
	if (e && e[1] != '-') {
		auto_free char *exponent = xstrdup(e + 1);

		c->out.len = (size_t)(e + 1 - c->out.s);
		str_addf(&c->out, "+%s", exponent);
	}
}

struct whole {
	bool is, negative;
	uint64_t u;
	int64_t i;
};

/* A whole number that fits 64 bits; "-0" is none. */
static struct whole whole_number(const char *s, size_t n)
{
	struct whole w = { .negative = *s == '-' };
	size_t i = w.negative;

	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
		if (__builtin_mul_overflow(w.u, 10, &w.u) || __builtin_add_overflow(w.u, (uint64_t)(s[i] - '0'), &w.u))
			return w;
	if (i < n || i == w.negative || (w.negative && (!w.u || w.u > (uint64_t)INT64_MAX + 1)))
		return w;
	w.i = (int64_t)-w.u;
	w.is = true;
	return w;
}

static size_t renamed_number(struct costume *c, const struct place *at, struct whole w, char text[24])
{
	bool id32 = at->class == KEY_ID32;
	int64_t i = w.negative ? name_negative(&c->names, at->space, w.i, id32) : 0;
	uint64_t u = w.negative ? -(uint64_t)i : name_u64(&c->names, at->space, w.u, id32);
	char digits[24], *p = digits + sizeof(digits);
	size_t n;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (i < 0)
		*--p = '-';
	n = (size_t)(digits + sizeof(digits) - p);
	memcpy(text, p, n);
	return n;
}

static void number(struct costume *c)
{
	struct whole w = whole_number(c->in.text, c->in.len);
	char text[24];

	lead(c);
	if (!w.is)
		put_float(c);
	else if (c->place.class == KEY_PASS)
		str_addn(&c->out, c->in.text, c->in.len);
	else
		str_addn(&c->out, text, renamed_number(c, &c->place, w, text));
}

static struct place place_of(struct costume *c, const char *key, size_t len)
{
	return (struct place){ key_class(key, len), c->keys && key_is_field(key, len),
			       namespace_of(&c->names, key, len) };
}

static struct place look_up(struct costume *c, const char *key, size_t len)
{
	struct seen_key *seen;
	unsigned h = 0;

	if (!len || len > sizeof(seen->key))
		return place_of(c, key, len);
	for (size_t i = 0; i < len; i++)
		h = h * 31 + (unsigned char)key[i];
	seen = &c->cache[(h ^ h >> 10) % SEEN];
	if (seen->len != len || memcmp(seen->key, key, len) != 0) {
		seen->len = (unsigned char)len;
		memcpy(seen->key, key, len);
		seen->place = place_of(c, key, len);
	}
	return seen->place;
}

/* The name of a key that is a datum: its own in the namespace around the
 * object, so that a pid is called alike as a key and as a value. */
static size_t rename_key(struct costume *c, char name[NAME_MAX_LEN])
{
	const struct place *outer = &c->levels[c->in.depth].outer;
	struct whole w = whole_number(c->in.text, c->in.len);
	struct siphash h = outer->space;

	if (w.is && (c->in.len == 1 || c->in.text[w.negative] != '0'))
		return renamed_number(c, outer, w, name);
	siphash_add(&h, c->in.text, c->in.len);
	return name_string(&c->names, siphash_end(h), name);
}

static void key(struct costume *c)
{
	const char *text = c->in.text;
	size_t len = c->in.len;
	char name[NAME_MAX_LEN];

	c->place = look_up(c, text, len);
	lead(c);
	if (c->keys && !c->place.field) {
		len = rename_key(c, name);
		text = name;
	}
	if (c->sort)
		sorter_member(c, text, len);
	put_text(c, text, len, text == name || c->in.plain);
	str_addn(&c->out, ": ", c->pretty ? 2 : 1);
	c->after_key = true;
}

static void enter(struct costume *c, bool object)
{
	c->in.depth--;
	lead(c);
	c->in.depth++;
	str_addc(&c->out, object ? '{' : '[');
	c->levels[c->in.depth] = (struct level){ .outer = c->place, .object = object };
	if (c->sort && object)
		sorter_member(c, NULL, 0);
}

static void leave(struct costume *c, bool object)
{
	struct level *l = &c->levels[c->in.depth + 1];

	c->place = l->outer;
	if (c->sort && object)
		sorter_object(c, c->in.depth + 1);
	if (l->any)
		costume_indent(c, c->in.depth);
	str_addc(&c->out, object ? '}' : ']');
}

static void literal(struct costume *c, const char *text)
{
	lead(c);
	str_add(&c->out, text);
}

static void token(struct costume *c, enum js_token t)
{
	switch (t) {
	case JS_KEY:
		key(c);
		return;
	case JS_STRING:
		string(c);
		return;
	case JS_NUMBER:
		number(c);
		return;
	case JS_OBJECT:
	case JS_ARRAY:
		enter(c, t == JS_OBJECT);
		return;
	case JS_OBJECT_END:
	case JS_ARRAY_END:
		leave(c, t == JS_OBJECT_END);
		return;
	case JS_TRUE:
	case JS_FALSE:
		literal(c, t == JS_TRUE ? "true" : "false");
		return;
	case JS_NULL:
		literal(c, "null");
		return;
	case JS_DONE:
		str_addc(&c->out, '\n');
		c->whole = c->out.len;
		return;
	case JS_END:
	case JS_ERROR:
		return;
	}
}

int costume_walk(struct costume *c, int fd, const char *name, void (*before_read)(void *), struct err *e)
{
	enum js_token t;

	words_load();
	js_init(&c->in, fd);
	c->in.before_read = before_read;
	c->in.ctx = c;
	c->cache = xcalloc(SEEN, sizeof(*c->cache));
	/* what stands under no key stays */
	c->place = (struct place){ KEY_PASS, false, namespace_of(&c->names, "", 0) };
	while ((t = js_next(&c->in)) > JS_END)
		token(c, t);
	if (t == JS_END)
		return 0;
	js_error(&c->in, e);
	return c->in.failed == JS_SYNTAX ? err_wrap(e, "parse JSON input") : err_wrap(e, "read %s", name);
}

void costume_release(struct costume *c)
{
	js_release(&c->in);
	sorter_release(c);
	str_release(&c->out);
	free(c->cache);
}
