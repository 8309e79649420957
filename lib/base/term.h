/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people look at: colour, tables, times and sizes.
 *
 * Colour is used on a terminal only, and not with NO_COLOR set.
 */
#ifndef BASE_TERM_H
#define BASE_TERM_H

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

/* Whether it is a terminal on which a line can be drawn over. */
bool term_moves(int fd);

/* Its size; 80 by 24 where it does not say. */
void term_size(int fd, size_t *columns, size_t *rows);

/* Whether the stream takes colour. */
bool term_colour(FILE *f);

/* Put text in a colour: SGR parameter such as "1", "32", "38;5;9". */
void str_add_sgr(struct str *b, bool colour, const char *sgr, const char *text);

/*
 * The one table layout: no rules; every cell is a space, the text left-aligned
 * and padded to the widest of its column, and a space. A text may hold several
 * lines. The table owns copies of the cells, made plain.
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

/* Bytes of text that fill at most that many columns. */
size_t text_fit(const char *text, size_t columns);

/* The text with its control bytes hidden, line ends excepted. Caller frees. */
char *plain_text(const char *text);

/* fprintf with the control bytes of its arguments hidden. */
void print_plain(FILE *f, const char *fmt, ...) PRINTF(2, 3);

/* Print text, plain, left-aligned in width columns, whole even when it is wider. */
void print_left(FILE *f, const char *text, size_t width);

/* Print text that begins in column at, and a line end. On a terminal it is
 * broken at blanks and goes on in the same column. */
void print_wrapped(FILE *f, const char *text, size_t at);

/* CLOCK_MONOTONIC in milliseconds. */
long long now_ms(void);

/* "1m 23s", "4.2s": a duration as people read it. */
void str_add_ms(struct str *b, long long ms);
/* "12.3 MiB", and "12.34 MiB" */
void str_add_size(struct str *b, unsigned long long bytes);
void str_add_iec(struct str *b, unsigned long long bytes);

#endif
