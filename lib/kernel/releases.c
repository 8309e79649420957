/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/releases.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json/read.h"
#include "kernel/age.h"

#define PATCH_MIN 8 /* of the newest stable release that is taken unasked */

void releases_release(struct releases *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].moniker);
		free(r->v[i].version);
	}
	for (size_t i = 0; i < r->n_probes; i++) {
		free(r->probes[i].series);
		free(r->probes[i].version);
	}
	free(r->v);
	free(r->probes);
	free(r->url);
	free(r->etag);
	free(r->modified);
	*r = (struct releases){ 0 };
}

/* A string goes to *to; what is none is passed over. */
static void take_string(struct jr *r, char **to)
{
	if (jr_peek(r) != JR_STRING || *to)
		jr_skip(r);
	else
		*to = jr_str(r);
}

static void take_flag(struct jr *r, bool *to)
{
	*to = jr_peek(r) == JR_TRUE;
	jr_skip(r);
}

static bool read_row(struct jr *r, struct release *row)
{
	struct jkey k;

	*row = (struct release){ 0 };
	if (jr_peek(r) != JR_OBJECT) {
		jr_skip(r);
		return false;
	}
	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "moniker"))
			take_string(r, &row->moniker);
		else if (key_is(&k, "version"))
			take_string(r, &row->version);
		else if (key_is(&k, "iseol"))
			take_flag(r, &row->eol);
		else
			jr_skip(r);
	return row->moniker && row->version;
}

/* False when it is no array. */
static bool read_rows(struct jr *r, struct releases *out, size_t *dropped)
{
	if (jr_peek(r) != JR_ARRAY) {
		jr_skip(r);
		return false;
	}
	for (jr_array(r); jr_item(r);) {
		struct release row;

		if (!read_row(r, &row)) {
			free(row.moniker);
			free(row.version);
			++*dropped;
			continue;
		}
		row.parsed = version_parse(row.version, strlen(row.version), &row.v) == 0;
		GROW(out->v, out->n, out->cap);
		out->v[out->n++] = row;
	}
	return true;
}

int releases_parse(struct releases *r, const char *json, size_t n, struct err *e)
{
	bool found = false;
	size_t dropped = 0;
	struct jkey k;
	struct jr in;

	jr_init(&in, json, n);
	for (jr_object(&in); jr_key(&in, &k);)
		if (key_is(&k, "releases") && !found)
			found = read_rows(&in, r, &dropped);
		else
			jr_skip(&in);
	if (jr_end(&in, e) < 0)
		return err_wrap(e, "parse releases.json");
	if (!found)
		return err_set(e, "releases.json: missing releases array");
	if (dropped)
		warn("releases.json: %zu of %zu rows have no moniker or no version and are passed over", dropped,
		     dropped + r->n);
	return 0;
}

void releases_add_age(const struct releases *r, struct str *out)
{
	int64_t now = time(NULL);

	str_add_age(out, now > r->checked ? (uint64_t)(now - r->checked) : 0);
}

/* Bytes of "6.14" in "6.14.2", "6.16-rc2", "6.16-rc2-next-20250101". */
static size_t series_length(const char *version)
{
	size_t major = strspn(version, "0123456789");

	return version[major] == '.' ? major + 1 + strspn(version + major + 1, "0123456789") : 0;
}

static bool is_next(const struct release *row)
{
	return strcmp(row->moniker, "linux-next") == 0;
}

static bool is_kept(const struct release *row)
{
	return row->parsed && (strcmp(row->moniker, "stable") == 0 || strcmp(row->moniker, "longterm") == 0);
}

bool releases_is_active(const struct releases *r, const char *version)
{
	size_t n = series_length(version);

	for (size_t i = 0; i < r->n; i++) {
		const struct release *row = &r->v[i];

		if (!is_next(row) && !row->eol && n && series_length(row->version) == n &&
		    strncmp(row->version, version, n) == 0)
			return true;
	}
	return r->n == 0;
}

const char *releases_latest(const struct releases *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (is_kept(&r->v[i]) && !r->v[i].eol && r->v[i].v.rc == UINT64_MAX && r->v[i].v.patch >= PATCH_MIN)
			return r->v[i].version;
	return NULL;
}

const char *releases_newest(const struct releases *r, const char *series)
{
	const struct release *best = NULL;
	struct series want;

	if (series_parse(series, &want) < 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		const struct release *row = &r->v[i];

		if (is_next(row) || !row->parsed || row->v.rc != UINT64_MAX || !series_has(&want, &row->v))
			continue;
		if (!best || version_cmp(&row->v, &best->v) > 0)
			best = row;
	}
	return best ? best->version : NULL;
}

static int by_version(const void *a, const void *b)
{
	const struct release *const *x = a, *const *y = b;

	return version_cmp(&(*x)->v, &(*y)->v);
}

void releases_range(const struct releases *r, const struct version *a, const struct version *b, struct strv *out)
{
	const struct release **in = xcalloc(r->n + 1, sizeof(const struct release *));
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (is_kept(&r->v[i]) && version_cmp(a, &r->v[i].v) <= 0 && version_cmp(&r->v[i].v, b) <= 0)
			in[n++] = &r->v[i];
	qsort(in, n, sizeof(const struct release *), by_version);
	for (size_t i = 0; i < n; i++)
		if (!i || version_cmp(&in[i - 1]->v, &in[i]->v) != 0)
			strv_add(out, in[i]->version);
	free(in);
}

const struct release *releases_last(const struct releases *r)
{
	const struct release *best = NULL;

	for (size_t i = 0; i < r->n; i++)
		if (!is_next(&r->v[i]) && r->v[i].parsed && (!best || version_cmp(&r->v[i].v, &best->v) > 0))
			best = &r->v[i];
	return best;
}

void releases_add_probe(struct releases *r, const char *series, const char *version)
{
	for (size_t i = 0; i < r->n_probes; i++)
		if (strcmp(r->probes[i].series, series) == 0) {
			free(r->probes[i].version);
			r->probes[i].version = xstrdup(version);
			r->probes[i].at = time(NULL);
			return;
		}
	GROW(r->probes, r->n_probes, r->cap_probes);
	r->probes[r->n_probes++] = (struct probe){ xstrdup(series), xstrdup(version), time(NULL) };
}

const struct probe *releases_probe(const struct releases *r, const char *series)
{
	for (size_t i = 0; i < r->n_probes; i++)
		if (strcmp(r->probes[i].series, series) == 0)
			return &r->probes[i];
	return NULL;
}
