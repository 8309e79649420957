/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Progress of one long step. Under the dispatcher each update is a record on
 * KTSTR_PROGRESS_FD,
 *   {"type":"progress","stage":"build","label":"kernel_6_12_9","text":"Building kernel",
 *    "done":120,"total":3400,"unit":"objects","state":"run"}
 * on a terminal a line that redraws itself, else nothing until the end, which
 * is one plain line. Updates are thinned to ten a second.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "base/str.h"

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

/* Append the label, cut to what others (the columns of what follows ": ") leave
 * of a line; some of it is left in any case. */
void str_add_label(struct str *b, const char *label, size_t columns, size_t others);

/* Take the redrawn line off the terminal before printing something else. */
void progress_clear(struct progress *p);

#endif
