/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/str.h"

const char *prog_name = "ktstr";

int err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->hint[0] = '\0';
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s", strerror(saved));
	e->hint[0] = '\0';
	errno = saved;
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char head[1024];
	size_t n, room = sizeof(e->text) - 1;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(head, sizeof(head) - 2, fmt, ap);
	va_end(ap);
	n = strlen(head);
	memcpy(head + n, ": ", 2);
	n += 2;
	memmove(e->text + n, e->text, room - n);
	memcpy(e->text, head, n);
	e->text[room] = '\0';
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return -1;
}

const char *prog_label(void)
{
	const char *label = env_get(ENV_LABEL);

	return label ? label : prog_name;
}

static void put(const char *head, const char *text)
{
	char line[4096];
	int n = snprintf(line, sizeof(line) - 1, "%s%s", head, text);

	if (n < 0)
		return;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	hide_controls(line, "\n\t");
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere left to say so */
}

void note(const char *fmt, ...)
{
	char head[256], text[3072];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(head, sizeof(head), "%s: ", prog_label());
	put(head, text);
}

void warn(const char *fmt, ...)
{
	char head[256], text[3072];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(head, sizeof(head), "%s: warning: ", prog_label());
	put(head, text);
}

void say_line(const char *fmt, ...)
{
	char *line;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	dprintf(STDERR_FILENO, "%s\n", line);
	free(line);
}

void print_err(const struct err *e)
{
	char head[256] = "error: ";

	if (!env_get(ENV_LABEL))
		snprintf(head, sizeof(head), "%s: error: ", prog_name);
	put(head, e->text);
	if (e->hint[0])
		put("hint: ", e->hint);
}

void note_err(const char *what, const struct err *e)
{
	note("%s: %s", what, e->text);
	if (e->hint[0])
		put("hint: ", e->hint);
}

void die_err(const struct err *e)
{
	print_err(e);
	exit(1);
}

void die(const char *fmt, ...)
{
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	die_err(&e);
}

void die_sys(const char *fmt, ...)
{
	struct err e = { 0 };
	int saved = errno;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e.text))
		snprintf(e.text + n, sizeof(e.text) - (size_t)n, ": %s", strerror(saved));
	die_err(&e);
}

void die_usage(const char *fmt, ...)
{
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	print_err(&e);
	put("", "\nFor more information, try '--help'.");
	exit(2);
}

int finish(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		struct err e;

		err_sys(&e, "write standard output");
		print_err(&e);
		return code ? code : 1;
	}
	return code;
}
