/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/objects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "kernel/arch.h"

#define DEPTH_MAX 32
/* Bytes read and expanded, names compared: ten times what a kernel's tree takes
 * with every option on, and a fraction of a second. */
#define WORK_MAX (64ul << 20)
#define FILE_MAX (4l << 20)
/* host programs, the boot image, linking: what no list names */
#define BESIDES 270

struct var {
	char *name;
	struct str value; /* expanded, words with blanks between */
};

struct makefile {
	struct walk *w;
	struct var *v;
	size_t n, cap;
	bool whole; /* conditions are not looked at */
	/* of each open condition: it holds; it or one before its else held */
	bool holds[DEPTH_MAX], held[DEPTH_MAX];
	int depth;
	int nested; /* "$(subst m,y,$(subst …" */
};

struct walk {
	const char *tree;
	struct strv on, module; /* options that are y, that are m; sorted */
	struct strv been;       /* directories */
	bool modules;
	unsigned long made;
	unsigned long work; /* at WORK_MAX nothing is known any more */
};

/* Whether that much more may be done. */
static bool spend(struct walk *w, size_t n)
{
	w->work += n < WORK_MAX - w->work ? n : WORK_MAX - w->work;
	return w->work < WORK_MAX;
}

/* A file of the tree; one beyond all bounds spends everything. */
static bool read_text(struct walk *w, const char *path, struct str *out)
{
	struct err ignored;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return spend(w, st.st_size > FILE_MAX ? WORK_MAX : (size_t)st.st_size) && read_file(path, out, &ignored) == 0 &&
	       out->len;
}

/* --- the configuration --- */

static int by_name(const void *key, const void *of)
{
	return strcmp(key, *(char *const *)of);
}

static bool among(const struct strv *l, const char *name)
{
	return l->n && bsearch(name, l->v, l->n, sizeof(*l->v), by_name);
}

static const char *option(const struct walk *w, const char *name)
{
	return among(&w->on, name) ? "y" : among(&w->module, name) ? "m" : "";
}

static int load_config(struct walk *w)
{
	auto_free char *path = xasprintf("%s/.config", w->tree);
	auto_str struct str text = { 0 };
	char *save = NULL;

	if (!read_text(w, path, &text))
		return -1;
	for (char *line = strtok_r(text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct strv *to = ends_with(line, "=y") ? &w->on : ends_with(line, "=m") ? &w->module : NULL;

		if (to && starts_with(line, "CONFIG_"))
			strv_give(to, xstrndup(line, strlen(line) - 2));
	}
	strv_sort(&w->on);
	strv_sort(&w->module);
	return 0;
}

/* --- one Makefile --- */

static struct str *variable(struct makefile *m, const char *name, bool make)
{
	spend(m->w, m->n);
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].name, name) == 0)
			return &m->v[i].value;
	if (!make)
		return NULL;
	GROW(m->v, m->n, m->cap);
	m->v[m->n] = (struct var){ .name = xstrdup(name) };
	return &m->v[m->n++].value;
}

static void expand(struct makefile *m, const char *s, size_t n, struct str *out);

static const char *srcarch(void)
{
	return strcmp(kernel_arch(), "aarch64") == 0 ? "arm64" : "x86";
}

/* What "$(…)" stands for; functions other than subst say nothing here. */
static void expand_one(struct makefile *m, const char *s, size_t n, struct str *out)
{
	auto_free char *name = xstrndup(s, n);
	const struct str *value;

	if (starts_with(name, "CONFIG_")) {
		str_add(out, option(m->w, name));
	} else if (starts_with(name, "subst m,y,")) {
		auto_str struct str inner = { 0 };

		m->nested++;
		if (m->nested < DEPTH_MAX)
			expand(m, s + 10, n - 10, &inner);
		m->nested--;
		str_add(out, strcmp(str_c(&inner), "m") == 0 ? "y" : str_c(&inner));
	} else if (strcmp(name, "SRCARCH") == 0) {
		str_add(out, srcarch());
	} else if (strcmp(name, "BITS") == 0) {
		str_add(out, *option(m->w, "CONFIG_64BIT") ? "64" : "32");
	} else if ((value = variable(m, name, false)) && spend(m->w, value->len)) {
		str_add(out, str_c(value));
	}
}

