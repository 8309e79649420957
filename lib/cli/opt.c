/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/opt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/term.h"
#include "cli/page.h"
#include "json/write.h"

static struct opt none[] = { { 0 } };

const struct opt opt_builtins[] = {
	{ .name = "help", .brief = 'h', .help = "Print help" },
	{ .name = "version", .brief = 'V', .help = "Print version" },
	{ 0 },
};

static struct opt *rows(const struct program *p)
{
	return p->opts ? p->opts : none;
}

static struct opt *by_name(const struct program *p, const char *name, size_t n)
{
	for (struct opt *o = rows(p); o->name; o++)
		if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

static struct opt *by_letter(const struct program *p, char c)
{
	for (struct opt *o = rows(p); o->name; o++)
		if (o->brief && o->brief == c)
			return o;
	return NULL;
}

static void add_usage(const struct program *p, struct str *out)
{
	str_addf(out, "Usage: %s [OPTIONS]%s%s", p->name, p->args ? " " : "", p->args ? p->args : "");
}

void usage_error(const struct program *p, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	str_add(&text, "\n\n");
	add_usage(p, &text);
	die_usage("%s", str_c(&text));
}

/* The option a word was probably meant to be, or NULL. */
static const char *nearest(const struct program *p, const char *arg)
{
	const char **names = xcalloc(64, sizeof(*names));
	const char *word = arg + strspn(arg, "-"), *near;
	auto_free char *name = xstrndup(word, strcspn(word, "="));
	size_t n = 0;

	for (struct opt *o = rows(p); o->name && n < 60; o++)
		if (o->help)
			names[n++] = o->name;
	names[n++] = "help";
	near = suggest(name, names);
	free(names);
	return near;
}

/* What begins a tail is passed on, yet --kernl is hardly meant for others. */
static void doubt(const struct program *p, const char *arg)
{
	const char *near = starts_with(arg, "--") ? nearest(p, arg) : NULL;

	if (near && strlen(near) > 4)
		warn("'%s' and what follows is passed on as it is; a similar option here is '--%s'", arg, near);
}

static __attribute__((noreturn)) void unknown(const struct program *p, const char *arg)
{
	const char *near = nearest(p, arg);

	if (near)
		usage_error(p, "unexpected argument '%s' found\n\n  tip: a similar argument exists: '--%s'", arg, near);
	usage_error(p, "unexpected argument '%s' found", arg);
}

static void check_choice(const struct opt *o, const char *value)
{
	auto_str struct str all = { 0 };

	if (!o->choices)
		return;
	for (const char *const *c = o->choices; *c; c++) {
		if (strcmp(*c, value) == 0)
			return;
		str_addf(&all, "%s%s", all.len ? ", " : "", *c);
	}
	die_usage("invalid value '%s' for '--%s <%s>'\n  [possible values: %s]", value, o->name, o->arg, str_c(&all));
}

static __attribute__((noreturn)) void bad_value(const struct opt *o, const char *value, const char *why)
{
	die_usage("invalid value '%s' for '--%s <%s>': %s", value, o->name, o->arg, why);
}

static void set_int(const struct opt *o, const char *value)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (!*value || *end || errno)
		bad_value(o, value, "not a whole number");
	if (o->unit && v < o->min)
		die_usage("--%s must be ≥ %ld %s (got %ld)", o->name, o->min, o->unit, v);
	if ((o->min || o->max) && (v < o->min || v > o->max)) {
		auto_free char *why = xasprintf("%ld is not in %ld..=%ld", v, o->min, o->max);

		bad_value(o, value, why);
	}
	*(long *)o->to = v;
}

static void set_real(const struct opt *o, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (!*value || *end || !isfinite(v))
		bad_value(o, value, "not a finite number");
	*(double *)o->to = v;
}

static __attribute__((noreturn)) void no_value(const struct opt *o)
{
	die_usage("a value is required for '--%s <%s>' but none was supplied", o->name, o->arg);
}

/* "" is a script's unset variable, and would be the current directory. */
static bool is_path(const struct opt *o)
{
	return strcmp(o->arg, "PATH") == 0 || strcmp(o->arg, "DIR") == 0 || strcmp(o->arg, "FILE") == 0;
}

