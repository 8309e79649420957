/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pin: which file the language model is, where it is fetched from, and
 * what it must be. A pin is a small JSON file, share/model/pin.json unless
 * another is named. struct pin owns its strings until pin_release.
 */
#ifndef MODEL_PIN_H
#define MODEL_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pin {
	char *file; /* a plain file name */
	char *url;
	uint64_t size; /* bytes */
	char *sha256;  /* as the pin has it; see pin_check */
};

/* Read the pin at path; NULL: the one of KTSTR_MODEL_PIN, else ours. */
int pin_read(struct pin *p, const char *path, struct err *e);
void pin_release(struct pin *p);

/* Whether it can be fetched by: 64 hexadecimal digits, and HTTPS, or HTTP to
 * this machine. */
int pin_check(const struct pin *p, struct err *e);

/* Whether the digest is one at all. */
bool pin_has_digest(const struct pin *p);

#endif
