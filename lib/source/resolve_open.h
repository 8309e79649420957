/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Specs that leave the release open, a series, a range or none at all: all of
 * a set are asked in one go, and a range becomes the kernels it stands for.
 */
#ifndef SOURCE_RESOLVE_OPEN_H
#define SOURCE_RESOLVE_OPEN_H

#include "source/resolve.h"

/* Ask for what is open, and put the answers in its place: 0, each settled or
 * failed; -1 when none could be answered. */
int resolve_look_up(struct resolve *r, struct err *e);

#endif
