/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sha256sums.asc of kernel.org: what a release's tarball must hash to. When a
 * keyring is there (KTSTR_KEYRING, else /etc/ktstr/kernel.org.gpg), its PGP
 * signature must be good, by gpgv, and only what it signs is read.
 */
#ifndef SOURCE_MANIFEST_H
#define SOURCE_MANIFEST_H

#include "base/err.h"
#include "source/tarball.h"

/* 1 with sum filled; 0: the manifest has no entry for it; -1: no manifest to
 * be had, or none to be trusted. */
int manifest_sum(const char *version, char sum[SHA256_HEX], struct err *e);

#endif
