/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/git_remote.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/str.h"
#include "json/read.h"
#include "source/git.h"

#define ABBREV 7 /* digits of a commit id that name one */

static bool is_local(const char *url)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

	/* host:path is ssh's unless a '/' comes first */
	return !strstr(url, "://") && (!colon || (slash && slash < colon));
}

char *git_url(const char *url, struct err *e)
{
	const char *home = env_get(ENV_HOME);
	auto_free char *path = NULL;
	char *full;

	if (url[0] == '-') {
		err_set(e, "%s is no URL of a git repository", url);
		return NULL;
	}
	if (!is_local(url))
		return xstrdup(url);
	path = home && starts_with(url, "~/") ? xasprintf("%s%s", home, url + 1) : xstrdup(url);
	full = real_path(path);
	if (!full) {
		err_sys(e, "git repository %s", url);
		err_hint(e, "a git source is a URL, host:path or the path of a repository");
	}
	return full;
}

char *git_url_public(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *from = scheme ? scheme + 3 : url;
	size_t host = strcspn(from, "/");
	const char *at = memrchr(from, '@', host);
	const char *colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;

	if (!scheme || !colon)
		return xstrdup(url);
	return xasprintf("%.*s%s", (int)(colon - url), url, at);
}

/* git's rules for names of refs (git-check-ref-format), which also leave out
 * everything that would be an expression over them. */
static const char *fault_of(const char *ref)
{
	static const char *const never[] = { "..", "@{", "//", "/.", ".lock/", NULL };

	if (!utf8_valid(ref, strlen(ref)))
		return "it is not valid UTF-8";
	for (const char *p = ref; *p; p++)
		if ((unsigned char)*p < 0x21 || *p == 0x7f)
			return "it holds a blank or a control character";
	if (strpbrk(ref, "~^:?*[\\"))
		return "it is an expression; give a name or a commit id";
	for (size_t i = 0; never[i]; i++)
		if (strstr(ref, never[i]))
			return "names of refs do not look like this";
	if (strchr("-/.", ref[0]) || ends_with(ref, "/") || ends_with(ref, ".") || ends_with(ref, ".lock"))
		return "names of refs do not look like this";
	return strlen(ref) > 1000 ? "it is too long" : NULL;
}

int git_ref_check(const char *ref, struct err *e)
{
	const char *fault = fault_of(ref);

	return fault ? err_set(e, "%s cannot be a branch, a tag or a commit: %s", ref, fault) : 0;
}

static bool is_id(const char *s, size_t least)
{
	size_t n = strlen(s);

	return n >= least && n <= 64 && s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

static bool is_full_id(const char *s)
{
	size_t n = strlen(s);

	return is_id(s, 40) && (n == 40 || n == 64);
}

/* The listing of one repository, "ID\tNAME" a line. */
struct listing {
	char *url, *text;
	struct listing *next;
};

static int list(const char *url, const char **text, struct err *e)
{
	static struct listing *known;
	const char *const words[] = { "ls-remote", "--quiet", "--", url, NULL };
	struct git g = { .words = words };
	struct str out = { 0 };
	struct listing *l;

	for (l = known; l; l = l->next)
		if (strcmp(l->url, url) == 0) {
			*text = l->text;
			return 0;
		}
	if (git_check("git sources are read by git", e) < 0)
		return -1;
	if (git_run(&g, &out, e) < 0) {
		auto_free char *shown = git_url_public(url);

		str_release(&out);
		err_wrap(e, "list the refs of %s", shown);
		return err_hint(e, env_get(ENV_OFFLINE) ? "run once without KTSTR_OFFLINE"
							: "check the URL, the network and the rights to read it");
	}
	l = xcalloc(1, sizeof(*l));
	*l = (struct listing){ .url = xstrdup(url), .text = str_take(&out), .next = known };
	known = l;
	*text = l->text;
	return 0;
}

/* The line of that ref, peeled if it is an annotated tag: its id, caller frees. */
static char *id_of(const char *text, const char *name)
{
	size_t n = strlen(name);
	char *id = NULL;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), digits = strcspn(line, "\t\n");
		const char *is = line + digits + 1;
		size_t is_n = digits < len ? len - digits - 1 : 0;
		bool peeled = is_n == n + 3 && memcmp(is + n, "^{}", 3) == 0;

		if ((is_n == n || peeled) && memcmp(is, name, n) == 0) {
			free(id);
			id = xstrndup(line, digits);
		}
		line += len + (line[len] == '\n');
	}
	return id;
}

/* Where git itself looks for a name, in its order. */
static const char *const places[] = { "%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s" };

static void find_name(const char *text, const char *ref, struct git_tip *t)
{
	bool whole = starts_with(ref, "refs/") || strcmp(ref, "HEAD") == 0;

	for (size_t i = whole ? 0 : 1; i < ARRAY_SIZE(places) && !t->commit; i++) {
		free(t->refname);
		t->refname = xasprintf(places[i], ref);
		t->commit = id_of(text, t->refname);
	}
	if (!t->commit)
		git_tip_release(t);
}

/* A tag that has the name of a branch elsewhere is no answer. */
static int check_unique(const char *text, const char *ref, const struct git_tip *t, struct err *e)
{
	auto_free char *branch = xasprintf("refs/heads/%s", ref);
	auto_free char *id = id_of(text, branch);

	if (!id || !starts_with(t->refname, "refs/tags/") || strcmp(id, t->commit) == 0)
		return 0;
	err_set(e, "%s is a branch and a tag, of different commits", ref);
	return err_hint(e, "write heads/%s or tags/%s", ref, ref);
}

/* The tip that begins with the id; what was given stays when there is none. */
static void find_tip(const char *text, struct git_tip *t)
{
	size_t n = strlen(t->commit);

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), digits = strcspn(line, "\t\n");
		const char *next = line + len + (line[len] == '\n');
		size_t next_id = strcspn(next, "\t\n");
		/* of an annotated tag only the second line is a commit */
		bool tag = len > digits && strncmp(next + next_id, line + digits, len - digits) == 0 &&
			   strncmp(next + next_id + len - digits, "^{}", 3) == 0;

		if (digits > n && memcmp(line, t->commit, n) == 0 && !tag) {
			free(t->commit);
			t->commit = xstrndup(line, digits);
			return;
		}
		line = next;
	}
}

static char *lower(const char *s)
{
	char *out = xstrdup(s);

	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

int git_resolve(const char *url, const char *ref, struct git_tip *t, struct err *e)
{
	const char *text = NULL;

	*t = (struct git_tip){ 0 };
	if (git_ref_check(ref, e) < 0)
		return -1;
	if (is_full_id(ref)) {
		t->commit = lower(ref);
		return 0;
	}
	if (list(url, &text, e) < 0)
		return -1;
	find_name(text, ref, t);
	if (t->commit)
		return check_unique(text, ref, t, e);
	if (is_id(ref, ABBREV)) {
		t->commit = lower(ref);
		find_tip(text, t);
		return 0;
	}
	err_set(e, "no branch, tag or commit %s", ref);
	return err_hint(e, "%s; `git ls-remote` lists what is there",
			is_id(ref, 1) ? "a commit id needs 7 digits or more" : "check the name");
}

void git_tip_release(struct git_tip *t)
{
	free(t->refname);
	free(t->commit);
	*t = (struct git_tip){ 0 };
}
