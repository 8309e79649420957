/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/org.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "json/read.h"

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

struct release {
	char *moniker, *version;
};

static bool read_release(struct jr *r, struct release *row)
{
	struct jkey k;

	*row = (struct release){ 0 };
	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "moniker") && !row->moniker)
			row->moniker = jr_str_or_null(r);
		else if (key_is(&k, "version") && !row->version)
			row->version = jr_str_or_null(r);
		else
			jr_skip(r);
	return row->moniker && row->version;
}

/* The patch number of "6.12.9" in series "6.12", 0 for "6.12"; -1 for others. */
static long long patch_in(const char *version, const char *series, size_t series_n)
{
	unsigned long long patch;

	if (strncmp(version, series, series_n) != 0)
		return -1;
	if (!version[series_n])
		return 0;
	if (version[series_n] != '.' || parse_u64(version + series_n + 1, &patch) < 0)
		return -1;
	return (long long)patch;
}

static void consider(const struct release *row, const char *version, size_t series_n, char **best)
{
	long long patch = patch_in(row->version, version, series_n);

	if (patch < 0 || strcmp(row->moniker, "linux-next") == 0 || strcmp(row->version, version) == 0)
		return;
	if (*best && patch_in(*best, version, series_n) >= patch)
		return;
	free(*best);
	*best = xstrdup(row->version);
}

char *org_newest_of_series(const char *json, size_t n, const char *version)
{
	const char *dot = strchr(version, '.');
	size_t series_n = dot ? (size_t)(dot - version) + 1 + strspn(dot + 1, "0123456789") : strlen(version);
	char *best = NULL;
	struct err ignored;
	struct jkey k;
	struct jr r;

	jr_init(&r, json, n);
	for (jr_object(&r); jr_key(&r, &k);) {
		if (!key_is(&k, "releases")) {
			jr_skip(&r);
			continue;
		}
		for (jr_array(&r); jr_item(&r);) {
			struct release row;

			if (read_release(&r, &row))
				consider(&row, version, series_n, &best);
			free(row.moniker);
			free(row.version);
		}
	}
	if (jr_end(&r, &ignored) < 0) {
		free(best);
		return NULL;
	}
	return best;
}
