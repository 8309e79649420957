/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The result files of one run directory and of its sub-directories, one level
 * deep, in the order of their paths.
 */
#ifndef RESULT_LISTING_H
#define RESULT_LISTING_H

#include <stdint.h>

#include "base/str.h"

struct listing {
	int fd;             /* the directory, -1 when it cannot be read */
	struct str text;    /* the names, each with its NUL */
	const char **names; /* relative to the directory */
	size_t n, cap;
	uint64_t stamp; /* changes when an entry comes or goes */
};

/* 0, or -1 with e when the directory itself cannot be read. Release in either
 * case. */
int listing_read(struct listing *l, const char *dir, struct err *e);
void listing_release(struct listing *l);

#endif
