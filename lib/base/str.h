/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings, lists of strings and scope cleanup.
 *
 * A struct str owns its bytes; s is NULL until something is added and is
 * NUL-terminated from then on. Running out of memory ends the program.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"

struct str {
	char *s;
	size_t len, cap;
};

static inline void str_add(struct str *b, const char *s);
static inline void str_addn(struct str *b, const void *p, size_t n);
static inline void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) PRINTF(2, 3);
void str_vaddf(struct str *b, const char *fmt, va_list ap) PRINTF(2, 0);
/* Room for n more bytes; returns where they go. The caller adds to len. */
char *str_room(struct str *b, size_t n);
/* Length back to 0, memory kept. */
void str_clear(struct str *b);
void str_release(struct str *b);
/* The text, "" when nothing was added. Still owned by b. */
const char *str_c(const struct str *b);
/* Hand the text (never NULL) to the caller, who frees it; b is empty then. */
char *str_take(struct str *b);

/* In the header since rows are made of a hundred small pieces each. */
static inline void str_addn(struct str *b, const void *p, size_t n)
{
	char *to = b->cap - b->len > n ? b->s + b->len : str_room(b, n);

	if (n)
		memcpy(to, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

static inline void str_add(struct str *b, const char *s)
{
	str_addn(b, s, strlen(s));
}

static inline void str_addc(struct str *b, char c)
{
	str_addn(b, &c, 1);
}

/* A NULL-terminated list of owned strings: an argv. */
struct strv {
	char **v; /* NULL until something is added */
	size_t n, cap;
};

void strv_add(struct strv *l, const char *s);
void strv_addf(struct strv *l, const char *fmt, ...) PRINTF(2, 3);
/* Add s itself; the list owns it from now on. */
void strv_give(struct strv *l, char *s);
void strv_addv(struct strv *l, char *const *v);
void strv_sort(struct strv *l);
bool strv_has(const struct strv *l, const char *s);
void strv_release(struct strv *l);

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

/* Grow an array so that index n fits: GROW(list, n, cap). */
#define GROW(p, n, cap)                                            \
	do {                                                       \
		if ((n) >= (cap)) {                                \
			(cap) = (cap) ? (cap) * 2 : 8;             \
			(p) = xrealloc((p), (cap) * sizeof(*(p))); \
		}                                                  \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);
/* Cut blanks and line ends off both sides in place; returns the start. */
char *trim(char *s);
/* Show control bytes as '?', those in but excepted: names come from files of
 * others, and none of it is to steer the terminal. In place. */
void hide_controls(char *s, const char *but);
/* A whole decimal number, no sign, no blanks: 0, or -1 when s is not one. */
int parse_u64(const char *s, unsigned long long *out);
/* Parse "100ms", "1s", "1.5h", "1h 30m" (the humantime grammar) to
 * nanoseconds: 0, or -1 when s is no duration. */
int parse_duration(const char *s, unsigned long long *ns);
/* Nanoseconds in ms, for poll and the like: something stays more than 0, and
 * what is longer than an int of ms (24 days) is that long. */
int duration_ms(unsigned long long ns);
/* Number of edits between two words (Levenshtein). */
size_t edit_distance(const char *a, const char *b);
/* The candidate nearest to word within max(2, len/3) edits, else NULL; the
 * list ends with NULL. */
const char *suggest(const char *word, const char *const *candidates);

void free_ptr(void *p);
/* Close it unless it is -1, which it is afterwards. */
void close_fd(int *fd);
#define auto_free __attribute__((cleanup(free_ptr)))
#define auto_str  __attribute__((cleanup(str_release)))
#define auto_strv __attribute__((cleanup(strv_release)))
#define auto_fd   __attribute__((cleanup(close_fd)))

#endif
