/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The architecture kernels are built for: the build host's, as in ktstr 0.5.2.
 * The texts are constant.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

/* "x86_64" or "aarch64", as in cache keys and metadata. */
const char *kernel_arch(void);

/* The boot image's file name and make target: "bzImage" or "Image". */
const char *kernel_image_name(void);

#endif
