/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "build/fragment.h"

#define LIMIT_S 1800

/* What configuration, fragment and compiler are remembered by. */
static char *stamp_of(const struct make *m, const struct str *config, const struct str *fragment)
{
	return xasprintf("%08x %08x %s\n", crc32_bytes(0, str_c(config), config->len),
			 crc32_bytes(0, str_c(fragment), fragment->len), m->tools ? m->tools->key : "");
}

static char *stamp_path(const struct make *m)
{
	return xasprintf("%s/config-%08x", m->logs, crc32_bytes(0, m->tree, strlen(m->tree)));
}

static bool configured_before(const struct make *m, const struct str *config, const struct str *fragment)
{
	auto_free char *path = stamp_path(m);
	auto_free char *want = stamp_of(m, config, fragment);
	auto_str struct str is = { 0 };
	struct err ignored;

	return read_file(path, &is, &ignored) == 0 && strcmp(str_c(&is), want) == 0;
}

static void remember(const struct make *m, const char *config_path, const struct str *fragment)
{
	auto_free char *path = stamp_path(m);
	auto_free char *stamp = NULL;
	auto_str struct str config = { 0 };
	struct err ignored;

	if (read_file(config_path, &config, &ignored) < 0)
		return;
	stamp = stamp_of(m, &config, fragment);
	/* without the stamp the next run configures once more */
	if (write_file(path, stamp, strlen(stamp), 0644, &ignored) < 0)
		return;
}

static int run(struct make *m, const char *target, char *const *env, const char *done, struct err *e)
{
	char *args[] = { (char *)target, NULL };
	int rc;

	m->limit_s = LIMIT_S;
	rc = make_run(m, args, env, "Configuring kernel...", done, e);
	m->limit_s = 0;
	return rc;
}

static int run_lean(struct make *m, const struct str *fragment, struct err *e)
{
	struct temp_dir t;
	auto_free char *preset = NULL;
	auto_free char *set = NULL;
	int rc;

	if (temp_dir_make(&t, e) < 0)
		return -1;
	preset = xasprintf("%s/preset", t.path);
	set = xasprintf("KCONFIG_ALLCONFIG=%s", preset);
	rc = write_file(preset, fragment->s, fragment->len, 0644, e);
	if (rc == 0) {
		char *env[] = { set, NULL };

		rc = run(m, "allnoconfig", env, "Kernel configured", e);
	}
	temp_dir_remove(&t);
	return rc;
}

/* All of it, or the file is as it was. */
static int append(const char *path, const struct str *fragment, struct err *e)
{
	auto_fd int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "write %s", path);
	if (write_all(fd, "\n", 1) == 0 && write_all(fd, fragment->s, fragment->len) == 0)
		return 0;
	err_sys(e, "write %s", path);
	return ftruncate(fd, st.st_size) < 0 ? err_sys(e, "write %s, and cut it back", path) : -1;
}

static bool is_newer(const char *tree, const char *name, const struct timespec *than)
{
	auto_free char *path = xasprintf("%s/%s", tree, name);
	struct stat st;

	if (stat(path, &st) < 0)
		return true;
	return st.st_mtim.tv_sec > than->tv_sec ||
	       (st.st_mtim.tv_sec == than->tv_sec && st.st_mtim.tv_nsec > than->tv_nsec);
}

/* kbuild's own rule: its auto.conf is newer than .config and than every
 * Kconfig file, which auto.conf.cmd lists. Otherwise make would ask about new
 * options, of nobody. */
static bool kconfig_unchanged(const char *tree)
{
	auto_free char *made = xasprintf("%s/include/config/auto.conf", tree);
	auto_free char *list = xasprintf("%s/include/config/auto.conf.cmd", tree);
	auto_str struct str text = { 0 };
	struct err ignored;
	struct stat st;

	if (stat(made, &st) < 0 || is_newer(tree, ".config", &st.st_mtim) || read_file(list, &text, &ignored) < 0)
		return false;
	for (const char *line = str_c(&text); *line;) {
		size_t n = strcspn(line, "\n");
		auto_free char *name = xstrndup(line, n);
		char *end = strrchr(name, '\\');

		if (end)
			*end = '\0';
		if (name[0] == '\t' && *trim(name) && is_newer(tree, trim(name), &st.st_mtim))
			return false;
		line += n + (line[n] == '\n');
	}
	return true;
}

static int complete(struct make *m, const char *path, const struct str *fragment, struct err *e)
{
	auto_str struct str config = { 0 };
	bool same, has;

	if (read_file(path, &config, e) < 0)
		return -1;
	same = configured_before(m, &config, fragment);
	has = same || fragment_is_in(str_c(&config), str_c(fragment));
	if (same && kconfig_unchanged(m->tree))
		return 0;
	if (!has && append(path, fragment, e) < 0)
		return -1;
	if (run(m, "olddefconfig", NULL, "Kernel configured", e) < 0)
		return -1;
	remember(m, path, fragment);
	return 0;
}

