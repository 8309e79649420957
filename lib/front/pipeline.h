/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stages wired together: started, watched, ended as one. It owns the words of
 * its stages; release it with pipeline_release.
 */
#ifndef FRONT_PIPELINE_H
#define FRONT_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct stage {
	struct strv argv; /* argv[0] is the helper's name, without a directory */
	bool fd3;         /* records come in on descriptor 3, stdin is the user's */
};

struct pipeline {
	struct stage *stages;
	size_t n, cap;
	struct strv env; /* "K=V" set for every stage, as the line shows it */
	bool works;      /* no stage acts; progress is drawn for all of them */
	bool drop;       /* the last stage's stdout goes to /dev/null */
};

/* A further stage without words; valid until the next call. */
struct stage *pipeline_add(struct pipeline *p);

/* Append the pipeline as one line a shell runs, without a line end. */
void pipeline_explain(const struct pipeline *p, struct str *out);

/* 0, or -1: "WHO needs HELPER, which is not installed in DIR". */
int pipeline_check(const struct pipeline *p, const char *dir, const char *who, struct err *e);

/*
 * Run it with the helpers of dir. A single stage replaces this process, so
 * that call returns on failure only. Else: the exit code of the acting stage
 * (128 + N when signal N killed it); 1 when another stage failed, each named on
 * stderr; -1 with e when it could not be started. When the acting stage ends
 * before its records did, the others are told to end. A SIGINT, SIGTERM or SIGHUP
 * goes on to every stage, and when all have ended it ends this process too.
 */
int pipeline_run(struct pipeline *p, const char *dir, struct err *e);

void pipeline_release(struct pipeline *p);

#endif
