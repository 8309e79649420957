/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a remote git repository says of a ref: one listing (`git ls-remote`)
 * answers for branches, tags and the commits at their tips, and a full commit
 * id needs none. A repository is asked once by a process.
 */
#ifndef SOURCE_GIT_REMOTE_H
#define SOURCE_GIT_REMOTE_H

#include "base/err.h"

struct git_tip {
	char *refname; /* "refs/heads/x"; NULL when REF is a commit id */
	char *commit;  /* full id; of an id that is no tip what was given of it */
};

/* The URL git is to be given: a local path is made absolute ("~/" expanded),
 * anything else is as it was. Caller frees. NULL: no such path. */
char *git_url(const char *url, struct err *e);

/* The URL without a password, for people and files; caller frees. */
char *git_url_public(const char *url);

/* 0, or -1 for a text that can name neither a ref nor a commit. */
int git_ref_check(const char *ref, struct err *e);

/*
 * What REF is at the repository now: a branch or tag by its short or full
 * name, else a commit by 7 digits of its id or more. 0 with t (release it), or
 * -1: not reachable, no such ref, a name that a branch and a tag share.
 */
int git_resolve(const char *url, const char *ref, struct git_tip *t, struct err *e);
void git_tip_release(struct git_tip *t);

#endif
