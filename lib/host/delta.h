/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between two hosts. Allocator figures are of the process, not of
 * the host, and are not looked at.
 */
#ifndef HOST_DELTA_H
#define HOST_DELTA_H

#include "host/context.h"

/* Append name, value on a, value on b for every difference, in the order the
 * fields are shown in. A value that is not there is "(unknown)", a member of a
 * map that is not there "(absent)". */
void host_delta(const struct host_context *a, const struct host_context *b, struct strv *triples);

#endif
