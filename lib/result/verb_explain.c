/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-runs explain: which fields of a run's results are empty, and why. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "cli/jq.h"
#include "json/write.h"
#include "result/explain.h"
#include "result/findrun.h"
#include "result/listing.h"
#include "result/load.h"
#include "result/place.h"
#include "result/verbs.h"

/* A file that gave no result. */
struct bad {
	char *path, *error;
	uint64_t version; /* of its schema; 0: it does not say */
};

struct bads {
	struct bad *v;
	size_t n, cap;
};

static struct {
	struct explain catalogue;
	struct sidecar *v;      /* those that were read */
	struct sidecar **order; /* as they are shown */
	size_t n, cap, walked;
	struct bads corrupt, io;
} seen;

static void add_bad(struct bads *b, enum entry_kind kind, const char *path, uint64_t version, const struct err *e)
{
	load_complain(kind, path, e->text, strlen(e->text));
	GROW(b->v, b->n, b->cap);
	b->v[b->n++] = (struct bad){ xstrdup(path), xstrdup(e->text), version };
}

static void read_one(int dir, const char *root, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", root, name);
	auto_str struct str text = { 0 };
	struct stat st;
	struct err e;

	if (load_text(dir, name, &text, &st, &e) < 0) {
		add_bad(&seen.io, ENTRY_UNREADABLE, path, 0, &e);
		return;
	}
	GROW(seen.v, seen.n, seen.cap);
	if (sidecar_parse(&seen.v[seen.n], str_c(&text), text.len, &e) == 0) {
		seen.n++;
		return;
	}
	sidecar_release(&seen.v[seen.n]);
	add_bad(&seen.corrupt, ENTRY_CORRUPT, path, explain_version(text.s, text.len), &e);
}

static int by_test(const void *a, const void *b)
{
	const struct sidecar *x = *(struct sidecar *const *)a, *y = *(struct sidecar *const *)b;
	int c = strcmp(x->test_name, y->test_name);

	c = c ? c : strcmp(x->run_id, y->run_id);
	return c ? c : (x > y) - (x < y);
}

static void put_in_order(void)
{
	seen.order = xcalloc(seen.n + 1, sizeof(*seen.order));
	for (size_t i = 0; i < seen.n; i++)
		seen.order[i] = &seen.v[i];
	qsort(seen.order, seen.n, sizeof(*seen.order), by_test);
}

/* --- text -------------------------------------------------------------- */

static void print_populated(const struct sidecar *s)
{
	const char *sep = "";
	size_t n = 0;

	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		n += !explain_is_none(s, (enum explain_field)f);
	print_plain(stdout, "  populated optional fields (%zu): ", n);
	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		if (!explain_is_none(s, (enum explain_field)f)) {
			print_plain(stdout, "%s%s", sep, explain_names[f]);
			sep = ", ";
		}
	puts(n ? "" : "<none>");
}

static void print_none(const struct sidecar *s)
{
	size_t n = 0;

	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		n += explain_is_none(s, (enum explain_field)f);
	if (!n) {
		puts("  none fields: <all populated>");
		return;
	}
	print_plain(stdout, "  none fields (%zu):\n", n);
	for (int f = 0; f < EXPLAIN_FIELDS; f++) {
		const struct field_why *why = &seen.catalogue.fields[f];

		if (!explain_is_none(s, (enum explain_field)f))
			continue;
		print_plain(stdout, "    %s [%s]\n", explain_names[f], why->class);
		for (size_t i = 0; i < why->causes.n; i++)
			print_plain(stdout, "      - %s\n", why->causes.v[i]);
		if (why->fix)
			print_plain(stdout, "      fix: %s\n", why->fix);
	}
}

static void print_bads(const char *heading, const struct bads *b, bool enrich)
{
	if (!b->n)
		return;
	print_plain(stdout, "%s (%zu):\n", heading, b->n);
	for (size_t i = 0; i < b->n; i++) {
		auto_free char *more = enrich ? explain_drift(b->v[i].path, b->v[i].error, b->v[i].version) : NULL;

		print_plain(stdout, "  %s\n    error: %s\n", b->v[i].path, b->v[i].error);
		if (more)
			print_plain(stdout, "    enriched: %s\n", more);
	}
	putchar('\n');
}

