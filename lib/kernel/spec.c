/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/str.h"
#include "kernel/version.h"

/* The '@' of "https://host/repo.git@main", as pip writes it; else NULL. */
static const char *ref_behind_at(const char *url)
{
	const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
	const char *at = path ? strrchr(path, '@') : NULL;

	return at && at[1] && !strchr(at, '/') ? at : NULL;
}

static int parse_git(struct spec *s, struct err *e)
{
	const char *url = s->text + strlen("git+");
	const char *hash = strrchr(url, '#'), *at = ref_behind_at(url);

	if (hash && hash > url && hash[1]) {
		s->kind = SPEC_GIT;
		s->url = xstrndup(url, (size_t)(hash - url));
		s->ref = xstrdup(hash + 1);
		return 0;
	}
	err_set(e, "--kernel %s: a git source needs a URL and a ref: git+URL#REF", s->text);
	if (!*url || hash == url)
		return err_hint(e, "put the URL or path of a repository in front of the '#'");
	if (!hash && at)
		return err_hint(e, "the ref stands behind a '#': git+%.*s#%s", (int)(at - url), url, at + 1);
	err_hint(e, "add the branch, tag or commit behind a '#': git+%.*s#REF",
		 (int)(hash ? hash - url : (long)strlen(url)), url);
	return -1;
}

/* 1: a range, 0: not one, -1: one that runs backwards. */
static int parse_range(struct spec *s, const char *sep, struct err *e)
{
	const char *at = strstr(s->text, sep), *end;
	struct version a, b;

	if (!at)
		return 0;
	end = at + strlen(sep);
	if (version_parse(s->text, (size_t)(at - s->text), &a) < 0 || version_parse(end, strlen(end), &b) < 0)
		return 0;
	s->kind = SPEC_RANGE;
	s->start = xstrndup(s->text, (size_t)(at - s->text));
	s->end = xstrdup(end);
	if (version_cmp(&a, &b) <= 0)
		return 1;
	return err_set(e,
		       "--kernel %s: inverted kernel range `%s`: %s is newer than %s; a range is written START..END "
		       "with the older version first: `%s%s%s`",
		       s->text, s->text, s->start, s->end, s->end, sep, s->start);
}

static char *expand_home(const char *text)
{
	const char *home = env_get(ENV_HOME);

	if (!home || text[0] != '~' || (text[1] && text[1] != '/'))
		return xstrdup(text);
	if (!text[1])
		return xstrdup(home);
	text += 1 + strspn(text + 1, "/");
	return xasprintf("%s%s%s", home, ends_with(home, "/") ? "" : "/", text);
}

int spec_parse(const char *text, struct spec *s, struct err *e)
{
	struct version v;
	int rc;

	*s = (struct spec){ .kind = SPEC_KEY, .text = xstrdup(text) };
	if (starts_with(text, "git+"))
		return parse_git(s, e);
	rc = parse_range(s, "..=", e);
	if (rc == 0)
		rc = parse_range(s, "..", e);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (strchr(text, '/') || text[0] == '.' || text[0] == '~') {
		s->kind = SPEC_PATH;
		s->path = expand_home(text);
	} else if (version_parse(text, strlen(text), &v) == 0) {
		s->kind = SPEC_VERSION;
	}
	return 0;
}

void spec_release(struct spec *s)
{
	free(s->text);
	free(s->path);
	free(s->url);
	free(s->ref);
	free(s->start);
	free(s->end);
	*s = (struct spec){ 0 };
}

bool spec_is_range(const char *text)
{
	struct spec s;
	struct err ignored;
	bool is;

	spec_parse(text, &s, &ignored);
	is = s.kind == SPEC_RANGE;
	spec_release(&s);
	return is;
}

static bool is_version(const char *s, size_t n)
{
	struct version v;

	return version_parse(s, n, &v) == 0;
}

/* "6.12.5" of "linux-6.12.5", "6.12" of "6.12.x" and "6.12."; else NULL. */
static char *numbers_of(const char *text)
{
	const char *from = starts_with(text, "linux-") ? text + strlen("linux-") : text;
	size_t n = strlen(from);

	if (ends_with(from, ".x") || ends_with(from, ".*"))
		n -= 2;
	else if (ends_with(from, "."))
		n--;
	return is_version(from, n) ? xstrndup(from, n) : NULL;
}

char *spec_near_miss(const char *text)
{
	auto_free char *numbers = numbers_of(text);
	const char *dots = strstr(text, ".."), *dash = strchr(text, '-');

	if (text[0] == 'v' && is_version(text + 1, strlen(text + 1)))
		return xasprintf("a version is written without the 'v': %s", text + 1);
	if (strchr(text, ','))
		return xstrdup("give --kernel once for each kernel instead of a list with commas");
	if (dots)
		return xstrdup("a range is written START..END with two versions, as in 6.12..6.14");
	if (dash && is_version(text, (size_t)(dash - text)) && is_version(dash + 1, strlen(dash + 1)))
		return xasprintf("a range is written START..END: %.*s..%s", (int)(dash - text), text, dash + 1);
	if (path_exists(text))
		return xasprintf("a path needs a '/': ./%s", text);
	if (numbers)
		return xasprintf("a version, or a series of them, is numbers alone: %s", numbers);
	if (isdigit((unsigned char)text[0]) && ends_with(text, "-rc"))
		return xasprintf("a release candidate has a number: %s1", text);
	if (text[strspn(text, "0123456789")] == '\0')
		return xasprintf("a version has at least two numbers, as in %s.1.2", text);
	if (strcmp(text, "latest") == 0 || strcmp(text, "stable") == 0)
		return xstrdup("`cargo ktstr kernel build` without a version takes the newest stable release");
	return NULL;
}
