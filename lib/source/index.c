/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/index.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/env.h"
#include "kernel/age.h"
#include "kernel/arch.h"
#include "kernel/cache.h"
#include "kernel/key.h"
#include "kernel/org.h"
#include "net/transfer.h"

#define TRIES     2     /* somebody waits */
#define STORED_MS 10000 /* … and there is the stored copy */
#define NAME_IT   "run once without KTSTR_OFFLINE, or name a release that needs no look-up, as in 6.14.2"

/* What is stored is used, and why. */
static int fall_back(const struct releases *r, const char *why)
{
	auto_str struct str age = { 0 };

	releases_add_age(r, &age);
	warn("%s; using the release index stored %s ago", why, str_c(&age));
	return 0;
}

static int nothing_stored(struct err *e)
{
	err_set(e, "KTSTR_OFFLINE is set and no release index is stored");
	return err_hint(e, NAME_IT);
}

/* Keeping it is of use to later runs, not to this one. */
static void store(const struct releases *r)
{
	static bool told;
	struct err e;

	if (releases_store(r, &e) == 0 || told)
		return;
	told = true;
	warn("the release index is not kept: %s", e.text);
}

static int take_answer(struct releases *r, struct transfer *t, const struct str *text, struct err *e)
{
	struct releases fresh = { 0 };

	if (t->unchanged) {
		r->checked = time(NULL);
		store(r);
		return 0;
	}
	if (releases_parse(&fresh, str_c(text), text->len, e) < 0) {
		releases_release(&fresh);
		return -1;
	}
	fresh.url = xstrdup(t->url);
	fresh.etag = t->etag ? xstrdup(t->etag) : NULL;
	fresh.modified = t->modified ? xstrdup(t->modified) : NULL;
	fresh.checked = time(NULL);
	fresh.probes = r->probes;
	fresh.n_probes = r->n_probes;
	fresh.cap_probes = r->cap_probes;
	r->probes = NULL;
	r->n_probes = 0;
	releases_release(r);
	*r = fresh;
	store(r);
	return 0;
}

int index_get(struct releases *r, struct err *e)
{
	auto_free char *url = org_releases_url();
	struct transfer t = { .url = url, .what = "fetch", .wanted = "JSON", .tries = TRIES };
	auto_str struct str text = { 0 };
	int stored = releases_load_stored(r, e), rc;

	if (stored < 0)
		return -1;
	if (env_get(ENV_OFFLINE))
		return stored ? fall_back(r, "KTSTR_OFFLINE is set") : nothing_stored(e);
	if (stored) {
		t.tries = 1;
		t.total_ms = STORED_MS;
		t.if_none_match = r->etag;
		t.if_modified_since = r->etag ? NULL : r->modified;
	}
	rc = transfer_text(&t, &text, e);
	if (rc == 0)
		rc = take_answer(r, &t, &text, e);
	transfer_release(&t);
	return rc < 0 && stored ? fall_back(r, e->text) : rc;
}

static int listing(const char *url, struct str *out, struct err *e)
{
	struct transfer t = { .url = url, .html = true, .tries = TRIES };
	int rc = transfer_text(&t, out, e);

	transfer_release(&t);
	return rc;
}

/* The listing cannot be read now, why says the reason: what it said last. */
static int take_known(const struct probe *known, const char *why, char **version)
{
	auto_str struct str age = { 0 };
	int64_t now = time(NULL);

	str_add_age(&age, now > known->at ? (uint64_t)(now - known->at) : 0);
	warn("%s; using %s, the newest %s.x release when it was looked up %s ago", why, known->version, known->series,
	     str_c(&age));
	*version = xstrdup(known->version);
	return 0;
}

int index_probe(struct releases *r, const char *series, char **version, struct err *e)
{
	const struct probe *known = releases_probe(r, series);
	auto_free char *url = org_listing_url(series);
	auto_str struct str text = { 0 };
	bool offline = env_get(ENV_OFFLINE) != NULL;

	*version = NULL;
	if (known && offline) {
		*version = xstrdup(known->version);
		return 0;
	}
	if (offline) {
		err_set(e, "KTSTR_OFFLINE is set and the newest release of %s.x is not known", series);
		return err_hint(e, NAME_IT);
	}
	note("fetching directory listing from %s", url);
	if (listing(url, &text, e) < 0)
		return known ? take_known(known, e->text, version) : -1;
	*version = org_newest_listed(str_c(&text), series);
	if (!*version) {
		err_set(e, "no tarball matching %s.x found in cdn.kernel.org directory listing at %s", series, url);
		return 1;
	}
	releases_add_probe(r, series, *version);
	store(r);
	return 0;
}

/* Whether c is a valid entry of a release of want's series, for this machine. */
static bool is_of_series(const struct cache_entry *c, const struct series *want, struct version *v)
{
	return !c->problem && c->version && c->source && strcmp(c->source, "tarball") == 0 && c->arch &&
	       strcmp(c->arch, kernel_arch()) == 0 && version_parse(c->version, strlen(c->version), v) == 0 &&
	       v->rc == UINT64_MAX && series_has(want, v);
}

static bool is_configured(const struct cache_entry *c, const struct key_config *config)
{
	auto_free char *key = key_of_version(config, c->version);

	return strcmp(key, c->key) == 0;
}

char *index_newest_cached(const char *series, bool lean)
{
	struct version v, best_v = { 0 };
	struct series want;
	struct cache_entry *list = NULL;
	struct key_config config;
	bool configured, best_configured = false;
	char *best = NULL;
	struct err ignored;
	size_t n = 0;

	if (series_parse(series, &want) < 0 || key_config_load(&config, lean, NULL, &ignored) < 0 ||
	    cache_list(&list, &n, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		configured = is_of_series(&list[i], &want, &v) && is_configured(&list[i], &config);
		if (is_of_series(&list[i], &want, &v) &&
		    (!best || configured > best_configured ||
		     (configured == best_configured && version_cmp(&v, &best_v) > 0))) {
			free(best);
			best = xstrdup(list[i].version);
			best_v = v;
			best_configured = configured;
		}
		cache_entry_release(&list[i]);
	}
	free(list);
	return best;
}