/* Where it is missing every configurator writes it, with its headers, and make
 * need not start one more to do so. */
static void forget_auto_conf(const char *tree)
{
	auto_free char *path = xasprintf("%s/include/config/auto.conf", tree);

	unlink(path);
}

static int configure(struct make *m, bool lean, const struct str *fragment, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", m->tree);
	bool fresh = !path_exists(path);

	if (fresh && lean) {
		/* the fragment was the preset, and nothing is left open */
		if (run_lean(m, fragment, e) < 0)
			return -1;
		remember(m, path, fragment);
		return 0;
	}
	if (fresh && run(m, "defconfig", NULL, NULL, e) < 0)
		return -1;
	if (fresh)
		forget_auto_conf(m->tree);
	return complete(m, path, fragment, e);
}

static void warn_lost(const char *tree, const char *extra)
{
	auto_free char *path = xasprintf("%s/.config", tree);
	auto_str struct str config = { 0 }, wanted = { 0 };
	struct err ignored;

	if (read_file(path, &config, &ignored) == 0 && fragment_read_extra(extra, &wanted, &ignored) == 0)
		fragment_warn_lost(str_c(&wanted), str_c(&config));
}

int kconfig_apply(struct make *m, bool lean, const char *extra, struct err *e)
{
	auto_str struct str fragment = { 0 };

	if (fragment_load(lean, extra, &fragment, e) < 0)
		return -1;
	if (configure(m, lean, &fragment, e) < 0)
		return err_wrap(e, "kernel configure failed%s",
				extra ? " (with --extra-kconfig fragment merged; check its lines)" : "");
	if (extra)
		warn_lost(m->tree, extra);
	return 0;
}

/* The comment is the kernel's version ("Linux/x86 6.12.9 Kernel
 * Configuration"), by conf_write_heading in scripts/kconfig/confdata.c. */
int kconfig_unname_header(const char *tree, struct err *e)
{
	auto_free char *path = xasprintf("%s/include/generated/autoconf.h", tree);
	auto_str struct str header = { 0 };
	struct err none;
	const char *end;

	if (read_file(path, &header, &none) < 0 || !starts_with(str_c(&header), "/*"))
		return 0;
	end = strstr(header.s, "*/");
	return end ? write_file(path, end + 2, strlen(end + 2), 0644, e) : 0;
}

static const struct {
	const char *name, *hint;
} critical[] = {
	{ "CONFIG_SCHED_CLASS_EXT", "needs CONFIG_DEBUG_INFO_BTF; install pahole 1.16 or newer (package dwarves)" },
	{ "CONFIG_DEBUG_INFO_BTF", "needs pahole 1.16 or newer (package dwarves)" },
	{ "CONFIG_BPF_SYSCALL", "BPF programs cannot be loaded without it" },
	{ "CONFIG_FTRACE", "gate of all tracing; the arm64 defconfig turns it off, and the next two with it" },
	{ "CONFIG_KPROBE_EVENTS", "the probes need it; needs CONFIG_FTRACE and CONFIG_KPROBES" },
	{ "CONFIG_BPF_EVENTS", "attaches BPF to kprobes and tracepoints; needs CONFIG_KPROBE_EVENTS and "
			       "CONFIG_PERF_EVENTS" },
};

int kconfig_validate(const struct make *m, const char *extra, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", m->tree), *stamp = stamp_path(m);
	auto_str struct str config = { 0 }, is = { 0 }, lost = { 0 };

	if (read_file(path, &config, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(critical); i++) {
		fragment_value(str_c(&config), critical[i].name, &is);
		if (strcmp(is.s, "y") != 0)
			str_addf(&lost, "\n  %s not set — %s", critical[i].name, critical[i].hint);
	}
	if (!lost.len)
		return 0;
	unlink(stamp);
	err_set(e,
		"post-build kernel config validation failed%s: kernel build completed but critical config options "
		"are missing:%s",
		extra ? " (with --extra-kconfig)" : "", lost.s);
	return err_hint(e, "install the missing tools, then rebuild with --force");
}

char *kconfig_compiler(const char *tree)
{
	auto_free char *path = xasprintf("%s/.config", tree);
	auto_str struct str config = { 0 }, is = { 0 };
	struct err ignored;

	if (read_file(path, &config, &ignored) < 0)
		return NULL;
	fragment_value(str_c(&config), "CONFIG_CC_VERSION_TEXT", &is);
	if (is.len < 3 || is.s[0] != '"')
		return NULL;
	return xstrndup(is.s + 1, is.len - 2);
}
