/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running make in a kernel tree: output to a log file, progress by counting
 * the objects it names, its last lines shown once when it fails.
 */
#ifndef BUILD_MAKE_H
#define BUILD_MAKE_H

#include <stdbool.h>

#include "base/str.h"
#include "host/budget.h"
#include "build/toolchain.h"

struct make {
	const char *tree;
	const struct toolchain *tools; /* what compiles; NULL for what make finds */
	const char *label;             /* of the kernel, for progress */
	const char *logs;              /* directory of logs, {cache}/.logs */
	char *log;                     /* path of this build's log */
	int log_fd;                    /* open for appending */
	const struct budget *budget;   /* what make is confined to; NULL: nothing */
	unsigned long total;           /* objects make_run is expected to make; 0 unknown */
	unsigned long made;            /* out: objects of the last make_run */
	int held;                      /* a descriptor that make and all it starts keep open, or 0 */
	unsigned limit_s;              /* give make_run up after so long; 0: never */
};

/* Start a log for key, making logs: 0, or -1. m needs make_close either way. */
int make_open(struct make *m, const char *tree, const char *label, const char *logs, const char *key, struct err *e);
void make_close(struct make *m);

/*
 * Run `make ARGS…` in the tree with stdin from /dev/null. doing and done are
 * what people read: "Building kernel...", "Kernel built". env as in struct
 * child. 0, or -1 with "make … failed" after the last lines of its output;
 * make and all it started are ended when stop_wanted.
 */
int make_run(struct make *m, char *const *args, char *const *env, const char *doing, const char *done, struct err *e);

/* The object count of the last build of this kind, 0 for unknown, and its
 * successor. A count that cannot be written is no error. */
unsigned long make_count_load(const char *logs, const char *kind);
void make_count_save(const char *logs, const char *kind, unsigned long n);

#endif
