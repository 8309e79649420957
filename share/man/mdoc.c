/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mdoc: make manual pages. Run by make:
 *
 *	mdoc LIBEXEC page.1.in >page.1		fill in a page
 *	mdoc LIBEXEC --command test DIR		write the page of a command; DIR may have
 *						cargo-ktstr-test.more, further sections
 *	mdoc --commands				the commands that have a page
 *
 * Lines of a page that are replaced:
 *
 *	@OPTIONS@		options of the program the page is about
 *	@OPTIONS verb@		options of its verb
 *	@COMMANDS@		the commands of cargo ktstr
 *	@ENVIRONMENT@		the variables of lib/base/env.c
 *
 * So no option, command or variable is typed twice.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "front/commands.h"
#include "json/read.h"

#define DATE "November 23, 2026"

static const char *libexec;

/* Text as mdoc takes it: no escapes, no requests at the start of a line, a
 * sentence a line. */
static void put_text(const char *s)
{
	const char *text = s;
	bool start = true;

	for (; *s; s++) {
		if (start && *s == ' ')
			continue;
		if (start && *s == '\n') {
			puts(".Pp");
			continue;
		}
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
		start = *s == '\n';
		if (*s == '.' && s > text && isalnum((unsigned char)s[-1]) && s[1] == ' ') {
			putchar('\n');
			start = true;
		}
	}
	if (!start)
		putchar('\n');
}

/* --- options -------------------------------------------------------------- */

static void put_option(char letter, const char *name, const char *arg, const char *help, const char *more)
{
	fputs(".It ", stdout);
	if (letter)
		printf("Fl %c , ", letter);
	printf("Fl -%s", name);
	if (arg)
		printf(" Ar %s", arg);
	putchar('\n');
	put_text(help);
	if (more) {
		puts(".br");
		put_text(more);
	}
}

static void put_choices(const char *const *words)
{
	fputs("One of", stdout);
	for (; *words; words++)
		printf(" %s%s", *words, words[1] ? "," : ".\n");
}

static void put_row(const struct opt *o)
{
	if (!o->help)
		return;
	put_option(o->brief, o->name, o->arg, o->help, o->more);
	if (o->choices)
		put_choices(o->choices);
}

static void put_builtins(void)
{
	for (const struct opt *o = opt_builtins; o->name; o++)
		put_row(o);
}

/* A line of --dump-opts as an option's row, its texts allocated. */
static void put_dumped(const char *line, size_t n)
{
	struct opt o = { 0 };
	struct strv choices = { 0 };
	struct jkey k;
	struct err e;
	struct jr r;

	jr_init(&r, line, n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "option"))
			o.name = jr_str(&r);
		else if (key_is(&k, "letter"))
			o.brief = *jr_str(&r);
		else if (key_is(&k, "arg"))
			o.arg = jr_str_or_null(&r);
		else if (key_is(&k, "help"))
			o.help = jr_str(&r);
		else if (key_is(&k, "more"))
			o.more = jr_str(&r);
		else if (key_is(&k, "choices"))
			for (jr_array(&r); jr_item(&r);)
				strv_give(&choices, jr_str(&r));
		else
			jr_skip(&r);
	if (jr_end(&r, &e) < 0)
		die_err(&e);
	o.choices = (const char *const *)choices.v;
	put_row(&o);
}

/* The options of libexec's NAME [VERB], as the program itself says. */
static void put_options_of(const char *name, const char *verb)
{
	auto_free char *path = xasprintf("%s/%s", libexec, name);
	char *argv[] = { path, (char *)"--dump-opts", NULL, NULL };
	auto_str struct str text = { 0 };
	struct err e;

	if (verb) {
		argv[1] = (char *)verb;
		argv[2] = (char *)"--dump-opts";
	}
	if (child_run(argv, NULL, &text, &e) != 0)
		die("%s %s does not say its options", name, verb ? verb : "");
	puts(".Bl -tag -width Ds");
	for (const char *line = str_c(&text); *line;) {
		size_t n = strcspn(line, "\n");

		put_dumped(line, n);
		line += n + (line[n] == '\n');
	}
	put_builtins();
	puts(".El");
}

/* --- commands ------------------------------------------------------------- */

static void put_synopsis(const struct command *c)
{
	const char *args = c->args;

	printf(".Nm cargo ktstr %s\n", c->name);
	puts(".Op Ar options");
	if (command_is_group(c))
		puts(c->recipes[0].stages ? ".Op Ar command" : ".Ar command");
	if (args && *args == '[')
		printf(".Op Ar %.*s%s\n", (int)strcspn(args + 1, "]"), args + 1, strstr(args, "...") ? " ..." : "");
	else if (args)
		printf(".Ar %.*s\n", (int)strcspn(args + 1, ">"), args + 1);
}

static void put_command_options(const struct command *c)
{
	puts(".Bl -tag -width Ds");
	for (const struct cmd_opt *o = c->opts; o && o->opt.name; o++)
		put_row(&o->opt);
	put_row(&command_explain);
	put_builtins();
	puts(".El");
}

static void put_about(const struct command *c)
{
	put_text(c->about);
	if (c->alias)
		printf(".Pq alias Cm %s\n", c->alias);
	if (!c->detail)
		return;
	puts(".Pp");
	put_text(c->detail);
}

