/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/entry.h"

#include <string.h>
#include <time.h>

/* How long after a change another one may show the same time: a tick of the
 * clock, or two seconds where files have whole seconds only. */
#define YOUNG_NS       100000000
#define YOUNG_WHOLE_NS 2000000000

static int64_t ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static bool is_young(struct timespec t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return ns_of(now) - ns_of(t) < (t.tv_nsec ? YOUNG_NS : YOUNG_WHOLE_NS);
}

void entry_stat(struct entry *en, const struct stat *st)
{
	en->size = (uint64_t)st->st_size;
	en->ino = st->st_ino;
	en->mtime = ns_of(st->st_mtim);
	en->ctime = ns_of(st->st_ctim);
	en->young = is_young(st->st_mtim) || is_young(st->st_ctim);
}

bool entry_matches(const struct entry *en, const struct stat *st)
{
	return S_ISREG(st->st_mode) && en->size == (uint64_t)st->st_size && en->ino == st->st_ino &&
	       en->mtime == ns_of(st->st_mtim) && en->ctime == ns_of(st->st_ctim);
}

/* Against damage, not against intent; eight bytes a step. */
static uint64_t sum_of(const struct entry *en)
{
	const char *p = (const char *)en + sizeof(en->sum), *end = (const char *)en + entry_bytes(en);
	uint64_t h = 0x2d358dccaa6c78a5, v;

	for (; p < end; p += 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	return h;
}

void entry_add(struct str *out, struct entry en, const char *name, const char *text, size_t n)
{
	static const char zeroes[8];
	size_t from = out->len;

	en.name_n = (uint32_t)strlen(name);
	en.text_n = (uint32_t)n;
	str_addn(out, &en, sizeof(en));
	str_addn(out, name, en.name_n);
	str_addn(out, text, n);
	str_addn(out, zeroes, entry_bytes(&en) - (sizeof(en) + en.name_n + n));
	en.sum = sum_of((const struct entry *)(out->s + from));
	memcpy(out->s + from, &en.sum, sizeof(en.sum));
}

bool entry_intact(const struct entry *en)
{
	return en->sum == sum_of(en);
}
