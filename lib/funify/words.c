/* SPDX-License-Identifier: GPL-2.0-only */
#include "funify/words.h"

#include <string.h>

#include "base/str.h"

/* The lists are part of the program, so that one program gives one seed the
 * same names wherever it is installed. */
#define LIST(name)                                     \
	__asm__(".pushsection .rodata\n"               \
		"funify_" #name ":\n"                  \
		".incbin \"share/funify/" #name "\"\n" \
		".byte 0\n"                            \
		".popsection\n");                      \
	extern const char name##_text[] __asm__("funify_" #name)

LIST(adjectives);
LIST(animals);
LIST(keys);

#define WORD_MAX 48

static char adjectives[256][16], animals[256][16];

/* A rule of share/funify/keys, found by the word. */
struct rule {
	char word[WORD_MAX];
	unsigned char len;
	signed char class; /* -1: only a field's name */
};

struct rules {
	struct rule v[1024]; /* open addressing */
	unsigned n;
};
static struct rules whole, suffixes;

static unsigned hash(const char *s, size_t n)
{
	unsigned h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h ^ h >> 15;
}

static struct rule *slot(struct rules *r, const char *word, size_t len)
{
	unsigned at = hash(word, len) % ARRAY_SIZE(r->v);

	while (r->v[at].len && (r->v[at].len != len || memcmp(r->v[at].word, word, len) != 0))
		at = (at + 1) % ARRAY_SIZE(r->v);
	return &r->v[at];
}

static void add(struct rules *r, const char *word, size_t len, int class)
{
	struct rule *at = slot(r, word, len);

	if (len >= WORD_MAX || r->n >= ARRAY_SIZE(r->v) / 2)
		die("share/funify/keys: no room for %.*s", (int)len, word);
	r->n += !at->len;
	memcpy(at->word, word, len);
	at->len = (unsigned char)len;
	at->class = (signed char)class;
}

/* Call fn for each word of a list; lines that begin with '#' are comments. */
static void each_word(const char *text, void (*fn)(const char *word, size_t len))
{
	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		size_t n = strcspn(text, *text == '#' ? "\n" : " \t\n");

		if (*text != '#')
			fn(text, n);
		text += n;
	}
}

static void fill_list(char list[256][16], const char *word, size_t len, size_t *n)
{
	if (*n < 256 && len < 16)
		memcpy(list[(*n)++], word, len);
}

static void add_adjective(const char *word, size_t len)
{
	static size_t n;

	fill_list(adjectives, word, len, &n);
}

static void add_animal(const char *word, size_t len)
{
	static size_t n;

	fill_list(animals, word, len, &n);
}

/* "pass:", "id32:", "field:" say what the words behind them are; "*_ns" is a
 * suffix. */
static void add_key(const char *word, size_t len)
{
	static int class = -1;

	if (word[len - 1] == ':')
		class = *word == 'p' ? KEY_PASS : *word == 'i' ? KEY_ID32 : -1;
	else if (*word == '*')
		add(&suffixes, word + 1, len - 1, class);
	else
		add(&whole, word, len, class);
}

void words_load(void)
{
	each_word(adjectives_text, add_adjective);
	each_word(animals_text, add_animal);
	each_word(keys_text, add_key);
}

const char *words_adjective(unsigned i)
{
	return adjectives[i];
}

const char *words_animal(unsigned i)
{
	return animals[i];
}

/* The rule for a key: of its whole, else of a suffix; NULL when there is none.
 * A pass rule goes before others. */
static const struct rule *rule_of(const char *key, size_t len)
{
	char low[WORD_MAX] = "";
	size_t n = len < sizeof(low) ? len : sizeof(low);
	const struct rule *found = NULL, *r;

	for (size_t i = 0; i < n; i++) {
		low[i] = key[len - n + i];
		if (low[i] >= 'A' && low[i] <= 'Z')
			low[i] = "abcdefghijklmnopqrstuvwxyz"[low[i] - 'A'];
	}
	if (len < sizeof(low) && (r = slot(&whole, low, n))->len)
		found = r;
	for (size_t i = n; i-- > 0 && !(found && found->class == KEY_PASS);)
		if (low[i] == '_' && (r = slot(&suffixes, low + i, n - i))->len && (!found || r->class == KEY_PASS))
			found = r;
	return found;
}

enum key_class key_class(const char *key, size_t len)
{
	const struct rule *r = rule_of(key, len);

	return r && r->class > 0 ? (enum key_class)r->class : KEY_OTHER;
}

bool key_is_field(const char *key, size_t len)
{
	return rule_of(key, len);
}
