/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-runs values: which kernels, commits, … the results of a pool have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "cli/jq.h"
#include "json/write.h"
#include "result/place.h"
#include "result/reader.h"
#include "result/rowline.h"
#include "result/texts.h"
#include "result/verbs.h"

static const struct {
	const char *name;
	enum row_text text;
} dimensions[] = {
	{ "kernel", TEXT_KERNEL },       { "commit", TEXT_PROJECT_COMMIT }, { "kernel_commit", TEXT_KERNEL_COMMIT },
	{ "source", TEXT_RUN_SOURCE },   { "scheduler", TEXT_SCHEDULER },   { "topology", TEXT_TOPOLOGY },
	{ "work_type", TEXT_WORK_TYPE },
};

#define DIMENSIONS ARRAY_SIZE(dimensions)

struct found {
	struct texts texts;
	struct strv values; /* decoded */
	bool absent;
};

static struct {
	struct found v[DIMENSIONS];
	bool archive;
} values;

static void note_value(struct found *f, const struct jkey *k)
{
	struct str plain = { 0 };
	struct text *t;

	f->absent |= !k->s;
	if (!k->s)
		return;
	/* as it stands in the file; two spellings of one text meet below */
	t = texts_slot(&f->texts, k->s, k->n);
	if (t->tag[0]++)
		return;
	json_unquote(&plain, (struct slice){ k->s - 1, k->n + 2 });
	if (strv_has(&f->values, str_c(&plain)))
		str_release(&plain);
	else
		strv_give(&f->values, str_take(&plain));
}

static void note_result(void *ctx, const struct result *res)
{
	static const char quoted[] = "\"archive\"";
	static const struct jkey archive = { .s = quoted + 1, .n = sizeof(quoted) - 3 };
	struct jkey texts[ROW_TEXTS];

	(void)ctx;
	if (res->kind != ENTRY_ROW) {
		result_complain(res);
		return;
	}
	rowline_texts(res->text, texts);
	if (values.archive)
		texts[TEXT_RUN_SOURCE] = archive;
	for (size_t i = 0; i < DIMENSIONS; i++)
		note_value(&values.v[i], &texts[dimensions[i].text]);
}

static void print_text(void)
{
	for (size_t i = 0; i < DIMENSIONS; i++) {
		const struct found *f = &values.v[i];

		printf("%s:\n", dimensions[i].name);
		if (f->absent)
			puts("  unknown");
		for (size_t k = 0; k < f->values.n; k++)
			print_plain(stdout, "  %s\n", f->values.v[k]);
		if (!f->absent && !f->values.n)
			puts("  (no sidecars in pool)");
		putchar('\n');
	}
}

static void print_json(void)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 2);
	jw_object(&w);
	for (size_t i = 0; i < DIMENSIONS; i++) {
		const struct found *f = &values.v[i];

		jw_key(&w, dimensions[i].name);
		jw_array(&w);
		if (f->absent)
			jw_null(&w);
		for (size_t k = 0; k < f->values.n; k++)
			jw_str(&w, f->values.v[k]);
		jw_end(&w);
	}
	jw_end(&w);
	puts(text.s);
}

int runs_values(int argc, char **argv)
{
	static bool json;
	static const char *dir, *jq;
	static struct opt opts[] = {
		{ "json", 0, OPT_FLAG, &json, .help = "print JSON, not a block for each dimension" },
		JQ_OPT(&jq),
		{ "dir", 0, OPT_STR, &dir, .arg = "DIR", .help = "read runs from here; their run source is archive" },
		{ 0 }
	};
	static const struct program program = { .name = "ktstr-runs values",
						.about = "list what the results can be compared by",
						.opts = opts };
	static const struct sink sink = { .result = note_result };
	auto_free char *root = NULL;
	struct reader *rd;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	values.archive = dir;
	rd = reader_new(&sink, false);
	reader_pool(rd, dir ? dir : (root = runs_root()));
	reader_end(rd);
	for (size_t i = 0; i < DIMENSIONS; i++)
		strv_sort(&values.v[i].values);
	if (json)
		print_json();
	else
		print_text();
	return 0;
}
