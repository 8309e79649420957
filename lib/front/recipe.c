/* SPDX-License-Identifier: GPL-2.0-only */
#include "front/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"

union value {
	bool flag;
	const char *str;
	struct strv list;
	long number;
	double real;
	unsigned long long time;
};

static const struct cmd_opt none[] = { { { 0 } } };

static const struct cmd_opt *rows(const struct command *cmd)
{
	return cmd->opts ? cmd->opts : none;
}

static size_t count(const struct command *cmd)
{
	size_t n = 0;

	while (rows(cmd)[n].opt.name)
		n++;
	return n;
}

void call_init(struct call *c, const struct command *cmd)
{
	size_t n = count(cmd);
	struct str list = { 0 };

	*c = (struct call){ .cmd = cmd, .name = xasprintf("cargo ktstr %s", cmd->name) };
	c->opts = xcalloc(n + 2, sizeof(*c->opts));
	c->values = xcalloc(n, sizeof(*c->values));
	for (size_t i = 0; i < n; i++) {
		c->opts[i] = rows(cmd)[i].opt;
		c->opts[i].to = &c->values[i];
	}
	c->opts[n] = command_explain;
	c->opts[n].to = &c->explain;
	c->program = (struct program){ .name = c->name,
				       .args = cmd->args,
				       .about = cmd->about,
				       .detail = cmd->detail,
				       .opts = c->opts,
				       .min_args = cmd->min_args,
				       .max_args = cmd->max_args,
				       .tail = cmd->tail };
	if (command_is_group(cmd)) {
		command_list(cmd, &list);
		c->commands = str_take(&list);
		c->program.commands = c->commands;
		c->program.args = cmd->recipes[0].stages ? "[COMMAND]" : "<COMMAND>";
	}
}

void call_release(struct call *c)
{
	for (size_t i = 0; i < count(c->cmd); i++)
		if (c->opts[i].type == OPT_LIST)
			strv_release(&c->values[i].list);
	free(c->opts);
	free(c->values);
	free(c->name);
	free(c->commands);
}

static void check_word(const struct call *c, const char *word)
{
	auto_str struct str all = { 0 };

	for (const char *const *w = c->cmd->words; *w; w++) {
		if (strcmp(*w, word) == 0)
			return;
		str_addf(&all, "%s%s", all.len ? ", " : "", *w);
	}
	die_usage("invalid value '%s' for '%s'\n  [possible values: %s]", word, c->cmd->args, str_c(&all));
}

/* Number of the option in the row, or -1. */
static int find(const struct call *c, const char *name, size_t n)
{
	for (size_t i = 0; i < count(c->cmd); i++)
		if (strlen(c->opts[i].name) == n && memcmp(c->opts[i].name, name, n) == 0)
			return (int)i;
	return -1;
}

static bool is_given(const struct call *c, const char *name)
{
	int i = find(c, name, strlen(name));

	return i >= 0 && c->opts[i].given;
}

const char *call_value(const struct call *c, const char *name)
{
	return is_given(c, name) ? c->opts[find(c, name, strlen(name))].text : NULL;
}

static void add_words(const char *words, struct strv *argv)
{
	while (*words) {
		size_t n = strcspn(words, " ");
		char *word = xstrndup(words, n);

		strv_give(argv, word);
		words += n + strspn(words + n, " ");
	}
}

static void check_alone(const struct call *c)
{
	auto_strv struct strv names = { 0 };

	add_words(c->cmd->alone, &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_given(c, names.v[i]))
			usage_error(&c->program, "the argument '%s' cannot be used with '--%s'", c->cmd->args,
				    names.v[i]);
}

void call_parse(struct call *c, int argc, char **argv)
{
	c->args = opt_parse(&c->program, argc, argv, &c->n_args);
	if (c->n_args && c->cmd->alone)
		check_alone(c);
	for (int i = 0; c->cmd->words && i < c->n_args; i++)
		check_word(c, c->args[i]);
}

int call_check_later(const struct call *c, struct err *e)
{
	auto_strv struct strv names = { 0 };

	add_words(c->cmd->later ? c->cmd->later : "", &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];

		if (strcmp(name, "*") == 0)
			return err_set(e, "cargo ktstr %s is not available in this version", c->cmd->name);
		if (is_given(c, name))
			return err_set(e, "cargo ktstr %s --%s is not available in this version", c->cmd->name, name);
	}
	return 0;
}

/* A word that looks like an option would be taken for one. */
static void add_operand(struct strv *argv, const char *word, bool *guarded)
{
	if (word[0] == '-' && word[1] && !*guarded) {
		strv_add(argv, "--");
		*guarded = true;
	}
	strv_add(argv, word);
}

static bool is_blank(const char *s)
{
	return !s[strspn(s, " \t\r\n\v\f")];
}

