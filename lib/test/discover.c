/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "kernel/arch.h"
#include "kernel/cache.h"
#include "test/run.h"

/* --- kernels --- */

static bool dir_has_image(const char *dir)
{
	static const char *const at[] = { "", "arch/x86/boot/", "arch/arm64/boot/" };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		auto_free char *path = xasprintf("%s/%s%s", dir, at[i], kernel_image_name());

		if (is_file(path))
			return true;
	}
	return false;
}

/* Use a directory or image; an entry of the cache is held while the VM runs. */
static int use(struct run *r, const char *path, struct err *e)
{
	char *full = real_path(path), *slash;
	auto_free char *root = cache_root(e);
	auto_free char *real_root = root ? real_path(root) : NULL;
	auto_free char *dir = NULL;
	int busy;

	r->kernel = full ? full : xstrdup(path);
	dir = xstrdup(r->kernel);
	if (is_file(dir) && (slash = strrchr(dir, '/')))
		*slash = '\0';
	slash = strrchr(dir, '/');
	if (!real_root || !slash || strncmp(dir, real_root, (size_t)(slash - dir)) != 0 || real_root[slash - dir])
		return 1;
	busy = cache_hold(slash + 1, &r->kernel_lock, false, e);
	if (busy)
		return busy < 0 ? -1 : 2;
	/* it may have been removed before it was held */
	return path_exists(r->kernel) ? 1 : err_set(e, "kernel %s was removed from the cache just now", r->kernel);
}

static int use_named_path(struct run *r, const char *var, const char *path, struct err *e)
{
	if (is_file(path) || (is_dir(path) && dir_has_image(path)))
		return use(r, path, e);
	if (!path_exists(path))
		return err_set(e, "%s=%s does not exist", var, path);
	return err_set(e, "%s=%s holds no %s", var, path, kernel_image_name());
}

/* The newest valid entry of that version. */
static int use_version(struct run *r, const char *version, struct err *e)
{
	struct cache_entry *list = NULL;
	size_t n = 0;
	int rc = 0;

	if (cache_list(&list, &n, e))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && !list[i].problem && list[i].version && strcmp(list[i].version, version) == 0)
			rc = use(r, list[i].dir, e);
		cache_entry_release(&list[i]);
	}
	free(list);
	return rc;
}

static int use_named(struct run *r, const char *name, struct err *e)
{
	struct cache_entry entry = { 0 };
	int rc = 0;

	if (starts_with(name, "git+") || (isdigit((unsigned char)name[0]) && strstr(name, "..")))
		return err_set(
			e,
			"KTSTR_KERNEL=%s: multi-kernel specs (ranges, git sources) are not supported in env-var form",
			name);
	if (strchr(name, '/') || name[0] == '.' || is_dir(name))
		return use_named_path(r, "KTSTR_KERNEL", name, e);
	if (cache_key_check(name, e) == 0 && cache_find(name, &entry, e) == 1)
		rc = use(r, entry.dir, e);
	cache_entry_release(&entry);
	if (rc == 0)
		rc = use_version(r, name, e);
	if (rc == 0)
		return err_set(e, "KTSTR_KERNEL=%s is neither a version nor a key in the kernel cache", name);
	return rc;
}

static int use_newest(struct run *r, struct err *e)
{
	struct cache_entry entry = { 0 };
	int rc = cache_newest(&entry, e);

	if (rc == 1)
		rc = use(r, entry.dir, e);
	else
		rc = 0; /* no cache is no reason to stop looking */
	cache_entry_release(&entry);
	return rc;
}

/* Trees that were built, here and of the host's own kernel, then its image. */
static int use_nearby(struct run *r, struct err *e)
{
	struct utsname u;

	if (uname(&u) < 0)
		u.release[0] = '\0';
	auto_free char *build = xasprintf("/lib/modules/%s/build", u.release);
	auto_free char *modules = xasprintf("/lib/modules/%s/vmlinuz", u.release);
	auto_free char *boot = xasprintf("/boot/vmlinuz-%s", u.release);
	const char *const trees[] = { "./linux", "../linux", build };
	const char *const images[] = { modules, boot, "/boot/vmlinuz" };

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		if (is_dir(trees[i]) && dir_has_image(trees[i]))
			return use(r, trees[i], e);
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (is_file(images[i]) && access(images[i], R_OK) == 0)
			return use(r, images[i], e);
	return 0;
}

int find_kernel(struct run *r, struct err *e)
{
	size_t n;
	const struct kernel_ref *list = kernel_list(&n);
	int rc;

	if (r->c->kernel)
		return use_named_path(r, r->c->kernel->raw, r->c->kernel->path, e);
	if (env_get(ENV_TEST_KERNEL))
		return use_named_path(r, "KTSTR_TEST_KERNEL", env_get(ENV_TEST_KERNEL), e);
	if (env_get(ENV_KERNEL))
		return use_named(r, env_get(ENV_KERNEL), e);
	if (n == 1)
		return use_named_path(r, list[0].raw, list[0].path, e);
	rc = use_newest(r, e);
	return rc ? rc : use_nearby(r, e);
}

/* --- schedulers --- */

static bool runnable(const char *path)
{
	return is_file(path) && access(path, X_OK) == 0;
}

/* "DIR/NAME" when it is a program, real path; caller frees. */
static char *program_in(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return runnable(path) ? real_path(path) : NULL;
}

/* Beside the test binary; cargo puts tests into deps/, programs above it. */
static char *beside_test(const char *name)
{
	auto_free char *dir = real_path("/proc/self/exe");
	char *slash = dir ? strrchr(dir, '/') : NULL, *found;

	if (!slash)
		return NULL;
	*slash = '\0';
	found = program_in(dir, name);
	if (found || !ends_with(dir, "/deps"))
		return found;
	*strrchr(dir, '/') = '\0';
	return program_in(dir, name);
}

static char *in_target(const char *name)
{
	const char *target = env_get(ENV_CARGO_TARGET_DIR);
	static const char *const profile[] = { "debug", "release" };

	for (size_t i = 0; i < ARRAY_SIZE(profile); i++) {
		auto_free char *dir = xasprintf("%s/%s", target ? target : "target", profile[i]);
		char *found = program_in(dir, name);

		if (found)
			return found;
	}
	return NULL;
}

static char *discover(const char *name)
{
	const char *given = env_get(ENV_SCHEDULER);
	char *found = NULL;

	if (given && path_exists(given))
		return real_path(given);
	if (env_get(ENV_CARGO_TEST_MODE))
		found = find_program(name);
	if (!found)
		found = beside_test(name);
	return found ? found : in_target(name);
}

int find_scheduler(const struct ktstr_scheduler *s, char **path, struct err *e)
{
	*path = NULL;
	if (s->binary_path) {
		if (!path_exists(s->binary_path))
			return err_set(e, "scheduler not found: %s", s->binary_path);
		*path = xstrdup(s->binary_path);
	} else if (s->binary) {
		*path = discover(s->binary);
		if (!*path)
			return err_set(e,
				       "scheduler '%s' not found. Set KTSTR_SCHEDULER or place it next to the test "
				       "binary or in target/{debug,release}/",
				       s->binary);
	}
	return 0;
}
