/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-show-host: this host as results record it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/jq.h"
#include "host/context.h"
#include "result/rowline.h"

static bool json, record;
static const char *jq;
static const char *root = "";

static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "print JSON" },
	JQ_OPT(&jq),
	{ "ndjson", 0, OPT_FLAG, &record, NULL, "print a record: {\"type\":\"host\",\"id\":…,\"context\":{…}}",
	  .conflicts = "json" },
	{ "root", 0, OPT_STR, &root, "DIR", "read DIR/proc and DIR/sys, a copy of another host's" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-show-host",
	.about = "Show this host as results record it",
	.opts = opts,
};

/* The record that rows of this host would name. */
static void add_record(struct str *out, const struct str *json_text)
{
	auto_str struct str context = { 0 };
	char id[HOST_ID_MAX];

	hostline_print(&context, (struct slice){ json_text->s, json_text->len }, id);
	str_addf(out, "{\"type\":\"host\",\"id\":\"%s\",\"context\":%s}", id, str_c(&context));
}

static void add_json(const struct host_context *h, struct str *out)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, record ? 0 : 2);
	shape_write(&w, &host_shape, h);
	if (record)
		add_record(out, &text);
	else
		str_add(out, str_c(&text));
	str_addc(out, '\n');
}

int main(int argc, char **argv)
{
	struct host_context h = { 0 };
	auto_str struct str out = { 0 };
	int n;

	start(&program, argc, argv, &n);
	jq_begin(jq);
	if (*root && !is_dir(root))
		die_sys("--root %s", root);
	host_context_collect_at(&h, root);
	if (json || record)
		add_json(&h, &out);
	else
		host_context_print(&h, &out);
	host_context_release(&h);
	if (write_all(STDOUT_FILENO, out.s, out.len) < 0)
		die_sys("write to stdout");
	return finish(0);
}
