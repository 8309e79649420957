/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel versions: MAJOR.MINOR[.PATCH][-rcN], each number ASCII digits that
 * fit 64 bits. "6", "v6.14", "6.14.2.1", "6.14-rc" are not versions.
 */
#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct version {
	uint64_t major, minor;
	uint64_t patch; /* 0 when not written */
	uint64_t rc;    /* UINT64_MAX for a release, so that it sorts behind its rcs */
	bool has_patch;
};

/* Parse n bytes, all of them: 0, or -1 when they are no version. */
int version_parse(const char *s, size_t n, struct version *v);

/* <0, 0, >0: 6.10-rc1 < 6.10-rc3 < 6.10 = 6.10.0 < 6.10.1 */
int version_cmp(const struct version *a, const struct version *b);

/* What one means by "6.14" or "6": all releases that begin so. */
struct series {
	uint64_t major, minor;
	bool has_minor;
};

/* 0, or -1 for a text that is one release or nothing of the kind. */
int series_parse(const char *text, struct series *s);
bool series_has(const struct series *s, const struct version *v);

#endif
