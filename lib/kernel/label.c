/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/label.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "kernel/key.h"

/* "local-deadbee-x86_64-…": the first 6 of the segment behind "local-". */
static char *label_of_local(const char *segment)
{
	size_t n = strcspn(segment, "-");

	if (n == 0)
		return xstrdup("local");
	if (n == 7 && memcmp(segment, "unknown", 7) == 0)
		return xstrdup("local_unknown");
	return xasprintf("local_%.*s", n < 6 ? (int)n : 6, segment);
}

char *label_of_key(const char *key)
{
	static const char *const shapes[] = { "-tarball-", "-git-" };

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const char *at = strstr(key, shapes[i]);

		if (at)
			return key_unescape(key, (size_t)(at - key));
	}
	if (strcmp(key, "local") == 0)
		return xstrdup("local");
	if (starts_with(key, "local-"))
		return label_of_local(key + strlen("local-"));
	return xstrdup(key);
}

/* The last name of path in its first *n bytes, which are then cut before it. */
static char *last_name(const char *path, size_t *n)
{
	size_t end = *n, from;

	while (end && path[end - 1] == '/')
		end--;
	for (from = end; from && path[from - 1] != '/';)
		from--;
	*n = from;
	return xstrndup(path + from, end - from);
}

/* The part of a URL behind the host; of "host:path" the path. */
static const char *path_of_url(const char *url)
{
	const char *scheme = strstr(url, "://"), *slash, *colon;

	if (scheme) {
		slash = strchr(scheme + 3, '/');
		return slash ? slash : "";
	}
	slash = strchr(url, '/');
	colon = strchr(url, ':');
	return colon && (!slash || colon < slash) ? colon + 1 : url;
}

/* What separates labels in KTSTR_KERNEL_LIST is in none. */
static char *listable(char *label)
{
	for (char *p = label; (p = strpbrk(p, ";=")); p++)
		*p = '_';
	return label;
}

char *label_of_git(const char *url, const char *ref)
{
	const char *path = path_of_url(url);
	size_t n = strlen(path);
	auto_free char *repo = last_name(path, &n);
	auto_free char *owner = last_name(path, &n);

	if (ends_with(repo, ".git"))
		repo[strlen(repo) - 4] = '\0';
	if (starts_with(owner, "."))
		owner[0] = '\0';
	return listable(xasprintf("git_%s%s%s_%s", owner, *owner ? "_" : "", repo, ref));
}

/* "cfg", "kc", "lean", "tc" or "xkc" and 8 hex digits. */
static bool is_config_part(const char *s, size_t n)
{
	static const char *const names[] = { "cfg", "kc", "lean", "tc", "xkc" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (n == strlen(names[i]) + 8 && starts_with(s, names[i]) &&
		    strspn(s + strlen(names[i]), "0123456789abcdef") >= 8)
			return true;
	return false;
}

static bool has_part(const char *key, const char *part, size_t n)
{
	for (const char *p = key; *p; p += strcspn(p, "-"), p += *p == '-')
		if (strcspn(p, "-") == n && memcmp(p, part, n) == 0)
			return true;
	return false;
}

char *label_beside(const char *label, const char *key, const char *other)
{
	struct str out = { 0 };

	str_add(&out, label);
	for (const char *p = key; *p; p += strcspn(p, "-"), p += *p == '-') {
		size_t n = strcspn(p, "-");

		if (is_config_part(p, n) && !has_part(other, p, n))
			str_addf(&out, "_%.*s", (int)n, p);
	}
	return str_take(&out);
}

char *label_of_path(const char *canonical)
{
	const char *slash = strrchr(canonical, '/');
	const char *name = slash ? slash + 1 : canonical;
	uint32_t crc = crc32_bytes(0, canonical, strlen(canonical));

	return listable(xasprintf("path_%s_%06x", *name ? name : "kernel", crc & 0xffffff));
}

char *label_sanitize(const char *label)
{
	struct str out = { 0 };

	str_add(&out, "kernel_");
	for (; *label; label++) {
		unsigned char c = (unsigned char)*label;

		if (c < 0x80 && isalnum(c))
			str_addc(&out, (char)tolower(c));
		else if (out.s[out.len - 1] != '_')
			str_addc(&out, '_');
	}
	if (out.len > strlen("kernel_") && out.s[out.len - 1] == '_')
		out.s[--out.len] = '\0';
	return str_take(&out);
}
