/* SPDX-License-Identifier: GPL-2.0-only */
/* The file's format: gitformat-index(5). All numbers are big-endian. */
#include "source/git_index.h"

#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAG_ASSUME_VALID 0x8000
#define FLAG_EXTENDED     0x4000
#define FLAG_STAGE        0x3000

/* Offsets in an entry; the object id follows the stat data. */
enum { AT_CTIME = 0, AT_MTIME = 8, AT_INO = 20, AT_MODE = 24, AT_UID = 28, AT_GID = 32, AT_SIZE = 36, AT_ID = 40 };

#define KIND_GITLINK 0160000

struct entry {
	const unsigned char *raw;
	const char *name;
};

struct index {
	unsigned char *map;
	size_t size, id_size;
	struct timespec mtime; /* when it was written */
	struct entry *entries;
	uint32_t n;
	char *names; /* version 4 only: the expanded names */
	int root;
};

static uint32_t be32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static int open_index(struct index *ix, const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", path);
	if (st.st_size < 12 + (off_t)ix->id_size)
		return err_set(e, "%s is no git index: too short", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "read %s", path);
	ix->map = map;
	ix->size = (size_t)st.st_size;
	ix->mtime = st.st_mtim;
	if (memcmp(map, "DIRC", 4) != 0)
		return err_set(e, "%s is no git index", path);
	return 0;
}

/* How many bytes of the name before to drop; the encoding of pack offsets. */
static int varint(const unsigned char **p, const unsigned char *end, size_t *out)
{
	size_t v = 0;

	for (int i = 0; *p < end && i < 5; i++) {
		unsigned char c = *(*p)++;

		v = (i ? (v + 1) << 7 : 0) | (c & 0x7f);
		if (!(c & 0x80)) {
			*out = v;
			return 0;
		}
	}
	return -1;
}

/* The end of the entry at p of version 2 or 3, or NULL. */
static const unsigned char *plain_entry(struct entry *en, const unsigned char *p, const unsigned char *end, size_t head)
{
	const unsigned char *nul = memchr(p + head, 0, (size_t)(end - p) - head);
	size_t length;

	if (!nul)
		return NULL;
	*en = (struct entry){ p, (const char *)p + head };
	length = (size_t)(nul - p);
	length = (length + 8) & ~(size_t)7;
	return length <= (size_t)(end - p) ? p + length : NULL;
}

/* Version 4 says which bytes differ from the name before, kept in names. */
static const unsigned char *packed_entry(struct entry *en, const unsigned char *p, const unsigned char *end,
					 size_t head, struct str *names, size_t *before)
{
	const unsigned char *at = p + head, *nul;
	size_t drop, old = names->len ? names->len - 1 - *before : 0;
	auto_free char *kept = NULL;

	if (varint(&at, end, &drop) < 0 || drop > old)
		return NULL;
	nul = memchr(at, 0, (size_t)(end - at));
	if (!nul)
		return NULL;
	kept = xstrndup(str_c(names) + *before, old - drop);
	*before = names->len;
	str_add(names, kept);
	str_addn(names, at, (size_t)(nul - at) + 1);
	/* an offset until the buffer stops growing */
	*en = (struct entry){ p, (const char *)(uintptr_t)*before };
	return nul + 1;
}

/* Find every entry; returns where the extensions begin, or NULL. */
static const unsigned char *read_entries(struct index *ix, bool *unusual)
{
	const unsigned char *p = ix->map + 12, *end = ix->map + ix->size - ix->id_size;
	uint32_t version = be32(ix->map + 4), n = be32(ix->map + 8);
	struct str names = { 0 };
	size_t before = 0;

	if (version < 2 || version > 4 || n > ix->size / (AT_ID + ix->id_size))
		return NULL;
	ix->entries = xcalloc(n ? n : 1, sizeof(*ix->entries));
	for (; p && ix->n < n; ix->n++) {
		size_t head = AT_ID + ix->id_size + 2;
		unsigned flags;

		if ((size_t)(end - p) < head + 3)
			break;
		flags = (unsigned)p[head - 2] << 8 | p[head - 1];
		if (flags & (FLAG_STAGE | FLAG_EXTENDED))
			*unusual = true;
		if (flags & FLAG_EXTENDED)
			head += 2;
		p = version == 4 ? packed_entry(&ix->entries[ix->n], p, end, head, &names, &before)
				 : plain_entry(&ix->entries[ix->n], p, end, head);
	}
	ix->names = str_take(&names);
	if (version == 4)
		for (uint32_t i = 0; i < ix->n; i++)
			ix->entries[i].name = ix->names + (uintptr_t)ix->entries[i].name;
	return ix->n == n ? p : NULL;
}

/* The root of the cached tree: "\0" COUNT " " SUBTREES "\n" ID; COUNT -1 means
 * that it is out of date. */
static bool cached_tree_is(const struct index *ix, const unsigned char *p, size_t size, const char *tree)
{
	const unsigned char *nl = memchr(p, '\n', size);
	char hex[3];

	if (!nl || size < 2 || p[0] != 0 || p[1] == '-' || (size_t)(p + size - nl) < ix->id_size + 1)
		return false;
	if (strlen(tree) != 2 * ix->id_size)
		return false;
	for (size_t i = 0; i < ix->id_size; i++) {
		snprintf(hex, sizeof(hex), "%02x", nl[1 + i]);
		if (memcmp(hex, tree + 2 * i, 2) != 0)
			return false;
	}
	return true;
}

