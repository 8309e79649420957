/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/where.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"

#ifndef PREFIX
#define PREFIX "/usr/local"
#endif

/* The directory the running program lies in, or NULL. */
static char *own_dir(void)
{
	char *exe = real_path("/proc/self/exe");
	char *slash = exe ? strrchr(exe, '/') : NULL;

	if (slash)
		*slash = '\0';
	return exe;
}

static char *search(const char *const *near, const char *far, const char *name)
{
	auto_free char *here = own_dir();

	for (; here && *near; near++) {
		char *path = xasprintf("%s/%s/%s", here, *near, name);

		if (path_exists(path))
			return path;
		free(path);
	}
	return xasprintf("%s/%s", far, name);
}

static char *pick(enum env_var var, const char *const *near, const char *far, const char *name)
{
	return env_get(var) ? xasprintf("%s/%s", env_get(var), name) : search(near, far, name);
}

char *where_libexec(const char *name)
{
	/* beside a helper; beside bin/ when installed; in the build tree */
	static const char *const near[] = { ".", "../libexec/ktstr", "../libexec", NULL };

	return pick(ENV_LIBEXEC, near, PREFIX "/libexec/ktstr", name);
}

char *where_share(const char *name)
{
	/* PREFIX/bin, PREFIX/libexec/ktstr; build/bin and build/libexec */
	static const char *const near[] = { "../share/ktstr", "../../share/ktstr", "../../share", NULL };

	return pick(ENV_SHARE, near, PREFIX "/share/ktstr", name);
}

char *where_man(const char *name)
{
	/* build/man; PREFIX/bin, PREFIX/libexec/ktstr */
	static const char *const near[] = { "../man", "../share/man", "../../share/man", NULL };

	return search(near, PREFIX "/share/man", name);
}
