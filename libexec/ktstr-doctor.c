/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-doctor: what this host can and cannot do for us, and what to type.
 * Each check is a row of checks[]; it looks and changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/proc.h"
#include "base/term.h"
#include "cli/jq.h"
#include "host/cgroup.h"
#include "host/context.h"
#include "json/write.h"
#include "kernel/cache.h"
#include "vm/accel.h"
#include "vm/qemu.h"

#define GIB         (1ull << 30)
#define BUILD_GIB   20 /* a kernel of defconfig with debug information */
#define LEAN_GIB    4
#define PAGES_MIB   1024
#define FIRST_VALUE 10 /* column of names, behind the state */
#define NAME_WIDTH  14
#define TEXT_COLUMN (FIRST_VALUE + NAME_WIDTH + 1)

static bool json;
static const char *jq;

static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "print JSON" },
	JQ_OPT(&jq),
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-doctor",
	.about = "Say what this host can do, and what to type for the rest",
	.detail = "Exit 0 when tests can be built and run here, even if slowly; 1 when not.",
	.opts = opts,
};

enum state { OK, DEGRADED, MISSING };
static const char *const state_words[] = { "ok", "degraded", "missing" };

struct finding {
	enum state state;
	struct str text; /* what was found */
	struct str fix;  /* what to type, or empty */
};

static void found(struct finding *f, enum state state, const char *text)
{
	f->state = state;
	str_add(&f->text, text);
}

/* First line a program prints, or NULL when it is not there. */
static char *first_line(const char *name, const char *option)
{
	char *argv[] = { (char *)name, (char *)option, NULL };
	struct child c = { .argv = argv, .in = FD_NULL, .out = FD_PIPE, .err = FD_NULL };
	auto_str struct str out = { 0 };
	struct err ignored;
	int rc;

	if (child_start(&c, &ignored) < 0)
		return NULL;
	rc = read_fd(c.out, &out, &ignored);
	close(c.out);
	if (child_wait(&c) != 0 || rc < 0)
		return NULL;
	if (out.s)
		out.s[strcspn(out.s, "\n")] = '\0';
	return xstrdup(str_c(&out));
}

static void check_kvm(struct finding *f)
{
	struct err e = { 0 };
	bool final;

	if (accel_probe(&final, &e) == 0) {
		found(f, OK, "a guest ran on it");
		return;
	}
	f->state = DEGRADED;
	str_addf(&f->text, "%.*s; guests run under TCG, several times slower", (int)strcspn(e.text, "\n."), e.text);
	/* what is broken in the host below cannot be mended from here */
	str_add(&f->fix, *e.hint ? e.hint : "KTSTR_ACCEL=tcg cargo ktstr test, to ask for it by name");
}

static void check_qemu(struct finding *f)
{
	auto_free char *path = NULL, *version = NULL;
	struct err e = { 0 };

	if (qemu_find(&path, &e) < 0) {
		found(f, MISSING, e.text);
		str_add(&f->fix, *e.hint ? e.hint : "apt install qemu-system-x86 (qemu-system-arm on arm64)");
		return;
	}
	version = first_line(path, "--version");
	str_addf(&f->text, "%s, %s", path, version ? version : "which does not run");
	f->state = version ? OK : MISSING;
	if (!version)
		str_addf(&f->fix, "%s --version, and see why", path);
}

static void check_accel(struct finding *f)
{
	auto_free char *path = NULL;
	char *argv[] = { NULL, (char *)"-accel", (char *)"help", NULL };
	auto_str struct str out = { 0 };
	struct err ignored;
	bool tcg, kvm;

	if (qemu_find(&path, &ignored) == 0) {
		argv[0] = path;
		child_run(argv, NULL, &out, &ignored);
	}
	kvm = strstr(str_c(&out), "\nkvm") != NULL;
	tcg = strstr(str_c(&out), "\ntcg") != NULL;
	str_addf(&f->text, "QEMU has%s%s", kvm ? " kvm" : "", tcg ? " tcg" : "");
	if (!kvm && !tcg) {
		str_add(&f->text, " none");
		str_add(&f->fix, "install QEMU first");
	}
	f->state = !kvm && !tcg ? MISSING : kvm && tcg ? OK : DEGRADED;
	if (f->state == DEGRADED)
		str_addf(&f->fix, "install a QEMU built with %s as well", kvm ? "tcg" : "kvm");
}

