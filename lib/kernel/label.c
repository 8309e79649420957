/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/label.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

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
			return xstrndup(key, (size_t)(at - key));
	}
	if (strcmp(key, "local") == 0)
		return xstrdup("local");
	if (starts_with(key, "local-"))
		return label_of_local(key + strlen("local-"));
	return xstrdup(key);
}

char *label_of_path(const char *canonical)
{
	const char *slash = strrchr(canonical, '/');
	const char *name = slash ? slash + 1 : canonical;
	uint32_t crc = crc32_bytes(0, canonical, strlen(canonical));

	return xasprintf("path_%s_%06x", *name ? name : "kernel", crc & 0xffffff);
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
