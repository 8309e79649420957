/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *xrealloc(void *p, size_t n)
{
	void *grown = realloc(p, n ? n : 1);

	if (!grown)
		die("out of memory");
	return grown;
}

void *xmalloc(size_t n)
{
	return xrealloc(NULL, n);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die("out of memory");
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xasprintf(const char *fmt, ...)
{
	struct str b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&b, fmt, ap);
	va_end(ap);
	return str_take(&b);
}

char *str_room(struct str *b, size_t n)
{
	if (b->len + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		while (cap < b->len + n + 1)
			cap *= 2;
		b->s = xrealloc(b->s, cap);
		b->cap = cap;
	}
	return b->s + b->len;
}

void str_vaddf(struct str *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		die("bad format: %s", fmt);
	vsnprintf(str_room(b, (size_t)n), (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void str_addf(struct str *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(b, fmt, ap);
	va_end(ap);
}

void str_clear(struct str *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

void str_release(struct str *b)
{
	free(b->s);
	*b = (struct str){ 0 };
}

const char *str_c(const struct str *b)
{
	return b->s ? b->s : "";
}

char *str_take(struct str *b)
{
	char *s = b->s ? b->s : xstrdup("");

	*b = (struct str){ 0 };
	return s;
}

void strv_give(struct strv *l, char *s)
{
	GROW(l->v, l->n + 1, l->cap);
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strv_add(struct strv *l, const char *s)
{
	strv_give(l, xstrdup(s));
}

void strv_addf(struct strv *l, const char *fmt, ...)
{
	struct str b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&b, fmt, ap);
	va_end(ap);
	strv_give(l, str_take(&b));
}

void strv_addv(struct strv *l, char *const *v)
{
	for (; v && *v; v++)
		strv_add(l, *v);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_bytes);
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void strv_release(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n\v\f");
	n = strlen(s);
	while (n && strchr(" \t\r\n\v\f", s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

void hide_controls(char *s, const char *but)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 || *s == 0x7f) && !strchr(but, *s))
			*s = '?';
}

int parse_u64(const char *s, unsigned long long *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	*out = strtoull(s, &end, 10);
	return *end || errno ? -1 : 0;
}

static const struct {
	const char *names;
	long double ns;
} units[] = {
	{ "ns nsec nanos", 1 },
	{ "us usec \xc2\xb5s micros", 1e3 },
	{ "ms msec millis", 1e6 },
	{ "s sec secs second seconds", 1e9 },
	{ "m min mins minute minutes", 60e9 },
	{ "h hr hrs hour hours", 3600e9 },
	{ "d day days", 86400e9 },
	{ "w wk wks week weeks", 604800e9 },
	{ "M month months", 2630016e9 },
	{ "y yr yrs year years", 31557600e9 },
};

static long double unit_ns(const char *u, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		for (const char *p = units[i].names; *p;) {
			size_t len = strcspn(p, " ");

			if (len == n && memcmp(p, u, n) == 0)
				return units[i].ns;
			p += len + (p[len] == ' ');
		}
	return 0;
}

int parse_duration(const char *s, unsigned long long *ns)
{
	long double total = 0;
	bool any = false;

	if (strcmp(s, "0") == 0) {
		*ns = 0;
		return 0;
	}
	while (*(s += strspn(s, " "))) {
		size_t digits = strspn(s, "0123456789.");
		char *end;
		long double v, u;
		size_t n;

		if (!digits || *s == '.')
			return -1;
		v = strtold(s, &end);
		if (end != s + digits)
			return -1;
		s = end + strspn(end, " ");
		n = strcspn(s, " .0123456789");
		u = unit_ns(s, n);
		if (u <= 0)
			return -1;
		total += v * u;
		s += n;
		any = true;
	}
	if (!any || total >= 18446744073709551615.0L)
		return -1;
	*ns = (unsigned long long)(total + 0.5L);
	return 0;
}

int duration_ms(unsigned long long ns)
{
	unsigned long long ms = ns / 1000000 + (ns % 1000000 != 0);

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), d;
	size_t *row = xmalloc((m + 1) * sizeof(*row));

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diag = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t up = row[j];
			size_t best = diag + (a[i - 1] != b[j - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diag = up;
		}
	}
	d = row[m];
	free(row);
	return d;
}

const char *suggest(const char *word, const char *const *candidates)
{
	size_t limit = strlen(word) / 3, best;
	const char *found = NULL;

	best = (limit < 2 ? 2 : limit) + 1;
	for (; *candidates; candidates++) {
		size_t d = edit_distance(word, *candidates);

		if (d < best && d < strlen(*candidates)) {
			best = d;
			found = *candidates;
		}
	}
	return found;
}

void free_ptr(void *p)
{
	free(*(void **)p);
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
