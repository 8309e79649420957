/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ktstr-vm says: one JSON object a line on stdout. Lines queue up here
 * and leave when stdout takes them, so that a slow reader never holds up the
 * loop that watches the guest's deadline.
 */
#ifndef VM_EVENTS_H
#define VM_EVENTS_H

#include <stdbool.h>

#include "base/str.h"
#include "json/read.h"
#include "json/write.h"

#define EVENTS_HIGH (4u << 20) /* bytes waiting from which nothing more is read */

struct events {
	struct str buf;
	size_t at;   /* what is before it has left */
	bool closed; /* the reader is gone; everything is dropped */
};

/* Add a line as it is, its end excluded. */
void events_raw(struct events *ev, struct slice line);
/* Add {"type":type,"line":text}; what is no UTF-8 is replaced. */
void events_text(struct events *ev, const char *type, struct slice text);
/* Add an object piece by piece. */
void events_open(struct events *ev, struct jw *w, const char *type);
void events_close(struct jw *w);

size_t events_pending(const struct events *ev);
/* Write a little; call it when poll says that stdout can be written to. */
void events_write(struct events *ev);
/* Write the rest, however long the reader takes. */
void events_flush(struct events *ev);

#endif