static int add_values(const struct opt *o, struct strv *argv, struct err *e)
{
	const struct strv *list = o->to;
	bool guarded = false;
	size_t n = 0;

	if (o->type != OPT_LIST) {
		add_operand(argv, o->text, &guarded);
		return 0;
	}
	for (size_t i = 0; i < list->n; i++)
		if (!is_blank(list->v[i]) && ++n)
			add_operand(argv, list->v[i], &guarded);
	if (!n)
		return err_set(e, "--%s: every supplied value parsed to empty / whitespace; give at least one %s",
			       o->name, o->arg);
	return 0;
}

/* The option as it would be typed. */
static void add_typed(const struct opt *o, struct strv *argv)
{
	const struct strv *list = o->to;

	if (o->type == OPT_FLAG)
		strv_addf(argv, "--%s", o->name);
	else if (o->type != OPT_LIST)
		strv_addf(argv, "--%s=%s", o->name, o->text);
	else
		for (size_t i = 0; i < list->n; i++)
			strv_addf(argv, "--%s=%s", o->name, list->v[i]);
}

static int add_option(const struct call *c, size_t i, struct strv *argv, struct err *e)
{
	const struct opt *o = &c->opts[i];
	const char *as = rows(c->cmd)[i].as;

	if (!o->given)
		return 0;
	if (!as)
		add_typed(o, argv);
	else if (strcmp(as, "./") == 0)
		strv_addf(argv, "%s%s", strchr(o->text, '/') || o->text[0] == '.' || o->text[0] == '~' ? "" : "./",
			  o->text);
	else if (!*as)
		return add_values(o, argv, e);
	else
		add_words(as, argv);
	return 0;
}

/* {options}: what was given and has no place of its own in the recipe. */
static int add_rest(const struct call *c, const char *stages, struct strv *argv, struct err *e)
{
	for (size_t i = 0; i < count(c->cmd); i++) {
		auto_free char *place = xasprintf("{%s}", c->opts[i].name);

		if (!rows(c->cmd)[i].env && !strstr(stages, place) && add_option(c, i, argv, e) < 0)
			return -1;
	}
	return 0;
}

/* A word with {NAME} inside: the value takes its place. */
static void add_mixed(const struct call *c, const char *word, struct strv *argv)
{
	struct str out = { 0 };

	while (*word) {
		size_t n = strcspn(word, "{"), k = strcspn(word, "}");
		int i = word[n] ? find(c, word + n + 1, k - n - 1) : -1;

		str_addn(&out, word, n);
		if (!word[n])
			break;
		str_add(&out, i >= 0 && c->opts[i].text ? c->opts[i].text : "");
		word += k + (word[k] == '}');
	}
	strv_give(argv, str_take(&out));
}

static int add_word(const struct call *c, const char *word, const char *stages, struct strv *argv, struct err *e)
{
	size_t n = strlen(word);
	bool guarded = false;

	if (word[0] != '{' || word[n - 1] != '}' || strchr(word + 1, '{')) {
		add_mixed(c, word, argv);
		return 0;
	}
	if (strcmp(word, "{tail}") == 0) {
		strv_addv(argv, c->args);
	} else if (strcmp(word, "{args}") == 0) {
		for (int i = 0; i < c->n_args; i++)
			add_operand(argv, c->args[i], &guarded);
	} else if (strcmp(word, "{options}") == 0) {
		return add_rest(c, stages, argv, e);
	} else {
		return add_option(c, (size_t)find(c, word + 1, n - 2), argv, e);
	}
	return 0;
}

static bool fits(const struct call *c, const char *when)
{
	return strcmp(when, "{args}") == 0 ? c->n_args > 0 : is_given(c, when);
}

static const struct recipe *choose(const struct call *c)
{
	const struct recipe *r = c->cmd->recipes;

	while (r->when && !fits(c, r->when))
		r++;
	return r;
}

static void export(const struct call *c, struct pipeline *p)
{
	for (size_t i = 0; i < count(c->cmd); i++) {
		const struct cmd_opt *row = &rows(c->cmd)[i];
		const char *value = c->opts[i].type == OPT_FLAG ? "1" : c->opts[i].text;

		if (!row->env || !c->opts[i].given)
			continue;
		env_set(row->env, value);
		strv_addf(&p->env, "%s=%s", env_vars[row->env].name, value);
	}
}

int call_pipeline(struct call *c, struct pipeline *p, struct err *e)
{
	const char *stages = choose(c)->stages;
	struct stage *s = pipeline_add(p);

	for (const char *w = stages; *w;) {
		size_t n = strcspn(w, " ");
		auto_free char *word = xstrndup(w, n);

		if (word[0] == '|') {
			s = pipeline_add(p);
			s->fd3 = word[1] == '3';
		} else if (add_word(c, word, stages, &s->argv, e) < 0) {
			return -1;
		}
		w += n + strspn(w + n, " ");
	}
	export(c, p);
	p->works = c->cmd->works;
	p->drop = p->works && !is_given(c, "json");
	return 0;
}
