/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory a guest gets.
 */
#ifndef VM_MEMORY_H
#define VM_MEMORY_H

#include <stdint.h>

/*
 * The least a guest can do with, in MiB. Arguments are bytes and are rounded
 * up to MiB: the initramfs unpacked and as it is stored, and what the kernel
 * needs to unpack itself (init_size of its header).
 *
 *	content = ceil(unpacked * 10 / 9) + kernel + stored   the root may fill 90 % of RAM
 *	boot    = ceil(content * 64 / 63)                     struct page takes 1/64 of RAM
 *	floor   = boot + 256                                  room to work in
 */
uint64_t guest_memory_floor(uint64_t unpacked, uint64_t stored, uint64_t kernel);

/* MiB for a guest: the largest of the floor, 64 a CPU, 256 and what was asked for. */
uint64_t guest_memory(uint64_t floor_mb, uint32_t cpus, uint64_t wanted_mb);

#endif
