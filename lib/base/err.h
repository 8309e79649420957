/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors and messages: how a program says that something went wrong.
 *
 * Library functions fill a struct err and return -1; programs die. A struct
 * err owns no memory and needs no release. Every message leaves in one write,
 * with control bytes shown as '?', so that parallel programs do not tear each
 * other's lines.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define PRINTF(a, b) __attribute__((format(printf, a, b)))

struct err {
	char text[2048]; /* what failed, on what, why */
	char hint[768];  /* what to do next, or "" */
};

/* Set the text and clear the hint. Always -1, so callers can return it. */
int err_set(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* The same, with ": " and the meaning of errno behind it. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Put "fmt: " in front of the text that is there. Always -1. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Set the hint. Always -1. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* The program's name in messages; set by start() of base/opt.h. */
extern const char *prog_name;

/* The name in front of status lines: "cargo ktstr" when the dispatcher runs
 * this program, else prog_name. */
const char *prog_label(void);

/* Print "LABEL: text" / "LABEL: warning: text" on stderr. */
void note(const char *fmt, ...) PRINTF(1, 2);
void warn(const char *fmt, ...) PRINTF(1, 2);

/* Print a line on stderr as it is, whatever its length, in one write. */
void say_line(const char *fmt, ...) PRINTF(1, 2);

/* Print "error: text" (and the hint on a line of its own); under the
 * dispatcher without, alone with the program's name in front. */
void print_err(const struct err *e);

/* Print "LABEL: what: text" and the hint: one of several failed, the others
 * go on. */
void note_err(const char *what, const struct err *e);

/* Print an error and exit 1. */
void die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));
void die_sys(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));
void die_err(const struct err *e) __attribute__((noreturn));

/* Print a usage error with a pointer to --help and exit 2. */
void die_usage(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* The only way out of main: flush stdout and turn a failed write into 1. */
int finish(int code);

#endif