static void check_cgroup(struct finding *f)
{
	struct err e = { 0 };

	if (sandbox_check(&e) == 0) {
		found(f, OK, "cpuset can be had below our own cgroup");
		return;
	}
	f->state = DEGRADED;
	str_addf(&f->text, "%s; builds stay on their CPUs by affinity", e.text);
	if (strstr(e.text, "not mounted"))
		str_add(&f->fix, "boot the host with systemd.unified_cgroup_hierarchy=1");
	else
		str_add(&f->fix, "systemd-run --user --scope -p 'Delegate=cpuset cpu' cargo ktstr …");
}

static void check_hugepages(struct finding *f)
{
	struct host_context h = { 0 };
	unsigned long long mib;

	host_context_collect(&h);
	mib = h.hugepages_free.v * h.hugepages_size_kb.v / 1024;
	str_addf(&f->text, "%llu MiB free in huge pages", mib);
	if (mib < PAGES_MIB) {
		f->state = DEGRADED;
		str_add(&f->text, "; tests in performance mode use small ones");
		str_addf(&f->fix, "sudo sysctl vm.nr_hugepages=%llu",
			 h.hugepages_size_kb.v ? 2ull * PAGES_MIB * 1024 / h.hugepages_size_kb.v : 1024ull);
	}
	host_context_release(&h);
}

/* The kernel's own tools include these. */
static bool has_headers(void)
{
	char *argv[] = { (char *)"gcc",    (char *)"-fsyntax-only", (char *)"-include",
			 (char *)"gelf.h", (char *)"-include",      (char *)"openssl/evp.h",
			 (char *)"-xc",    (char *)"/dev/null",     NULL };
	struct child c = { .argv = argv, .in = FD_NULL, .out = FD_NULL, .err = FD_NULL };
	struct err ignored;

	return child_start(&c, &ignored) == 0 && child_wait(&c) == 0;
}

static void lacks(struct finding *f, enum state state, const char *what)
{
	str_addf(&f->text, "%s%s", f->text.len ? ", " : "not there: ", what);
	f->state = state;
}

/* What a kernel build runs; with a kernel in the cache tests can do without. */
static void check_build(struct finding *f)
{
	static const char *const tools[] = { "make", "gcc",     "ld", "flex", "bison", "bc",
					     "perl", "python3", "xz", "lz4",  NULL };
	struct err ignored;
	struct cache_entry *list = NULL;
	size_t n = 0, valid = 0;

	if (cache_list(&list, &n, &ignored) == 0)
		for (size_t i = 0; i < n; i++) {
			valid += !list[i].problem;
			cache_entry_release(&list[i]);
		}
	free(list);
	for (size_t i = 0; tools[i]; i++) {
		auto_free char *path = find_program(tools[i]);

		if (!path)
			lacks(f, valid ? DEGRADED : MISSING, tools[i]);
	}
	if (!has_headers())
		lacks(f, valid ? DEGRADED : MISSING, "gelf.h or openssl/evp.h");
	if (f->state != OK)
		str_add(&f->fix,
			"apt install build-essential flex bison bc perl python3 xz-utils lz4 libelf-dev libssl-dev");
	str_addf(&f->text, "%s; %zu kernel%s in the cache", f->state == OK ? "every tool is there" : "", valid,
		 valid == 1 ? "" : "s");
}

static void check_program(struct finding *f, const char *name, enum state without, const char *why, const char *fix)
{
	auto_free char *version = first_line(name, "--version");

	if (version) {
		str_addf(&f->text, "%s", *version ? version : "there");
		return;
	}
	f->state = without;
	str_addf(&f->text, "%s is not there; %s", name, why);
	str_add(&f->fix, fix);
}

static void check_pahole(struct finding *f)
{
	check_program(f, "pahole", MISSING, "a kernel without BTF has no sched_ext", "apt install pahole");
}

static void check_clang(struct finding *f)
{
	auto_free char *path = find_program("clang");

	check_program(f, path ? "clang" : "clang-19", DEGRADED, "schedulers in BPF cannot be compiled",
		      "apt install clang llvm");
}

static void check_nextest(struct finding *f)
{
	check_program(f, "cargo-nextest", MISSING, "it runs the tests", "cargo install --locked cargo-nextest");
}

static void check_cargo(struct finding *f)
{
	check_program(f, "cargo", MISSING, "it builds the tests", "apt install cargo, or see https://rustup.rs");
}

/* Where a directory is or would be made: its nearest ancestor that is there. */
static char *nearest(const char *path)
{
	char *dir = xstrdup(path);
	char *slash;

	while (!is_dir(dir) && (slash = strrchr(dir, '/')) && slash != dir)
		*slash = '\0';
	if (!is_dir(dir)) {
		free(dir);
		return xstrdup(*path == '/' ? "/" : ".");
	}
	return dir;
}

