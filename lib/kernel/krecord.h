/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel record of the stream, read into a struct. Stages read it, work,
 * and add their keys to the line with an editor (json/record.h); what a stage
 * does not know stays in the line.
 */
#ifndef KERNEL_KRECORD_H
#define KERNEL_KRECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "json/record.h"

struct krecord {
	uint64_t index, total;
	char *spec;    /* as typed */
	char *kind;    /* "version", "path", "tarball", "key", "git" */
	char *version; /* NULL when not known */
	char *label;   /* raw label */
	char *key;     /* cache key */
	char *state;   /* "missing", "fetched", "cached", "built", "error" */
	char *src, *dir;
	char *git_hash; /* 7 hex digits or NULL */
	char *tarball, *sha256;
	char *url, *ref;              /* of a git source */
	char *refname;                /* its full name there, NULL for a commit id */
	char *commit;                 /* id of the commit, or the beginning of one */
	char *extra_kconfig;          /* path of a fragment to put on top, or NULL */
	char *failed_stage, *failure; /* of an error record */
	bool lean, temp, dirty, is_git;
	bool force; /* what any cache has does not count */
};

/* Read the keys stages need; index, total, spec, label and state must be
 * there, and key unless it is an error record. 0, or -1. Strings are k's
 * until krecord_release. */
int krecord_parse(const struct record *rec, struct krecord *k, struct err *e);
void krecord_release(struct krecord *k);

/* Whether the kernel's source has to be fetched: a release, a tarball on disk
 * or a commit that is not cached. */
bool krecord_wants_source(const struct krecord *k);

/* Print why on stderr, behind its version when a range stands for several, and
 * write the record with state "error" and the stage that gave up. 0, or -1 when
 * the stream cannot be written. */
int krecord_fail(const struct record *rec, const char *stage, const struct err *why, struct err *e);

#endif
