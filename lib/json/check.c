/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading by a shape without keeping: what is well-formed, and where the
 * texts stand that somebody wants. */
#include <string.h>

#include "json/shape.h"

static void within(struct jr *r, int64_t min, int64_t max)
{
	const char *at = r->p;
	int64_t v = jr_i64(r);

	if (r->failed || (v >= min && v <= max))
		return;
	r->p = at;
	jr_fail(r, "invalid value: integer `%lld`, expected one between %lld and %lld", (long long)v, (long long)min,
		(long long)max);
}

static void choice(struct jr *r, const char *const *choices)
{
	const char *at = r->p;
	struct jkey text;

	jr_text(r, &text);
	for (; !r->failed && choices; choices++) {
		if (*choices && key_is(&text, *choices))
			return;
		if (*choices)
			continue;
		r->p = at;
		jr_fail(r, "unknown variant `%.*s`", (int)(text.n < 80 ? text.n : 80), text.s);
	}
}

static void strings(struct jr *r)
{
	struct jkey text;

	for (jr_array(r); jr_item(r);)
		jr_text(r, &text);
}

static void list(struct jr *r, const struct shape *of)
{
	for (jr_array(r); jr_item(r);)
		shape_check(r, of, NULL);
}

static void check_field(struct jr *r, const struct shape_field *f, struct slice *parts)
{
	switch (f->kind) {
	case SHAPE_STR:
		choice(r, f->choices);
		break;
	case SHAPE_BOOL:
		jr_bool(r);
		break;
	case SHAPE_U64:
	case SHAPE_OPT_U64:
		jr_u64(r);
		break;
	case SHAPE_U32:
		within(r, 0, UINT32_MAX);
		break;
	case SHAPE_I64:
		jr_i64(r);
		break;
	case SHAPE_I32:
		within(r, INT32_MIN, INT32_MAX);
		break;
	case SHAPE_F64:
		jr_f64_check(r);
		break;
	case SHAPE_RAW:
		jr_skip(r);
		break;
	case SHAPE_STRS:
		strings(r);
		break;
	case SHAPE_OBJECT:
	case SHAPE_PTR:
		shape_check(r, f->of, parts);
		break;
	case SHAPE_LIST:
		list(r, f->of);
		break;
	case SHAPE_CUSTOM:
		f->codec->check(r);
		break;
	}
}

static bool may_be_null(const struct shape_field *f)
{
	return f->absent == SHAPE_NULL || f->absent == SHAPE_OMIT;
}

void shape_check(struct jr *r, const struct shape *s, struct slice *parts)
{
	const struct shape_field *f;
	uint64_t seen = 0;
	const char *from;
	struct jkey k;
	int i = -1;

	if (s->codec) {
		s->codec->check(r);
		return;
	}
	for (jr_object(r);;) {
		if (s->fields[i + 1].name_n && jr_key_if(r, s->fields[i + 1].name, s->fields[i + 1].name_n)) {
			i++;
		} else if (jr_key(r, &k)) {
			i = shape_row(s, &k, i + 1);
		} else {
			break;
		}
		if (i < 0) {
			jr_skip(r);
			continue;
		}
		f = &s->fields[i];
		if (seen & 1ull << i) {
			jr_fail(r, "duplicate field `%s`", f->name);
			return;
		}
		seen |= 1ull << i;
		jr_peek(r);
		from = r->p;
		if (!may_be_null(f) || !jr_null(r))
			check_field(r, f, parts);
		if (f->part && parts)
			parts[f->part] = (struct slice){ from, (size_t)(r->p - from) };
	}
	for (i = 0; s->fields[i].name; i++)
		if (!(seen & 1ull << i) && s->fields[i].absent == SHAPE_NEEDED)
			jr_fail(r, "missing field `%s`", s->fields[i].name);
}
