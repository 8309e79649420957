/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/org.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "kernel/version.h"

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

/* Releases before 3.0 have a directory for two numbers, later ones for one. */
static char *release_dir(const char *version)
{
	int major = (int)strcspn(version, ".");
	int minor = version[major] ? (int)strspn(version + major + 1, "0123456789") : 0;

	if (major != 1 || version[0] > '2')
		return xasprintf("v%.*s.x", major, version);
	return minor ? xasprintf("v%.*s", major + 1 + minor, version) : xstrdup("v2.6");
}

static char *release_file(const char *version, const char *name)
{
	auto_free char *dir = release_dir(version);
	auto_free char *path = xasprintf("/pub/linux/kernel/%s/%s", dir, name);

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

/* "6.14.11" of "linux-6.14.11.tar.xz", p behind the dash; NULL for other names. */
static char *listed_version(const char *p, struct version *v)
{
	static const char suffix[] = "tar.xz";
	size_t n = strspn(p, "0123456789.");

	if (!n || p[n - 1] != '.' || !starts_with(p + n, suffix) || p[n + strlen(suffix)] == '.' ||
	    version_parse(p, n - 1, v) < 0)
		return NULL;
	return xstrndup(p, n - 1);
}

char *org_newest_listed(const char *text, const char *series)
{
	struct version v, best_v = { 0 };
	struct series want;
	char *best = NULL;

	if (series_parse(series, &want) < 0)
		return NULL;
	for (const char *p = strstr(text, "linux-"); p; p = strstr(p, "linux-")) {
		char *version = listed_version(p += strlen("linux-"), &v);

		if (version && series_has(&want, &v) && (!best || version_cmp(&v, &best_v) > 0)) {
			free(best);
			best = version;
			best_v = v;
		} else {
			free(version);
		}
	}
	return best;
}
