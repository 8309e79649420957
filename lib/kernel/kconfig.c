/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/where.h"

static int add_share(const char *name, struct str *out, struct err *e)
{
	auto_free char *path = where_share(name);

	return read_file(path, out, e);
}

int kconfig_fragment(bool lean, struct str *out, struct err *e)
{
	if (add_share("kconfig/ktstr.kconfig", out, e) < 0)
		return -1;
	str_addc(out, '\n');
	return lean ? add_share("kconfig/lean.kconfig", out, e) : 0;
}

/* The option a line sets: its name, and what it sets it to ("n" for off).
 * False for lines that set nothing. */
static bool option_of(const char *line, size_t n, struct str *name, struct str *value)
{
	static const char off[] = " is not set";
	const char *eq;

	str_clear(name);
	str_clear(value);
	while (n && (line[n - 1] == ' ' || line[n - 1] == '\r' || line[n - 1] == '\t'))
		n--;
	if (n > 9 + sizeof(off) && strncmp(line, "# CONFIG_", 9) == 0 &&
	    memcmp(line + n - (sizeof(off) - 1), off, sizeof(off) - 1) == 0) {
		str_addn(name, line + 2, n - 2 - (sizeof(off) - 1));
		str_add(value, "n");
		return true;
	}
	eq = memchr(line, '=', n);
	if (!eq || strncmp(line, "CONFIG_", 7) != 0)
		return false;
	str_addn(name, line, (size_t)(eq - line));
	str_addn(value, eq + 1, n - (size_t)(eq - line) - 1);
	return true;
}

/* What text sets name to last; "n" when it does not say. */
static void value_in(const char *text, const char *want, struct str *out)
{
	auto_str struct str name = { 0 }, value = { 0 };

	str_clear(out);
	str_add(out, "n");
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (option_of(text, n, &name, &value) && strcmp(name.s, want) == 0) {
			str_clear(out);
			str_add(out, str_c(&value));
		}
		text += n + (text[n] == '\n');
	}
}

bool kconfig_has_all(const char *config, const char *fragment)
{
	auto_str struct str name = { 0 }, ignored = { 0 }, want = { 0 }, is = { 0 };
	bool all = true;

	for (const char *line = fragment; *line && all;) {
		size_t n = strcspn(line, "\n");

		if (option_of(line, n, &name, &ignored)) {
			value_in(fragment, name.s, &want);
			value_in(config, name.s, &is);
			all = strcmp(want.s, is.s) == 0;
		}
		line += n + (line[n] == '\n');
	}
	return all;
}

/* What the pair of configuration and fragment is remembered by. */
static char *stamp_of(const struct str *config, const struct str *fragment)
{
	return xasprintf("%08x %08x\n", crc32_bytes(0, str_c(config), config->len),
			 crc32_bytes(0, str_c(fragment), fragment->len));
}

static char *stamp_path(const struct make *m)
{
	return xasprintf("%s/config-%08x", m->logs, crc32_bytes(0, m->tree, strlen(m->tree)));
}

static bool configured_before(const struct make *m, const struct str *config, const struct str *fragment)
{
	auto_free char *path = stamp_path(m);
	auto_free char *want = stamp_of(config, fragment);
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
	stamp = stamp_of(&config, fragment);
	/* without the stamp the next run configures once more */
	if (write_file(path, stamp, strlen(stamp), 0644, &ignored) < 0)
		return;
}

static int run(struct make *m, const char *target, char *const *env, const char *done, struct err *e)
{
	char *args[] = { (char *)target, NULL };

	if (make_run(m, args, env, "Configuring kernel...", done, e) < 0)
		return err_wrap(e, "kernel configure failed");
	return 0;
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

		rc = run(m, "allnoconfig", env, NULL, e);
	}
	temp_dir_remove(&t);
	return rc;
}

static int append(const char *path, const struct str *fragment, struct err *e)
{
	auto_fd int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || write_all(fd, "\n", 1) < 0 || write_all(fd, fragment->s, fragment->len) < 0)
		return err_sys(e, "write %s", path);
	return 0;
}

int kconfig_apply(struct make *m, bool lean, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", m->tree);
	auto_str struct str fragment = { 0 }, config = { 0 };
	bool fresh = !path_exists(path);

	if (kconfig_fragment(lean, &fragment, e) < 0)
		return -1;
	if (fresh && (lean ? run_lean(m, &fragment, e) : run(m, "defconfig", NULL, NULL, e)) < 0)
		return -1;
	if (read_file(path, &config, e) < 0)
		return -1;
	if (kconfig_has_all(str_c(&config), str_c(&fragment)) || configured_before(m, &config, &fragment))
		return 0;
	/* allnoconfig has read the fragment as its preset already */
	if (!(fresh && lean) && append(path, &fragment, e) < 0)
		return -1;
	if (run(m, "olddefconfig", NULL, "Kernel configured", e) < 0)
		return -1;
	remember(m, path, &fragment);
	return 0;
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

int kconfig_validate(const char *tree, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", tree);
	auto_str struct str config = { 0 }, is = { 0 }, lost = { 0 };

	if (read_file(path, &config, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(critical); i++) {
		value_in(str_c(&config), critical[i].name, &is);
		if (strcmp(is.s, "y") != 0)
			str_addf(&lost, "\n  %s not set — %s", critical[i].name, critical[i].hint);
	}
	if (!lost.len)
		return 0;
	err_set(e,
		"post-build kernel config validation failed: kernel build completed but critical config options "
		"are missing:%s",
		lost.s);
	return err_hint(e, "install the missing tools, then rebuild with --force");
}
