/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments of kernel configuration: texts of lines "CONFIG_X=…" and
 * "# CONFIG_X is not set", of which the last one of an option counts.
 */
#ifndef BUILD_FRAGMENT_H
#define BUILD_FRAGMENT_H

#include <stdbool.h>

#include "base/str.h"

/* Add the text of share's ktstr.kconfig to out, lean.kconfig behind it when
 * lean, and behind all the file extra unless that is NULL. 0, or -1. */
int fragment_load(bool lean, const char *extra, struct str *out, struct err *e);

/* Add a user's fragment: 0, or -1 with "--extra-kconfig PATH: …". */
int fragment_read_extra(const char *path, struct str *out, struct err *e);

/* What text sets an option to, "n" when it does not say. */
void fragment_value(const char *text, const char *name, struct str *out);

/* Whether every line of the fragment holds in config. An option the tree does
 * not have is missing when it should be on. */
bool fragment_is_in(const char *config, const char *fragment);

/* Warn of options that extra sets otherwise than the built-in text, and of
 * those that a final configuration does not have as extra says. */
void fragment_warn_overrides(const char *extra, const char *builtin);
void fragment_warn_lost(const char *extra, const char *config);

#endif
