/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-releases: which kernel releases a text stands for, by kernel.org's
 * index. It is the half of ktstr-resolve that talks to the network, started
 * for prefixes and ranges only, and "kernel list --range" by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "json/write.h"
#include "source/index.h"
#include "kernel/spec.h"

static bool json, latest;
static const char *range, *jq;

static struct opt opts[] = {
	{ "latest", 0, OPT_FLAG, &latest, NULL, "the newest stable release with a patch number of 8 or more" },
	{ "range", 0, OPT_STR, &range, "START..END", "preview a range, as 'cargo ktstr kernel list --range' does",
	  .conflicts = "latest" },
	{ "json", 0, OPT_FLAG, &json, NULL, "print a record for each SPEC, failed ones too; one object for --range" },
	JQ_OPT(&jq),
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-releases",
	.args = "[SPEC]...",
	.about = "Print the kernel releases that prefixes and ranges stand for",
	.detail = "SPEC is a series such as 6.14 or 6, which means its newest release, or a range\n"
		  "START..END, which means every stable and longterm release from START to END.",
	.opts = opts,
	.max_args = -1,
};

static struct releases index_;

/* One index for all of them, asked for when it is first needed. */
static int need_index(struct err *e)
{
	static bool asked;
	static int rc;
	static struct err why;

	if (!asked)
		rc = index_get(&index_, &why);
	asked = true;
	*e = why;
	return rc;
}

static int find_latest(struct strv *out, struct err *e)
{
	const char *v;

	note("fetching latest kernel version");
	if (need_index(e) < 0)
		return -1;
	v = releases_latest(&index_);
	if (!v)
		return err_set(e, "no stable kernel with patch >= 8 found in releases.json");
	note("latest stable kernel: %s", v);
	strv_add(out, v);
	return 0;
}

/* A series behind the newest one there is has not ended, it has not begun. */
static int check_begun(const char *series, struct err *e)
{
	const struct release *last = releases_last(&index_);
	struct series s;

	if (!last || series_parse(series, &s) < 0 || last->v.major > s.major)
		return 0;
	if (last->v.major == s.major && (!s.has_minor || last->v.minor > s.minor))
		return 0;
	err_set(e, "there is no %s release yet: the newest that kernel.org lists is %s", series, last->version);
	return err_hint(e, "name that one, or a series kernel.org lists");
}

/* kernel.org cannot be asked, e says why: what is built has to do. */
static int find_cached(const char *series, struct strv *out, const struct err *e)
{
	auto_free char *v = index_newest_cached(series, env_get(ENV_LEAN) != NULL);

	if (!v)
		return -1;
	warn("%s; using %s, the newest %s.x kernel in the cache", e->text, v, series);
	strv_add(out, v);
	return 0;
}

static int find_newest(const char *series, struct strv *out, struct err *e)
{
	auto_free char *probed = NULL;
	const char *v;
	int rc;

	note("fetching latest %s.x kernel version", series);
	if (need_index(e) < 0)
		return find_cached(series, out, e);
	v = releases_newest(&index_, series);
	if (v) {
		note("latest %s.x kernel: %s", series, v);
		strv_add(out, v);
		return 0;
	}
	if (check_begun(series, e) < 0)
		return -1;
	note("%s.x not in releases.json (EOL series), probing cdn.kernel.org", series);
	rc = index_probe(&index_, series, &probed, e);
	if (rc)
		return rc < 0 ? find_cached(series, out, e) : -1;
	note("latest %s.x kernel (from cdn listing): %s", series, probed);
	strv_add(out, probed);
	return 0;
}

#define ONLY_NEWEST "releases.json lists the newest release of each maintained series only"

static int expand(const struct spec *s, struct strv *out, struct err *e)
{
	auto_str struct str list = { 0 };
	struct version a, b;
	size_t before = out->n;

	note("expanding kernel range %s..%s", s->start, s->end);
	if (need_index(e) < 0)
		return -1;
	version_parse(s->start, strlen(s->start), &a);
	version_parse(s->end, strlen(s->end), &b);
	releases_range(&index_, &a, &b, out);
	if (out->n == before) {
		err_set(e, "kernel range %s..%s expanded to 0 stable releases", s->start, s->end);
		if (b.has_patch || b.rc != UINT64_MAX)
			return err_hint(e, ONLY_NEWEST "; name releases that ended one by one");
		return err_hint(e, ONLY_NEWEST ", and %s means %s.0 there; name releases that ended one by one", s->end,
				s->end);
	}
	for (size_t i = before; i < out->n; i++)
		str_addf(&list, "%s%s", i > before ? ", " : "", out->v[i]);
	note("range expanded to %zu kernel(s): %s", out->n - before, str_c(&list));
	return 0;
}

