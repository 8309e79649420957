/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes into the reader. What it takes must come back from the writer in
 * a form that it takes again and that writes the same text.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "json/read.h"
#include "json/write.h"

#define DEEPEST 60 /* the writer's own bound is a programming error, not input */

static void copy(struct jr *r, struct jw *w);

static void copy_members(struct jr *r, struct jw *w)
{
	struct jkey k;

	jw_object(w);
	for (jr_object(r); jr_key(r, &k);) {
		auto_str struct str name = { 0 };

		if (json_unquote(&name, (struct slice){ k.s - 1, k.n + 2 }) < 0)
			abort();
		if (!memchr(str_c(&name), '\0', name.len) && !key_is(&k, str_c(&name)))
			abort();
		jw_key(w, str_c(&name));
		copy(r, w);
	}
	jw_end(w);
}

static void copy_text(struct jr *r, struct jw *w)
{
	struct slice raw = jr_raw(r);
	auto_str struct str text = { 0 };

	if (r->failed)
		return;
	if (json_unquote(&text, raw) < 0)
		abort();
	jw_strn(w, str_c(&text), text.len);
}

static void copy(struct jr *r, struct jw *w)
{
	switch (jr_peek(r)) {
	case JR_OBJECT:
		if (r->depth > DEEPEST)
			jr_fail(r, "deep");
		else
			copy_members(r, w);
		break;
	case JR_ARRAY:
		if (r->depth > DEEPEST) {
			jr_fail(r, "deep");
			break;
		}
		jw_array(w);
		for (jr_array(r); jr_item(r);)
			copy(r, w);
		jw_end(w);
		break;
	case JR_STRING:
		copy_text(r, w);
		break;
	case JR_NUMBER:
		jw_f64(w, jr_f64(r));
		break;
	case JR_TRUE:
	case JR_FALSE:
		jw_bool(w, jr_bool(r));
		break;
	default:
		jr_skip(r);
		jw_null(w);
		break;
	}
}

static int rewrite(const char *s, size_t n, struct str *out)
{
	struct err e;
	struct jr r;
	struct jw w;

	jr_init(&r, s, n);
	jw_init(&w, out, 0);
	copy(&r, &w);
	return jr_end(&r, &e);
}

/* Readers of the wrong type must refuse, not crash. */
static void misread(const char *s, size_t n)
{
	struct err e;
	struct jr r;

	for (int i = 0; i < 6; i++) {
		auto_free char *text = NULL;

		jr_init(&r, s, n);
		switch (i) {
		case 0:
			jr_u64(&r);
			break;
		case 1:
			jr_i64(&r);
			break;
		case 2:
			jr_bool(&r);
			break;
		case 3:
			text = jr_str(&r);
			break;
		case 4:
			text = jr_str_or_null(&r);
			break;
		default:
			text = json_get_str(s, n, "k");
			break;
		}
		jr_end(&r, &e);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_str struct str once = { 0 }, twice = { 0 };
	const char *s = (const char *)data;
	struct err e;
	struct jr r;
	int skipped, read;

	jr_init(&r, s, n);
	jr_skip(&r);
	skipped = jr_end(&r, &e);
	read = rewrite(s, n, &once);
	if (read == 0 && skipped != 0)
		abort();
	if (read == 0 && (rewrite(str_c(&once), once.len, &twice) != 0 || strcmp(str_c(&once), str_c(&twice)) != 0))
		abort();
	misread(s, n);
	return 0;
}
