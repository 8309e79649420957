/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What compiles kernels: the variables CC, HOSTCC, LLVM, LLVM_IAS and
 * CROSS_COMPILE as kbuild knows them, and KTSTR_CC_PREFIX, words to put in
 * front of the compilers ("ccache", "distcc", "ccache distcc", "icecc").
 *
 * The compiler is part of a kernel's identity, what stands in front of it is
 * not: "ccache gcc" and /usr/lib/ccache/gcc are gcc, which has the keys of
 * ktstr 0.5.2.
 */
#ifndef BUILD_TOOLCHAIN_H
#define BUILD_TOOLCHAIN_H

#include <stdbool.h>

#include "base/str.h"

struct toolchain {
	struct strv args; /* for make: "CC=ccache gcc", "LLVM=1" */
	struct strv env;  /* for make, as in struct child */
	char key[9];      /* crc32 of what tells it from plain gcc, "" for that */
	bool spread;      /* compiles on other machines too */
	bool reuse;       /* ccache looks for what it made of an earlier source of ours */
};

/* Read the environment: 0, or -1 for a program that is not there. source is
 * the directory that will be built, or NULL; own: it is ours and moves from
 * build to build, so a compiler cache must not look at its name. */
int toolchain_load(struct toolchain *t, const char *source, bool own, struct err *e);
void toolchain_release(struct toolchain *t);

/* The part of a key alone, without a look at the disk. */
void toolchain_key(char key[9]);

/* Say which variables are left aside because they would make another
 * machine's kernel, or make it elsewhere. */
void toolchain_note_ignored(void);

/* How many compilers to run at a time where local CPUs allow local: more when
 * others help (KTSTR_MAKE_JOBS, or what distcc counts). */
unsigned toolchain_jobs(const struct toolchain *t, unsigned local);

#endif
