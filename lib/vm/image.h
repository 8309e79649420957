/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's boot image: where it is and what its header says.
 */
#ifndef VM_IMAGE_H
#define VM_IMAGE_H

#include <stdint.h>

#include "base/err.h"

struct kernel_image {
	char *path;         /* owned */
	uint64_t init_size; /* bytes the kernel needs while it unpacks itself */
};

/* Find the image by a file's path, or by a directory: a cache entry (bzImage
 * in it) or a built tree (arch/x86/boot/bzImage). The header is checked. */
int kernel_image_find(struct kernel_image *k, const char *path, struct err *e);
void kernel_image_release(struct kernel_image *k);

#endif
