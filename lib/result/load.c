/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "json/record.h"
#include "result/metrics.h"

#define FILE_MAX (256u << 20)
#define KEPT_MAX (1u << 20) /* a buffer larger than this is given back */

static int read_text(int fd, size_t size, struct str *text, struct err *e)
{
	for (;;) {
		size_t room = size + 1 > text->len ? size + 1 - text->len : 65536;
		char *to = str_room(text, room);
		ssize_t n = read(fd, to, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, "%s", strerror(errno));
		text->len += (size_t)n;
		to[n] = '\0';
		/* of a regular file less than asked for is all there is */
		if ((size_t)n < room)
			return 0;
		if (text->len > FILE_MAX)
			return err_set(e, "larger than a result may be (%u bytes)", FILE_MAX);
	}
}

/* A link that leads nowhere is there; a file that went while the directory
 * was walked is not. */
static int no_file(int dir, const char *name, struct err *e)
{
	int saved = errno;
	struct stat st;

	err_set(e, "%s", strerror(saved));
	if (saved == ENOENT && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		saved = ELOOP;
	errno = saved;
	return -1;
}

/* The bytes as they are, not yet known to be UTF-8. */
static int load_bytes(int dir, const char *name, struct str *text, struct stat *st, struct err *e)
{
	/* not blocking: a pipe by that name must not stop the reader */
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	str_clear(text);
	if (fd < 0 || fstat(fd, st) < 0)
		return no_file(dir, name, e);
	errno = 0;
	if (!S_ISREG(st->st_mode))
		return err_set(e, "%s", S_ISDIR(st->st_mode) ? strerror(EISDIR) : "not a regular file");
	if (st->st_size > (off_t)FILE_MAX)
		return err_set(e, "larger than a result may be (%u bytes)", FILE_MAX);
	return read_text(fd, (size_t)st->st_size, text, e);
}

static int no_utf8(struct err *e)
{
	return err_set(e, "stream did not contain valid UTF-8");
}

int load_text(int dir, const char *name, struct str *text, struct stat *st, struct err *e)
{
	if (load_bytes(dir, name, text, st, e) < 0)
		return -1;
	return utf8_valid(str_c(text), text->len) ? 0 : no_utf8(e);
}

/* The file's own members behind ours, whatever they are. */
static void whole_record(const struct load_from *from, const struct str *text, struct str *out)
{
	struct jkey k;
	struct jr r;
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "sidecar");
	jw_key_str(&w, "path", from->path);
	jw_key_str(&w, "run", from->run);
	jr_init(&r, text->s, text->len);
	for (jr_object(&r); jr_key(&r, &k);) {
		auto_free char *key = key_text(&k);
		struct slice value = jr_raw(&r);

		if (strcmp(key, "type") == 0 || strcmp(key, "path") == 0 || strcmp(key, "run") == 0)
			continue;
		jw_key(&w, key);
		json_copy(&w, value);
	}
	jw_end(&w);
}

/* The host of most files is that of the file before. */
static void find_host(struct loader *l, struct slice raw)
{
	if (l->raw_host.len == raw.n && memcmp(l->raw_host.s, raw.s, raw.n) == 0)
		return;
	str_clear(&l->raw_host);
	str_clear(&l->host);
	str_addn(&l->raw_host, raw.s, raw.n);
	hostline_print(&l->host, raw, l->id);
}

static enum entry_kind put_problem(const struct load_from *from, struct entry en, enum entry_kind kind,
				   const struct err *e, struct str *out)
{
	en.kind = kind;
	entry_add(out, en, from->name, e->text, strlen(e->text));
	return kind;
}

/* A record must stay readable as a line, with a little around it. */
static enum entry_kind put_record(struct loader *l, const struct load_from *from, struct entry en, struct str *out)
{
	struct err e;

	if (l->row.len <= RECORD_MAX - 65536) {
		entry_add(out, en, from->name, l->row.s, l->row.len);
		return ENTRY_ROW;
	}
	err_set(&e, "larger than a record may be (%u bytes)", RECORD_MAX - 65536);
	return put_problem(from, en, ENTRY_UNREADABLE, &e, out);
}

static enum entry_kind put_row(struct loader *l, const struct load_from *from, struct entry en,
			       const struct slice *parts, struct str *out, char sent[HOST_ID_MAX])
{
	bool hosted = parts[PART_HOST].n && parts[PART_HOST].s[0] == '{';
	struct rowline line;

	if (hosted)
		find_host(l, parts[PART_HOST]);
	rowline_print(&line, &l->row, parts, hosted ? l->id : NULL);
	en.source_at = (uint32_t)line.source_at;
	en.source_n = (uint32_t)line.source_n;
	if (hosted && strcmp(sent, l->id) != 0) {
		struct entry host = { .kind = ENTRY_HOST };

		memcpy(host.host, l->id, sizeof(host.host));
		entry_add(out, host, "", l->host.s, l->host.len);
		memcpy(sent, l->id, HOST_ID_MAX);
	}
	if (hosted)
		memcpy(en.host, l->id, sizeof(en.host));
	return put_record(l, from, en, out);
}

static enum entry_kind load(struct loader *l, const struct load_from *from, struct str *out, char sent[HOST_ID_MAX])
{
	struct slice parts[PART_COUNT];
	struct entry en = { .kind = ENTRY_ROW };
	struct stat st = { 0 };
	struct err e;

	if (load_bytes(from->dir, from->name, &l->text, &st, &e) < 0)
		return errno == ENOENT ? 0 : put_problem(from, en, ENTRY_UNREADABLE, &e, out);
	entry_stat(&en, &st);
	if (sidecar_parts(parts, str_c(&l->text), l->text.len, &e) < 0) {
		/* what parses is UTF-8; only the others have to be looked at */
		if (utf8_valid(str_c(&l->text), l->text.len))
			return put_problem(from, en, ENTRY_CORRUPT, &e, out);
		no_utf8(&e);
		return put_problem(from, en, ENTRY_UNREADABLE, &e, out);
	}
	if (!from->path)
		return put_row(l, from, en, parts, out, sent);
	whole_record(from, &l->text, &l->row);
	return put_record(l, from, en, out);
}

enum entry_kind load_file(struct loader *l, const struct load_from *from, struct str *out, char sent[HOST_ID_MAX])
{
	enum entry_kind kind;

	str_clear(&l->row);
	kind = load(l, from, out, sent);
	if (l->text.cap > KEPT_MAX)
		str_release(&l->text);
	if (l->row.cap > KEPT_MAX)
		str_release(&l->row);
	return kind;
}

void loader_release(struct loader *l)
{
	str_release(&l->text);
	str_release(&l->row);
	str_release(&l->raw_host);
	str_release(&l->host);
}

void load_complain(enum entry_kind kind, const char *path, const char *text, size_t n)
{
	const char *what = kind == ENTRY_CORRUPT ? "skipping" : "cannot read";
	auto_free char *line = xasprintf("ktstr_test: %s %s: %.*s", what, path, (int)n, text);

	hide_controls(line, "");
	say_line("%s", line);
}
