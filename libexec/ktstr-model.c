/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-model: the language model of tests that read free text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/term.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "json/write.h"
#include "model/copy.h"
#include "model/fetch.h"

static bool json;
static const char *jq;
static const char *pin_path;
static unsigned long long stall_ns = 60000000000ULL;
static struct opt opts[] = {
	{ "pin", 0, OPT_STR, &pin_path, "FILE",
	  "take the model this pin names (KTSTR_MODEL_PIN, else the built-in one)" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a fetch that stands still this long (60s)" },
	{ "json", 0, OPT_FLAG, &json, NULL, "status as one JSON object" },
	JQ_OPT(&jq),
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-model",
	.args = "fetch | status | clean",
	.about = "fetch, judge or delete the cached language model",
	.detail = "fetch    download it and check its SHA-256; nothing to do when it is there and whole\n"
		  "status   say where it is and whether it is what the pin says\n"
		  "clean    delete it",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
};

static struct pin pin;
static char *path;

static int fetch(void)
{
	struct err e;
	int rc;

	stop_watch();
	stop_hold();
	rc = model_fetch(&pin, path, duration_ms(stall_ns), &e);
	stop_release();
	if (rc < 0) {
		err_wrap(&e, "fetch model '%s'", pin.file);
		die_err(&e);
	}
	printf("ktstr: model '%s' ready at %s\n", pin.file, path);
	return 0;
}

static void status_text(enum verdict v, const struct err *why)
{
	printf("model:    %s\npath:     %s\ncached:   %s\nchecked:  %s\n", pin.file, path,
	       v == NOT_CACHED ? "false" : "true", v == MATCHES ? "true" : "false");
	if (v == NOT_CACHED)
		printf("(no cached copy — run `cargo ktstr model fetch` to download %llu MiB)\n",
		       (unsigned long long)pin.size >> 20);
	else if (v == CHECK_FAILED)
		printf("(cached file could not be checked: %s; inspect the cache entry or re-fetch to replace it)\n",
		       why->text);
	else if (v == MISMATCHES)
		puts("(cached file failed SHA-256 check; re-fetch to replace it)");
}

static void status_json(enum verdict v, const struct err *why)
{
	static const char *const names[] = { "not_cached", "check_failed", "mismatches", "matches" };
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 2);
	jw_object(&w);
	jw_key_str(&w, "model", pin.file);
	jw_key_str(&w, "path", path);
	jw_key_bool(&w, "cached", v != NOT_CACHED);
	jw_key_bool(&w, "checked", v == MATCHES);
	jw_key_str(&w, "verdict", names[v]);
	jw_key_str(&w, "error", v == CHECK_FAILED ? why->text : NULL);
	jw_key_str(&w, "url", pin.url);
	jw_key_str(&w, "sha256", pin.sha256);
	jw_key_u64(&w, "size", pin.size);
	jw_end(&w);
	puts(out.s);
}

static int status(void)
{
	struct err why;
	enum verdict v;

	if (!pin_has_digest(&pin) && is_file(path))
		die("model '%s' cannot be judged: the pinned SHA-256 is a placeholder or malformed: '%s'", pin.file,
		    pin.sha256);
	v = copy_check(&pin, path, true, &why);
	if (json)
		status_json(v, &why);
	else
		status_text(v, &why);
	return 0;
}

static int clean(void)
{
	auto_str struct str size = { 0 };
	struct err e;
	unsigned long long freed;
	int removed = copy_remove(path, &freed, &e);

	str_add_iec(&size, freed);
	if (removed > 0 || freed)
		printf("freed %s total\n", str_c(&size));
	if (removed < 0) {
		err_wrap(&e, "clean model cache");
		die_err(&e);
	}
	if (!removed)
		printf("no cached model found at %s\n", path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} verbs[] = { { "fetch", fetch }, { "status", status }, { "clean", clean } };
	struct err e;
	int n;
	char **args = start(&program, argc, argv, &n);

	jq_begin(jq);
	if (pin_read(&pin, pin_path, &e) < 0 || !(path = copy_path(&pin, &e)))
		die_err(&e);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(args[0], verbs[i].name) == 0)
			return finish(verbs[i].run());
	usage_error(&program, "unknown command '%s'", args[0]);
}
