/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/jq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/where.h"

static struct child filter;

/* At every exit: what is left goes out, and the filter's failure is ours. */
static void end(int status, void *unused)
{
	int code;

	(void)unused;
	fflush(stdout);
	close(STDOUT_FILENO);
	code = child_wait(&filter);
	if (!status && code > 0)
		_exit(code);
}

/* Whether the filter took its expression: it says so with one byte. */
static bool is_ready(int fd)
{
	ssize_t n;
	char byte;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1;
}

void jq_begin(const char *expr)
{
	auto_strv struct strv argv = { 0 };
	int ready[2];
	struct err e;

	if (!expr)
		return;
	make_pipe(ready);
	strv_give(&argv, where_libexec("ktstr-jq"));
	strv_addf(&argv, "--ready=%d", ready[1]);
	strv_add(&argv, "--");
	strv_add(&argv, expr);
	filter = (struct child){ .argv = argv.v, .in = FD_PIPE, .keep = (int[]){ ready[1], -1 } };
	if (child_start(&filter, &e) < 0) {
		err_wrap(&e, "--jq");
		die_err(&e);
	}
	close(ready[1]);
	if (!is_ready(ready[0])) {
		int code = child_wait(&filter);

		exit(code > 0 ? code : 1);
	}
	if (dup2(filter.in, STDOUT_FILENO) < 0)
		die_sys("--jq: redirect standard output");
	close(filter.in);
	if (on_exit(end, NULL) != 0)
		die("--jq: out of memory");
}
