/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cached copy of the model: where it is, and whether it is what the pin
 * says. Beside it FILE.mtime-size remembers that the copy was checked at that
 * mtime and size (ktstr 0.5.2's format), so that looking costs no hashing.
 */
#ifndef MODEL_COPY_H
#define MODEL_COPY_H

#include "base/str.h"
#include "model/pin.h"

enum verdict { NOT_CACHED, CHECK_FAILED, MISMATCHES, MATCHES };

/* $KTSTR_CACHE_DIR/FILE, else ktstr/models/FILE under XDG_CACHE_HOME or
 * ~/.cache; caller frees, NULL with e. */
char *copy_path(const struct pin *p, struct err *e);

/*
 * Judge the copy. trust: believe FILE.mtime-size; else hash whatever it says.
 * A good copy is remembered, a bad one forgotten. why: the reason behind
 * CHECK_FAILED.
 */
enum verdict copy_check(const struct pin *p, const char *path, bool trust, struct err *why);

/* Remember that the copy was found good; best effort. */
void copy_remember(const char *path);

/* Remove the copy and what belongs to it, each by itself, saying what went on
 * stdout: how many files, or -1 with what was wrong first; bytes in freed. A
 * fetch that is under way keeps its part: -1. */
int copy_remove(const char *path, unsigned long long *freed, struct err *e);

#endif
