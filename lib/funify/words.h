/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of funify, from share/funify: what names are made of, and what a
 * key says about its value.
 */
#ifndef FUNIFY_WORDS_H
#define FUNIFY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Read the tables; once, before anything else. */
void words_load(void);

const char *words_adjective(unsigned i); /* 0..255 */
const char *words_animal(unsigned i);

enum key_class {
	KEY_OTHER, /* the value is replaced */
	KEY_PASS,  /* the value is a figure or a word of a format: it stays */
	KEY_ID32,  /* replaced; a number keeps to 32 bits */
};

enum key_class key_class(const char *key, size_t len);

/* Whether a key is a word of a format, no datum that serves as a key. */
bool key_is_field(const char *key, size_t len);

#endif
