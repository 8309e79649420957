/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the reader: what stands in a JSON string. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "json/read.h"

/* Step over one well-formed UTF-8 sequence (RFC 3629) of two bytes or more;
 * false when there is none. */
bool utf8_step(const unsigned char **pp, const unsigned char *end);

/* Append a string's decoded text; nul: what \u0000 becomes. */
void json_decode(struct str *out, struct slice s, unsigned nul);

#endif
