/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A git source by what was typed: where it is and which commit is meant.
 */
#ifndef SOURCE_GIT_LOCATE_H
#define SOURCE_GIT_LOCATE_H

#include "source/git_remote.h"

/* git_url and git_resolve: 0 with *full the URL git is to be given (caller
 * frees) and t, or -1; a repository that does not answer has what was built of
 * it last in the hint. */
int git_locate(const char *url, const char *ref, char **full, struct git_tip *t, struct err *e);

#endif