/* Programs the recipes run, each once; not those this version lacks. */
static void add_helpers(const struct command *c, struct strv *names)
{
	for (const struct recipe *r = c->recipes; r->stages; r++)
		for (const char *s = r->stages; (s = strstr(s, "ktstr-")); s++) {
			auto_free char *name = xstrndup(s, strcspn(s, " "));
			auto_free char *path = xasprintf("%s/%s", libexec, name);

			if (path_exists(path) && !strv_has(names, name))
				strv_add(names, name);
		}
}

static bool is_below(const struct command *c, const struct command *group)
{
	return command_leaf(c, group) != NULL;
}

static void put_see_also(const struct command *c)
{
	auto_strv struct strv names = { 0 };

	add_helpers(c, &names);
	for (const struct command *s = commands; s->name; s++)
		if (is_below(s, c))
			add_helpers(s, &names);
	strv_sort(&names);
	puts(".Sh SEE ALSO\n.Xr cargo-ktstr 1 ,");
	for (size_t i = 0; i < names.n; i++)
		printf(".Xr %s 1 ,\n", names.v[i]);
	puts(".Xr ktstr-environment 7 ,\n.Xr ktstr-records 7");
}

/* What this page has that no table knows: NAME.more, sections in mdoc. */
static void put_more(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/cargo-ktstr-%s.more", dir, name);
	auto_str struct str text = { 0 };
	struct err e;

	if (!path_exists(path))
		return;
	if (read_file(path, &text, &e) < 0)
		die_err(&e);
	fputs(str_c(&text), stdout);
}

static void put_page(const struct command *c, const char *dir)
{
	printf(".Dd " DATE "\n.Dt CARGO-KTSTR-");
	for (const char *s = c->name; *s; s++)
		putchar(toupper((unsigned char)*s));
	printf(" 1\n.Os\n.Sh NAME\n.Nm cargo-ktstr-%s\n.Nd %s\n.Sh SYNOPSIS\n", c->name, c->about);
	put_synopsis(c);
	for (const struct command *s = commands; s->name; s++)
		if (is_below(s, c))
			put_synopsis(s);
	puts(".Sh DESCRIPTION");
	put_about(c);
	puts(".Sh OPTIONS");
	put_command_options(c);
	for (const struct command *s = commands; s->name; s++) {
		if (!is_below(s, c))
			continue;
		printf(".Ss cargo ktstr %s\n", s->name);
		put_about(s);
		put_command_options(s);
	}
	puts(".Sh EXIT STATUS\n0 when done, 1 when something failed, 2 on wrong usage.\n"
	     "When the last program of the pipeline runs a command, its exit status.");
	put_more(dir, c->name);
	put_see_also(c);
}

static void put_commands(void)
{
	puts(".Bl -tag -width Ds");
	for (const struct command *c = commands; c->name; c++) {
		if (strchr(c->name, ' '))
			continue;
		printf(".It Cm %s\n", c->name);
		put_text(c->about);
		printf("See\n.Xr cargo-ktstr-%s 1 .\n", c->name);
	}
	puts(".El");
}

static void put_environment(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < ENV_COUNT; i++) {
		printf(".It Ev %s\n", env_vars[i].name);
		put_text(env_vars[i].help);
	}
	puts(".El");
}

/* --- a page ---------------------------------------------------------------- */

/* "ktstr-cache" of ".../ktstr-cache.1.in" */
static char *program_of(const char *page)
{
	const char *slash = strrchr(page, '/');
	const char *name = slash ? slash + 1 : page;

	return xstrndup(name, strcspn(name, "."));
}

static void put_line(const char *program, const char *line, size_t n)
{
	auto_free char *text = xstrndup(line, n), *verb = NULL;

	if (strcmp(text, "@COMMANDS@") == 0) {
		put_commands();
	} else if (strcmp(text, "@ENVIRONMENT@") == 0) {
		put_environment();
	} else if (strcmp(text, "@OPTIONS@") == 0) {
		put_options_of(program, NULL);
	} else if (starts_with(text, "@OPTIONS ")) {
		verb = xstrndup(text + 9, strcspn(text + 9, "@"));
		put_options_of(program, verb);
	} else {
		puts(text);
	}
}

static void put_template(const char *page)
{
	auto_free char *program = program_of(page);
	auto_str struct str text = { 0 };
	struct err e;

	if (read_file(page, &text, &e) < 0)
		die_err(&e);
	for (const char *line = str_c(&text); *line;) {
		size_t n = strcspn(line, "\n");

		put_line(program, line, n);
		line += n + (line[n] == '\n');
	}
}

int main(int argc, char **argv)
{
	prog_name = "mdoc";
	if (argc == 2 && strcmp(argv[1], "--commands") == 0) {
		for (const struct command *c = commands; c->name; c++)
			if (!strchr(c->name, ' '))
				puts(c->name);
		return finish(0);
	}
	if (argc < 3)
		die_usage("mdoc LIBEXEC PAGE | LIBEXEC --command NAME DIR | --commands");
	libexec = argv[1];
	if (strcmp(argv[2], "--command") == 0 && argc == 5 && command_find(argv[3])) {
		put_page(command_find(argv[3]), argv[4]);
	} else {
		put_template(argv[2]);
	}
	return finish(0);
}
