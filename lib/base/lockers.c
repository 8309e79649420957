/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/lockers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define CMDLINE_MAX 100

static uint64_t dev_of(unsigned long major, unsigned long minor)
{
	return (uint64_t)major << 32 | minor;
}

/* "6: FLOCK  ADVISORY  WRITE 812 fe:00:1048 0 EOF"; behind the number of a
 * lock somebody waits for stands "->". */
static void add_lock(struct lockers *l, const char *line)
{
	struct locker k = { 0 };
	unsigned int major, minor;
	unsigned long inode;
	char mode[8];
	const char *p = strchr(line, ':');

	if (!p)
		return;
	p += 1 + strspn(p + 1, " ");
	if (starts_with(p, "->")) {
		k.waiting = true;
		p += 2 + strspn(p + 2, " ");
	}
	if (sscanf(p, "FLOCK %*s %7s %ld %x:%x:%lu", mode, &k.pid, &major, &minor, &inode) != 5)
		return;
	k.write = strcmp(mode, "WRITE") == 0;
	k.dev = dev_of(major, minor);
	k.inode = inode;
	k.place = l->n;
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = k;
}

/* "36 35 98:0 /root /mount …" */
static void add_mount(struct lockers *l, const char *line)
{
	unsigned long id, major, minor;

	if (sscanf(line, "%lu %*u %lu:%lu ", &id, &major, &minor) != 3)
		return;
	GROW(l->mounts, l->n_mounts, l->cap_mounts);
	l->mounts[l->n_mounts++] = (struct mount){ id, dev_of(major, minor) };
}

static void each_line(struct lockers *l, const char *path, void (*add)(struct lockers *, const char *))
{
	auto_str struct str text = { 0 };
	struct err ignored;
	char *save = NULL;

	if (read_file(path, &text, &ignored) < 0 || !text.len)
		return;
	for (char *line = strtok_r(text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add(l, line);
}

static int by_file(const void *a, const void *b)
{
	const struct locker *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int by_file_and_place(const void *a, const void *b)
{
	const struct locker *x = a, *y = b;
	int order = by_file(a, b);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_id(const void *a, const void *b)
{
	const struct mount *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void lockers_read(struct lockers *l)
{
	*l = (struct lockers){ 0 };
	each_line(l, "/proc/locks", add_lock);
	each_line(l, "/proc/self/mountinfo", add_mount);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_file_and_place);
	if (l->n_mounts)
		qsort(l->mounts, l->n_mounts, sizeof(*l->mounts), by_id);
}

void lockers_release(struct lockers *l)
{
	free(l->v);
	free(l->mounts);
	*l = (struct lockers){ 0 };
}

static int locate(const struct lockers *l, const char *path, struct locker *at)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -1;
	at->inode = st.stx_ino;
	at->dev = dev_of(st.stx_dev_major, st.stx_dev_minor);
	if (st.stx_mask & STATX_MNT_ID && l->n_mounts) {
		struct mount want = { st.stx_mnt_id, 0 };
		const struct mount *m = bsearch(&want, l->mounts, l->n_mounts, sizeof(want), by_id);

		if (m)
			at->dev = m->dev;
	}
	return 0;
}

const struct locker *lockers_of(const struct lockers *l, const char *path, size_t *n)
{
	struct locker at = { 0 };
	const struct locker *found, *end;

	*n = 0;
	if (!l->n || locate(l, path, &at) < 0)
		return NULL;
	found = bsearch(&at, l->v, l->n, sizeof(at), by_file);
	if (!found)
		return NULL;
	for (end = found; end < l->v + l->n && by_file(end, &at) == 0;)
		end++;
	while (found > l->v && by_file(found - 1, &at) == 0)
		found--;
	*n = (size_t)(end - found);
	return found;
}

/* Cut behind that many characters, never within one. */
static void cut(struct str *text, size_t chars)
{
	size_t at = 0;

	for (; at < text->len && chars; chars--)
		for (at++; at < text->len && ((unsigned char)text->s[at] & 0xc0) == 0x80;)
			at++;
	if (at == text->len)
		return;
	text->len = at;
	str_add(text, "…");
}

void str_add_cmdline(struct str *out, long pid)
{
	auto_free char *path = xasprintf("/proc/%ld/cmdline", pid);
	auto_str struct str text = { 0 };
	struct err ignored;

	if (read_file(path, &text, &ignored) == 0)
		for (size_t i = 0; i < text.len; i++)
			if ((unsigned char)text.s[i] < ' ')
				text.s[i] = ' ';
	while (text.len && text.s[text.len - 1] == ' ')
		text.s[--text.len] = '\0';
	if (!text.len) {
		str_add(out, "<cmdline unavailable>");
		return;
	}
	cut(&text, CMDLINE_MAX);
	str_add(out, text.s);
}
