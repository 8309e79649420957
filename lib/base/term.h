/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people look at: colour, tables, progress.
 *
 * Colour is used on a terminal only, and not with NO_COLOR set.
 */
#ifndef BASE_TERM_H
#define BASE_TERM_H

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

/* Whether the stream takes colour. */
bool term_colour(FILE *f);

/* Put text in a colour: SGR parameter such as "1", "32", "38;5;9". */
void str_add_sgr(struct str *b, bool colour, const char *sgr, const char *text);

/*
 * The one table layout: no rules; every cell is a space, the text left-aligned
 * and padded to the widest of its column, and a space. A text may hold several
 * lines. The table owns copies of the cells.
 */
struct table {
	size_t columns;
	struct strv cells; /* row after row, the header first */
	struct strv sgr;   /* one per cell, "" for none */
};
void table_init(struct table *t, size_t columns);
void table_cell(struct table *t, const char *text);
void table_cell_sgr(struct table *t, const char *sgr, const char *text);
void table_print(const struct table *t, FILE *f);
void table_release(struct table *t);

/* Columns text takes on a terminal, counting UTF-8 characters. */
size_t text_width(const char *text);

/*
 * Progress of one long step. Under the dispatcher each update is a record on
 * KTSTR_PROGRESS_FD,
 *   {"type":"progress","stage":"build","label":"kernel_6_12_9","text":"Building kernel",
 *    "done":120,"total":3400,"unit":"objects","state":"run"}
 * on a terminal a line that redraws itself, else nothing until the end, which
 * is one plain line. Updates are thinned to ten a second.
 */
struct progress {
	const char *stage; /* "fetch" */
	const char *label; /* which kernel, or "" */
	const char *text;  /* what is going on: "Building kernel" */
	const char *unit;  /* "objects", "bytes", or "" */
	long long started_ms, drawn_ms;
	bool drawn;
};
void progress_start(struct progress *p, const char *stage, const char *label, const char *text, const char *unit);
/* total 0: not known. */
void progress_update(struct progress *p, unsigned long long done, unsigned long long total);
/* End it: text is what stays on the screen ("Kernel built"), NULL for none. */
void progress_end(struct progress *p, const char *text);

/* Append "TEXT 45% (1.2 MiB of 3.4 MiB), 12s": how a running step is shown. */
void str_add_progress(struct str *b, const char *text, const char *unit, unsigned long long done,
		      unsigned long long total, long long elapsed_ms);

/* Take the redrawn line off the terminal before printing something else. */
void progress_clear(struct progress *p);

/* CLOCK_MONOTONIC in milliseconds. */
long long now_ms(void);

/* "1m 23s", "4.2s": a duration as people read it. */
void str_add_ms(struct str *b, long long ms);
/* "12.3 MiB" */
void str_add_size(struct str *b, unsigned long long bytes);

#endif
