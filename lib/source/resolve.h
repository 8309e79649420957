/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels of one set of --kernel values, from their texts to what the
 * records say. What can be told from the texts alone is checked first, for all
 * of them; only then is each looked up, in the order given (resolve_record.h).
 *
 *	resolve_name	what each kind of spec is called and where it is
 *	resolve_open	the releases that only kernel.org can name
 *	resolve_labels	names that are one, kernels that are one
 *	resolve_record	one kernel's state by source and cache, as a record
 *
 * A set owns its kernels, a kernel its strings. Of libraries only libc is
 * needed: what asks a network does so through another program.
 */
#ifndef SOURCE_RESOLVE_H
#define SOURCE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "source/git_remote.h"
#include "kernel/key.h"
#include "kernel/releases.h"
#include "kernel/spec.h"

/* One of them; named by resolve_prepare. A failed one has why. */
struct kernel {
	struct spec spec;
	const char *kind; /* "version", "path", "tarball", "key", "range", "git" */
	char *label, *key;
	char *version;      /* of a release */
	char *source;       /* canonical path of a tree or a tarball, URL of a repository */
	struct git_tip tip; /* of a git source */
	bool latest;        /* no spec: the newest stable release */
	bool failed;
	struct err why;
};

/* The set. Above the kernels is the caller's, to be filled in first. */
struct resolve {
	bool lean;                 /* as the options say, these five */
	bool series;               /* a lone number is a series too: the newest 6.x */
	bool force;                /* look for nothing but cache keys in the cache */
	bool clean;                /* trees will be cleaned: their .config does not count */
	const char *extra_kconfig; /* full path of a fragment, or NULL */
	struct key_config config;
	struct releases listed; /* kernel.org's index as stored; empty when there is none */
	struct kernel *kernels;
	size_t total;
	bool failed; /* one of them, at least */
};

/* Read the words into r's kernels, blank ones left out. latest: when none is
 * left, the newest stable release. */
void resolve_parse(struct resolve *r, char **words, size_t n, bool latest);

/* Name them all, fold those that are one: 0, each ready or failed; -1 when the
 * set as a whole cannot be run. */
int resolve_prepare(struct resolve *r, struct err *e);

/* Give k up: "--kernel SPEC: why", the hint of a path in the same line. */
void resolve_fail(struct resolve *r, struct kernel *k, const struct err *why);

/* Free what k owns and leave it empty. */
void resolve_drop(struct kernel *k);

#endif
