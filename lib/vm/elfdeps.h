/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shared libraries an ELF program needs, found where this host's dynamic
 * linker would find them: breadth first over DT_NEEDED, each soname once,
 * looked for in DT_RPATH (unless there is a DT_RUNPATH), LD_LIBRARY_PATH,
 * DT_RUNPATH, the directories around an unusual interpreter, /etc/ld.so.cache
 * and the default directories. The interpreter is part of the answer.
 * Libraries loaded by dlopen are not found.
 */
#ifndef VM_ELFDEPS_H
#define VM_ELFDEPS_H

#include <stdbool.h>

#include "base/str.h"

struct elf_dep {
	char *path; /* where it was found */
	char *real; /* the same file without links */
};

struct elf_closure {
	struct elf_dep *v;
	size_t n, cap;
	struct strv seen;    /* sonames and interpreters already looked for */
	struct strv dirs;    /* directories a guest's linker would not search by itself */
	struct str ld_cache; /* /etc/ld.so.cache */
	bool cache_read;
};
void elf_closure_release(struct elf_closure *c);

/*
 * Add what a file needs. Whatever is not a 64-bit dynamic ELF file needs
 * nothing. 0, or -1 with "FILE: missing shared libraries: a, b".
 */
int elf_closure_add(struct elf_closure *c, const char *file, struct err *e);

#endif
