/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cargo ktstr: find the command, expand its recipe, run the pipeline. It knows
 * no kernel and no VM; what it knows about commands is the table of
 * front/commands.c. A word that is no command runs ktstr-WORD.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "cli/opt.h"
#include "cli/page.h"
#include "base/proc.h"
#include "base/where.h"
#include "front/commands.h"
#include "front/pipeline.h"
#include "front/recipe.h"

static bool explain, list_cmds;

static struct opt opts[] = {
	{ .name = "explain",
	  .type = OPT_FLAG,
	  .to = &explain,
	  .help = "Print the pipeline of a command as a shell line and run nothing" },
	{ .name = "list-cmds", .type = OPT_FLAG, .to = &list_cmds },
	{ 0 },
};

static struct program root = {
	.name = "cargo ktstr",
	.args = "<COMMAND>",
	.about = "Build kernels, boot them, run scheduler tests in them, compare the results",
	.opts = opts,
	.max_args = -1,
	.stop = true,
	.detail = "An unknown command NAME runs ktstr-NAME. KTSTR_TRACE=1 prints every pipeline before\n"
		  "it runs.",
};

/* The directory of a file below one of our own directories. */
static char *dir_of(char *file)
{
	char *slash = strrchr(file, '/'), *full;

	*slash = '\0';
	full = real_path(file);
	if (!full)
		return file;
	free(file);
	return full;
}

static char *prepare(void)
{
	char *libexec = dir_of(where_libexec("ktstr-exec"));
	auto_free char *share = dir_of(where_share("kconfig"));

	env_set(ENV_LIBEXEC, libexec);
	env_set(ENV_SHARE, share);
	return libexec;
}

/* Programs that must be in PATH, and how one gets them. */
static const char *const installs[][2] = {
	{ "cargo-nextest", "cargo install --locked cargo-nextest" },
	{ "cargo-llvm-cov", "cargo install --locked cargo-llvm-cov && rustup component add llvm-tools-preview" },
	{ "make", "the distribution's package make" },
};

static int check_tools(const char *needs, struct err *e)
{
	auto_str struct str missing = { 0 }, advice = { 0 };

	for (const char *w = needs; w && *w;) {
		size_t n = strcspn(w, " ");
		auto_free char *name = xstrndup(w, n), *path = find_program(name);

		w += n + strspn(w + n, " ");
		if (path)
			continue;
		str_addf(&missing, "  - %s\n", name);
		for (size_t i = 0; i < ARRAY_SIZE(installs); i++)
			if (strcmp(installs[i][0], name) == 0)
				str_addf(&advice, "%s%s", advice.len ? "; " : "", installs[i][1]);
	}
	if (!missing.len)
		return 0;
	return err_set(e, "missing required tool(s):\n%s\ninstall with: %s", missing.s, str_c(&advice));
}

static void print_pipeline(const struct pipeline *p, FILE *f)
{
	auto_str struct str line = { 0 };

	pipeline_explain(p, &line);
	str_addc(&line, '\n');
	fputs(line.s, f);
}

/* Who reads the line at a terminal is about to paste it: can the shell find
 * our helpers? */
static void advise_path(const struct pipeline *p, const char *dir)
{
	auto_free char *found = find_program(p->stages[0].argv.v[0]);
	auto_free char *here = found ? real_path(found) : NULL;

	if (isatty(STDOUT_FILENO) && !(here && strncmp(here, dir, strlen(dir)) == 0))
		note("the shell finds these programs after: PATH=\"%s:$PATH\"", dir);
}

static int run(struct pipeline *p, const char *dir, const char *who, const char *needs)
{
	struct err e;
	int code;

	if (explain) {
		print_pipeline(p, stdout);
		fflush(stdout);
		advise_path(p, dir);
		return 0;
	}
	if (check_tools(needs, &e) < 0 || pipeline_check(p, dir, who, &e) < 0)
		die_err(&e);
	if (env_get(ENV_TRACE))
		print_pipeline(p, stderr);
	code = pipeline_run(p, dir, &e);
	if (code < 0)
		die_err(&e);
	return code;
}

/* A stage would find a bad expression only when others are at work. */
static void check_jq(const struct call *call, const char *dir)
{
	const char *expr = call_value(call, "jq");
	auto_free char *program = xasprintf("%s/ktstr-jq", dir);
	char *argv[] = { program, (char *)"--check", (char *)"--", (char *)expr, NULL };
	struct err e;
	int code = expr ? child_run(argv, NULL, NULL, &e) : 0;

	if (code < 0)
		die_err(&e);
	if (code)
		exit(code);
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	auto_free char *who = xasprintf("'cargo ktstr %s'", cmd->name);
	struct pipeline p = { 0 };
	struct call call;
	auto_free char *dir = NULL;
	struct err e;
	int code;

	call_init(&call, cmd);
	call_parse(&call, argc, argv);
	explain |= call.explain;
	if ((!explain && call_check_later(&call, &e) < 0) || call_pipeline(&call, &p, &e) < 0)
		die_err(&e);
	dir = prepare();
	if (p.n > 1 && !explain)
		check_jq(&call, dir);
	code = run(&p, dir, who, cmd->needs);
	pipeline_release(&p);
	call_release(&call);
	return code;
}

