/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "kernel/arch.h"
#include "kernel/cache.h"
#include "source/git_remote.h"
#include "build/kconfig.h"

/* A build takes minutes, and people edit: is the tree still what it was? */
bool build_still_same(struct build_job *j)
{
	struct tree_state now;
	const char *what = NULL;
	struct err why;

	if (tree_probe(j->k->src, &now, &why) < 0)
		what = why.text;
	else if (!now.is_git || now.dirty)
		what = "it has uncommitted changes now";
	else if (strcmp(now.hash, j->tree.hash) != 0)
		what = "HEAD has moved";
	if (what)
		note("source tree changed during build (%s); skipping cache store", what);
	tree_state_release(&now);
	return !what;
}

/* What the entry says it was built from. */
static void describe(const struct build_job *j, struct cache_new *n, char hash7[8])
{
	const struct krecord *k = j->k;

	hash7[0] = '\0';
	if (!j->temp || k->tarball) {
		n->source = "local";
		n->source_tree_path = j->temp ? NULL : k->src;
		n->commit = j->temp ? NULL : j->tree.hash;
		memcpy(hash7, j->tree.hash7, sizeof(j->tree.hash7));
		if (k->tarball && k->sha256)
			snprintf(hash7, 8, "%.7s", k->sha256);
		n->git_hash = hash7;
	} else if (j->commit) {
		n->source = "git";
		n->git_ref = k->ref;
		n->commit = j->commit;
		snprintf(hash7, 8, "%.7s", j->commit);
		n->git_hash = hash7;
	} else {
		n->source = "tarball";
	}
}

int build_store(struct build_job *j, struct err *e)
{
	auto_free char *config = xasprintf("%s/.config", j->k->src);
	auto_free char *url = j->k->url ? git_url_public(j->k->url) : NULL;
	auto_free char *compiler = kconfig_compiler(j->k->src);
	struct cache_new n = {
		.key = j->key,
		.version = j->version,
		.git_url = url,
		.compiler = compiler,
		.image = j->image,
		.vmlinux = j->vmlinux,
		.config = config,
		.kconfig_hash = j->config.kconfig,
		.extra_hash = j->config.extra[0] ? j->config.extra : NULL,
		.record_vmlinux_stat = !j->temp,
		.force = j->run->force,
	};
	char hash7[8];
	struct stat st;

	describe(j, &n, hash7);
	if (j->vmlinux && stat(j->vmlinux, &st) == 0)
		note("caching vmlinux (%.0f MB, will be stripped)", (double)st.st_size / (1 << 20));
	return cache_store(&n, &j->dir, e);
}

void build_say_cached(const struct build_job *j)
{
	auto_str struct str line = { 0 };
	auto_free char *text = xasprintf("✓ Kernel cached: %s", j->key);

	str_add_sgr(&line, term_colour(stderr), "32", text);
	str_addc(&line, '\n');
	/* past the filter for control bytes that messages go through */
	if (write_all(STDERR_FILENO, line.s, line.len) < 0)
		return;
	note("image: %s/%s", j->dir, kernel_image_name());
}

void build_say_not_cached(const struct build_job *j)
{
	note("kernel built at %s", j->image);
	if (j->tree.is_git)
		note("skipping cache — working tree has uncommitted changes; commit or stash them to cache the build");
	else
		note("skipping cache — source tree is not a git repository, so nothing names its state");
}
