/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The board: progress records of all stages drawn together, one line a
 * kernel. On a terminal the lines are redrawn in place; elsewhere a step that
 * takes longer than a second is said once at its start and once at its end.
 * Everything goes to stderr. The board owns its lines.
 */
#ifndef FRONT_BOARD_H
#define FRONT_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "json/read.h"

struct board_line {
	char *stage, *label, *text, *unit;
	unsigned long long done, total;
	long long started_ms;
	bool said; /* its start was printed as a plain line */
};

struct board {
	struct board_line *lines;
	size_t n, cap;
	size_t drawn;   /* lines on the terminal now, the cursor below them */
	size_t *widths; /* columns of each of them */
	bool tty, colour;
	char *told; /* the last plain line: a step in parts is announced once */
};

void board_init(struct board *b);

/* Take a progress record; anything else is ignored. */
void board_record(struct board *b, struct slice record);

/* Print whole lines of text of the stages' own, above the board. */
void board_print(struct board *b, const char *text, size_t n);

/* Draw what is due. Milliseconds until the next call is wanted, -1: none. */
int board_draw(struct board *b);

/* Take the board off the terminal; what was printed above it stays. */
void board_clear(struct board *b);

void board_release(struct board *b);

#endif
