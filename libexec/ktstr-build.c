/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-build: build each kernel whose source has been fetched and put it in
 * the cache. What a tree holds is looked at before, when its lock is held,
 * and after the build: only what surely is what its key says is stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"
#include "kernel/arch.h"
#include "kernel/cache.h"
#include "kernel/git_fetch.h"
#include "kernel/git_remote.h"
#include "kernel/kconfig.h"
#include "kernel/key.h"
#include "kernel/krecord.h"
#include "kernel/make.h"
#include "kernel/makefile.h"
#include "kernel/remote.h"
#include "kernel/srcdir.h"
#include "kernel/toolchain.h"
#include "kernel/tree.h"

static bool force, clean;
static const char *jq;
static long cap_given = -1;
static unsigned cap; /* CPUs; 0: the usual share */
static int failures;
static struct strv stored; /* keys of what this run has built */

static struct opt opts[] = {
	{ "force", 0, OPT_FLAG, &force, NULL, "build and store even what the cache has" },
	{ "clean", 0, OPT_FLAG, &clean, NULL, "run make mrproper in source trees first" },
	JQ_OPT(&jq),
	{ "cpu-cap", 0, OPT_INT, &cap_given, "N", "reserve exactly N CPUs for make", .min = 1, .max = 1 << 20,
	  .unit = "CPU" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-build",
	.about = "Build fetched kernels into the cache (records on stdin and stdout)",
	.opts = opts,
};

#define ORPHANS_MS 10000

/* One kernel on its way. */
struct job {
	const struct krecord *k;
	struct key_config config;
	struct toolchain tools;
	char *root, *key; /* key may change with the tree's HEAD */
	char *commit;     /* full id of a git source */
	char *version;    /* the record's, or the one the tree says */
	char *image, *vmlinux;
	char *dir;  /* out: cache entry, or the tree itself */
	bool temp;  /* the source is ours and goes away */
	bool clean; /* may be stored */
	bool stored;
	bool fresh;             /* stored by us just now */
	int spent;              /* holds a source that is to go, or -1 */
	struct tree_state tree; /* of local trees, when the build began */
};

/* The source that has done its work, and the descriptor that holds it. */
static struct {
	char *path;
	int held;
} spent;

static void discard_spent(void)
{
	if (!spent.path)
		return;
	srcdir_discard(spent.path, spent.held);
	free(spent.path);
	spent.path = NULL;
}

static void spend(const char *src, int held)
{
	spent.path = xstrdup(src);
	spent.held = held;
}

static int check_tools(bool lean, struct err *e)
{
	static const char *const tools[] = { "make", "flex", "bison", "bc", "perl", "pahole", NULL };
	auto_str struct str lost = { 0 };

	for (size_t i = 0; tools[i]; i++) {
		auto_free char *path = find_program(tools[i]);

		if (!path)
			str_addf(&lost, "\n  - %s", tools[i]);
	}
	if (lean) {
		auto_free char *path = find_program("lz4");

		if (!path)
			str_add(&lost, "\n  - lz4");
	}
	if (!lost.len)
		return 0;
	err_set(e, "missing required tool(s):%s", lost.s);
	return err_hint(e,
			"on Debian: apt install build-essential flex bison bc perl dwarves lz4 libelf-dev libssl-dev");
}

/* Whether what was to be built anew was just built by somebody else, who
 * removed the source both were given. */
static bool done_by_another(const struct job *j)
{
	return j->temp && !path_exists(j->k->src);
}

/* 1: the cache has it, and j->dir says where. */
static int look_up(struct job *j, struct err *e)
{
	struct cache_entry c;
	int rc;

	/* one kernel under two labels is built once, --force or not */
	if (force && !strv_has(&stored, j->key) && !done_by_another(j))
		return 0;
	rc = cache_find_built(j->key, j->temp ? j->commit : j->tree.hash, &c, e);
	if (rc == 1)
		j->dir = xstrdup(c.dir);
	cache_entry_release(&c);
	return rc;
}

/* The tree once its lock is held: what changed since it was resolved? */
static int look_again(struct job *j, struct err *e)
{
	const struct krecord *k = j->k;
	struct err why;

	if (tree_probe(k->src, &j->tree, &why) < 0) {
		note("source tree %s cannot be read again (%s); rebuilding conservatively", k->src, why.text);
		j->clean = false;
		return 0;
	}
	j->clean = j->tree.is_git && !j->tree.dirty;
	if (k->git_hash && !j->clean)
		note("source tree %s became dirty; rebuilding to capture your local edits", k->src);
	if (k->git_hash && j->clean && strcmp(k->git_hash, j->tree.hash7) != 0)
		note("source tree %s moved to %s; rebuilding for the new commit", k->src, j->tree.hash7);
	free(j->key);
	j->key = key_of_tree(&j->config, &j->tree);
	return cache_key_check(j->key, e);
}

static int take_source(struct job *j, struct lock *l, struct err *e)
{
	auto_free char *waiting = xasprintf(
		"source tree %s is locked by a concurrent ktstr build — waiting for it to finish.", j->k->src);
	auto_free char *path = NULL;

	if (j->temp)
		path = xasprintf("%s/.locks/build-%s.lock", j->root, j->key);
	else
		path = xasprintf("%s/.locks/source-%08x.lock", j->root, crc32_bytes(0, j->k->src, strlen(j->k->src)));
	return lock_wait(l, path, LOCK_EXCLUSIVE, waiting, e);
}

static int run_make(struct job *j, struct make *m, struct err *e)
{
	auto_free char *jobs = xasprintf("-j%u", toolchain_jobs(&j->tools, m->budget->cpus));
	auto_free char *kind =
		xasprintf("%s-%s-%s", kernel_arch(), j->k->lean ? "lean" : "default", j->temp ? "image" : "all");
	/* nothing else of a tree that goes away is ever used */
	char *args[] = { jobs, (char *)"KCFLAGS=-Wno-error", j->temp ? (char *)kernel_image_name() : NULL,
			 (char *)"vmlinux", NULL };

	m->total = make_count_load(m->logs, kind);
	if (make_run(m, args, NULL, "Building kernel...", "Kernel built", e) < 0)
		return err_wrap(e, "build %s", j->k->src);
	if (j->temp || m->made > m->total)
		make_count_save(m->logs, kind, m->made);
	return 0;
}

static int write_compile_commands(struct make *m, struct err *e)
{
	char *args[] = { (char *)"compile_commands.json", NULL };

	m->total = 0;
	return make_run(m, args, NULL, "Generating compile_commands.json...", "compile_commands.json generated", e);
}

static int find_results(struct job *j, struct err *e)
{
	struct stat st;
	static const char *const places[] = { "arch/x86/boot/bzImage", "arch/arm64/boot/Image", "bzImage", "Image" };

	for (size_t i = 0; i < ARRAY_SIZE(places) && !j->image; i++) {
		auto_free char *path = xasprintf("%s/%s", j->k->src, places[i]);

		if (strcmp(strrchr(path, '/') + 1, kernel_image_name()) == 0 && is_file(path))
			j->image = xstrdup(path);
	}
	if (!j->image)
		return err_set(e, "no kernel image found in %s", j->k->src);
	j->vmlinux = xasprintf("%s/vmlinux", j->k->src);
	if (stat(j->vmlinux, &st) == 0) {
		if (j->clean)
			note("caching vmlinux (%.0f MB, will be stripped)", (double)st.st_size / (1 << 20));
		return 0;
	}
	free(j->vmlinux);
	j->vmlinux = NULL;
	warn("vmlinux not found, BTF will not be cached");
	return 0;
}

/* A lock that make's processes have too. Those of a build that was killed may
 * outlive it, and with it the lock on the source, by what they are at: wait
 * for them, but not for a daemon that one of them has left. */
static void hold_for_make(const struct job *j, struct lock *l)
{
	auto_free char *path =
		xasprintf("%s/.locks/make-%08x.lock", j->root, crc32_bytes(0, j->k->src, strlen(j->k->src)));
	struct err e;

	if (lock_take(l, path, LOCK_EXCLUSIVE, ORPHANS_MS, j->k->src, &e) > 0)
		warn("processes of an earlier build of %s still run; going on", j->k->src);
}

static int build(struct job *j, struct err *e)
{
	auto_free char *logs = xasprintf("%s/.logs", j->root);
	struct budget budget = BUDGET_NONE;
	struct lock l = LOCK_NONE;
	struct make m;
	int rc = make_open(&m, j->k->src, j->k->label, logs, j->key, e);

	hold_for_make(j, &l);
	m.held = l.fd;
	m.budget = &budget;
	budget.label = j->k->label;
	if (rc == 0)
		rc = budget_take(&budget, cap, e);
	if (rc == 0) {
		m.tools = &j->tools;
		note("building %s, log: %s", j->k->src, m.log);
		rc = kconfig_apply(&m, j->k->lean, j->k->extra_kconfig, e);
	}
	if (rc == 0)
		rc = run_make(j, &m, e);
	if (rc == 0)
		rc = kconfig_validate(j->k->src, j->k->extra_kconfig, e);
	if (rc == 0 && !j->temp)
		rc = write_compile_commands(&m, e);
	budget_release(&budget);
	if (rc == 0)
		rc = find_results(j, e);
	lock_drop(&l);
	make_close(&m);
	return rc;
}

/* A build takes minutes, and people edit: is the tree still what it was? */
static bool still_same(struct job *j)
{
	struct tree_state now;
	const char *what = NULL;
	struct err why;

	if (tree_probe(j->k->src, &now, &why) < 0)
		what = why.text;
	else if (!now.is_git || now.dirty)
		what = "it has uncommitted changes now";
	else if (strcmp(now.hash, j->tree.hash) != 0)
		what = "HEAD has moved";
	if (what)
		note("source tree changed during build (%s); skipping cache store", what);
	tree_state_release(&now);
	return !what;
}

/* What the entry says it was built from. */
static void describe(const struct job *j, struct cache_new *n, char hash7[8])
{
	const struct krecord *k = j->k;

	hash7[0] = '\0';
	if (!j->temp || k->tarball) {
		n->source = "local";
		n->source_tree_path = j->temp ? NULL : k->src;
		n->commit = j->temp ? NULL : j->tree.hash;
		memcpy(hash7, j->tree.hash7, sizeof(j->tree.hash7));
		if (k->tarball && k->sha256)
			snprintf(hash7, 8, "%.7s", k->sha256);
		n->git_hash = hash7;
	} else if (j->commit) {
		n->source = "git";
		n->git_ref = k->ref;
		n->commit = j->commit;
		snprintf(hash7, 8, "%.7s", j->commit);
		n->git_hash = hash7;
	} else {
		n->source = "tarball";
	}
}

static int store(struct job *j, struct err *e)
{
	auto_free char *config = xasprintf("%s/.config", j->k->src);
	auto_free char *url = j->k->url ? git_url_public(j->k->url) : NULL;
	auto_free char *compiler = kconfig_compiler(j->k->src);
	struct cache_new n = {
		.key = j->key,
		.version = j->version,
		.git_url = url,
		.compiler = compiler,
		.image = j->image,
		.vmlinux = j->vmlinux,
		.config = config,
		.kconfig_hash = j->config.kconfig,
		.extra_hash = j->config.extra[0] ? j->config.extra : NULL,
		.record_vmlinux_stat = !j->temp,
		.force = force,
	};
	char hash7[8];

	describe(j, &n, hash7);
	return cache_store(&n, &j->dir, e);
}

static void say_cached(const struct job *j)
{
	auto_str struct str line = { 0 };
	auto_free char *text = xasprintf("✓ Kernel cached: %s", j->key);

	str_add_sgr(&line, term_colour(stderr), "32", text);
	str_addc(&line, '\n');
	/* past the filter for control bytes that messages go through */
	if (write_all(STDERR_FILENO, line.s, line.len) < 0)
		return;
	note("image: %s/%s", j->dir, kernel_image_name());
}

static void say_not_cached(const struct job *j)
{
	note("kernel built at %s", j->image);
	if (j->tree.is_git)
		note("skipping cache — working tree has uncommitted changes; commit or stash them to cache the build");
	else
		note("skipping cache — source tree is not a git repository, so nothing names its state");
}

/* With the source held: build and store, or keep the result in the tree. */
static int produce(struct job *j, struct err *e)
{
	if (build(j, e) < 0)
		return -1;
	if (!j->clean) {
		say_not_cached(j);
	} else if (j->temp || still_same(j)) {
		if (store(j, e) < 0)
			return -1;
		j->stored = j->fresh = true;
		strv_add(&stored, j->key);
		say_cached(j);
		return 0;
	}
	j->dir = xstrdup(j->k->src);
	return 0;
}

/* A source of ours has done its work once it is stored. Nobody should wait for
 * 90,000 files to be removed: it goes before the next build, or when all
 * records have left. After a failure it stays, so that the next run need not
 * fetch it again. */
static int produce_from_temp(struct job *j, struct err *e)
{
	int held = srcdir_hold(j->k->src, e), rc;

	if (held < 0)
		return -1;
	rc = produce(j, e);
	if (rc == 0 || stop_wanted())
		spend(j->k->src, held);
	else
		close(held);
	return rc;
}

static void spend_temp(const struct job *j)
{
	struct err ignored;
	int held = j->temp ? srcdir_hold(j->k->src, &ignored) : -1;

	if (held >= 0)
		spend(j->k->src, held);
}

/* Back to what the repository holds; afterwards the tree says its key anew. */
static int make_clean(struct job *j, struct err *e)
{
	auto_free char *logs = xasprintf("%s/.logs", j->root);
	auto_free char *name = xasprintf("mrproper-%08x", crc32_bytes(0, j->k->src, strlen(j->k->src)));
	char *args[] = { (char *)"mrproper", NULL };
	struct make m;
	int rc;

	if (j->temp) {
		note("--clean is only meaningful with --source (downloaded sources start clean)");
		return 0;
	}
	rc = make_open(&m, j->k->src, j->k->label, logs, name, e);
	if (rc == 0) {
		note("make mrproper");
		m.limit_s = 1800;
		rc = make_run(&m, args, NULL, "Cleaning kernel tree...", NULL, e);
	}
	make_close(&m);
	return rc;
}

/* Nobody may run tests from the entry that is to be replaced. */
static int check_unused(const struct job *j, struct err *e)
{
	auto_free char *path = xasprintf("%s/.locks/%s.lock", j->root, j->key);
	auto_str struct str holders = { 0 };
	struct lock l = LOCK_NONE;
	int rc = lock_take(&l, path, LOCK_EXCLUSIVE, 0, j->key, e);

	lock_drop(&l);
	if (rc <= 0)
		return rc;
	lock_holders(path, &holders);
	err_set(e, "cache entry \"%s\" is locked by active test runs (lockfile %s, holders:\n%s)", j->key, path,
		str_c(&holders));
	return err_hint(e, "wait for them, or build without --force");
}

/* The key was made by another process: for the same configuration? */
static int check_config(const struct job *j, struct err *e)
{
	auto_free char *tail = key_tail(&j->config);
	const char *is = j->key;

	for (const char *at = is; (at = strstr(at, "-kc")); at++)
		is = at + 1;
	if (strlen(is) < 10 || strspn(is + 2, "0123456789abcdef") < 8 || strcmp(is, tail) == 0)
		return 0;
	err_set(e, "the record of %s is for another configuration: its key ends in %s, not in %s", j->k->spec, is,
		tail);
	return err_hint(e, "resolve it again, with the same fragments, --lean, CC, LLVM and CROSS_COMPILE");
}

static int with_lock(struct job *j, struct err *e)
{
	int rc = clean ? make_clean(j, e) : 0;

	if (rc == 0 && !j->temp)
		rc = look_again(j, e);
	if (rc == 0 && j->clean && force)
		rc = check_unused(j, e);
	if (rc == 0 && j->clean)
		rc = look_up(j, e);
	if (rc == 0)
		return j->temp ? produce_from_temp(j, e) : produce(j, e);
	if (rc < 0)
		return -1;
	note("concurrent ktstr build populated cache slot %s", j->key);
	j->stored = true;
	spend_temp(j);
	return 0;
}

static int load_config(struct job *j, struct err *e)
{
	static bool noted;

	if (!noted)
		toolchain_note_ignored();
	noted = true;
	if (key_config_load(&j->config, j->k->lean, j->k->extra_kconfig, e) < 0 ||
	    toolchain_load(&j->tools, j->k->src, j->temp, e) < 0)
		return -1;
	memcpy(j->config.toolchain, j->tools.key, sizeof(j->config.toolchain));
	return check_config(j, e);
}

static int run(struct job *j, struct err *e)
{
	struct lock l = LOCK_NONE;
	int rc = -1;

	if (!j->k->src)
		return err_set(e, "the record of %s names no source", j->k->spec);
	if (cache_key_check(j->key, e) < 0)
		return -1;
	j->root = cache_root(e);
	if (!j->root || load_config(j, e) < 0 || check_tools(j->k->lean, e) < 0)
		return -1;
	if (take_source(j, &l, e) == 0)
		rc = with_lock(j, e);
	lock_drop(&l);
	if (j->fresh && remote_wanted() && !stop_wanted())
		remote_put(j->key);
	return rc;
}

static void job_release(struct job *j)
{
	free(j->root);
	free(j->key);
	free(j->version);
	free(j->image);
	free(j->vmlinux);
	free(j->dir);
	free(j->commit);
	toolchain_release(&j->tools);
	tree_state_release(&j->tree);
}

static int report(const struct record *rec, const struct job *j, struct err *e)
{
	struct edit d;

	edit_init(&d, rec->line);
	edit_str(&d, "state", j->stored ? "cached" : "built");
	edit_str(&d, "key", j->key);
	edit_str(&d, "dir", j->dir);
	if (j->version)
		edit_str(&d, "version", j->version);
	if (!j->stored && !ends_with(j->k->label, "_dirty")) {
		auto_free char *label = xasprintf("%s_dirty", j->k->label);

		edit_str(&d, "label", label);
	}
	return edit_emit(&d, e);
}

static int build_kernel(const struct record *rec, const struct krecord *k, struct err *e)
{
	struct job j = { .k = k, .key = xstrdup(k->key), .temp = k->temp, .clean = k->temp };
	struct err why = { 0 };
	int rc;

	discard_spent();
	if (k->version)
		j.version = xstrdup(k->version);
	else if (k->tarball && k->src)
		j.version = makefile_version(k->src);
	if (k->url && k->src)
		j.commit = git_fetched_commit(k->src);
	stop_hold();
	rc = run(&j, &why);
	if (rc < 0) {
		failures++;
		rc = stop_wanted() ? 0 : krecord_fail(rec, "build", &why, e);
	} else {
		rc = report(rec, &j, e);
	}
	if (stop_wanted())
		discard_spent();
	stop_release();
	job_release(&j);
	return rc;
}

static int on_kernel(const struct record *rec, void *ctx, struct err *e)
{
	struct krecord k;
	int rc;

	(void)ctx;
	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	rc = strcmp(k.state, "fetched") == 0 ? build_kernel(rec, &k, e) : record_pass(rec, e);
	krecord_release(&k);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct on on[] = { { "kernel", on_kernel }, { 0 } };
	struct err e;
	int n;

	start(&program, argc, argv, &n);
	jq_begin(jq);
	if (budget_cap(cap_given, NULL, &cap, &e) < 0)
		die_err(&e);
	stop_watch();
	if (pump(STDIN_FILENO, on, NULL, &e) < 0)
		die_err(&e);
	/* the next stage need not wait for what follows */
	close(STDOUT_FILENO);
	stop_hold();
	discard_spent();
	stop_release();
	return finish(failures ? 1 : 0);
}