static void set(const struct program *p, struct opt *o, const char *value)
{
	if (o->given && o->type != OPT_LIST)
		usage_error(p, "the argument '--%s%s%s%s' cannot be used multiple times", o->name, o->arg ? " <" : "",
			    o->arg ? o->arg : "", o->arg ? ">" : "");
	o->given = true;
	o->text = value;
	if (value)
		check_choice(o, value);
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		break;
	case OPT_STR:
		if (!*value && is_path(o))
			no_value(o);
		*(const char **)o->to = value;
		break;
	case OPT_LIST:
		strv_add(o->to, value);
		break;
	case OPT_INT:
		set_int(o, value);
		break;
	case OPT_REAL:
		set_real(o, value);
		break;
	case OPT_TIME:
		if (parse_duration(value, o->to) < 0)
			bad_value(o, value, "expected a duration such as 100ms, 1s, 5m or 1h");
		break;
	}
}

static const char *need_value(const struct opt *o, char **argv, int argc, int *i)
{
	if (*i + 1 >= argc || (argv[*i + 1][0] == '-' && argv[*i + 1][1]))
		no_value(o);
	return argv[++*i];
}

/* -abVALUE: flags first, at most one option with a value, last. */
static bool letters(const struct program *p, char **argv, int argc, int *i)
{
	const char *arg = argv[*i];

	if (!by_letter(p, arg[1]))
		return false;
	for (const char *c = arg + 1; *c; c++) {
		struct opt *o = by_letter(p, *c);

		if (!o)
			unknown(p, arg);
		if (o->type == OPT_FLAG) {
			set(p, o, NULL);
			continue;
		}
		if (c[1])
			set(p, o, c[1] == '=' ? c + 2 : c + 1);
		else
			set(p, o, need_value(o, argv, argc, i));
		break;
	}
	return true;
}

static bool word(const struct program *p, char **argv, int argc, int *i)
{
	const char *name = argv[*i] + 2;
	size_t n = strcspn(name, "=");
	struct opt *o = by_name(p, name, n);

	if (!o)
		return false;
	if (o->type == OPT_FLAG) {
		if (name[n])
			die_usage("unexpected value '%s' for '--%s'; it takes none", name + n + 1, o->name);
		set(p, o, NULL);
	} else {
		set(p, o, name[n] ? name + n + 1 : need_value(o, argv, argc, i));
	}
	return true;
}

static void builtin(const struct program *p, const char *arg)
{
	if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
		if (arg[1] == '-')
			page_show(p->name);
		opt_help(p, arg[1] == '-');
		exit(finish(0));
	}
	if (strcmp(arg, "-V") == 0 || strcmp(arg, "--version") == 0) {
		printf("%s %s\n", p->name, KTSTR_VERSION);
		exit(finish(0));
	}
	if (strcmp(arg, "--dump-opts") == 0) {
		opt_dump(p);
		exit(finish(0));
	}
}

static void imply(const struct program *p)
{
	for (struct opt *o = rows(p); o->name; o++) {
		struct opt *other = o->given && o->implies ? by_name(p, o->implies, strlen(o->implies)) : NULL;

		if (other && !other->given)
			set(p, other, NULL);
	}
}

static void check_relations(const struct program *p)
{
	for (struct opt *o = rows(p); o->name; o++) {
		if (o->required && !o->given)
			usage_error(p, "the following required arguments were not provided:\n  --%s <%s>", o->name,
				    o->arg);
		if (o->given && o->needs && !by_name(p, o->needs, strlen(o->needs))->given)
			usage_error(p, "the following required arguments were not provided:\n  --%s", o->needs);
		for (const char *c = o->given ? o->conflicts : NULL; c && *c;) {
			size_t n = strcspn(c, " ");
			struct opt *other = by_name(p, c, n);

			if (other && other->given)
				usage_error(p, "the argument '--%s' cannot be used with '--%s'", o->name, other->name);
			c += n + strspn(c + n, " ");
		}
	}
}

