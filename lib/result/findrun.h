/* SPDX-License-Identifier: GPL-2.0-only */
/* A run by the name that users give it. */
#ifndef RESULT_FINDRUN_H
#define RESULT_FINDRUN_H

#include "base/str.h"

/*
 * The directory of run ID below root ("gauntlet/job-1" is one too); caller
 * frees. NULL with e when there is none, with the most similar name, or when
 * ID would lead out of root.
 */
char *find_run(const char *root, const char *id, struct err *e);

#endif