/* Extensions whose name begins in lower case change what the entries mean. */
static int read_extensions(const struct index *ix, const unsigned char *p, const char *tree, struct git_index_check *c)
{
	const unsigned char *end = ix->map + ix->size - ix->id_size;

	while (end - p >= 8) {
		uint32_t size = be32(p + 4);

		if (size > (size_t)(end - p) - 8)
			return -1;
		if (p[0] < 'A' || p[0] > 'Z')
			c->unusual = true;
		if (memcmp(p, "TREE", 4) == 0)
			c->same_tree = cached_tree_is(ix, p + 8, size, tree);
		p += 8 + size;
	}
	return p == end ? 0 : -1;
}

/* git's rule for a file changed in the same instant as it was recorded: an
 * entry as new as the index itself proves nothing. */
static bool racy(const struct index *ix, uint32_t sec, uint32_t nsec)
{
	uint32_t written = (uint32_t)ix->mtime.tv_sec;

	if (sec != written || !nsec)
		return sec >= written;
	return nsec >= (uint32_t)ix->mtime.tv_nsec;
}

static bool same_stat(const struct index *ix, const unsigned char *raw, const struct stat *st)
{
	uint32_t sec = be32(raw + AT_MTIME), nsec = be32(raw + AT_MTIME + 4);

	return sec == (uint32_t)st->st_mtim.tv_sec && (!nsec || nsec == (uint32_t)st->st_mtim.tv_nsec) &&
	       be32(raw + AT_CTIME) == (uint32_t)st->st_ctim.tv_sec && be32(raw + AT_INO) == (uint32_t)st->st_ino &&
	       be32(raw + AT_UID) == st->st_uid && be32(raw + AT_GID) == st->st_gid &&
	       be32(raw + AT_SIZE) == (uint32_t)st->st_size && !racy(ix, sec, nsec);
}

static bool same_kind(uint32_t mode, const struct stat *st)
{
	if ((mode & S_IFMT) != (st->st_mode & S_IFMT))
		return false;
	return !S_ISREG(mode) || !(mode & 0100) == !(st->st_mode & 0100);
}

static void add_doubtful(struct git_index_check *c, const struct index *ix, const struct entry *en)
{
	struct str line = { 0 };

	for (size_t i = 0; i < ix->id_size; i++)
		str_addf(&line, "%02x", en->raw[AT_ID + i]);
	str_addf(&line, " %s", en->name);
	strv_give(&c->doubtful, str_take(&line));
}

struct share {
	const struct index *ix;
	uint32_t from, to;
	struct git_index_check found;
};

static void *compare_share(void *arg)
{
	struct share *s = arg;
	struct stat st;

	for (uint32_t i = s->from; i < s->to && !s->found.differs; i++) {
		const struct entry *en = &s->ix->entries[i];
		uint32_t mode = be32(en->raw + AT_MODE);

		if ((mode & S_IFMT) == KIND_GITLINK || (en->raw[AT_ID + s->ix->id_size] << 8 & FLAG_ASSUME_VALID))
			continue;
		if (fstatat(s->ix->root, en->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !same_kind(mode, &st))
			s->found.differs = true;
		else if (!same_stat(s->ix, en->raw, &st) && !S_ISREG(mode))
			s->found.unusual = true;
		else if (!same_stat(s->ix, en->raw, &st))
			add_doubtful(&s->found, s->ix, en);
	}
	return NULL;
}

static void compare_files(const struct index *ix, struct git_index_check *c)
{
	struct share half[2] = { { .ix = ix, .to = ix->n / 2 }, { .ix = ix, .from = ix->n / 2, .to = ix->n } };
	pthread_t other;
	bool started = pthread_create(&other, NULL, compare_share, &half[0]) == 0;

	if (!started)
		compare_share(&half[0]);
	compare_share(&half[1]);
	if (started)
		pthread_join(other, NULL);
	for (int i = 0; i < 2; i++) {
		c->differs |= half[i].found.differs;
		c->unusual |= half[i].found.unusual;
		if (half[i].found.doubtful.n)
			strv_addv(&c->doubtful, half[i].found.doubtful.v);
		strv_release(&half[i].found.doubtful);
	}
}

int git_index_compare(const char *index, const char *root, const char *tree, struct git_index_check *c, struct err *e)
{
	struct index ix = { .id_size = strlen(tree) / 2, .root = -1 };
	const unsigned char *extensions;
	int rc = open_index(&ix, index, e);

	*c = (struct git_index_check){ 0 };
	if (rc == 0) {
		extensions = read_entries(&ix, &c->unusual);
		if (!extensions || read_extensions(&ix, extensions, tree, c) < 0)
			rc = err_set(e, "%s is no whole git index", index);
	}
	if (rc == 0) {
		ix.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (ix.root < 0)
			rc = err_sys(e, "open %s", root);
	}
	if (rc == 0 && c->same_tree && !c->unusual)
		compare_files(&ix, c);
	close_fd(&ix.root);
	if (ix.map)
		munmap(ix.map, ix.size);
	free(ix.entries);
	free(ix.names);
	return rc;
}

void git_index_check_release(struct git_index_check *c)
{
	strv_release(&c->doubtful);
}
