/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The number in a result file's name: SipHash-1-3 with key 0 over what makes
 * two runs of a test different variants.
 */
#ifndef RESULT_HASH_H
#define RESULT_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The hash over {"kargs","payload","scheduler","sysctls","topology",
 * "work_type"}; payload may be NULL. The lists' order does not matter. */
uint64_t variant_hash(const struct strv *kargs, const char *payload, const char *scheduler, const struct strv *sysctls,
		      const char *topology, const char *work_type);

#endif