static void check_space(struct finding *f, const char *path, const char *variable)
{
	auto_free char *dir = nearest(path);
	struct statvfs fs;
	unsigned long long room;

	if (statvfs(dir, &fs) < 0 || access(dir, W_OK) < 0) {
		f->state = MISSING;
		str_addf(&f->text, "%s: %s", dir, strerror(errno));
		str_addf(&f->fix, "export %s=DIR, a directory you may write to", variable);
		return;
	}
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	str_addf(&f->text, "%s: ", dir);
	str_add_size(&f->text, room);
	str_add(&f->text, " free");
	if (room >= BUILD_GIB * GIB)
		return;
	f->state = room < LEAN_GIB * GIB ? MISSING : DEGRADED;
	str_addf(&f->text, "; a kernel build may need %d GiB, a lean one %d", BUILD_GIB, LEAN_GIB);
	str_addf(&f->fix, "cargo ktstr kernel clean --keep 3, or export %s=DIR on a larger disk", variable);
}

static void check_cache(struct finding *f)
{
	struct err e = { 0 };
	auto_free char *root = cache_root(&e);

	if (root) {
		check_space(f, root, "KTSTR_CACHE_DIR");
		return;
	}
	found(f, MISSING, e.text);
	str_add(&f->fix, "export KTSTR_CACHE_DIR=DIR");
}

static void check_tmp(struct finding *f)
{
	auto_free char *dir = temp_root();

	/* unlike the cache, it is not made */
	if (is_dir(dir)) {
		check_space(f, dir, "TMPDIR");
		return;
	}
	f->state = MISSING;
	str_addf(&f->text, "%s is no directory", dir);
	str_add(&f->fix, "unset TMPDIR, or export TMPDIR=DIR, a directory that is there");
}

static void check_locks(struct finding *f)
{
	const char *path = env_get(ENV_LOCK_DIR) ? env_get(ENV_LOCK_DIR) : "/tmp";
	auto_free char *dir = nearest(path);
	bool remote = lock_is_remote(dir);

	str_addf(&f->text, "%s", path);
	if (!remote && access(dir, W_OK | X_OK) == 0)
		return;
	f->state = DEGRADED;
	str_addf(&f->text, ": %s; builds reserve no CPUs", remote ? "a remote filesystem" : strerror(errno));
	str_add(&f->fix, "export KTSTR_LOCK_DIR=DIR, on a local filesystem and writable");
}

static const struct check {
	const char *name;
	void (*look)(struct finding *f);
} checks[] = {
	{ "kvm", check_kvm },
	{ "qemu", check_qemu },
	{ "accelerators", check_accel },
	{ "kernel build", check_build },
	{ "pahole", check_pahole },
	{ "clang", check_clang },
	{ "cargo", check_cargo },
	{ "nextest", check_nextest },
	{ "cgroup", check_cgroup },
	{ "hugepages", check_hugepages },
	{ "cache disk", check_cache },
	{ "source disk", check_tmp },
	{ "lock dir", check_locks },
};

static void print_text(const struct finding *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		static const char *const sgr[] = { "32", "33", "31" };
		auto_str struct str word = { 0 };

		str_add_sgr(&word, term_colour(stdout), sgr[f[i].state], state_words[f[i].state]);
		printf("%s%*s%-*s ", str_c(&word), (int)(FIRST_VALUE - strlen(state_words[f[i].state])), "", NAME_WIDTH,
		       checks[i].name);
		print_wrapped(stdout, str_c(&f[i].text), TEXT_COLUMN);
		/* what is to be copied stays in one piece */
		if (f[i].fix.len)
			printf("%*stype: %s\n", TEXT_COLUMN, "", f[i].fix.s);
	}
}

static void print_json(const struct finding *f, bool ready)
{
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 2);
	jw_object(&w);
	jw_key_bool(&w, "ready", ready);
	jw_key(&w, "checks");
	jw_array(&w);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		jw_object(&w);
		jw_key_str(&w, "name", checks[i].name);
		jw_key_str(&w, "state", state_words[f[i].state]);
		jw_key_str(&w, "text", str_c(&f[i].text));
		jw_key_str(&w, "fix", f[i].fix.s);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	puts(str_c(&out));
}

int main(int argc, char **argv)
{
	struct finding f[ARRAY_SIZE(checks)] = { 0 };
	bool ready = true;
	int n;

	start(&program, argc, argv, &n);
	jq_begin(jq);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		checks[i].look(&f[i]);
		ready = ready && f[i].state != MISSING;
	}
	if (json)
		print_json(f, ready);
	else
		print_text(f);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		str_release(&f[i].text);
		str_release(&f[i].fix);
	}
	return finish(ready ? 0 : 1);
}
