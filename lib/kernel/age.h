/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time stamps of cache entries and how long ago they were.
 */
#ifndef KERNEL_AGE_H
#define KERNEL_AGE_H

#include <stdint.h>

#include "base/str.h"

/* "2026-01-31T12:00:00Z" to seconds since 1970: 0, or -1 when s is no stamp. */
int stamp_parse(const char *s, int64_t *seconds);

/* Append "1year 2months 3days 4h 5m 6s" without the zero units, "0s" for
 * none. A year has 31557600 s (365.25 days), a month 2630016 s (30.44 days),
 * the units of the humantime crate. */
void str_add_age(struct str *out, uint64_t seconds);

#endif
