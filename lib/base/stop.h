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

#endif
