/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vmlinux beside a kernel's image, as what reads a guest's memory from
 * outside needs it. Plain libc: test programs look at it, too.
 */
#ifndef KERNEL_VMLINUX_H
#define KERNEL_VMLINUX_H

#include "base/err.h"

/* Whether it is an ELF file of 64 bits that names the run queues and where
 * each CPU's memory is: 0, or -1 and why not. A few ms. */
int vmlinux_check(const char *path, struct err *e);

#endif
