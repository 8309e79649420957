/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the reader: one file becomes one entry. */
#ifndef RESULT_LOAD_H
#define RESULT_LOAD_H

#include "result/entry.h"
#include "result/rowline.h"

/* What one thread keeps from file to file. */
struct loader {
	struct str text, row;
	struct str raw_host;  /* the last host's text in a file … */
	struct str host;      /* … its context … */
	char id[HOST_ID_MAX]; /* … and its id */
};

/* Where a file is. */
struct load_from {
	int dir;
	const char *name;       /* below dir */
	const char *path, *run; /* for whole records; NULL: a row is wanted */
};

/* Append the file's entry to out, and its host's in front unless sent says
 * that it has been (and set it). The entry's kind; 0 and nothing when the
 * file is gone. */
enum entry_kind load_file(struct loader *l, const struct load_from *from, struct str *out, char sent[HOST_ID_MAX]);
void loader_release(struct loader *l);

/* Read one result file's text: 0, or -1 with why it cannot be read (no
 * regular file, too large, an I/O error, not UTF-8) and errno ENOENT when it
 * is not there any more. */
int load_text(int dir, const char *name, struct str *text, struct stat *st, struct err *e);

/* Name a file that gives no result on stderr, in the words that every command
 * has for it; control bytes of its name are shown as '?'. */
void load_complain(enum entry_kind kind, const char *path, const char *text, size_t n);

#endif
