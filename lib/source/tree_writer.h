/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of an archive, written below one directory and nowhere else: every
 * name is walked component by component without following a link.
 */
#ifndef SOURCE_TREE_WRITER_H
#define SOURCE_TREE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct tree_entry {
	const char *path;
	const char *link;     /* of a symbolic link, else NULL */
	const char *hardlink; /* path of the entry it is one with, else NULL */
	mode_t mode;          /* type and permissions */
	int64_t mtime;        /* seconds since the epoch */
	uint64_t size;        /* of a regular file */
};

struct tree_writer {
	int root;     /* the directory */
	char *want;   /* the one top-level name allowed, or NULL */
	char *top;    /* the one seen, or NULL */
	char *parent; /* path of the directory parent_fd is */
	int parent_fd;
	int file;                /* being written, or -1 */
	int64_t mtime;           /* of file */
	uint64_t bytes, entries; /* so far: a tree has an end */
	bool wrong_top;          /* the last error was about the top-level entry */
};

/* dir stays the caller's; top as in unpack_start. */
void tree_writer_init(struct tree_writer *w, const char *dir, const char *top);

/* Make the entry; a regular one is open for tree_writer_data until
 * tree_writer_close. All three: 0, or -1 with the entry named. */
int tree_writer_add(struct tree_writer *w, const struct tree_entry *t, struct err *e);
int tree_writer_data(struct tree_writer *w, const void *p, size_t n, off_t at, struct err *e);
int tree_writer_close(struct tree_writer *w, struct err *e);

/* Was there a top-level directory? 0 with *top its name (caller frees). */
int tree_writer_finish(struct tree_writer *w, char **top, struct err *e);
void tree_writer_release(struct tree_writer *w);

#endif
