/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-completions: the completion script of a shell. The script's engine is
 * a file of share/completions; the table it works on is written here from the
 * table of commands. Values that only the tool knows are asked of
 * ktstr-complete when Tab is pressed.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/where.h"
#include "cli/opt.h"
#include "front/commands.h"

static const char *binary = "cargo";
static struct opt opts[] = {
	{ "binary", 0, OPT_STR, &binary, "NAME", "command word the script is for (cargo)",
	  "For cargo the script completes what follows \"ktstr\" and leaves the rest to cargo's own\n"
	  "completion; for any other word it completes the commands right behind that word." },
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-completions",
	.args = "<SHELL>",
	.about = "Print a completion script for a shell",
	.detail = "SHELL is bash, elvish, fish, powershell or zsh.",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
};

/* How a shell writes the table. */
struct dialect {
	const char *shell;
	const char *node;                /* opens a command path, which is %s */
	const char *subs, *opts, *takes; /* open the three lists */
	const char *gap;                 /* between items */
	const char *end, *close;         /* of a list, of a node */
	char help;                       /* between an item's name and its help; 0: no help */
	const char *quote;               /* what stands for a quote inside quotes */
};
static const struct dialect dialects[] = {
	{ "bash", "\t%s)\n", "\t\tsubs=(", "\t\topts=(", "\t\ttakes=(", " ", ")\n", "\t\t;;\n", 0, "'\\''" },
	{ "elvish", "  &%s=[\n", "    &subs=[", "    &opts=[", "    &takes=[", " ", "]\n", "  ]\n", '\t', "''" },
	{ "fish", "        case %s\n", "            set subs ", "            set opts ", "            set takes ", " ",
	  "\n", "", '\t', "\\'" },
	{ "powershell", "        %s = @{\n", "            subs = @(", "            opts = @(", "            takes = @(",
	  ", ", ")\n", "        }\n", '\t', "''" },
	{ "zsh", "\t%s)\n", "\t\tsubs=(", "\t\topts=(", "\t\ttakes=(", " ", ")\n", "\t\t;;\n", ':', "'\\''" },
};

static void add_quoted(const struct dialect *d, struct str *out, const char *s)
{
	str_addc(out, '\'');
	for (; *s; s++)
		if (*s == '\'')
			str_add(out, d->quote);
		else if (*s == '\\' && strcmp(d->shell, "fish") == 0)
			str_add(out, "\\\\");
		else
			str_addc(out, *s);
	str_addc(out, '\'');
}

/* One list of a node while it is written. */
struct list {
	const struct dialect *d;
	struct str *out;
	bool any;
};

static struct list list_open(const struct dialect *d, struct str *out, const char *open)
{
	str_add(out, open);
	return (struct list){ d, out, false };
}

static void list_close(struct list *l)
{
	str_add(l->out, l->d->end);
}

static void add_item(struct list *l, const char *item)
{
	if (l->any)
		str_add(l->out, l->d->gap);
	l->any = true;
	add_quoted(l->d, l->out, item);
}

static void add_helped(struct list *l, const char *name, const char *help)
{
	auto_free char *item = l->d->help ? xasprintf("%s%c%s", name, l->d->help, help) : xstrdup(name);

	add_item(l, item);
}

static void add_subs(struct list *l, const struct command *group)
{
	if (group && !command_is_group(group))
		return;
	for (const struct command *c = commands; c->name; c++) {
		const char *name = command_leaf(c, group);

		if (name)
			add_helped(l, name, c->about);
		if (name && c->alias)
			add_helped(l, c->alias, c->about);
	}
	add_helped(l, "help", command_help_about);
}

static void add_opt(struct list *l, const struct opt *o)
{
	auto_free char *name = xasprintf("--%s", o->name);
	char letter[3] = { '-', o->brief, 0 };

	add_helped(l, name, o->help);
	if (o->brief)
		add_helped(l, letter, o->help);
}

static void add_opts(struct list *l, const struct command *c)
{
	for (const struct cmd_opt *o = c ? c->opts : NULL; o && o->opt.name; o++)
		add_opt(l, &o->opt);
	add_opt(l, &command_explain);
	for (const struct opt *o = opt_builtins; o->name; o++)
		add_opt(l, o);
}

