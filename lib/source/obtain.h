/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A release from kernel.org, unpacked: from the tarball that was fetched
 * before, or downloaded, verified and kept.
 */
#ifndef SOURCE_OBTAIN_H
#define SOURCE_OBTAIN_H

#include <stdbool.h>

#include "kernel/krecord.h"

struct obtain {
	bool skip_sha256;
	int stall_ms;
};

/* Unpack the release k names into dir, which is empty and stays the caller's:
 * 0 with *top the one directory there (caller frees), or -1. */
int obtain_release(const struct obtain *o, const struct krecord *k, const char *dir, char **top, struct err *e);

#endif