/* ktstr-WORD of libexec, else of PATH; returns when there is neither. */
static void run_external(const char *word, char **args)
{
	auto_free char *name = xasprintf("ktstr-%s", word), *dir = prepare(), *own = xasprintf("%s/%s", dir, name);
	auto_free char *found = find_program(own);
	struct pipeline p = { 0 };
	struct stage *s;
	char *slash;

	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		return;
	if (!found)
		found = find_program(name);
	if (!found)
		return;
	s = pipeline_add(&p);
	strv_add(&s->argv, name);
	strv_addv(&s->argv, args);
	slash = strrchr(found, '/');
	if (slash)
		*slash = '\0';
	exit(finish(run(&p, slash ? found : ".", name, NULL)));
}

static void __attribute__((noreturn)) unknown(const struct program *p, const struct command *group, const char *word)
{
	const char *near = command_suggest(group, word);

	if (near)
		usage_error(p, "unrecognized subcommand '%s'\n\n  tip: a similar subcommand exists: '%s'", word, near);
	usage_error(p, "unrecognized subcommand '%s'", word);
}

/* Help nobody asked for: on stderr, exit 2. */
static int help_missing(const struct program *p)
{
	fflush(stdout);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return 2;
	opt_help(p, false);
	fflush(stdout);
	return 2;
}

/* "help" with the words behind it, below a group or (NULL) the root. */
static int help(const struct program *p, const struct command *group, char **words)
{
	const struct command *c;
	struct call call;
	int code;

	if (!*words) {
		page_show(p->name);
		opt_help(p, true);
		return 0;
	}
	c = group ? command_sub(group, *words) : command_find(*words);
	if (!c)
		unknown(p, group, *words);
	call_init(&call, c);
	if (words[1] && !command_is_group(c))
		usage_error(&call.program, "unexpected argument '%s' found", words[1]);
	code = help(&call.program, c, words + 1);
	call_release(&call);
	return code;
}

/* A group's own options say nothing to the commands below it. */
static void refuse_options(const struct call *call, const char *sub)
{
	for (const struct opt *o = call->program.opts; o && o->name; o++)
		if (o->given && strcmp(o->name, "explain") != 0)
			usage_error(&call->program, "the option '--%s' stands before '%s'; it belongs behind it",
				    o->name, sub);
}

/* argv[0] is the group's name; the word behind it may name a command. */
static int run_group(const struct command *group, int argc, char **argv)
{
	auto_free char **words = xcalloc((size_t)argc + 1, sizeof(*words));
	struct call call;
	const struct command *sub;
	int n, code;

	memcpy(words, argv, (size_t)argc * sizeof(*words));
	call_init(&call, group);
	call.program.stop = true;
	argv = opt_parse(&call.program, argc, argv, &n);
	if (n)
		refuse_options(&call, argv[0]);
	explain |= call.explain;
	sub = n ? command_sub(group, argv[0]) : NULL;
	if (n && strcmp(argv[0], "help") == 0)
		code = help(&call.program, group, argv + 1);
	else if (n && !sub)
		unknown(&call.program, group, argv[0]);
	else if (n)
		code = run_command(sub, n, argv);
	else if (group->recipes[0].stages)
		code = run_command(group, argc, words);
	else
		code = help_missing(&call.program);
	call_release(&call);
	return code;
}

static int dispatch(int n, char **argv)
{
	const struct command *cmd;

	if (list_cmds) {
		auto_str struct str names = { 0 };

		command_names(&names);
		fputs(str_c(&names), stdout);
		return 0;
	}
	if (!n)
		return help_missing(&root);
	if (strcmp(argv[0], "help") == 0)
		return help(&root, NULL, argv + 1);
	cmd = command_find(argv[0]);
	if (!cmd) {
		run_external(argv[0], argv + 1);
		unknown(&root, NULL, argv[0]);
	}
	return command_is_group(cmd) ? run_group(cmd, n, argv) : run_command(cmd, n, argv);
}

int main(int argc, char **argv)
{
	struct str list = { 0 };
	int n;

	signal(SIGPIPE, SIG_DFL);
	env_set(ENV_LABEL, root.name);
	env_set(ENV_PROGRESS_FD, NULL);
	env_set(ENV_RECORDS_FD, NULL);
	/* cargo hands a plugin its own name as the first word */
	if (argc > 1 && strcmp(argv[1], "ktstr") == 0) {
		argv++;
		argc--;
	}
	command_list(NULL, &list);
	root.commands = str_c(&list);
	argv = start(&root, argc, argv, &n);
	return finish(dispatch(n, argv));
}
