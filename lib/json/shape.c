/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/shape.h"

#include <stdlib.h>
#include <string.h>

char *key_text(const struct jkey *k)
{
	struct str text = { 0 };

	/* the quotes stand on both sides of the slice */
	json_unquote(&text, (struct slice){ k->s - 1, k->n + 2 });
	return str_take(&text);
}

void json_copy(struct jw *w, struct slice raw)
{
	struct jkey k = { 0 };
	struct slice s;
	struct jr r;

	jr_init(&r, raw.s, raw.n);
	do {
		switch (jr_peek(&r)) {
		case JR_OBJECT:
			jr_object(&r);
			jw_object(w);
			break;
		case JR_ARRAY:
			jr_array(&r);
			jw_array(w);
			break;
		default:
			s = jr_raw(&r);
			jw_raw(w, s.s, s.n);
		}
		while (!r.failed && r.depth > 0) {
			bool object = r.close[r.depth] == '}';

			if (object ? jr_key(&r, &k) : jr_item(&r)) {
				if (object) {
					auto_free char *key = key_text(&k);

					jw_key(w, key);
				}
				break;
			}
			jw_end(w);
		}
	} while (!r.failed && r.depth > 0);
}

static void read_strs(struct jr *r, struct strv *l)
{
	for (jr_array(r); jr_item(r);)
		strv_give(l, jr_str(r));
}

static void read_list(struct jr *r, const struct shape *of, struct shape_list *l, enum shape_mode mode)
{
	l->set = true;
	for (jr_array(r); jr_item(r);) {
		char *at;

		if (l->n >= l->cap) {
			l->cap = l->cap ? l->cap * 2 : 8;
			l->v = xrealloc(l->v, l->cap * of->size);
		}
		at = (char *)l->v + l->n++ * of->size;
		memset(at, 0, of->size);
		shape_read(r, of, at, mode);
	}
}

/* Where the next value begins, for messages about it. */
static const char *value_at(struct jr *r)
{
	jr_peek(r);
	return r->p;
}

static char *read_choice(struct jr *r, const char *const *choices)
{
	const char *at = value_at(r);
	char *s = jr_str(r);

	for (; choices && *choices; choices++)
		if (strcmp(*choices, s) == 0)
			return s;
	if (choices && !r->failed) {
		r->p = at;
		jr_fail(r, "unknown variant `%.80s`", s);
	}
	return s;
}

static int64_t read_within(struct jr *r, int64_t min, int64_t max)
{
	const char *at = value_at(r);
	int64_t v = jr_i64(r);

	if (!r->failed && (v < min || v > max)) {
		r->p = at;
		jr_fail(r, "invalid value: integer `%lld`, expected one between %lld and %lld", (long long)v,
			(long long)min, (long long)max);
	}
	return v;
}

static void read_raw(struct jr *r, char **to)
{
	struct slice s = jr_raw(r);

	free(*to);
	*to = r->failed ? NULL : xstrndup(s.s, s.n);
}

static void read_field(struct jr *r, const struct shape_field *f, void *at, enum shape_mode mode)
{
	switch (f->kind) {
	case SHAPE_STR:
		*(char **)at = read_choice(r, f->choices);
		break;
	case SHAPE_BOOL:
		*(bool *)at = jr_bool(r);
		break;
	case SHAPE_U64:
		*(uint64_t *)at = jr_u64(r);
		break;
	case SHAPE_U32:
		*(uint32_t *)at = (uint32_t)read_within(r, 0, UINT32_MAX);
		break;
	case SHAPE_I64:
		*(int64_t *)at = jr_i64(r);
		break;
	case SHAPE_I32:
		*(int32_t *)at = (int32_t)read_within(r, INT32_MIN, INT32_MAX);
		break;
	case SHAPE_F64:
		*(double *)at = jr_f64(r);
		break;
	case SHAPE_OPT_U64:
		*(struct opt_u64 *)at = (struct opt_u64){ jr_u64(r), true };
		break;
	case SHAPE_RAW:
		read_raw(r, at);
		break;
	case SHAPE_STRS:
		read_strs(r, at);
		break;
	case SHAPE_OBJECT:
		shape_read(r, f->of, at, mode);
		break;
	case SHAPE_PTR:
		*(void **)at = xcalloc(1, f->of->size);
		shape_read(r, f->of, *(void **)at, mode);
		break;
	case SHAPE_LIST:
		read_list(r, f->of, at, mode);
		break;
	case SHAPE_CUSTOM:
		r->lax = mode == SHAPE_LAX;
		f->codec->read(r, at);
		break;
	}
}

static void keep(struct jr *r, struct strv *rest, const struct jkey *k)
{
	char *key = key_text(k);
	struct slice raw = jr_raw(r);

	strv_give(rest, key);
	strv_give(rest, xstrndup(raw.s, raw.n));
}

int shape_row(const struct shape *s, const struct jkey *k, int next)
{
	if (s->fields[next].name && key_is(k, s->fields[next].name))
		return next;
	for (int i = 0; s->fields[i].name; i++)
		if (key_is(k, s->fields[i].name))
			return i;
	return -1;
}

static bool skip_null(struct jr *r, const struct shape_field *f, enum shape_mode mode)
{
	if (mode == SHAPE_STRICT && (f->absent == SHAPE_NEEDED || f->absent == SHAPE_EMPTY))
		return false;
	return jr_null(r);
}

