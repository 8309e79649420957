/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache keys: the name under which a built kernel is kept says what it was
 * built from and how it was configured.
 *
 *	{V}-tarball-{arch}-kc{kconfig}[-lean{lean}][-tc{toolchain}][-xkc{extra}]
 *	{ref}-git-{hash7}-{arch}-kc…	(a '/' of the ref is "%2F")
 *	local-{hash7}-{arch}[-cfg{user_config}]-kc…
 *	local-unknown-{crc32 of the canonical path}-{arch}-kc…	(never stored)
 *	local-{first 7 digits of a tarball's SHA-256}-{arch}-kc…
 *
 * Every crc is CRC-32 as zlib computes it, 8 lower-case hex digits. Keys
 * returned are the caller's to free.
 */
#ifndef KERNEL_KEY_H
#define KERNEL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The configuration's part of a key. */
struct key_config {
	char kconfig[9];   /* crc32 of the built-in fragment */
	char lean[9];      /* crc32 of the lean configuration, "" for defconfig */
	char toolchain[9]; /* by build/toolchain.h, "" for plain gcc */
	char extra[9];     /* crc32 of an extra fragment, "" for none */
};

/* Read share's fragments (and the file extra, or NULL): 0 or -1. */
int key_config_load(struct key_config *c, bool lean, const char *extra, struct err *e);

/* "kc…[-lean…][-tc…][-xkc…]" */
char *key_tail(const struct key_config *c);

char *key_of_version(const struct key_config *c, const char *version);
/* hash7: "" for a tree that is not clean; user_config: crc32 of its .config,
 * NULL without one. */
char *key_of_tree(const struct key_config *c, const char *path, const char *hash7, const char *user_config);
char *key_of_git(const struct key_config *c, const char *ref, const char *commit);
char *key_of_tarball(const struct key_config *c, const char *sha256);

/* A ref as a key holds it, and back: what a file name cannot or should not
 * have is "%XX"; one that is very long is cut and ends in its crc32. */
char *key_escape(const char *ref);
char *key_unescape(const char *text, size_t n);

/* crc32 of a file's bytes as 8 hex digits: 0, or -1 with errno kept. */
int crc32_file(const char *path, char hex[9], struct err *e);
void crc32_hex(uint32_t crc, char hex[9]);

#endif