static int find(const char *text, struct strv *out, struct err *e)
{
	struct series series;
	struct spec s;
	int rc = spec_parse(text, &s, e);

	if (rc == 0 && s.kind == SPEC_RANGE)
		rc = expand(&s, out, e);
	else if (rc == 0 && series_parse(text, &series) == 0)
		rc = find_newest(text, out, e);
	else if (rc == 0 && s.kind == SPEC_VERSION)
		strv_add(out, text);
	else if (rc == 0)
		rc = err_set(e, "`%s` is neither a series such as 6.14 nor a range START..END", text);
	spec_release(&s);
	return rc;
}

static void write_versions(struct jw *w, const struct strv *versions)
{
	jw_key(w, "versions");
	jw_array(w);
	for (size_t i = 0; i < versions->n; i++)
		jw_str(w, versions->v[i]);
	jw_end(w);
}

static void print_record(const char *text, const struct strv *versions, const struct err *why)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "releases");
	jw_key_str(&w, "spec", text);
	if (why) {
		jw_key_str(&w, "message", why->text);
		jw_key_str(&w, "hint", why->hint);
	} else {
		write_versions(&w, versions);
	}
	jw_end(&w);
	puts(str_c(&out));
}

static int one(const char *text)
{
	auto_strv struct strv versions = { 0 };
	struct err e;
	int rc = text ? find(text, &versions, &e) : find_latest(&versions, &e);

	if (json)
		print_record(text ? text : "latest", &versions, rc < 0 ? &e : NULL);
	else if (rc < 0)
		print_err(&e);
	for (size_t i = 0; !json && i < versions.n; i++)
		puts(versions.v[i]);
	return rc;
}

static void print_preview(const struct spec *s, const struct strv *versions)
{
	auto_str struct str out = { 0 };
	struct jw w;

	if (!json) {
		for (size_t i = 0; i < versions->n; i++)
			puts(versions->v[i]);
		return;
	}
	jw_init(&w, &out, 2);
	jw_object(&w);
	jw_key_str(&w, "end", s->end);
	jw_key_str(&w, "range", s->text);
	jw_key_str(&w, "start", s->start);
	write_versions(&w, versions);
	jw_end(&w);
	puts(str_c(&out));
}

static int preview(void)
{
	auto_strv struct strv versions = { 0 };
	auto_free char *copy = xstrdup(range);
	const char *text = trim(copy);
	struct spec s;
	struct err e;
	int rc = spec_parse(text, &s, &e);

	env_set(ENV_LABEL, "kernel list");
	if (s.kind != SPEC_RANGE) {
		err_set(&e, "kernel list --range: `%s` does not parse as a `START..END` range", range);
		rc = err_hint(&e, "both ends are versions, MAJOR.MINOR[.PATCH][-rcN], as in 6.12..6.14");
	} else if (rc < 0) {
		/* it begins "--kernel RANGE" */
		auto_free char *why = xstrdup(e.text + strlen("--kernel "));

		err_set(&e, "kernel list --range %s", why);
	} else {
		rc = expand(&s, &versions, &e);
	}
	if (rc < 0)
		print_err(&e);
	else
		print_preview(&s, &versions);
	spec_release(&s);
	return rc;
}

int main(int argc, char **argv)
{
	int n, failed = 0;
	char **words = start(&program, argc, argv, &n);

	if (range && n)
		die_usage("the argument '[SPEC]...' cannot be used with '--range'");
	if (!range && !latest && !n)
		die_usage("name a series, a range or --latest");
	jq_begin(jq);
	if (range)
		return finish(preview() < 0);
	if (latest)
		failed += one(NULL) < 0;
	for (int i = 0; i < n; i++)
		failed += one(words[i]) < 0;
	releases_release(&index_);
	return finish(failed && !json);
}
