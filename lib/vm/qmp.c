/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/qmp.h"

#include <string.h>
#include <sys/socket.h>

void qmp_init(struct qmp *q, int fd)
{
	*q = (struct qmp){ .fd = fd };
	lines_init(&q->in, fd);
}

void qmp_release(struct qmp *q)
{
	lines_release(&q->in);
	close_fd(&q->fd);
}

/* A command is short and the socket's buffer is not: it goes out whole, or
 * QEMU does not read any more and its end is near. */
static void say(struct qmp *q, const char *command)
{
	auto_free char *line = xasprintf("{\"execute\":\"%s\"}\n", command);

	if (send(q->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		close_fd(&q->fd);
}

static void read_status(struct qmp *q, struct jr *r)
{
	struct jkey k;

	if (jr_peek(r) != JR_OBJECT) {
		jr_skip(r);
		return;
	}
	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "status") && jr_peek(r) == JR_STRING)
			q->internal_error |= jr_str_is(r, "internal-error");
		else
			jr_skip(r);
}

/* Go into the object under one of the keys that are left; false when there is
 * none. */
static bool enter(struct jr *r, const char *key)
{
	struct jkey k;

	while (jr_key(r, &k)) {
		if (key_is(&k, key) && jr_peek(r) == JR_OBJECT) {
			jr_object(r);
			return true;
		}
		jr_skip(r);
	}
	return false;
}

/* "QMP": {"version": {"qemu": {"major": 7, "minor": 2, …}, …}, …} */
static void read_greeting(struct qmp *q, struct slice text)
{
	int64_t major = 0, minor = 0;
	struct jkey k;
	struct jr r;

	jr_init(&r, text.s, text.n);
	if (jr_peek(&r) != JR_OBJECT)
		return;
	jr_object(&r);
	if (!enter(&r, "version") || !enter(&r, "qemu"))
		return;
	while (jr_key(&r, &k))
		if (key_is(&k, "major") && jr_peek(&r) == JR_NUMBER)
			major = jr_i64(&r);
		else if (key_is(&k, "minor") && jr_peek(&r) == JR_NUMBER)
			minor = jr_i64(&r);
		else
			jr_skip(&r);
	if (!r.failed && major > 0 && major < 1000 && minor >= 0 && minor < 100)
		q->version = (unsigned)(major * 100 + minor);
}

static void take(struct qmp *q, struct slice line)
{
	bool greeting = false, stop = false;
	struct jkey k;
	struct jr r;

	jr_init(&r, line.s, line.n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "event") && jr_peek(&r) == JR_STRING) {
			stop = jr_str_is(&r, "STOP");
		} else if (key_is(&k, "return")) {
			read_status(q, &r);
		} else if (key_is(&k, "QMP")) {
			greeting = true;
			read_greeting(q, jr_raw(&r));
		} else {
			jr_skip(&r);
		}
	if (greeting)
		say(q, "qmp_capabilities");
	else if (stop)
		say(q, "query-status");
}

void qmp_read(struct qmp *q)
{
	struct slice line;
	struct err ignored;

	if (lines_fill(&q->in, &ignored) <= 0 || q->in.buf.len - q->in.at > RECORD_MAX) {
		close_fd(&q->fd);
		return;
	}
	while (q->fd >= 0 && lines_ready(&q->in) && lines_next(&q->in, &line, &ignored) > 0)
		take(q, line);
}
