/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-runs host: the host a run was made on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jq.h"
#include "result/findrun.h"
#include "result/listing.h"
#include "result/load.h"
#include "result/place.h"
#include "result/sidecar.h"
#include "result/verbs.h"

/* Read the next file; whether it is a result. */
static bool read_one(const struct listing *files, size_t i, const char *dir, struct sidecar *s)
{
	auto_str struct str text = { 0 };
	auto_free char *path = xasprintf("%s/%s", dir, files->names[i]);
	enum entry_kind kind = ENTRY_UNREADABLE;
	struct stat st;
	struct err e;

	*s = (struct sidecar){ 0 };
	if (load_text(files->fd, files->names[i], &text, &st, &e) == 0) {
		if (sidecar_parse(s, str_c(&text), text.len, &e) == 0)
			return true;
		kind = ENTRY_CORRUPT;
	}
	load_complain(kind, path, e.text, strlen(e.text));
	sidecar_release(s);
	return false;
}

static void print_host(const struct host_context *h, bool json)
{
	auto_str struct str text = { 0 };
	struct jw w;

	if (!json) {
		host_context_print(h, &text);
		fputs(str_c(&text), stdout);
		return;
	}
	jw_init(&w, &text, 2);
	shape_write(&w, &host_shape, h);
	puts(text.s);
}

int runs_host(int argc, char **argv)
{
	static const char *run, *dir;
	static bool json;
	static const char *jq;
	static struct opt opts[] = { { "run", 0, OPT_STR, &run, .arg = "RUN", .help = "run to look at",
				       .required = true },
				     { "dir", 0, OPT_STR, &dir, .arg = "DIR", .help = "read runs from here" },
				     { "json", 0, OPT_FLAG, &json, .help = "print JSON, not lines" },
				     JQ_OPT(&jq),
				     { 0 } };
	static const struct program program = { .name = "ktstr-runs host",
						.about = "show the host a run was made on",
						.opts = opts };
	auto_free char *root = NULL, *path = NULL;
	struct listing files;
	struct sidecar s;
	size_t results = 0;
	struct err e;

	start(&program, argc, argv, NULL);
	jq_begin(jq);
	root = dir ? xstrdup(dir) : runs_root();
	path = find_run(root, run, &e);
	if (!path || listing_read(&files, path, &e) < 0)
		die_err(&e);
	for (size_t i = 0; i < files.n; i++) {
		if (!read_one(&files, i, path, &s))
			continue;
		results++;
		if (s.host) {
			print_host(s.host, json);
			return 0;
		}
		sidecar_release(&s);
	}
	if (!results)
		die("run '%s' has no sidecar data", run);
	die("none of the %zu sidecar(s) of run '%s' describes its host: they are older than the field; run the test "
	    "again",
	    results, run);
}
