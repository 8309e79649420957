/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/version.h"

#include <string.h>

static int number(const char **p, const char *end, uint64_t *out)
{
	const char *from = *p;
	uint64_t v = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; ++*p)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(**p - '0'), &v))
			return -1;
	*out = v;
	return *p == from ? -1 : 0;
}

static bool eat(const char **p, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

int version_parse(const char *s, size_t n, struct version *v)
{
	const char *p = s, *end = s + n;

	*v = (struct version){ .rc = UINT64_MAX };
	if (number(&p, end, &v->major) < 0 || !eat(&p, end, ".") || number(&p, end, &v->minor) < 0)
		return -1;
	if (eat(&p, end, ".")) {
		v->has_patch = true;
		if (number(&p, end, &v->patch) < 0)
			return -1;
	}
	if (eat(&p, end, "-rc") && number(&p, end, &v->rc) < 0)
		return -1;
	return p == end ? 0 : -1;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int version_cmp(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return order(a->major, b->major);
	if (a->minor != b->minor)
		return order(a->minor, b->minor);
	if (a->patch != b->patch)
		return order(a->patch, b->patch);
	return order(a->rc, b->rc);
}

int series_parse(const char *text, struct series *s)
{
	const char *p = text, *end = text + strlen(text);

	*s = (struct series){ 0 };
	if (number(&p, end, &s->major) < 0)
		return -1;
	s->has_minor = eat(&p, end, ".");
	if (s->has_minor && number(&p, end, &s->minor) < 0)
		return -1;
	return p == end ? 0 : -1;
}

bool series_has(const struct series *s, const struct version *v)
{
	return v->major == s->major && (!s->has_minor || v->minor == s->minor);
}
