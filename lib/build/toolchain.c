/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/toolchain.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "kernel/arch.h"
#include "kernel/key.h"

/* Programs that run the compiler named behind them, and directories of links
 * that do. */
static const char *const wrappers[] = { "ccache", "sccache", "distcc", "icecc", "gomacc", NULL };

static bool is_wrapper(const char *name, size_t n)
{
	for (size_t i = 0; wrappers[i]; i++)
		if (strlen(wrappers[i]) == n && memcmp(wrappers[i], name, n) == 0)
			return true;
	return false;
}

/* Begin and length of a path's last name. */
static const char *base_name(const char *s, size_t n, size_t *len)
{
	size_t from = n;

	while (from && s[from - 1] != '/')
		from--;
	*len = n - from;
	return s + from;
}

/* Whether a word names one of them, with or without its directory. */
static bool runs_compiler(const char *word, size_t n)
{
	size_t len;
	const char *name = base_name(word, n, &len);

	return is_wrapper(name, len);
}

/* "/usr/lib/ccache/gcc" is gcc. */
static bool is_masked(const char *s, size_t n)
{
	size_t len, dir_len;
	const char *name = base_name(s, n, &len), *dir;

	if (name == s)
		return false;
	dir = base_name(s, n - len - 1, &dir_len);
	return is_wrapper(dir, dir_len);
}

/* The compiler of a command, without what runs it; caller frees. */
static char *bare(const char *command)
{
	const char *s = command + strspn(command, " \t");
	size_t n = strcspn(s, " \t");

	while (runs_compiler(s, n) && s[n + strspn(s + n, " \t")]) {
		s += n + strspn(s + n, " \t");
		n = strcspn(s, " \t");
	}
	if (is_masked(s, n))
		s = base_name(s, n, &n);
	return trim(xstrdup(s));
}

static bool uses(const char *command, const char *wrapper)
{
	for (const char *s = command; s && *s;) {
		size_t n = strcspn(s, " \t"), len;
		const char *name = base_name(s, n, &len);

		if (len == strlen(wrapper) && memcmp(name, wrapper, len) == 0)
			return true;
		if (!is_wrapper(name, len))
			return false;
		s += n + strspn(s + n, " \t");
	}
	return false;
}

/* CROSS_COMPILE that is for this machine names a toolchain; another one is
 * left from other work. */
static const char *cross(void)
{
	const char *prefix = env_get(ENV_CROSS_COMPILE);
	const char *slash = prefix ? strrchr(prefix, '/') : NULL;

	return prefix && starts_with(slash ? slash + 1 : prefix, kernel_arch()) ? prefix : NULL;
}

/* What kbuild would take without CC: caller frees. */
static char *default_cc(void)
{
	const char *llvm = env_get(ENV_LLVM), *prefix = cross();

	if (!llvm)
		return xasprintf("%sgcc", prefix ? prefix : "");
	if (ends_with(llvm, "/"))
		return xasprintf("%sclang", llvm);
	return xasprintf("clang%s", llvm[0] == '-' ? llvm : "");
}

void toolchain_key(char key[9])
{
	auto_free char *usual = default_cc();
	auto_free char *cc = env_get(ENV_CC) ? bare(env_get(ENV_CC)) : xstrdup(usual);
	auto_str struct str text = { 0 };

	if (env_get(ENV_LLVM))
		str_addf(&text, "LLVM=%s\n", env_get(ENV_LLVM));
	if (env_get(ENV_LLVM_IAS) && strcmp(env_get(ENV_LLVM_IAS), "1") != 0)
		str_addf(&text, "LLVM_IAS=%s\n", env_get(ENV_LLVM_IAS));
	if (cross())
		str_addf(&text, "CROSS_COMPILE=%s\n", cross());
	if (*cc && strcmp(cc, usual) != 0)
		str_addf(&text, "CC=%s\n", cc);
	key[0] = '\0';
	if (text.len)
		crc32_hex(crc32_bytes(0, text.s, text.len), key);
}

/* Every word up to the compiler is a program that must be there. */
static int check_programs(const char *what, const char *command, struct err *e)
{
	for (const char *s = command + strspn(command, " \t"); *s;) {
		size_t n = strcspn(s, " \t");
		auto_free char *word = xstrndup(s, n);
		auto_free char *found = find_program(word);

		if (!found) {
			err_set(e, "%s: there is no program %s", what, word);
			return err_hint(e, "install it, or choose another compiler by CC or LLVM=1");
		}
		if (!runs_compiler(s, n))
			break;
		s += n + strspn(s + n, " \t");
	}
	return 0;
}

