/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small copy of a vmlinux: what reading guest memory from outside needs,
 * which is symbols, BTF and read-only data, and none of the rest.
 */
#ifndef KERNEL_STRIP_H
#define KERNEL_STRIP_H

#include "base/err.h"

/*
 * Write to dst, which must not exist, a copy of src with .symtab, .strtab,
 * .bss, .rodata and .BTF as they are; .data, .data..percpu, .init.data and
 * code as empty sections at their addresses, so that their symbols stay; and
 * nothing else. Where that would leave no symbol, only debug information,
 * .comment and relocations go. The copy is on its way to disk, as after
 * copy_file. 0, or -1 with dst removed.
 */
int strip_vmlinux(const char *src, const char *dst, struct err *e);

#endif
