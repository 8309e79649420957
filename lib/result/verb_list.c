/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-runs list: the runs, newest first, as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "cli/jq.h"
#include "json/write.h"
#include "result/place.h"
#include "result/pool.h"
#include "result/reader.h"
#include "result/rowline.h"
#include "result/texts.h"
#include "result/verbs.h"

/* What list knows of a run. */
struct listed {
	char *name, *date, *arch;
	size_t tests;
};

static struct {
	struct listed *v;
	size_t n, cap;
	struct texts archs; /* by host id; tag[0]: its number in names + 1 */
	struct strv names;
} listing;

static void list_host(void *ctx, const char *id, struct slice context)
{
	char *arch = json_get_str(context.s, context.n, "arch");

	(void)ctx;
	if (!arch)
		return;
	strv_give(&listing.names, arch);
	texts_slot(&listing.archs, id, strlen(id))->tag[0] = (uint32_t)listing.names.n;
}

static const char *arch_of(const char *host)
{
	uint32_t number = host ? texts_slot(&listing.archs, host, strlen(host))->tag[0] : 0;

	return number ? listing.names.v[number - 1] : NULL;
}

/* Results come run by run. */
static struct listed *listed_now(const char *name)
{
	if (listing.n && strcmp(listing.v[listing.n - 1].name, name) == 0)
		return &listing.v[listing.n - 1];
	GROW(listing.v, listing.n, listing.cap);
	listing.v[listing.n] = (struct listed){ .name = xstrdup(name) };
	return &listing.v[listing.n++];
}

static void list_result(void *ctx, const struct result *res)
{
	struct jkey texts[ROW_TEXTS], *date = &texts[TEXT_TIMESTAMP];
	struct listed *l;

	(void)ctx;
	if (res->kind != ENTRY_ROW) {
		result_complain(res);
		return;
	}
	l = listed_now(res->run);
	l->tests++;
	if (!l->arch && arch_of(res->host))
		l->arch = xstrdup(arch_of(res->host));
	rowline_texts(res->text, texts);
	if (date->n && (!l->date || strncmp(date->s, l->date, date->n) < 0)) {
		free(l->date);
		l->date = xstrndup(date->s, date->n);
	}
}

static const struct listed *listed_as(const char *name)
{
	static const struct listed none;

	for (size_t i = 0; i < listing.n; i++)
		if (strcmp(listing.v[i].name, name) == 0)
			return &listing.v[i];
	return &none;
}

static void print_table(const struct run *runs, size_t n)
{
	static const char *const heads[] = { "RUN", "TESTS", "DATE", "ARCH" };
	struct table t;

	table_init(&t, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_cell(&t, heads[i]);
	for (size_t i = 0; i < n; i++) {
		const struct listed *l = listed_as(runs[i].name);
		auto_free char *count = xasprintf("%zu", l->tests);

		table_cell(&t, runs[i].name);
		table_cell(&t, count);
		table_cell(&t, l->date ? l->date : "-");
		table_cell(&t, l->arch ? l->arch : "-");
	}
	table_print(&t, stdout);
	table_release(&t);
}

static void print_json(const struct run *runs, size_t n)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_array(&w);
	for (size_t i = 0; i < n; i++) {
		const struct listed *l = listed_as(runs[i].name);

		jw_object(&w);
		jw_key_str(&w, "run", runs[i].name);
		jw_key_u64(&w, "tests", l->tests);
		jw_key_str(&w, "date", l->date);
		jw_key_str(&w, "arch", l->arch);
		jw_end(&w);
	}
	jw_end(&w);
	puts(text.s);
}

int runs_list(int argc, char **argv)
{
	static bool json;
	static const char *jq;
	static struct opt opts[] = { { "json", 0, OPT_FLAG, &json, .help = "print JSON, not a table" },
				     JQ_OPT(&jq),
				     { 0 } };
	static const struct program program = { .name = "ktstr-runs list",
						.about = "list the runs there are",
						.opts = opts };
	static const struct sink sink = { .result = list_result, .host = list_host };
	auto_free char *root = runs_root();
	struct reader *rd;
	struct run *runs;
	size_t n;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	n = pool_runs(root, false, &runs);
	if (!n)
		say_line("no runs found at %s. Run `cargo ktstr test` to generate sidecar data.", root);
	if (n) {
		rd = reader_new(&sink, false);
		reader_pool(rd, root);
		reader_end(rd);
	}
	if (json)
		print_json(runs, n);
	else if (n)
		print_table(runs, n);
	runs_release(runs, n);
	return 0;
}
