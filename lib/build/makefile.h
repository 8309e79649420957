/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel's top-level Makefile says of its version.
 */
#ifndef BUILD_MAKEFILE_H
#define BUILD_MAKEFILE_H

/* "6.12.94", "6.15-rc3" of the tree, or NULL; caller frees. */
char *makefile_version(const char *tree);

#endif
