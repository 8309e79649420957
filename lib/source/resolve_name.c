/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/resolve_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "kernel/label.h"
#include "source/tarball.h"
#include "source/tree.h"
#include "kernel/version.h"

/* "6.14.0" is released as 6.14. */
static char *released_as(const char *version)
{
	struct version v;
	char *patch;

	if (version_parse(version, strlen(version), &v) < 0 || !v.has_patch || v.patch)
		return xstrdup(version);
	patch = strchr(strchr(version, '.') + 1, '.');
	return xasprintf("%.*s%s", (int)(patch - version), version, patch + strcspn(patch, "-"));
}

void resolve_set_version(const struct resolve *r, struct kernel *k, const char *version)
{
	k->version = released_as(version);
	k->key = key_of_version(&r->config, k->version);
	if (!k->label)
		k->label = xstrdup(version);
}

static void name_version(const struct resolve *r, struct kernel *k)
{
	struct series s;

	k->kind = "version";
	if (k->latest)
		return;
	k->label = xstrdup(k->spec.text);
	if (series_parse(k->spec.text, &s) < 0)
		resolve_set_version(r, k, k->spec.text);
}

/* "https://…", or "user@host:…" as scp and git write it. */
static bool is_remote(const char *path)
{
	const char *colon = strchr(path, ':'), *at = strchr(path, '@');

	return strstr(path, "://") || (at && colon && at < colon && colon < path + strcspn(path, "/"));
}

static void name_path(struct resolve *r, struct kernel *k)
{
	struct err e;

	k->kind = "path";
	k->source = real_path(k->spec.path);
	if (!k->source) {
		err_set(&e, "path does not exist or cannot be canonicalized: %s: %s", k->spec.path, strerror(errno));
		if (is_remote(k->spec.path))
			err_hint(&e, "a git source is written git+%s%s", k->spec.path,
				 strchr(k->spec.path, '#') ? "" : "#REF");
		else
			err_hint(&e,
				 "set KTSTR_KERNEL to a kernel source directory, or check the spelling of the path");
		resolve_fail(r, k, &e);
		return;
	}
	k->label = label_of_path(k->source);
	if (!is_file(k->source)) {
		if (tree_validate(k->spec.path, &e) < 0)
			resolve_fail(r, k, &e);
	} else if (tarball_name(k->source)) {
		k->kind = "tarball";
	} else {
		err_set(&e, "raw image files are not supported here");
		err_hint(&e, "set KTSTR_KERNEL to a kernel source directory, or give --kernel a source tree, "
			     "a source tarball, a version or a cache key");
		resolve_fail(r, k, &e);
	}
}

/* Everything the rest needs that takes no look at the kernel's contents. */
void resolve_name(struct resolve *r, struct kernel *k)
{
	switch (k->spec.kind) {
	case SPEC_VERSION:
		name_version(r, k);
		break;
	case SPEC_KEY:
		k->kind = "key";
		k->label = label_of_key(k->spec.text);
		k->key = xstrdup(k->spec.text);
		break;
	case SPEC_PATH:
		name_path(r, k);
		break;
	case SPEC_RANGE:
		k->kind = "range";
		break;
	case SPEC_GIT:
		k->kind = "git";
		k->label = label_of_git(k->spec.url, k->spec.ref);
		break;
	}
}
