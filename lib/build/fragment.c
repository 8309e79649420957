/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/fragment.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/where.h"
#include "json/read.h"

static int add_share(const char *name, struct str *out, struct err *e)
{
	auto_free char *path = where_share(name);

	return read_file(path, out, e);
}

int fragment_load(bool lean, const char *extra, struct str *out, struct err *e)
{
	if (add_share("kconfig/ktstr.kconfig", out, e) < 0)
		return -1;
	str_addc(out, '\n');
	if (lean && add_share("kconfig/lean.kconfig", out, e) < 0)
		return -1;
	if (!extra)
		return 0;
	str_addc(out, '\n');
	return fragment_read_extra(extra, out, e);
}

int fragment_read_extra(const char *path, struct str *out, struct err *e)
{
	auto_str struct str text = { 0 };
	const char *why = NULL;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		why = "is a pipe, and it is read more than once";
	else if (read_file(path, &text, e) < 0)
		why = errno == ENOENT   ? "file not found"
		      : errno == EISDIR ? "is a directory"
		      : errno == EACCES ? "permission denied"
					: strerror(errno);
	else if (!utf8_valid(str_c(&text), text.len))
		why = "file is not valid UTF-8";
	else if (memchr(str_c(&text), 0, text.len))
		why = "file holds a NUL byte";
	if (why)
		return err_set(e, "--extra-kconfig %s: %s", path, why);
	str_addn(out, str_c(&text), text.len);
	return 0;
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

void fragment_value(const char *text, const char *want, struct str *out)
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

bool fragment_is_in(const char *config, const char *fragment)
{
	auto_str struct str name = { 0 }, ignored = { 0 }, want = { 0 }, is = { 0 };
	bool all = true;

	for (const char *line = fragment; *line && all;) {
		size_t n = strcspn(line, "\n");

		if (option_of(line, n, &name, &ignored)) {
			fragment_value(fragment, name.s, &want);
			fragment_value(config, name.s, &is);
			all = strcmp(want.s, is.s) == 0;
		}
		line += n + (line[n] == '\n');
	}
	return all;
}

/* "=y" or " is not set", as a line of a .config says it. */
static char *shown(const char *value)
{
	return strcmp(value, "n") == 0 ? xstrdup(" is not set") : xasprintf("=%s", value);
}

static bool says(const char *text, const char *want)
{
	auto_str struct str name = { 0 }, value = { 0 };

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (option_of(text, n, &name, &value) && strcmp(name.s, want) == 0)
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

/* Each option once, where extra sets it last. */
static void each_option(const char *extra, void (*fn)(const char *, const char *, const char *), const char *other)
{
	auto_str struct str name = { 0 }, value = { 0 }, last = { 0 };

	for (const char *line = extra; *line;) {
		size_t n = strcspn(line, "\n");
		const char *next = line + n + (line[n] == '\n');

		if (option_of(line, n, &name, &value) && !says(next, name.s)) {
			fragment_value(extra, name.s, &last);
			fn(name.s, last.s, other);
		}
		line = next;
	}
}

static void warn_override(const char *name, const char *value, const char *builtin)
{
	auto_str struct str was = { 0 };
	auto_free char *from = NULL, *to = NULL;

	if (!says(builtin, name))
		return;
	fragment_value(builtin, name, &was);
	from = shown(was.s);
	to = shown(value);
	if (strcmp(from, to) != 0)
		warn("--extra-kconfig overrides baked-in %s (was %s, now %s)", name, trim(from), trim(to));
}

void fragment_warn_overrides(const char *extra, const char *builtin)
{
	each_option(extra, warn_override, builtin);
}

static void warn_lost(const char *name, const char *value, const char *config)
{
	auto_str struct str is = { 0 };
	auto_free char *wanted = shown(value), *final = NULL;

	fragment_value(config, name, &is);
	final = shown(is.s);
	if (strcmp(wanted, final) != 0)
		warn("--extra-kconfig line did not survive: %s%s; the final state is %s%s", name, wanted, name, final);
}

void fragment_warn_lost(const char *extra, const char *config)
{
	each_option(extra, warn_lost, config);
}
