/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of a run: {pool}/.index/{run}.rows holds the rows of the run's
 * files, so that the next reader parses only what has changed since. It is a
 * cache and no more: whatever is missing, damaged, of another version or
 * cannot be written only costs time. Entries stand in the order of the files'
 * names; a host stands before the first row that names it.
 */
#ifndef RESULT_INDEX_H
#define RESULT_INDEX_H

#include <stdio.h>

#include "result/entry.h"

#define INDEX_DIR ".index"

/* Reading, from front to back. */
struct index_in {
	int fd;
	struct str buf;
	size_t at;
	uint64_t stamp; /* of the listing it was made from */
	bool end;
};
void index_open(struct index_in *in, const char *path);
/* The next entry, whose lengths are sound and whose sum is not yet checked;
 * valid until the next call. NULL at the end or at damage. */
const struct entry *index_next(struct index_in *in);
void index_close(struct index_in *in);

/* Writing, to a file that takes the index's name when it is complete. */
struct index_out {
	FILE *f; /* NULL: nothing is written */
	char *path, *temp;
};
void index_begin(struct index_out *out, const char *path);
void index_put(struct index_out *out, const struct entry *en);
/* Give the index its name; complete false drops it. */
void index_end(struct index_out *out, uint64_t stamp, bool complete);

/* Remove the indexes of runs that are gone from a pool, and what killed
 * writers left. */
void index_sweep(const char *pool);

/* Path of a run's index; caller frees. */
char *index_path(const char *pool, const char *run);

#endif