char **opt_parse(const struct program *p, int argc, char **argv, int *n)
{
	int kept = 1, i;

	prog_name = p->name;
	for (i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "--") == 0) {
			i++;
			break;
		}
		if (a[0] == '-' && a[1]) {
			bool known = a[1] == '-' ? word(p, argv, argc, &i) : letters(p, argv, argc, &i);

			if (known)
				continue;
			builtin(p, a);
			if (p->tail) {
				doubt(p, a);
				break;
			}
			unknown(p, a);
		}
		if (p->tail || p->stop)
			break;
		argv[kept++] = argv[i];
	}
	for (; i < argc; i++)
		argv[kept++] = argv[i];
	argv[kept] = NULL;
	*n = kept - 1;
	if (*n < p->min_args)
		usage_error(p, "the following required arguments were not provided:\n  %s",
			    p->args ? p->args : "ARGUMENT");
	if (!p->tail && !p->stop && p->max_args >= 0 && *n > p->max_args)
		usage_error(p, "unexpected argument '%s' found", argv[1 + p->max_args]);
	imply(p);
	check_relations(p);
	return argv + 1;
}

char **start(const struct program *p, int argc, char **argv, int *n)
{
	int ignored;

	hold_standard();
	return opt_parse(p, argc, argv, n ? n : &ignored);
}

#define LEFT_WIDTH  30 /* of an option and its value's name */
#define HELP_COLUMN (LEFT_WIDTH + 4)

static void print_more(const char *more)
{
	auto_free char *copy = xstrdup(more);

	for (char *rest, *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		printf("%*s", HELP_COLUMN, "");
		print_wrapped(stdout, line, HELP_COLUMN);
	}
}

static void option_line(const struct opt *o, bool full)
{
	auto_str struct str left = { 0 }, help = { 0 };

	if (o->brief)
		str_addf(&left, "-%c, ", o->brief);
	else
		str_add(&left, "    ");
	str_addf(&left, "--%s", o->name);
	if (o->arg)
		str_addf(&left, " <%s>", o->arg);
	if (left.len > LEFT_WIDTH)
		printf("  %s\n  %-*s  ", left.s, LEFT_WIDTH, "");
	else
		printf("  %-*s  ", LEFT_WIDTH, left.s);
	str_add(&help, o->help);
	for (const char *const *c = o->choices; c && *c; c++)
		str_addf(&help, "%s%s%s", c == o->choices ? " [" : "|", *c, c[1] ? "" : "]");
	print_wrapped(stdout, help.s, HELP_COLUMN);
	if (full && o->more)
		print_more(o->more);
}

/* Whether --help says more than -h. */
static bool has_more(const struct program *p)
{
	for (struct opt *o = rows(p); o->name; o++)
		if (o->more && o->help)
			return true;
	return p->detail != NULL;
}

void opt_help(const struct program *p, bool full)
{
	struct opt help = opt_builtins[0];
	auto_str struct str usage = { 0 };

	if (has_more(p))
		help.help = full ? "Print help (see a summary with '-h')" : "Print help (see more with '--help')";
	add_usage(p, &usage);
	printf("%s\n\n%s\n\n", p->about, str_c(&usage));
	if (p->commands)
		printf("Commands:\n%s\n", p->commands);
	puts("Options:");
	for (struct opt *o = rows(p); o->name; o++)
		if (o->help)
			option_line(o, full);
	option_line(&help, full);
	option_line(&opt_builtins[1], full);
	if (full && p->detail)
		printf("\n%s\n", p->detail);
}

static void dump_row(const struct program *p, const struct opt *o)
{
	static const char *const types[] = { "flag", "string", "list", "int", "real", "time" };
	auto_str struct str out = { 0 };
	struct jw w;

	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_key_str(&w, "program", p->name);
	jw_key_str(&w, "option", o->name);
	if (o->brief)
		jw_key_str(&w, "letter", (char[]){ o->brief, 0 });
	jw_key_str(&w, "type", types[o->type]);
	jw_key_str(&w, "arg", o->arg);
	jw_key_str(&w, "help", o->help);
	if (o->more)
		jw_key_str(&w, "more", o->more);
	if (o->values)
		jw_key_str(&w, "values", o->values);
	if (o->choices) {
		jw_key(&w, "choices");
		jw_array(&w);
		for (const char *const *c = o->choices; *c; c++)
			jw_str(&w, *c);
		jw_end(&w);
	}
	jw_end(&w);
	puts(str_c(&out));
}

void opt_dump(const struct program *p)
{
	for (struct opt *o = rows(p); o->name; o++)
		if (o->help)
			dump_row(p, o);
}
