/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kernel on its way from a fetched source to the cache, as build_one.c,
 * build_make.c and build_store.c hand it to each other, and what all kernels
 * of a run share. A job owns its strings and borrows record and run.
 */
#ifndef BUILD_JOB_H
#define BUILD_JOB_H

#include <stdbool.h>

#include "base/str.h"
#include "kernel/key.h"
#include "kernel/krecord.h"
#include "build/toolchain.h"
#include "source/tree.h"

/* The source of ours that has done its work, and the descriptor that holds it. */
struct spent {
	char *path;
	int held;
};

/* Keep src, held by that descriptor, until spent_discard. */
void spent_keep(struct spent *s, const char *src, int held);
/* Let go of it and remove it; nothing when there is none. */
void spent_discard(struct spent *s);

/* What all kernels of a run share. */
struct build_run {
	bool force, clean;  /* as the options say */
	unsigned cap;       /* CPUs; 0: the usual share */
	struct strv stored; /* keys of what this run has built */
	struct spent spent;
};

struct build_job {
	struct build_run *run;
	const struct krecord *k;
	struct key_config config;
	struct toolchain tools;
	char *root, *key; /* key may change with the tree's HEAD */
	char *commit;     /* full id of a git source */
	char *version;    /* the record's, or the one the tree says */
	char *image, *vmlinux;
	char *dir;  /* out: cache entry, or the tree itself */
	bool temp;  /* the source is ours and goes away */
	bool clean; /* may be stored */
	bool stored;
	bool fresh;             /* stored by us just now */
	struct tree_state tree; /* of local trees, when the build began */
};

/* Begin with what the record and its source say; build_job_release it. */
void build_job_init(struct build_job *j, struct build_run *run, const struct krecord *k);
void build_job_release(struct build_job *j);

#endif
