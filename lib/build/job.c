/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/job.h"

#include <stdlib.h>

#include "source/git_fetch.h"
#include "build/makefile.h"
#include "source/srcdir.h"

void spent_keep(struct spent *s, const char *src, int held)
{
	s->path = xstrdup(src);
	s->held = held;
}

void spent_discard(struct spent *s)
{
	if (!s->path)
		return;
	srcdir_discard(s->path, s->held);
	free(s->path);
	s->path = NULL;
}

void build_job_init(struct build_job *j, struct build_run *run, const struct krecord *k)
{
	*j = (struct build_job){ .run = run, .k = k, .key = xstrdup(k->key), .temp = k->temp, .clean = k->temp };
	if (k->version)
		j->version = xstrdup(k->version);
	else if (k->tarball && k->src)
		j->version = makefile_version(k->src);
	if (k->url && k->src)
		j->commit = git_fetched_commit(k->src);
}

void build_job_release(struct build_job *j)
{
	free(j->root);
	free(j->key);
	free(j->version);
	free(j->image);
	free(j->vmlinux);
	free(j->dir);
	free(j->commit);
	toolchain_release(&j->tools);
	tree_state_release(&j->tree);
}
