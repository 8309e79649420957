/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-jq: what a jq expression makes of the JSON values on stdin. Every
 * program with --jq sends its output through this one, the only one that
 * links libjq.
 */
#include <jq.h>
#include <jv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/opt.h"

static bool check;
static long ready;
static struct opt opts[] = {
	{ "check", 0, OPT_FLAG, &check, NULL, "only say whether the expression is one" },
	{ "ready", 0, OPT_INT, &ready, "FD" }, /* gets a byte once the expression is compiled */
	{ 0 },
};
static const struct program program = {
	.name = "ktstr-jq",
	.args = "EXPR",
	.about = "Print what a jq expression makes of the JSON values on stdin",
	.detail = "A string is printed as it is, any other value as a line of JSON.",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
};

/* libjq's complaint without its own name in front. */
static void add_text(void *ctx, jv msg)
{
	struct str *text = ctx;

	if (jv_get_kind(msg) == JV_KIND_STRING) {
		const char *s = jv_string_value(msg);

		s += starts_with(s, "jq: error: ") ? strlen("jq: error: ") : 0;
		if (!starts_with(s, "jq: "))
			str_addf(text, "%s%s", text->len ? "\n" : "", s);
	}
	jv_free(msg);
}

static jq_state *compile(const char *expr)
{
	struct str why = { 0 };
	jq_state *jq = jq_init();

	if (!jq)
		die("libjq could not be started");
	jq_set_error_cb(jq, add_text, &why);
	if (!jq_compile(jq, expr))
		die_usage("invalid value '%s' for '--jq <EXPR>': %s", expr,
			  why.len ? trim(why.s) : "it does not compile");
	str_release(&why);
	jq_set_error_cb(jq, NULL, NULL);
	return jq;
}

static void print(jv value)
{
	if (jv_get_kind(value) == JV_KIND_STRING) {
		fwrite(jv_string_value(value), 1, (size_t)jv_string_length_bytes(jv_copy(value)), stdout);
		jv_free(value);
	} else {
		jv_dumpf(value, stdout, 0);
	}
	putchar('\n');
}

static int complain(const char *what, jv msg)
{
	jv text = jv_get_kind(msg) == JV_KIND_STRING ? msg : jv_dump_string(msg, 0);
	struct err e;

	err_set(&e, "--jq: %s%s", what, jv_string_value(text));
	print_err(&e);
	jv_free(text);
	return 1;
}

/* One value through the expression: 0, or 1 when it failed on it. */
static int run(jq_state *jq, jv input)
{
	jv out;

	jq_start(jq, input, 0);
	for (out = jq_next(jq); jv_is_valid(out); out = jq_next(jq))
		print(out);
	fflush(stdout);
	if (jv_invalid_has_msg(jv_copy(out)))
		return complain("", jv_invalid_get_msg(out));
	jv_free(out);
	return 0;
}

/* What "halt" and "halt_error" left: 0, or 1 after saying why. */
static int halted(jq_state *jq)
{
	jv code = jq_get_exit_code(jq);
	bool failed = jv_get_kind(code) == JV_KIND_NUMBER && jv_number_value(code) != 0;
	char buf[4096];

	jv_free(code);
	while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
		; /* who writes is not to die of it */
	return failed ? complain("", jq_get_error_message(jq)) : 0;
}

int main(int argc, char **argv)
{
	jq_util_input_state *in = jq_util_input_init(NULL, NULL);
	int n, code = 0;
	char **words = start(&program, argc, argv, &n);
	jq_state *jq = compile(words[0]);
	jv value;

	if (ready && write((int)ready, "", 1) == 1)
		close((int)ready);
	if (check)
		return finish(0);
	jq_util_input_add_input(in, "-");
	jq_util_input_set_parser(in, jv_parser_new(0), 0);
	jq_set_input_cb(jq, jq_util_input_next_input_cb, in);
	while (!ferror(stdout) && !jq_halted(jq)) {
		value = jq_util_input_next_input(in);
		if (jv_is_valid(value)) {
			code |= run(jq, value);
			continue;
		}
		if (jv_invalid_has_msg(jv_copy(value)))
			code = complain("input: ", jv_invalid_get_msg(value));
		else
			jv_free(value);
		break;
	}
	if (jq_halted(jq))
		code |= halted(jq);
	jq_util_input_free(&in);
	jq_teardown(&jq);
	return finish(code);
}
