/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpack a compressed tar stream while it is still coming in. One thread
 * decompresses, one writes files, and the caller feeds bytes from its own;
 * bounded queues between them keep memory flat.
 *
 * Nothing is ever written outside the target: names that are absolute or
 * climb with "..", links that point out, devices and overwriting are refused,
 * and no path is followed through a link.
 */
#ifndef SOURCE_UNPACK_H
#define SOURCE_UNPACK_H

#include <stddef.h>

#include "base/err.h"

struct unpack;

/* Start unpacking into dir, an empty directory that stays the caller's. top
 * is the one top-level entry the archive may hold; NULL allows any one.
 * Out of threads ends the program. */
struct unpack *unpack_start(const char *dir, const char *top);

/* Hand over bytes; waits while the queue is full. -1: unpacking has failed,
 * and unpack_finish knows why. */
int unpack_feed(struct unpack *u, const void *p, size_t n);

/* The end of the stream: wait until everything is written. 0 with *top the
 * top-level directory's name (caller frees), or -1 with "extract tarball: …".
 * Frees u. */
int unpack_finish(struct unpack *u, char **top, struct err *e);

/* Stop in the middle and free u. */
void unpack_abort(struct unpack *u);

#endif
