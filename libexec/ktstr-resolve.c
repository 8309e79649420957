/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-resolve: turn each --kernel value into a kernel record. What can be
 * told from the texts alone is checked first, for all of them; then each is
 * looked up in the cache, in the order given.
 */
#include <stdlib.h>

#include "base/env.h"
#include "base/file.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "build/fragment.h"
#include "source/resolve_record.h"
#include "build/toolchain.h"

static struct resolve set;
static bool latest;
static const char *jq;

static struct opt opts[] = {
	{ "lean", 0, OPT_FLAG, &set.lean, NULL, "build from the lean configuration instead of defconfig" },
	{ "latest", 0, OPT_FLAG, &latest, NULL,
	  "without SPEC: the newest stable release with a patch number of 8 or more" },
	{ "series", 0, OPT_FLAG, &set.series, NULL,
	  "take a lone number for a series, too: 6 is the newest 6.x release" },
	{ "force", 0, OPT_FLAG, &set.force, NULL, "look for nothing but cache keys in the cache" },
	{ "clean", 0, OPT_FLAG, &set.clean, NULL, "the trees will be cleaned: do not look at their .config" },
	{ "extra-kconfig", 0, OPT_STR, &set.extra_kconfig, "PATH", "a configuration fragment to put on top" },
	JQ_OPT(&jq),
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-resolve",
	.args = "[SPEC]...",
	.about = "turn kernel specs into kernel records",
	.detail = "SPEC is a path of a source tree or source tarball, a version, a series such as 6.14, a range\n"
		  "START..END, git+URL#REF (a branch, tag or commit) or a cache key.",
	.opts = opts,
	.max_args = -1,
};

/* The user's fragment by its full path, looked at before anything is fetched. */
static int load_extra(struct err *e)
{
	auto_str struct str text = { 0 }, builtin = { 0 };

	if (fragment_read_extra(set.extra_kconfig, &text, e) < 0 || fragment_load(set.lean, NULL, &builtin, e) < 0)
		return -1;
	if (!text.len)
		warn("--extra-kconfig file is empty");
	fragment_warn_overrides(str_c(&text), str_c(&builtin));
	set.extra_kconfig = real_path(set.extra_kconfig);
	return set.extra_kconfig ? 0 : err_sys(e, "--extra-kconfig");
}

static void emit(struct edit *d)
{
	struct err e;

	if (edit_emit(d, &e) < 0)
		die_err(&e);
}

static int refuse(char **words, size_t n, const struct err *why)
{
	struct edit d;

	resolve_refusal(&set, words, n, why, &d);
	emit(&d);
	return finish(1);
}

static void configure(void)
{
	struct err e;

	set.lean |= env_get(ENV_LEAN) != NULL;
	if (set.extra_kconfig && load_extra(&e) < 0)
		die_err(&e);
	if (key_config_load(&set.config, set.lean, set.extra_kconfig, &e) < 0)
		die_err(&e);
	toolchain_key(set.config.toolchain);
}

int main(int argc, char **argv)
{
	struct err e;
	int n;
	char **words = start(&program, argc, argv, &n);

	jq_begin(jq);
	configure();
	if (!n && !latest)
		usage_error(&program, "the following required arguments were not provided:\n  SPEC...");
	resolve_parse(&set, words, (size_t)n, latest);
	if (resolve_prepare(&set, &e) < 0)
		return refuse(words, (size_t)n, &e);
	for (size_t i = 0; i < set.total; i++) {
		struct edit d;

		resolve_record(&set, i, &d);
		emit(&d);
		resolve_drop(&set.kernels[i]);
	}
	free(set.kernels);
	releases_release(&set.listed);
	return finish(set.failed);
}
