/* SPDX-License-Identifier: GPL-2.0-only */
#include "net/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "json/read.h"
#include "json/write.h"

#define PIECE (256u << 10)

static char *part_of(const struct partial *p)
{
	return xasprintf("%s.part", p->path);
}

static char *note_of(const struct partial *p)
{
	return xasprintf("%s.part.json", p->path);
}

int partial_open(struct partial *p, const char *path, const char *waiting, struct err *e)
{
	auto_free char *lock = xasprintf("%s.lock", path);
	auto_free char *part = NULL;

	*p = (struct partial){ .path = xstrdup(path), .fd = -1, .lock = LOCK_NONE };
	part = part_of(p);
	if (lock_wait(&p->lock, lock, LOCK_EXCLUSIVE, waiting, e) < 0)
		return -1;
	p->fd = open(part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	return p->fd < 0 ? err_sys(e, "write %s", part) : 0;
}

static uint64_t size_of(const struct partial *p)
{
	struct stat st;

	return fstat(p->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* What is there can be gone on with: its validator, the caller's to free. */
static char *noted_validator(const struct partial *p)
{
	auto_free char *path = note_of(p);
	auto_str struct str text = { 0 };
	auto_free char *url = NULL;
	struct err ignored;

	if (read_file(path, &text, &ignored) < 0)
		return NULL;
	url = json_get_str(str_c(&text), text.len, "url");
	if (!url || strcmp(url, p->t->url) != 0)
		return NULL;
	return json_get_str(str_c(&text), text.len, "validator");
}

static int break_off(struct partial *p)
{
	auto_free char *part = part_of(p);

	p->broken = true;
	return err_sys(&p->why, "write %s", part);
}

static void take_note(struct partial *p)
{
	auto_free char *path = note_of(p);
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 0);
	jw_object(&w);
	jw_key_str(&w, "url", p->t->url);
	jw_key_str(&w, "validator", transfer_validator(p->t));
	jw_end(&w);
	str_addc(&text, '\n');
	if (write_soon(path, text.s, text.len, 0644, &p->why) < 0)
		p->broken = true;
}

static int hand(struct partial *p, const void *bytes, size_t n)
{
	if (!p->asked->data)
		return 0;
	p->handed = true;
	if (p->asked->data(p->asked->ctx, bytes, n) < 0)
		p->refused = true;
	return p->refused ? -1 : 0;
}

/* The consumer sees what came in an earlier run. */
static void replay(struct partial *p, uint64_t size)
{
	auto_free char *buf = xmalloc(PIECE);
	uint64_t at = 0;

	while (at < size) {
		ssize_t n = pread(p->fd, buf, PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			break_off(p);
			return;
		}
		if (hand(p, buf, (size_t)n) < 0)
			return;
		at += (uint64_t)n;
	}
}

static void on_begin(void *ctx, uint64_t length)
{
	struct partial *p = ctx;
	uint64_t size = size_of(p);

	take_note(p);
	if (p->asked->begin)
		p->asked->begin(p->asked->ctx, length);
	p->resumed = size > 0;
	replay(p, size);
}

static int on_data(void *ctx, const void *bytes, size_t n)
{
	struct partial *p = ctx;
	const char *s = bytes;
	uint64_t at = p->t->received - n;
	size_t left = n;

	if (p->broken || p->refused)
		return -1;
	while (left) {
		ssize_t k = pwrite(p->fd, s, left, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return break_off(p);
		s += k;
		at += (uint64_t)k;
		left -= (size_t)k;
	}
	return hand(p, bytes, n);
}

static int on_restart(void *ctx)
{
	struct partial *p = ctx;

	if (ftruncate(p->fd, 0) < 0)
		return break_off(p);
	if (!p->handed)
		return 0;
	p->handed = false;
	if (p->asked->restart && p->asked->restart(p->asked->ctx) == 0)
		return 0;
	p->refused = true;
	return -1;
}

int partial_get(struct partial *p, struct transfer *t, struct err *e)
{
	struct transfer asked = *t;
	auto_free char *validator = NULL;
	int rc;

	p->t = t;
	p->asked = &asked;
	p->handed = p->refused = p->broken = p->resumed = false;
	validator = noted_validator(p);
	if (!validator && ftruncate(p->fd, 0) < 0)
		return err_sys(e, "write %s.part", p->path);
	t->from = size_of(p);
	t->validator = validator;
	t->begin = on_begin;
	t->data = on_data;
	t->restart = on_restart;
	t->ctx = p;
	rc = transfer_get(t, e);
	t->begin = asked.begin;
	t->data = asked.data;
	t->restart = asked.restart;
	t->ctx = asked.ctx;
	t->validator = NULL;
	t->refused = p->refused;
	if (t->too_long) /* nothing to go on with */
		partial_discard(p);
	if (p->broken)
		*e = p->why;
	return p->broken || p->refused ? -1 : rc;
}

static void forget(struct partial *p, bool part_too)
{
	auto_free char *part = part_of(p);
	auto_free char *note = note_of(p);

	unlink(note);
	if (part_too)
		unlink(part);
}

int partial_commit(struct partial *p, struct err *e)
{
	auto_free char *part = part_of(p);
	auto_free char *dir = xstrndup(p->path, (size_t)(strrchr(p->path, '/') - p->path));

	if ((!p->checked && fsync(p->fd) < 0) || rename(part, p->path) < 0)
		return err_sys(e, "write %s", p->path);
	forget(p, false);
	return p->checked ? 0 : sync_dir(dir, e);
}

void partial_discard(struct partial *p)
{
	/* a later partial_get starts from nothing, in a file that is gone when
	 * it is not committed */
	if (p->fd >= 0 && ftruncate(p->fd, 0) == 0)
		forget(p, false);
}

void partial_close(struct partial *p)
{
	if (p->fd >= 0 && size_of(p) == 0)
		forget(p, true);
	close_fd(&p->fd);
	lock_drop(&p->lock);
	free(p->path);
	p->path = NULL;
	p->fd = -1;
}
