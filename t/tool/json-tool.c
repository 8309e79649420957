/* SPDX-License-Identifier: GPL-2.0-only */
/* The json room by hand: what its tests run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "json/read.h"
#include "json/record.h"
#include "json/write.h"

static void copy_value(struct jr *r, struct jw *w);

/* An integer that fits stays one, digit for digit; the rest are doubles. */
static void copy_number(struct jr *r, struct jw *w)
{
	struct slice raw = jr_raw(r);
	struct err e;
	struct jr n;
	uint64_t u;
	int64_t i;

	if (memchr(raw.s, '.', raw.n) || memchr(raw.s, 'e', raw.n) || memchr(raw.s, 'E', raw.n))
		goto real;
	jr_init(&n, raw.s, raw.n);
	u = jr_u64(&n);
	if (jr_end(&n, &e) == 0) {
		jw_u64(w, u);
		return;
	}
	jr_init(&n, raw.s, raw.n);
	i = jr_i64(&n);
	if (jr_end(&n, &e) == 0 && i) {
		jw_i64(w, i);
		return;
	}
real:
	jr_init(&n, raw.s, raw.n);
	jw_f64(w, jr_f64(&n));
	if (jr_end(&n, &e) < 0)
		jr_fail(r, "number out of range");
}

static void copy_object(struct jr *r, struct jw *w)
{
	struct err e;
	struct jkey k;
	struct jr name;

	jw_object(w);
	for (jr_object(r); jr_key(r, &k);) {
		auto_free char *text = NULL;

		jr_init(&name, k.s - 1, k.n + 2);
		text = jr_str(&name);
		if (jr_end(&name, &e) < 0)
			die("a key read once does not read again: %s", e.text);
		jw_key(w, text);
		copy_value(r, w);
	}
	jw_end(w);
}

static void copy_string(struct jr *r, struct jw *w)
{
	auto_str struct str text = { 0 };

	if (json_unquote(&text, jr_raw(r)) == 0)
		jw_strn(w, str_c(&text), text.len);
}

static void copy_value(struct jr *r, struct jw *w)
{
	switch (jr_peek(r)) {
	case JR_OBJECT:
		copy_object(r, w);
		break;
	case JR_ARRAY:
		jw_array(w);
		for (jr_array(r); jr_item(r);)
			copy_value(r, w);
		jw_end(w);
		break;
	case JR_STRING:
		copy_string(r, w);
		break;
	case JR_NUMBER:
		copy_number(r, w);
		break;
	case JR_TRUE:
	case JR_FALSE:
		jw_bool(w, jr_bool(r));
		break;
	default:
		if (jr_null(r))
			jw_null(w);
		else
			jr_skip(r);
		break;
	}
}

static int echo(struct slice in, int indent)
{
	auto_str struct str out = { 0 };
	struct err e;
	struct jr r;
	struct jw w;

	jr_init(&r, in.s, in.n);
	jw_init(&w, &out, indent);
	copy_value(&r, &w);
	if (jr_end(&r, &e) < 0) {
		print_err(&e);
		return 1;
	}
	str_addc(&out, '\n');
	fwrite(out.s, 1, out.len, stdout);
	return 0;
}

static int check(struct slice in)
{
	struct err e;
	struct jr r;

	jr_init(&r, in.s, in.n);
	jr_skip(&r);
	if (jr_end(&r, &e) == 0)
		return 0;
	print_err(&e);
	return 1;
}

/* Bit patterns of doubles, 16 hex digits a line, to their decimal texts. */
static int doubles(void)
{
	unsigned long long bits;

	while (scanf("%llx", &bits) == 1) {
		auto_str struct str out = { 0 };
		uint64_t u = bits;
		double v;

		memcpy(&v, &u, sizeof(v));
		json_f64(&out, v);
		puts(out.s);
	}
	return 0;
}