/* What a value's name in help says of it. */
static const char *kind_of(const char *arg)
{
	static const char *const kinds[][2] = { { "DIR", "dir" },      { "FILE", "file" }, { "INPUT", "file" },
						{ "PATH", "path" },    { "RUN", "run" },   { "TEST", "test" },
						{ "METRIC", "metric" } };
	auto_free char *name = xstrdup(arg ? arg : "");
	char *word = name + strspn(name, "<[");

	word[strcspn(word, ">].")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i][0], word) == 0)
			return kinds[i][1];
	return "none";
}

/* ":WORD WORD" for a choice, else the row's word for what it takes; "tail:" is in
 * front of it where any number of words follow, options among them. */
static void add_kind(struct list *l, const char *flag, const char *const *choices, const char *kind)
{
	auto_str struct str item = { 0 };

	str_addf(&item, "%s=", flag);
	for (const char *const *w = choices; w && *w; w++)
		str_addf(&item, "%c%s", w == choices ? ':' : ' ', *w);
	if (!choices)
		str_add(&item, kind);
	add_item(l, item.s);
}

static void add_takes(struct list *l, const struct command *c)
{
	for (const struct cmd_opt *o = c ? c->opts : NULL; o && o->opt.name; o++) {
		auto_free char *name = xasprintf("--%s", o->opt.name);
		char letter[3] = { '-', o->opt.brief, 0 };

		if (o->opt.type == OPT_FLAG)
			continue;
		add_kind(l, name, o->opt.choices, o->opt.values ? o->opt.values : kind_of(o->opt.arg));
		if (o->opt.brief)
			add_kind(l, letter, o->opt.choices, o->opt.values ? o->opt.values : kind_of(o->opt.arg));
	}
	if (c && c->tail) {
		auto_free char *kind = xasprintf("tail:%s", c->values);

		add_kind(l, "", NULL, kind);
	}
	if (c && !c->tail && c->max_args)
		add_kind(l, "", c->words, c->values ? c->values : kind_of(c->args));
}

static void add_node(const struct dialect *d, struct str *out, const char *path, const struct command *c)
{
	auto_str struct str name = { 0 };
	struct list l;

	add_quoted(d, &name, path);
	str_addf(out, d->node, name.s);
	l = list_open(d, out, d->subs);
	add_subs(&l, c);
	list_close(&l);
	l = list_open(d, out, d->opts);
	add_opts(&l, c);
	list_close(&l);
	l = list_open(d, out, d->takes);
	add_takes(&l, c);
	list_close(&l);
	str_add(out, d->close);
}

static void add_table(const struct dialect *d, struct str *out)
{
	add_node(d, out, "", NULL);
	add_node(d, out, "help", NULL);
	for (const struct command *c = commands; c->name; c++) {
		add_node(d, out, c->name, c);
		if (c->alias)
			add_node(d, out, c->alias, c);
	}
	while (out->len && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
}

/* The engine with the names in their places. */
static void fill(const struct dialect *d, const char *text, struct str *out)
{
	for (const char *at; (at = strchr(text, '@')); text = at) {
		str_addn(out, text, (size_t)(at - text));
		if (starts_with(at, "@TABLE@")) {
			add_table(d, out);
			at += strlen("@TABLE@");
		} else if (starts_with(at, "@BINARY@")) {
			str_add(out, binary);
			at += strlen("@BINARY@");
		} else {
			str_addc(out, *at++);
		}
	}
	str_add(out, text);
}

static const struct dialect *find(const char *shell)
{
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++)
		if (strcmp(dialects[i].shell, shell) == 0)
			return &dialects[i];
	die_usage("invalid value '%s' for '<SHELL>'\n  [possible values: bash, elvish, fish, powershell, zsh]", shell);
}

/* The script would take other characters for its own. */
static void check_binary(void)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";

	if (!*binary || *binary == '-' || binary[strspn(binary, safe)])
		die_usage("invalid value '%s' for '--binary <NAME>': expected letters, digits and _ . + -", binary);
}

int main(int argc, char **argv)
{
	auto_str struct str text = { 0 }, out = { 0 };
	auto_free char *name = NULL, *path = NULL;
	const struct dialect *d;
	struct err e;
	int n;

	argv = start(&program, argc, argv, &n);
	d = find(argv[0]);
	check_binary();
	name = xasprintf("completions/%s", d->shell);
	path = where_share(name);
	if (read_file(path, &text, &e) < 0)
		die_err(&e);
	fill(d, str_c(&text), &out);
	fwrite(out.s, 1, out.len, stdout);
	return finish(0);
}
