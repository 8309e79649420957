/* SPDX-License-Identifier: GPL-2.0-only */
/* The stored copy of releases.json. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "json/read.h"
#include "json/write.h"
#include "kernel/cache.h"
#include "kernel/org.h"
#include "kernel/releases.h"

#define PROBES_MAX 64

static char *stored_path(struct err *e)
{
	auto_free char *root = cache_root(e);

	return root ? xasprintf("%s/.releases.json", root) : NULL;
}

static void read_probe(struct jr *r, struct releases *out)
{
	struct probe p = { 0 };
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "series") && !p.series)
			p.series = jr_str(r);
		else if (key_is(&k, "version") && !p.version)
			p.version = jr_str(r);
		else if (key_is(&k, "at"))
			p.at = jr_i64(r);
		else
			jr_skip(r);
	if (p.series && p.version) {
		GROW(out->probes, out->n_probes, out->cap_probes);
		out->probes[out->n_probes++] = p;
		return;
	}
	free(p.series);
	free(p.version);
}

/* What stands beside the rows. */
static int read_rest(struct releases *r, const char *json, size_t n, struct err *e)
{
	struct jkey k;
	struct jr in;

	jr_init(&in, json, n);
	for (jr_object(&in); jr_key(&in, &k);)
		if (key_is(&k, "url") && !r->url)
			r->url = jr_str(&in);
		else if (key_is(&k, "etag") && !r->etag)
			r->etag = jr_str_or_null(&in);
		else if (key_is(&k, "last_modified") && !r->modified)
			r->modified = jr_str_or_null(&in);
		else if (key_is(&k, "checked"))
			r->checked = jr_i64(&in);
		else if (key_is(&k, "probes"))
			for (jr_array(&in); jr_item(&in);)
				read_probe(&in, r);
		else
			jr_skip(&in);
	return jr_end(&in, e);
}

int releases_load_stored(struct releases *r, struct err *e)
{
	auto_free char *path = stored_path(e);
	auto_free char *url = org_releases_url();
	auto_str struct str text = { 0 };
	struct err ignored;

	*r = (struct releases){ 0 };
	if (!path)
		return -1;
	if (read_file(path, &text, &ignored) == 0 && releases_parse(r, str_c(&text), text.len, &ignored) == 0 &&
	    read_rest(r, str_c(&text), text.len, &ignored) == 0 && r->url && strcmp(r->url, url) == 0)
		return 1;
	releases_release(r);
	return 0;
}

static void write_rows(struct jw *w, const struct releases *r)
{
	jw_key(w, "releases");
	jw_array(w);
	for (size_t i = 0; i < r->n; i++) {
		jw_object(w);
		jw_key_str(w, "moniker", r->v[i].moniker);
		jw_key_str(w, "version", r->v[i].version);
		jw_key_bool(w, "iseol", r->v[i].eol);
		jw_end(w);
	}
	jw_end(w);
}

static void write_probes(struct jw *w, const struct releases *r)
{
	jw_key(w, "probes");
	jw_array(w);
	for (size_t i = r->n_probes > PROBES_MAX ? r->n_probes - PROBES_MAX : 0; i < r->n_probes; i++) {
		jw_object(w);
		jw_key_str(w, "series", r->probes[i].series);
		jw_key_str(w, "version", r->probes[i].version);
		jw_key_i64(w, "at", r->probes[i].at);
		jw_end(w);
	}
	jw_end(w);
}

int releases_store(const struct releases *r, struct err *e)
{
	auto_free char *root = cache_root(e);
	auto_free char *path = root ? stored_path(e) : NULL;
	auto_str struct str text = { 0 };
	struct jw w;

	if (!path)
		return -1;
	jw_init(&w, &text, 0);
	jw_object(&w);
	jw_key_str(&w, "url", r->url);
	jw_key_str(&w, "etag", r->etag);
	jw_key_str(&w, "last_modified", r->modified);
	jw_key_i64(&w, "checked", r->checked);
	write_rows(&w, r);
	write_probes(&w, r);
	jw_end(&w);
	str_addc(&text, '\n');
	if (make_dirs(root, e) < 0)
		return -1;
	return write_file(path, text.s, text.len, 0644, e);
}
