/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Child processes: the only room that calls fork and exec.
 *
 * Every child gets a parent-death signal, so that killing any program of the
 * suite with SIGKILL ends what it started; every descriptor that is not
 * handed over is closed on exec; a failed exec comes back to the parent as an
 * error, not as exit code 127.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

#define FD_INHERIT 0    /* the parent's own */
#define FD_PIPE    (-1) /* make a pipe; our end replaces the field */
#define FD_NULL    (-2) /* /dev/null */
			/* > 0: use this one and close it in the parent */

struct child {
	char *const *argv;               /* argv[0] is looked up in PATH unless it has a '/' */
	const char *dir;                 /* working directory, or NULL */
	char *const *env;                /* "K=V" sets, "K" unsets, on top of ours; or NULL */
	int in, out, err;                /* FD_…; err may be FD_OUT */
	const int *keep;                 /* further descriptors to hand over, same numbers;
			    * ends with -1; or NULL */
	int fd3;                         /* > 0: becomes descriptor 3 and is closed here */
	int death_signal;                /* when we die; 0 means SIGTERM */
	bool new_group;                  /* a process group of its own; child_stop then
			    * signals all of it */
	void (*enter)(const void *with); /* called in the child right before exec, or NULL */
	const void *enter_with;
	pid_t pid; /* out: 0 when not running */
};

#define FD_OUT (-3) /* child.err: the same as out */

/* Start it: 0, or -1 with "run PROGRAM: reason"; the descriptors given to it
 * are closed here in both cases. */
int child_start(struct child *c, struct err *e);

/* Wait for the end. Exit code 0..255, 128 + signal for a killed one; the pid
 * field is 0 afterwards. -1 never happens for a started child. */
int child_wait(struct child *c);

/* The same without waiting: -1 while it runs. */
int child_poll(struct child *c);

/* SIGTERM, grace_ms to react, SIGKILL, reap. Nothing when not running. */
void child_stop(struct child *c, int grace_ms);

/* Run to the end with stdin from /dev/null and stdout collected in out (may
 * be NULL: inherited); stderr inherited. Exit code as child_wait, or -1. */
int child_run(char *const *argv, const char *dir, struct str *out, struct err *e);

/* Replace this process: returns only on failure, -1 with e filled. */
int exec_replace(char *const *argv, struct err *e);

/* Path of an executable regular file of that name in PATH (or the name itself
 * when it has a '/'); caller frees. NULL when there is none. */
char *find_program(const char *name);

/* A pipe with both ends close-on-exec; dies when the system has none left. */
void make_pipe(int fds[2]);

#endif
