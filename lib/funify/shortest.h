/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a number's text can stay as it is. */
#ifndef FUNIFY_SHORTEST_H
#define FUNIFY_SHORTEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a JSON number with a point is written just as json_f64 would: the
 * fewest digits that read back the same, and of those the nearest. False where
 * that is not quickly told; the byte behind the text must be no digit.
 */
bool is_shortest(const char *s, size_t n);

#endif
