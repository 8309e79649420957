/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading result files by several threads: what they give comes in the order
 * of runs and paths, whoever was first. Memory is what a few files take, and
 * the names of one run.
 */
#ifndef RESULT_READER_H
#define RESULT_READER_H

#include "json/read.h"
#include "result/entry.h"

/* One file's outcome, valid during the call. */
struct result {
	enum entry_kind kind;
	const char *run;   /* the run directory's name */
	const char *file;  /* path below it */
	const char *path;  /* the whole path */
	struct slice text; /* the row from "test" on, or the whole record; or why there is none */
	size_t source_at, source_n;
	const char *host; /* id, or NULL */
};

struct sink {
	void (*result)(void *ctx, const struct result *res);
	void (*host)(void *ctx, const char *id,
		     struct slice context); /* before the first row that names it; may be NULL */
	void *ctx;
};

struct reader_counts {
	size_t files, rows, corrupt, unreadable;
};

struct reader;

/* whole: rows are whole records, {"type":"sidecar","path":…,"run":…, and the
 * file's members. */
struct reader *reader_new(const struct sink *sink, bool whole);

/* Read a run directory; its results may come later, until reader_end. index is
 * the path of its index, or NULL. -1 with e when it cannot be read. */
int reader_run(struct reader *rd, const char *dir, const char *index, struct err *e);

/* Read all runs of a pool, with their indexes. */
void reader_pool(struct reader *rd, const char *root);

/* Give what has not been given yet; releases rd. */
struct reader_counts reader_end(struct reader *rd);

/* Print a problem's line on stderr as every command does. */
void result_complain(const struct result *res);

#endif
