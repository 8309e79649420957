/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a build will be, before there ever was one: kbuild's Makefiles say
 * which objects a configuration has. They are programs, and this reads only
 * what nearly all of them are made of (lists, conditions on CONFIG_ options,
 * directories), so the number is an estimate, a few per cent off.
 */
#ifndef BUILD_OBJECTS_H
#define BUILD_OBJECTS_H

#include <stdbool.h>

/* Lines "  CC      foo.o" and the like that make will print in a tree with a
 * .config, modules counted or not; 0 for a tree without kbuild's files, and for
 * one whose Makefiles hold more than any kernel's: the work is bounded. */
unsigned long objects_estimate(const char *tree, bool modules);

#endif
