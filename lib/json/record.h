/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records: one JSON object a line, "type" naming its kind. The pump is the
 * loop every filter consists of; a record the filter has no row for goes
 * through byte for byte. An editor adds or replaces keys of a record and
 * leaves the rest of the line as it came.
 */
#ifndef JSON_RECORD_H
#define JSON_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"
#include "json/read.h"

#define RECORD_MAX (16u << 20) /* bytes in one line */

/* A reader of lines from a descriptor; a line may be up to RECORD_MAX. */
struct lines {
	int fd;
	struct str buf;
	size_t at;
	unsigned long number; /* of the line last returned, from 1 */
	bool eof;
};
void lines_init(struct lines *l, int fd);
/* 1: a line, without its end, valid until the next call; 0: end of input;
 * -1: read error, a line too long, or a last line that is cut (no "\n"). */
int lines_next(struct lines *l, struct slice *line, struct err *e);
/* Whether a whole line is already in the buffer (for use with poll). */
bool lines_ready(const struct lines *l);
/* Read once what is there (for use with poll): 1, 0 at the end, -1 error. */
int lines_fill(struct lines *l, struct err *e);
void lines_release(struct lines *l);

/* What has been read and not been returned yet; valid until the next call. */
struct slice lines_rest(const struct lines *l);
/* Start with text that somebody else has read, as line number + 1. */
void lines_resume(struct lines *l, const char *s, size_t n, unsigned long number);

struct record {
	struct slice line; /* the whole line, without its end */
	char type[32];
	unsigned long number; /* line number in the stream */
};

struct on {
	const char *type; /* the last row has NULL */
	/* 0 to go on; -1 to stop the pump with e */
	int (*fn)(const struct record *rec, void *ctx, struct err *e);
};

/*
 * Read records from fd until its end and hand each to its row; others are
 * written to stdout as they are. Blank lines are dropped. A line that is no
 * JSON object, or has no "type", is an error that names the line. Stdout is
 * flushed after every record, so that the next stage can start. 0 or -1.
 */
int pump(int fd, const struct on *on, void *ctx, struct err *e);

/* The same from a reader somebody has begun to use. */
int pump_lines(struct lines *l, const struct on *on, void *ctx, struct err *e);

/* Write a record's line to stdout unchanged, and flush. */
int record_pass(const struct record *rec, struct err *e);

/* Split a line into type and text: 0 or -1. */
int record_parse(struct slice line, unsigned long number, struct record *rec, struct err *e);

/* The editor. */
struct edit {
	struct slice line;
	struct strv keys;
	struct strv values; /* JSON texts, same order */
};
void edit_init(struct edit *d, struct slice line);             /* {NULL, 0}: a new object */
void edit_str(struct edit *d, const char *key, const char *s); /* NULL: null */
void edit_u64(struct edit *d, const char *key, uint64_t v);
void edit_bool(struct edit *d, const char *key, bool v);
void edit_raw(struct edit *d, const char *key, const char *json);
/* Append the new line and "\n" to out. Replaced keys keep their place; of a
 * key set twice the last value counts. The line must be a JSON object. */
void edit_finish(struct edit *d, struct str *out); /* releases d */
/* The same, written to stdout and flushed. */
int edit_emit(struct edit *d, struct err *e);

#endif
