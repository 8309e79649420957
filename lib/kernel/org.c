/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/org.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"

bool org_is_rc(const char *version)
{
	return strstr(version, "-rc") != NULL;
}

static char *under(const char *host, const char *path)
{
	const char *base = env_get(ENV_KERNEL_ORG);
	size_t n;

	if (!base)
		return xasprintf("https://%s%s", host, path);
	for (n = strlen(base); n && base[n - 1] == '/';)
		n--;
	return xasprintf("%.*s%s", (int)n, base, path);
}

char *org_tarball_name(const char *version)
{
	return xasprintf("linux-%s.tar.%s", version, org_is_rc(version) ? "gz" : "xz");
}

static char *release_file(const char *version, const char *name)
{
	auto_free char *path = xasprintf("/pub/linux/kernel/v%.*s.x/%s", (int)strcspn(version, "."), version, name);

	return under("cdn.kernel.org", path);
}

char *org_tarball_url(const char *version)
{
	auto_free char *name = org_tarball_name(version);
	auto_free char *path = NULL;

	if (!org_is_rc(version))
		return release_file(version, name);
	path = xasprintf("/torvalds/t/%s", name);
	return under("git.kernel.org", path);
}

char *org_sums_url(const char *version)
{
	return release_file(version, "sha256sums.asc");
}

char *org_listing_url(const char *series)
{
	return release_file(series, "");
}

char *org_releases_url(void)
{
	return under("www.kernel.org", "/releases.json");
}

static bool sum_line(const char *line, size_t n, const char *name, char sum[65])
{
	size_t i;

	for (i = 0; i < 64; i++)
		if (i >= n || !isxdigit((unsigned char)line[i]))
			return false;
	if (i >= n || (line[i] != ' ' && line[i] != '\t'))
		return false;
	while (i < n && (line[i] == ' ' || line[i] == '\t' || line[i] == '*'))
		i++;
	while (n > i && isspace((unsigned char)line[n - 1]))
		n--;
	if (n - i != strlen(name) || memcmp(line + i, name, n - i) != 0)
		return false;
	for (i = 0; i < 64; i++)
		sum[i] = (char)tolower((unsigned char)line[i]);
	sum[64] = '\0';
	return true;
}

bool org_find_sum(const char *text, const char *name, char sum[65])
{
	while (*text && !starts_with(text, "-----BEGIN PGP SIGNATURE")) {
		size_t n = strcspn(text, "\n");

		if (sum_line(text, n, name, sum))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

/* The patch number in "linux-6.14.11.tar.xz" at p behind the series, 0 for
 * "linux-6.14.tar.xz"; -1 for other names. */
static long long patch_at(const char *p)
{
	size_t digits = *p == '.' ? strspn(p + 1, "0123456789") : 0;
	auto_free char *number = xstrndup(p + (digits > 0), digits);
	unsigned long long patch = 0;

	if (digits && parse_u64(number, &patch) < 0)
		return -1;
	p += digits ? digits + 1 : 0;
	if (!starts_with(p, ".tar.xz") || p[strlen(".tar.xz")] == '.' || patch > INT32_MAX)
		return -1;
	return (long long)patch;
}

char *org_newest_listed(const char *text, const char *series)
{
	auto_free char *name = xasprintf("linux-%s", series);
	long long best = -1;

	for (const char *p = strstr(text, name); p; p = strstr(p, name)) {
		long long patch;

		p += strlen(name);
		patch = patch_at(p);
		if (patch > best)
			best = patch;
	}
	if (best < 0)
		return NULL;
	return best ? xasprintf("%s.%lld", series, best) : xstrdup(series);
}
