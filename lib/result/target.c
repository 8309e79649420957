/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"

/* The text of a TOML string without escapes, which paths have no use for; NULL
 * for anything else. */
static char *string_of(char *value)
{
	char quote = *value, *end = quote == '"' || quote == '\'' ? strchr(value + 1, quote) : NULL;

	if (!end || (quote == '"' && memchr(value, '\\', (size_t)(end - value))))
		return NULL;
	return xstrndup(value + 1, (size_t)(end - value - 1));
}

/* What is behind "key =", NULL when the line sets something else. */
static char *value_of(char *line, const char *key)
{
	char *eq = strchr(line, '=');

	if (!eq)
		return NULL;
	*eq = '\0';
	if (strcmp(trim(line), key) == 0)
		return trim(eq + 1);
	*eq = '=';
	return NULL;
}

static bool is_header(const char *line, const char *name)
{
	size_t n = strlen(name);

	line += 1 + strspn(line + 1, " \t");
	return strncmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == ']';
}

static char *build_target_dir(char *toml)
{
	const char *key = "build.target-dir";
	char *line, *value;

	while ((line = strsep(&toml, "\n"))) {
		line = trim(line);
		if (*line == '[')
			key = is_header(line, "build") ? "target-dir" : "";
		else if ((value = value_of(line, key)))
			return string_of(value);
	}
	return NULL;
}

/* A path in DIR/config.toml counts from the directory that holds DIR. */
static char *in_config(const char *dir)
{
	static const char *const names[] = { "config", "config.toml" };
	const char *slash = strrchr(dir, '/');

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);
		auto_free char *toml = is_file(path) ? file_text(path) : NULL;
		auto_free char *set = toml ? build_target_dir(toml) : NULL;

		if (set)
			return *set == '/' ? xstrdup(set) : xasprintf("%.*s/%s", (int)(slash - dir), dir, set);
	}
	return NULL;
}

static char *in_cargo_home(void)
{
	const char *cargo = env_get(ENV_CARGO_HOME), *home = env_get(ENV_HOME);
	auto_free char *dir = cargo ? xstrdup(cargo) : home ? xasprintf("%s/.cargo", home) : NULL;

	return dir && *dir == '/' ? in_config(dir) : NULL;
}

/* Cut a path to its parent: whether there was one. */
static bool go_up(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static char *configured(void)
{
	auto_free char *dir = real_path(".");
	char *set = NULL;

	while (dir && !set && *dir) {
		auto_free char *dot = xasprintf("%s/.cargo", dir);

		set = in_config(dot);
		go_up(dir);
	}
	return set ? set : in_cargo_home();
}

/* The nearest directory upwards that is a workspace root: cargo keeps
 * Cargo.lock there and nowhere else. */
static char *workspace_root(void)
{
	auto_free char *dir = real_path(".");

	while (dir && *dir) {
		auto_free char *toml = xasprintf("%s/Cargo.toml", dir);
		auto_free char *lock = xasprintf("%s/Cargo.lock", dir);

		if (is_file(toml) && is_file(lock))
			return xstrdup(dir);
		go_up(dir);
	}
	return NULL;
}

char *target_dir(void)
{
	const char *set = env_get(ENV_CARGO_TARGET_DIR);
	auto_free char *root = NULL;
	char *found;

	if (!set)
		set = env_get(ENV_CARGO_BUILD_TARGET_DIR);
	if (set)
		return xstrdup(set);
	found = configured();
	if (found)
		return found;
	root = workspace_root();
	return root ? xasprintf("%s/target", root) : xstrdup("target");
}