static void print_text(void)
{
	print_plain(stdout, "walked %zu sidecar file(s), parsed %zu valid\n\n", seen.walked, seen.n);
	for (size_t i = 0; i < seen.n; i++) {
		const struct sidecar *s = seen.order[i];

		print_plain(stdout, "test: %s\n  topology: %s\n  scheduler: %s\n  run_id: %s\n  arch: %s\n",
			    s->test_name, s->topology, s->scheduler, s->run_id,
			    s->host && s->host->arch ? s->host->arch : "-");
		print_populated(s);
		print_none(s);
		putchar('\n');
	}
	print_bads("corrupt sidecars", &seen.corrupt, true);
	print_bads("io errors", &seen.io, false);
}

/* --- JSON -------------------------------------------------------------- */

static void json_bads(struct jw *w, const char *key, const struct bads *b, bool enrich)
{
	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < b->n; i++) {
		auto_free char *more = enrich ? explain_drift(b->v[i].path, b->v[i].error, b->v[i].version) : NULL;

		jw_object(w);
		jw_key_str(w, "path", b->v[i].path);
		jw_key_str(w, "error", b->v[i].error);
		if (enrich)
			jw_key_str(w, "enriched_message", more);
		jw_end(w);
	}
	jw_end(w);
}

static void json_field(struct jw *w, enum explain_field f)
{
	const struct field_why *why = &seen.catalogue.fields[f];
	size_t none = 0;

	for (size_t i = 0; i < seen.n; i++)
		none += explain_is_none(&seen.v[i], f);
	jw_key(w, explain_names[f]);
	jw_object(w);
	jw_key_u64(w, "none_count", none);
	jw_key_u64(w, "some_count", seen.n - none);
	jw_key_str(w, "classification", why->class);
	jw_key(w, "causes");
	jw_array(w);
	for (size_t i = 0; i < why->causes.n; i++)
		jw_str(w, why->causes.v[i]);
	jw_end(w);
	jw_key_str(w, "fix", why->fix);
	jw_end(w);
}

static int by_field_name(const void *a, const void *b)
{
	return strcmp(explain_names[*(const int *)a], explain_names[*(const int *)b]);
}

static void print_json(void)
{
	auto_str struct str text = { 0 };
	int order[EXPLAIN_FIELDS];
	struct jw w;

	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		order[f] = f;
	qsort(order, EXPLAIN_FIELDS, sizeof(*order), by_field_name);
	jw_init(&w, &text, 2);
	jw_object(&w);
	jw_key_str(&w, "_schema_version", "1");
	jw_key(&w, "_walk");
	jw_object(&w);
	jw_key_u64(&w, "walked", seen.walked);
	jw_key_u64(&w, "valid", seen.n);
	json_bads(&w, "errors", &seen.corrupt, true);
	json_bads(&w, "io_errors", &seen.io, false);
	jw_end(&w);
	jw_key(&w, "fields");
	jw_object(&w);
	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		json_field(&w, (enum explain_field)order[f]);
	jw_end(&w);
	jw_end(&w);
	puts(text.s);
}

int runs_explain(int argc, char **argv)
{
	static const char *run, *dir, *jq;
	static bool json;
	static struct opt opts[] = { { "run", 0, OPT_STR, &run, .arg = "RUN", .help = "run to look at",
				       .required = true },
				     { "dir", 0, OPT_STR, &dir, .arg = "DIR", .help = "read runs from here" },
				     { "json", 0, OPT_FLAG, &json, .help = "print JSON over the whole run" },
				     JQ_OPT(&jq),
				     { 0 } };
	static const struct program program = { .name = "ktstr-runs explain",
						.about = "say why fields of a run's results are empty",
						.opts = opts };
	auto_free char *root = NULL, *path = NULL;
	struct listing files;
	struct err e;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	root = dir ? xstrdup(dir) : runs_root();
	path = find_run(root, run, &e);
	if (!path || explain_load(&seen.catalogue, &e) < 0 || listing_read(&files, path, &e) < 0)
		die_err(&e);
	if (!files.n)
		die("run '%s' has no sidecar data (searched %s)", run, path);
	seen.walked = files.n;
	for (size_t i = 0; i < files.n; i++)
		read_one(files.fd, path, files.names[i]);
	listing_release(&files);
	put_in_order();
	if (json)
		print_json();
	else
		print_text();
	return 0;
}
