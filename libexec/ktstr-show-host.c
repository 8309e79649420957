/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-show-host: this host as results record it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/jq.h"
#include "host/context.h"

static bool json, record;
static const char *jq;
static const char *root = "";

static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "print JSON" },
	JQ_OPT(&jq),
	{ "ndjson", 0, OPT_FLAG, &record, NULL, "print a record: {\"type\":\"host\",\"context\":{…}}",
	  .conflicts = "json" },
	{ "root", 0, OPT_STR, &root, "DIR", "read DIR/proc and DIR/sys, a copy of another host's" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-show-host",
	.about = "Show this host as results record it",
	.opts = opts,
};

static void add_json(const struct host_context *h, struct str *out)
{
	struct jw w;

	jw_init(&w, out, record ? 0 : 2);
	if (record) {
		jw_object(&w);
		jw_key_str(&w, "type", "host");
		jw_key(&w, "context");
	}
	shape_write(&w, &host_shape, h);
	if (record)
		jw_end(&w);
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
