/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of one result file, as a run of bytes: a struct entry, the
 * file's name, a text, zeroes up to the next multiple of eight. Readers hand
 * each other such runs, and the index keeps them.
 */
#ifndef RESULT_ENTRY_H
#define RESULT_ENTRY_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/str.h"

enum entry_kind {
	ENTRY_ROW = 1,    /* text: the row, from "test" on; or the whole record */
	ENTRY_CORRUPT,    /* text: why */
	ENTRY_UNREADABLE, /* text: why; never kept */
	ENTRY_HOST,       /* no name; text: the context that host names */
};

struct entry {
	uint64_t sum; /* over all that follows, padding included */
	uint32_t kind, name_n, text_n;
	uint32_t source_at, source_n; /* of a row: rowline.h */
	uint32_t young;               /* changed so recently that it may change unseen */
	char host[16];                /* of a row or host; all zero: none */
	uint64_t size, ino;
	int64_t mtime, ctime; /* nanoseconds */
};

static inline size_t entry_bytes(const struct entry *en)
{
	return (sizeof(*en) + (size_t)en->name_n + en->text_n + 7) & ~(size_t)7;
}

static inline const char *entry_name(const struct entry *en)
{
	return (const char *)(en + 1);
}

static inline const char *entry_text(const struct entry *en)
{
	return entry_name(en) + en->name_n;
}

/* Take over what stat says of a file; compare it. */
void entry_stat(struct entry *en, const struct stat *st);
bool entry_matches(const struct entry *en, const struct stat *st);

/* Append an entry: its name and text are given apart, sum and lengths set. */
void entry_add(struct str *out, struct entry en, const char *name, const char *text, size_t n);

/* Whether the bytes are what entry_add wrote. */
bool entry_intact(const struct entry *en);

#endif
