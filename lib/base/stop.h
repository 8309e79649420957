/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ending in good order on SIGINT, SIGTERM and SIGHUP. Outside a held stretch
 * such a signal ends the program as usual. Inside one it is only remembered:
 * the work looks at stop_wanted, cleans up after itself, and stop_release
 * then ends the program by that signal.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdbool.h>

/* Install the handlers; once, before the first stop_hold. A signal that was
 * ignored when the program started stays ignored. */
void stop_watch(void);

void stop_hold(void);
bool stop_wanted(void);
void stop_release(void);

/* For who waits by poll: block these signals and SIGCHLD, and get them from
 * the descriptor, which does not block. Ignored ones stay ignored. -1 with
 * errno. */
int stop_signals(void);

#endif
