/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects with a known schema: one table of fields reads, writes and frees
 * them, so a format is spelled once. Keys are written in the table's order;
 * when reading, any order is good and unknown keys are skipped, or kept when
 * the shape has a place for them.
 */
#ifndef JSON_SHAPE_H
#define JSON_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "json/read.h"
#include "json/write.h"

enum shape_kind {
	SHAPE_STR,     /* char *, owned */
	SHAPE_BOOL,    /* bool */
	SHAPE_U64,     /* uint64_t */
	SHAPE_U32,     /* uint32_t */
	SHAPE_I64,     /* int64_t */
	SHAPE_I32,     /* int32_t */
	SHAPE_F64,     /* double */
	SHAPE_OPT_U64, /* struct opt_u64 */
	SHAPE_RAW,     /* char *, the JSON text of any value, owned */
	SHAPE_STRS,    /* struct strv */
	SHAPE_OBJECT,  /* the struct itself */
	SHAPE_PTR,     /* pointer to the struct, owned; NULL for none */
	SHAPE_LIST,    /* struct shape_list of structs */
	SHAPE_CUSTOM,  /* what the field's codec makes of it */
};

/* What a missing key or a null means. */
enum shape_absent {
	SHAPE_NEEDED, /* an error */
	SHAPE_NULL,   /* none; written as null */
	SHAPE_OMIT,   /* none; not written */
	SHAPE_EMPTY,  /* missing: empty; null: an error; always written */
};

struct opt_u64 {
	uint64_t v;
	bool set;
};

struct shape_list {
	void *v;
	size_t n, cap;
	bool set; /* the key was there: tells an empty list from none */
};

/* How values that are no plain kind are read, written and freed. */
struct shape_codec {
	void (*read)(struct jr *r, void *at);
	void (*write)(struct jw *w, const void *at);
	void (*release)(void *at);
	bool (*is_none)(const void *at); /* for SHAPE_OMIT */
	void (*check)(struct jr *r);     /* read, keep nothing */
};

struct shape_field {
	const char *name;
	enum shape_kind kind;
	size_t at; /* offset in the struct */
	enum shape_absent absent;
	const struct shape *of;          /* OBJECT, PTR, LIST */
	const struct shape_codec *codec; /* CUSTOM */
	const char *const *choices;      /* STR: allowed words, NULL-terminated */
	unsigned part;                   /* number for shape_check, from 1 */
	unsigned name_n;                 /* length of the name; 0: the key is looked up the slow way */
};

struct shape {
	size_t size;
	const struct shape_field *fields; /* at most 64; the last has no name */
	bool keeps_rest;
	size_t rest;                     /* struct strv: key, JSON text, key, … of unknown members */
	const struct shape_codec *codec; /* the whole value, instead of fields */
};

#define FIELD(type, member, k, ...) \
	{ .name = #member, .name_n = sizeof(#member) - 1, .kind = (k), .at = offsetof(type, member), ##__VA_ARGS__ }

/*
 * Fill the zeroed struct obj from the reader's next value. Strict: a missing
 * needed key, a known key given twice, a wrong kind make the reader fail
 * ("missing field `x`"). Lax, for what other programs send: whatever is
 * missing or null is left zero, and a null in a map of numbers left out. Release
 * obj in either case.
 */
enum shape_mode { SHAPE_STRICT, SHAPE_LAX };
void shape_read(struct jr *r, const struct shape *s, void *obj, enum shape_mode mode);
void shape_write(struct jw *w, const struct shape *s, const void *obj);

/*
 * Read the next value as strictly and keep nothing of it but the texts of the
 * fields that have a part number: parts[number], a slice of the reader's
 * buffer; those that are not there stay as they were. Values inside lists are
 * checked, and no parts. Much faster than shape_read, and fails alike.
 */
void shape_check(struct jr *r, const struct shape *s, struct slice *parts);

/* The number of a key's row, or -1; next is where it probably is. */
int shape_row(const struct shape *s, const struct jkey *k, int next);

void shape_release(const struct shape *s, void *obj);

/* Write one JSON value again in the writer's layout; text as it came. */
void json_copy(struct jw *w, struct slice raw);

/* A member's name, decoded; caller frees. */
char *key_text(const struct jkey *k);

/* Maps with string keys, for codecs; members stay in the order they came. */
struct map_f64 {
	struct {
		char *key;
		double v;
	} *v;
	size_t n, cap;
};
struct map_u64 {
	struct {
		char *key;
		uint64_t v;
	} *v;
	size_t n, cap;
};
struct map_str {
	struct strv kv; /* key, value, key, … */
	bool set;       /* there at all, even if empty */
};
extern const struct shape_codec codec_map_f64, codec_map_u64, codec_map_str;
void map_f64_put(struct map_f64 *m, const char *key, double v);
/* The value, or 0 when the key is not there. */
uint64_t map_u64_get(const struct map_u64 *m, const char *key);
const char *map_str_get(const struct map_str *m, const char *key);

#endif
