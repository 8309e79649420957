/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/memory.h"

#define WORK_MB 256

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

uint64_t guest_memory_floor(uint64_t unpacked, uint64_t stored, uint64_t kernel)
{
	uint64_t content =
		div_up(div_up(unpacked, 1 << 20) * 10, 9) + div_up(kernel, 1 << 20) + div_up(stored, 1 << 20);

	return div_up(content * 64, 63) + WORK_MB;
}

uint64_t guest_memory(uint64_t floor_mb, uint32_t cpus, uint64_t wanted_mb)
{
	uint64_t mb = 64ull * cpus;

	if (mb < 256)
		mb = 256;
	if (mb < wanted_mb)
		mb = wanted_mb;
	return mb < floor_mb ? floor_mb : mb;
}