/* Each key by its type: {"u64":…, "i64":…, "f64":…, "bool":…, "str":…, "name":…}. */
static int typed(struct slice in)
{
	struct err e;
	struct jkey k;
	struct jr r;

	jr_init(&r, in.s, in.n);
	for (jr_object(&r); jr_key(&r, &k);) {
		auto_free char *text = NULL;

		if (key_is(&k, "u64"))
			printf("u64 %llu\n", (unsigned long long)jr_u64(&r));
		else if (key_is(&k, "i64"))
			printf("i64 %lld\n", (long long)jr_i64(&r));
		else if (key_is(&k, "f64"))
			printf("f64 %a\n", jr_f64(&r));
		else if (key_is(&k, "bool"))
			printf("bool %d\n", jr_bool(&r));
		else if (key_is(&k, "str"))
			printf("str %s\n", text = jr_str(&r));
		else if (key_is(&k, "or_null"))
			printf("or_null %s\n", (text = jr_str_or_null(&r)) ? text : "(none)");
		else if (key_is(&k, "name"))
			printf("name %s\n", jr_str_is(&r, "caf\xc3\xa9") ? "same" : "other");
		else
			jr_skip(&r);
	}
	if (jr_end(&r, &e) == 0)
		return 0;
	print_err(&e);
	return 1;
}

static void edit_args(struct edit *d, char **args, int n)
{
	for (int i = 0; i + 1 < n; i += 2)
		edit_raw(d, args[i], args[i + 1]);
}

static int edit_line(struct slice in, char **args, int n)
{
	struct edit d;
	struct err e;

	edit_init(&d, in);
	edit_args(&d, args, n);
	if (edit_emit(&d, &e) < 0)
		die_err(&e);
	return 0;
}

static int seen(const struct record *rec, void *ctx, struct err *e)
{
	struct edit d;

	(void)ctx;
	edit_init(&d, rec->line);
	edit_u64(&d, "line", rec->number);
	edit_str(&d, "by", "json-tool");
	edit_bool(&d, "seen", true);
	return edit_emit(&d, e);
}

static int run_pump(char **args, int n)
{
	const struct on on[] = { { n ? args[0] : "kernel", seen }, { 0 } };
	struct err e;

	if (pump(STDIN_FILENO, on, NULL, &e) < 0)
		die_err(&e);
	return 0;
}

/* echo of every line; a bad one becomes "error". */
static int echo_lines(void)
{
	struct slice line;
	struct lines l;
	struct err e;
	int rc;

	lines_init(&l, STDIN_FILENO);
	while ((rc = lines_next(&l, &line, &e)) > 0)
		if (echo(line, 0) != 0)
			puts("error");
	lines_release(&l);
	if (rc < 0)
		die_err(&e);
	return 0;
}

int main(int argc, char **argv)
{
	long indent = 0;
	struct opt opts[] = {
		{ "indent", .type = OPT_INT, .to = &indent, .arg = "N", .max = 8, .help = "spaces a level for echo" },
		{ 0 },
	};
	const struct program program = {
		.name = "json-tool",
		.args = "echo|echo-lines|check|doubles|typed|get KEY|edit KEY JSON…|pump [TYPE]",
		.about = "Run parts of lib/json on standard input",
		.opts = opts,
		.min_args = 1,
		.max_args = -1,
	};
	auto_str struct str in = { 0 };
	struct slice all;
	struct err e;
	int n;
	char **args = start(&program, argc, argv, &n);
	const char *verb = *args++;

	n--;
	if (strcmp(verb, "pump") == 0)
		return finish(run_pump(args, n));
	if (strcmp(verb, "doubles") == 0)
		return finish(doubles());
	if (strcmp(verb, "echo-lines") == 0)
		return finish(echo_lines());
	if (read_fd(STDIN_FILENO, &in, &e) < 0)
		die_err(&e);
	/* exactly as long as the text, so that a sanitizer sees one byte more */
	all = (struct slice){ xstrndup(str_c(&in), in.len), in.len };
	all.s = xrealloc((char *)all.s, all.n);
	if (strcmp(verb, "echo") == 0)
		n = echo(all, (int)indent);
	else if (strcmp(verb, "check") == 0)
		n = check(all);
	else if (strcmp(verb, "typed") == 0)
		n = typed(all);
	else if (strcmp(verb, "edit") == 0)
		n = edit_line(all, args, n);
	else if (strcmp(verb, "get") == 0 && n) {
		auto_free char *text = json_get_str(all.s, all.n, args[0]);

		n = text ? 0 : 1;
		if (text)
			puts(text);
	} else
		die_usage("no such verb: %s", verb);
	free((char *)all.s);
	return finish(n);
}
