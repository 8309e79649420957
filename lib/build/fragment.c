/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/fragment.h"

#include <errno.h>
#include <stdlib.h>
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

/* What a line sets: its option, and to what ("n" for off). Both point into
 * the text. */
struct option {
	struct slice name, value;
	bool not_set; /* as a comment says it */
	size_t line;
};

/* False for lines that set nothing. */
static bool option_of(const char *line, size_t n, struct option *o)
{
	static const char off[] = " is not set";
	const char *eq;

	while (n && (line[n - 1] == ' ' || line[n - 1] == '\r' || line[n - 1] == '\t'))
		n--;
	*o = (struct option){ .value = { "n", 1 } };
	if (n > 9 + sizeof(off) && strncmp(line, "# CONFIG_", 9) == 0 &&
	    memcmp(line + n - (sizeof(off) - 1), off, sizeof(off) - 1) == 0) {
		o->name = (struct slice){ line + 2, n - 2 - (sizeof(off) - 1) };
		o->not_set = true;
		return true;
	}
	eq = memchr(line, '=', n);
	if (!eq || strncmp(line, "CONFIG_", 7) != 0)
		return false;
	o->name = (struct slice){ line, (size_t)(eq - line) };
	o->value = (struct slice){ eq + 1, n - (size_t)(eq - line) - 1 };
	return true;
}

static int order(struct slice a, struct slice b)
{
	int rc = memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);

	return rc ? rc : (a.n > b.n) - (a.n < b.n);
}

static bool same(struct slice a, struct slice b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static int by_line(const void *a, const void *b)
{
	const struct option *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static int by_name(const void *a, const void *b)
{
	int rc = order(((const struct option *)a)->name, ((const struct option *)b)->name);

	return rc ? rc : by_line(a, b);
}

/* The options of a text, each once, as it is set last; sorted by name. A whole
 * distribution's configuration, 10,000 of them, is a fragment, too. */
struct options {
	struct option *v;
	size_t n, cap;
};

static void keep_last(struct options *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (i + 1 == all->n || !same(all->v[i].name, all->v[i + 1].name))
			all->v[kept++] = all->v[i];
	all->n = kept;
}

static struct options parse(const char *text)
{
	struct options all = { 0 };
	struct option o;

	for (size_t line = 0; *text; line++) {
		size_t n = strcspn(text, "\n");

		if (option_of(text, n, &o)) {
			o.line = line;
			GROW(all.v, all.n, all.cap);
			all.v[all.n++] = o;
		}
		text += n + (text[n] == '\n');
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_name);
	keep_last(&all);
	return all;
}

static int is_named(const void *name, const void *o)
{
	return order(*(const struct slice *)name, ((const struct option *)o)->name);
}

/* NULL: the text does not say. */
static const struct option *find(const struct options *all, struct slice name)
{
	return all->n ? bsearch(&name, all->v, all->n, sizeof(*all->v), is_named) : NULL;
}

/* What is not mentioned is off. */
static struct option value_in(const struct options *all, struct slice name)
{
	const struct option *o = find(all, name);

	return o ? *o : (struct option){ .name = name, .value = { "n", 1 }, .not_set = true };
}

void fragment_value(const char *text, const char *want, struct str *out)
{
	struct slice name = { want, strlen(want) }, value = { "n", 1 };
	struct option o;

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (option_of(text, n, &o) && same(o.name, name))
			value = o.value;
		text += n + (text[n] == '\n');
	}
	str_clear(out);
	str_addn(out, value.s, value.n);
}

bool fragment_is_in(const char *config, const char *fragment)
{
	struct options want = parse(fragment), is = parse(config);
	bool all = true;

	for (size_t i = 0; i < want.n && all; i++)
		all = same(want.v[i].value, value_in(&is, want.v[i].name).value);
	free(want.v);
	free(is.v);
	return all;
}

/* "=y" or "is not set", as its line says it. */
static char *shown(const struct option *o)
{
	return o->not_set ? xstrdup("is not set") : xasprintf("=%.*s", (int)o->value.n, o->value.s);
}

static void warn_override(const struct option *now, const struct option *was)
{
	auto_free char *from = shown(was), *to = shown(now);

	warn("--extra-kconfig overrides baked-in %.*s (was %s, now %s)", (int)now->name.n, now->name.s, from, to);
}

static void warn_lost(const struct option *want, const struct option *is)
{
	auto_free char *wanted = shown(want), *final = shown(is);
	int n = (int)want->name.n;

	warn("--extra-kconfig line did not survive: %.*s%s%s; the final state is %.*s%s%s", n, want->name.s,
	     want->not_set ? " " : "", wanted, n, want->name.s, is->not_set ? " " : "", final);
}

/* Call fn for each option that extra and other set otherwise, in extra's order. */
static void each_difference(const char *extra, const char *other, bool only_mentioned,
			    void (*fn)(const struct option *, const struct option *))
{
	struct options all = parse(extra), others = parse(other);

	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_line);
	for (size_t i = 0; i < all.n; i++) {
		struct option there = value_in(&others, all.v[i].name);

		if (!same(there.value, all.v[i].value) && (!only_mentioned || find(&others, all.v[i].name)))
			fn(&all.v[i], &there);
	}
	free(all.v);
	free(others.v);
}

void fragment_warn_overrides(const char *extra, const char *builtin)
{
	each_difference(extra, builtin, true, warn_override);
}

void fragment_warn_lost(const char *extra, const char *config)
{
	each_difference(extra, config, false, warn_lost);
}
