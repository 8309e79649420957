/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/arch.h"

const char *kernel_arch(void)
{
#if defined(__aarch64__)
	return "aarch64";
#else
	return "x86_64";
#endif
}

const char *kernel_image_name(void)
{
#if defined(__aarch64__)
	return "Image";
#else
	return "bzImage";
#endif
}