static void expand(struct makefile *m, const char *s, size_t n, struct str *out)
{
	if (!spend(m->w, n))
		return;
	for (size_t i = 0; i < n; i++) {
		size_t from = i + 2, to = from;

		if (s[i] != '$' || i + 1 >= n || s[i + 1] != '(') {
			str_addc(out, s[i]);
			continue;
		}
		for (int open = 1; to < n; to++) {
			open += (s[to] == '(') - (s[to] == ')');
			if (!open)
				break;
		}
		expand_one(m, s + from, to - from, out);
		i = to;
	}
}

/* "ifeq ($(A),y)", behind the word. */
static bool equal(struct makefile *m, const char *s)
{
	auto_str struct str text = { 0 };
	char *comma, *end;

	expand(m, s, strlen(s), &text);
	comma = strchr(str_c(&text), ',');
	end = comma ? strrchr(comma, ')') : NULL;
	if (!end || text.s[0] != '(')
		return false;
	*comma = *end = '\0';
	return strcmp(trim(text.s + 1), trim(comma + 1)) == 0;
}

static bool defined(struct makefile *m, const char *name)
{
	const struct str *value = variable(m, name, false);

	return *option(m->w, name) || (value && value->len);
}

static const char *behind(const char *line, const char *word)
{
	size_t n = strlen(word);

	return starts_with(line, word) && strchr(" \t(", line[n]) ? line + n + strspn(line + n, " \t") : NULL;
}

static bool judge(struct makefile *m, const char *line, bool *holds)
{
	const char *s;

	if ((s = behind(line, "ifeq")))
		*holds = equal(m, s);
	else if ((s = behind(line, "ifneq")))
		*holds = !equal(m, s);
	else if ((s = behind(line, "ifdef")))
		*holds = defined(m, s);
	else if ((s = behind(line, "ifndef")))
		*holds = !defined(m, s);
	return s != NULL;
}

/* Whether the line is a condition or its end, which m knows then. */
static bool condition(struct makefile *m, const char *line)
{
	int top = m->depth - 1;
	bool holds = true;

	if (judge(m, line, &holds)) {
		if (m->depth < DEPTH_MAX)
			m->holds[m->depth] = m->held[m->depth] = holds;
		m->depth++;
	} else if (starts_with(line, "else") && (!line[4] || line[4] == ' ') && top >= 0 && top < DEPTH_MAX) {
		judge(m, line + 4 + strspn(line + 4, " "), &holds);
		m->holds[top] = holds && !m->held[top];
		m->held[top] = m->held[top] || holds;
	} else if (strcmp(line, "endif") == 0 && top >= 0) {
		m->depth--;
	} else {
		return false;
	}
	return true;
}

static bool counts(const struct makefile *m)
{
	for (int i = 0; i < m->depth && i < DEPTH_MAX && !m->whole; i++)
		if (!m->holds[i])
			return false;
	return m->depth <= DEPTH_MAX || m->whole;
}

/* "obj-$(CONFIG_X) += a.o b/"; rules and the rest are not looked at. */
static void assign(struct makefile *m, const char *line)
{
	const char *eq = strchr(line, '=');
	const char *end = eq && eq > line && strchr("+:?", eq[-1]) ? eq - 1 : eq;
	auto_str struct str name = { 0 }, more = { 0 };
	struct str *value;

	if (!eq || memchr(line, ':', (size_t)(end - line)))
		return;
	expand(m, line, (size_t)(end - line), &name);
	if (!name.len)
		return;
	expand(m, eq + 1, strlen(eq + 1), &more);
	value = variable(m, trim(name.s), true);
	if (*end != '+')
		str_clear(value);
	str_addf(value, " %s", str_c(&more));
}

static void take_line(struct makefile *m, char *line)
{
	char *s = trim(line);

	s[strcspn(s, "#")] = '\0';
	s = trim(s);
	if (*s && !condition(m, s) && counts(m))
		assign(m, s);
}

/* Lines of recipes, which begin with a tab, have no lists. */
static void parse(struct makefile *m, char *text)
{
	while (*text && spend(m->w, 1)) {
		char *end = text;

		for (end += strcspn(end, "\n"); *end && end > text && end[-1] == '\\'; end += strcspn(end, "\n"))
			end[-1] = *end = ' ';
		if (*end)
			*end++ = '\0';
		if (*text != '\t')
			take_line(m, text);
		text = end;
	}
}

