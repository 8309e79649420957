/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's serial console: bytes in, console events out. The last lines
 * are kept for messages, and the first line of a panic.
 */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include <stdbool.h>

#include "base/str.h"
#include "vm/events.h"

#define CONSOLE_LAST 20

struct console {
	struct str line;          /* the one that has no end yet */
	char *last[CONSOLE_LAST]; /* ring, at the oldest */
	size_t at;
	char *panic; /* "Kernel panic - not syncing: …", or NULL */
	bool int3;   /* a breakpoint that nobody had set any more: "Oops: int3" */
};
void console_release(struct console *c);

/* Take bytes; a line longer than 64 KiB becomes several. */
void console_feed(struct console *c, const char *s, size_t n, struct events *ev);
/* No more bytes will come. */
void console_end(struct console *c, struct events *ev);
/* Append the last lines, '\n' between them. */
void console_tail(const struct console *c, struct str *out);

#endif
