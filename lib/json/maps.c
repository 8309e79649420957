/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps with string keys, as codecs for shapes. */
#include <stdlib.h>
#include <string.h>

#include "json/shape.h"

void map_f64_put(struct map_f64 *m, const char *key, double v)
{
	GROW(m->v, m->n, m->cap);
	m->v[m->n].key = xstrdup(key);
	m->v[m->n++].v = v;
}

static void f64_read(struct jr *r, void *at)
{
	struct map_f64 *m = at;
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		auto_free char *key = key_text(&k);

		if (!r->lax || !jr_null(r))
			map_f64_put(m, key, jr_f64(r));
	}
}

static void f64_write(struct jw *w, const void *at)
{
	const struct map_f64 *m = at;

	jw_object(w);
	for (size_t i = 0; i < m->n; i++)
		jw_key_f64(w, m->v[i].key, m->v[i].v);
	jw_end(w);
}

static void f64_release(void *at)
{
	struct map_f64 *m = at;

	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].key);
	free(m->v);
	*m = (struct map_f64){ 0 };
}

static void u64_read(struct jr *r, void *at)
{
	struct map_u64 *m = at;
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		GROW(m->v, m->n, m->cap);
		m->v[m->n].key = key_text(&k);
		m->v[m->n++].v = jr_u64(r);
	}
}

static void u64_write(struct jw *w, const void *at)
{
	const struct map_u64 *m = at;

	jw_object(w);
	for (size_t i = 0; i < m->n; i++)
		jw_key_u64(w, m->v[i].key, m->v[i].v);
	jw_end(w);
}

static void u64_release(void *at)
{
	struct map_u64 *m = at;

	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].key);
	free(m->v);
	*m = (struct map_u64){ 0 };
}

uint64_t map_u64_get(const struct map_u64 *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0)
			return m->v[i].v;
	return 0;
}

static void str_read(struct jr *r, void *at)
{
	struct map_str *m = at;
	struct jkey k;

	m->set = true;
	for (jr_object(r); jr_key(r, &k);) {
		strv_give(&m->kv, key_text(&k));
		strv_give(&m->kv, jr_str(r));
	}
}

static void str_write(struct jw *w, const void *at)
{
	const struct map_str *m = at;

	jw_object(w);
	for (size_t i = 0; i + 1 < m->kv.n; i += 2)
		jw_key_str(w, m->kv.v[i], m->kv.v[i + 1]);
	jw_end(w);
}

static void str_free(void *at)
{
	struct map_str *m = at;

	strv_release(&m->kv);
	m->set = false;
}

static bool str_is_none(const void *at)
{
	return !((const struct map_str *)at)->set;
}

const char *map_str_get(const struct map_str *m, const char *key)
{
	for (size_t i = 0; i + 1 < m->kv.n; i += 2)
		if (strcmp(m->kv.v[i], key) == 0)
			return m->kv.v[i + 1];
	return NULL;
}

static void f64_check(struct jr *r)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);)
		jr_f64_check(r);
}

static void u64_check(struct jr *r)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);)
		jr_u64(r);
}

static void str_check(struct jr *r)
{
	struct jkey k, text;

	for (jr_object(r); jr_key(r, &k);)
		jr_text(r, &text);
}

const struct shape_codec codec_map_f64 = { f64_read, f64_write, f64_release, NULL, f64_check };
const struct shape_codec codec_map_u64 = { u64_read, u64_write, u64_release, NULL, u64_check };
const struct shape_codec codec_map_str = { str_read, str_write, str_free, str_is_none, str_check };