/* The variable's words take the place of what stands before the compiler. */
static void put(struct toolchain *t, const char *var, const char *prefix, const char *cc)
{
	auto_free char *alone = bare(cc);

	if (prefix)
		strv_addf(&t->args, "%s=%s %s", var, prefix, alone);
	else
		strv_addf(&t->args, "%s=%s", var, cc);
}

/* A cache that hashes the directory finds nothing of the last build in the
 * next one, whose directory has another name. */
static void set_ccache(struct toolchain *t, const char *source)
{
	if (!env_present(ENV_CCACHE_BASEDIR))
		strv_addf(&t->env, "CCACHE_BASEDIR=%s", source);
	if (!env_present(ENV_CCACHE_NOHASHDIR) && !env_present(ENV_CCACHE_HASHDIR))
		strv_add(&t->env, "CCACHE_NOHASHDIR=1");
}

int toolchain_load(struct toolchain *t, const char *source, bool own, struct err *e)
{
	const char *prefix = env_get(ENV_CC_PREFIX), *cc = env_get(ENV_CC), *hostcc = env_get(ENV_HOSTCC);
	auto_free char *usual = default_cc();
	const char *host = hostcc ? hostcc : env_get(ENV_LLVM) ? usual : "gcc";

	*t = (struct toolchain){ 0 };
	if ((prefix && check_programs("KTSTR_CC_PREFIX", prefix, e) < 0) ||
	    check_programs(cc ? "CC" : "compiler of kernels", cc ? cc : usual, e) < 0 ||
	    check_programs(hostcc ? "HOSTCC" : "compiler of kernels", host, e) < 0)
		return -1;
	if (env_get(ENV_LLVM))
		strv_addf(&t->args, "LLVM=%s", env_get(ENV_LLVM));
	if (env_get(ENV_LLVM_IAS))
		strv_addf(&t->args, "LLVM_IAS=%s", env_get(ENV_LLVM_IAS));
	if (cross())
		strv_addf(&t->args, "CROSS_COMPILE=%s", cross());
	if (cc || prefix)
		put(t, "CC", prefix, cc ? cc : usual);
	if (hostcc || prefix)
		put(t, "HOSTCC", prefix, host);
	t->reuse = own && (uses(prefix, "ccache") || uses(cc, "ccache"));
	if (t->reuse)
		set_ccache(t, source);
	t->spread = uses(prefix, "distcc") || uses(cc, "distcc") || uses(prefix, "icecc") || uses(cc, "icecc");
	toolchain_key(t->key);
	return 0;
}

void toolchain_release(struct toolchain *t)
{
	strv_release(&t->args);
	strv_release(&t->env);
}

static bool own_arch(const char *arch)
{
	static const char *const same[][2] = { { "x86_64", "x86" }, { "x86_64", "x86_64" }, { "aarch64", "arm64" } };

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (strcmp(kernel_arch(), same[i][0]) == 0 && strcmp(arch, same[i][1]) == 0)
			return true;
	return false;
}

void toolchain_note_ignored(void)
{
	const char *arch = env_get(ENV_ARCH), *prefix = env_get(ENV_CROSS_COMPILE), *out = env_get(ENV_KBUILD_OUTPUT);

	if (arch && !own_arch(arch))
		warn("ARCH=%s is left aside: kernels are built for this machine, %s", arch, kernel_arch());
	if (prefix && !cross())
		warn("CROSS_COMPILE=%s is left aside: kernels are built for this machine, %s", prefix, kernel_arch());
	if (out)
		warn("KBUILD_OUTPUT=%s is left aside: kernels are built in their source tree", out);
}

/* What distcc itself would run at a time on the hosts it has. */
static unsigned distcc_slots(void)
{
	char *const argv[] = { (char *)"distcc", (char *)"-j", NULL };
	auto_str struct str out = { 0 };
	unsigned long long n;
	struct err ignored;

	if (child_run(argv, NULL, &out, &ignored) != 0 || !out.len || parse_u64(trim(out.s), &n) < 0 || n > 4096)
		return 0;
	return (unsigned)n;
}

unsigned toolchain_jobs(const struct toolchain *t, unsigned local)
{
	const char *text = env_get(ENV_MAKE_JOBS);
	unsigned long long n;
	unsigned slots;

	if (text && parse_u64(text, &n) == 0 && n > 0 && n <= 65536)
		return (unsigned)n;
	if (text)
		warn("KTSTR_MAKE_JOBS=%s is no number from 1 to 65536; it is left aside", text);
	if (!t->spread || !(uses(env_get(ENV_CC_PREFIX), "distcc") || uses(env_get(ENV_CC), "distcc")))
		return local;
	slots = distcc_slots();
	return slots > local ? slots : local;
}
