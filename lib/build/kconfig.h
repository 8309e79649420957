/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel configuration of a tree: how it gets the fragments, and whether what
 * we cannot do without survived the build.
 */
#ifndef BUILD_KCONFIG_H
#define BUILD_KCONFIG_H

#include <stdbool.h>

#include "build/make.h"

/*
 * Give the tree a .config with the fragment in it. Without a .config it is for
 * lean what `make allnoconfig` makes of the fragment as its preset, otherwise
 * the base is `make defconfig`; to a base, or to the .config that is there,
 * what is missing is appended and `make olddefconfig` run. extra
 * is a file with a fragment of the user's, or NULL. A configuration that went
 * through here is left alone as long as it, the fragments, the compiler and
 * the tree's Kconfig files stay; {cache}/.logs remembers its checksum. 0, or -1.
 */
int kconfig_apply(struct make *m, bool lean, const char *extra, struct err *e);

/*
 * Take the comment from the head of a configured tree's autoconf.h, which names
 * the kernel's version and is read with every source file: a compiler cache
 * that compares files would know nothing of the last patch release. 0, also
 * where there is no such header yet, or -1 when it cannot be written.
 */
int kconfig_unname_header(const char *tree, struct err *e);

/* After the build: the options nothing works without are on. -1 names each
 * one that is not, and why; the next build configures the tree anew, with what
 * was installed meanwhile. */
int kconfig_validate(const struct make *m, const char *extra, struct err *e);

/* Name and version of the compiler a configured tree was built with, by its
 * own record; NULL when it has none. Caller frees. */
char *kconfig_compiler(const char *tree);

#endif
