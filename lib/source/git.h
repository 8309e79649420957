/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running the git program. The program rather than a library, because partial
 * clones, sparse and split indexes, filters, transports and credentials must
 * mean to us what they mean to git, and because starting it costs less than
 * loading the library.
 */
#ifndef SOURCE_GIT_H
#define SOURCE_GIT_H

#include "base/str.h"

struct progress;

struct git {
	const char *dir;           /* where it runs, or NULL */
	const char *const *words;  /* behind "git", NULL-terminated */
	const char *input;         /* for its stdin, at most what a pipe holds; or NULL */
	bool local;                /* it must look at nothing but what words name: also
				   * settings handed down by the environment are cut off */
	struct progress *progress; /* told what `--progress` reports, or NULL */
};

/* Run it with its stdout in out (may be NULL): 0, or -1 with what it said last,
 * "fatal: " cut off. It is ended when stop_wanted, with "interrupted". */
int git_run(const struct git *g, struct str *out, struct err *e);

/* 0, or -1 with a hint when there is no git program. */
int git_check(const char *what, struct err *e);

#endif