void shape_read(struct jr *r, const struct shape *s, void *obj, enum shape_mode mode)
{
	uint64_t seen = 0;
	struct jkey k;
	int i = -1;

	if (s->codec) {
		s->codec->read(r, obj);
		return;
	}
	for (jr_object(r); jr_key(r, &k);) {
		i = shape_row(s, &k, i + 1);

		if (i < 0 && s->keeps_rest) {
			keep(r, (struct strv *)((char *)obj + s->rest), &k);
		} else if (i < 0) {
			jr_skip(r);
		} else if (seen & 1ull << i) {
			jr_fail(r, "duplicate field `%s`", s->fields[i].name);
		} else {
			seen |= 1ull << i;
			if (!skip_null(r, &s->fields[i], mode))
				read_field(r, &s->fields[i], (char *)obj + s->fields[i].at, mode);
		}
	}
	for (i = 0; mode == SHAPE_STRICT && s->fields[i].name; i++)
		if (!(seen & 1ull << i) && s->fields[i].absent == SHAPE_NEEDED)
			jr_fail(r, "missing field `%s`", s->fields[i].name);
}

static bool is_none(const struct shape_field *f, const void *at)
{
	switch (f->kind) {
	case SHAPE_STR:
	case SHAPE_RAW:
	case SHAPE_PTR:
		return !*(void *const *)at;
	case SHAPE_OPT_U64:
		return !((const struct opt_u64 *)at)->set;
	case SHAPE_LIST:
		return !((const struct shape_list *)at)->set;
	case SHAPE_CUSTOM:
		return f->codec->is_none && f->codec->is_none(at);
	default:
		return false;
	}
}

static void write_list(struct jw *w, const struct shape *of, const struct shape_list *l)
{
	jw_array(w);
	for (size_t i = 0; i < l->n; i++)
		shape_write(w, of, (char *)l->v + i * of->size);
	jw_end(w);
}

static void write_strs(struct jw *w, const struct strv *l)
{
	jw_array(w);
	for (size_t i = 0; i < l->n; i++)
		jw_str(w, l->v[i]);
	jw_end(w);
}

static void write_field(struct jw *w, const struct shape_field *f, const void *at)
{
	switch (f->kind) {
	case SHAPE_STR:
		jw_str(w, *(char *const *)at ? *(char *const *)at : "");
		break;
	case SHAPE_BOOL:
		jw_bool(w, *(const bool *)at);
		break;
	case SHAPE_U64:
		jw_u64(w, *(const uint64_t *)at);
		break;
	case SHAPE_U32:
		jw_u64(w, *(const uint32_t *)at);
		break;
	case SHAPE_I64:
		jw_i64(w, *(const int64_t *)at);
		break;
	case SHAPE_I32:
		jw_i64(w, *(const int32_t *)at);
		break;
	case SHAPE_F64:
		jw_f64(w, *(const double *)at);
		break;
	case SHAPE_OPT_U64:
		jw_u64(w, ((const struct opt_u64 *)at)->v);
		break;
	case SHAPE_RAW:
		json_copy(w, (struct slice){ *(char *const *)at, strlen(*(char *const *)at) });
		break;
	case SHAPE_STRS:
		write_strs(w, at);
		break;
	case SHAPE_OBJECT:
		shape_write(w, f->of, at);
		break;
	case SHAPE_PTR:
		shape_write(w, f->of, *(void *const *)at);
		break;
	case SHAPE_LIST:
		write_list(w, f->of, at);
		break;
	case SHAPE_CUSTOM:
		f->codec->write(w, at);
		break;
	}
}

void shape_write(struct jw *w, const struct shape *s, const void *obj)
{
	if (s->codec) {
		s->codec->write(w, obj);
		return;
	}
	jw_object(w);
	for (const struct shape_field *f = s->fields; f->name; f++) {
		const void *at = (const char *)obj + f->at;
		bool optional = f->absent == SHAPE_NULL || f->absent == SHAPE_OMIT;

		if (optional && is_none(f, at)) {
			if (f->absent == SHAPE_NULL)
				jw_key_null(w, f->name);
			continue;
		}
		jw_key(w, f->name);
		write_field(w, f, at);
	}
	if (s->keeps_rest) {
		const struct strv *rest = (const struct strv *)((const char *)obj + s->rest);

		for (size_t i = 0; i + 1 < rest->n; i += 2) {
			jw_key(w, rest->v[i]);
			json_copy(w, (struct slice){ rest->v[i + 1], strlen(rest->v[i + 1]) });
		}
	}
	jw_end(w);
}

static void release_list(const struct shape *of, struct shape_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		shape_release(of, (char *)l->v + i * of->size);
	free(l->v);
	*l = (struct shape_list){ 0 };
}

static void release_field(const struct shape_field *f, void *at)
{
	switch (f->kind) {
	case SHAPE_STR:
	case SHAPE_RAW:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case SHAPE_STRS:
		strv_release(at);
		break;
	case SHAPE_OBJECT:
		shape_release(f->of, at);
		break;
	case SHAPE_PTR:
		if (*(void **)at)
			shape_release(f->of, *(void **)at);
		free(*(void **)at);
		*(void **)at = NULL;
		break;
	case SHAPE_LIST:
		release_list(f->of, at);
		break;
	case SHAPE_CUSTOM:
		if (f->codec->release)
			f->codec->release(at);
		break;
	default:
		break;
	}
}

void shape_release(const struct shape *s, void *obj)
{
	if (s->codec) {
		s->codec->release(obj);
		return;
	}
	for (const struct shape_field *f = s->fields; f->name; f++)
		release_field(f, (char *)obj + f->at);
	if (s->keeps_rest)
		strv_release((struct strv *)((char *)obj + s->rest));
}