/* --- what it makes --- */

static void count_directory(struct walk *w, const char *dir, int depth);

/* Objects in the list "BASE-SUFFIX". */
static unsigned long members(struct makefile *m, const char *base, const char *suffix)
{
	auto_free char *name = xasprintf("%s-%s", base, suffix);
	const struct str *value = variable(m, name, false);
	unsigned long n = 0;

	for (const char *s = value ? str_c(value) : ""; *(s += strspn(s, " \t"));) {
		size_t len = strcspn(s, " \t");

		n += len > 2 && memcmp(s + len - 2, ".o", 2) == 0;
		s += len;
	}
	return n;
}

/* What it consists of goes into built-in.a as it is; a module is linked. */
static unsigned long parts(struct makefile *m, const char *object, bool module)
{
	auto_free char *base = xstrndup(object, strlen(object) - 2);
	unsigned long n = members(m, base, "y") + members(m, base, "objs");

	if (module)
		n += 1 + members(m, base, "m");
	return n ? n : 1;
}

static void count_list(struct walk *w, struct makefile *m, const char *dir, const char *list, int depth)
{
	const struct str *value = variable(m, list, false);
	auto_free char *copy = xstrdup(value ? str_c(value) : "");
	auto_strv struct strv seen = { 0 };
	char *save = NULL;

	for (char *word = strtok_r(copy, " \t", &save); word && spend(w, seen.n); word = strtok_r(NULL, " \t", &save)) {
		if (strv_has(&seen, word))
			continue;
		strv_add(&seen, word);
		if (ends_with(word, ".o")) {
			w->made += parts(m, word, ends_with(list, "-m"));
		} else if (ends_with(word, "/") && !strstr(word, "..") && depth < DEPTH_MAX) {
			auto_free char *below = xasprintf("%s%.*s/", dir, (int)strlen(word) - 1, word);

			count_directory(w, below, depth + 1);
		}
	}
}

static void makefile_release(struct makefile *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		str_release(&m->v[i].value);
	}
	free(m->v);
}

static bool read_makefile(struct makefile *m, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s%s", m->w->tree, dir, name);
	auto_str struct str text = { 0 };

	m->depth = 0;
	if (!read_text(m->w, path, &text))
		return path_exists(path);
	parse(m, text.s);
	return true;
}

static void count_directory(struct walk *w, const char *dir, int depth)
{
	auto_free char *kbuild = xasprintf("%s/%sKbuild", w->tree, dir);
	struct makefile m = { .w = w };
	const struct str *lib;

	if (!spend(w, w->been.n) || strv_has(&w->been, dir))
		return;
	strv_add(&w->been, dir);
	if (!read_makefile(&m, dir, path_exists(kbuild) ? "Kbuild" : "Makefile"))
		return;
	lib = variable(&m, "lib-y", false);
	w->made += 1 + (lib && lib->len); /* built-in.a, lib.a */
	count_list(w, &m, dir, "obj-y", depth);
	count_list(w, &m, dir, "lib-y", depth);
	if (w->modules)
		count_list(w, &m, dir, "obj-m", depth);
	makefile_release(&m);
}

/* Directories that the tree's own Makefiles name: programs of which only the
 * lists can be read. */
static void count_top(struct walk *w)
{
	static const char *const lists[] = { "core-y", "libs-y", "drivers-y" };
	auto_free char *arch = xasprintf("arch/%s/", srcarch());
	struct makefile m = { .w = w, .whole = true };

	read_makefile(&m, "", "Makefile");
	read_makefile(&m, arch, "Makefile");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		count_list(w, &m, "", lists[i], 0);
	makefile_release(&m);
}

unsigned long objects_estimate(const char *tree, bool modules)
{
	struct walk w = { .tree = tree, .modules = modules };
	auto_free char *top = xasprintf("%s/Kbuild", tree);

	if (path_exists(top) && load_config(&w) == 0) {
		count_directory(&w, "", 0);
		count_top(&w);
	}
	strv_release(&w.on);
	strv_release(&w.module);
	strv_release(&w.been);
	return w.made && w.work < WORK_MAX ? w.made + BESIDES : 0;
}
