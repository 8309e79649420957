/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/events.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

void events_raw(struct events *ev, struct slice line)
{
	str_addn(&ev->buf, line.s, line.n);
	str_addc(&ev->buf, '\n');
}

void events_open(struct events *ev, struct jw *w, const char *type)
{
	jw_init(w, &ev->buf, 0);
	jw_object(w);
	jw_key_str(w, "type", type);
}

void events_close(struct jw *w)
{
	jw_end(w);
	str_addc(w->out, '\n');
}

void events_text(struct events *ev, const char *type, struct slice text)
{
	struct jw w;

	events_open(ev, &w, type);
	jw_key(&w, "line");
	jw_strn(&w, text.s, text.n);
	events_close(&w);
}

size_t events_pending(const struct events *ev)
{
	return ev->closed ? 0 : ev->buf.len - ev->at;
}

static void drop_written(struct events *ev)
{
	if (ev->closed || ev->at == ev->buf.len) {
		str_clear(&ev->buf);
		ev->at = 0;
	} else if (ev->at > EVENTS_HIGH) {
		memmove(ev->buf.s, ev->buf.s + ev->at, ev->buf.len - ev->at);
		ev->buf.len -= ev->at;
		ev->at = 0;
	}
}

/* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
void events_write(struct events *ev)
{
	size_t n = events_pending(ev);
	ssize_t k;

	if (n) {
		k = write(STDOUT_FILENO, ev->buf.s + ev->at, n < PIPE_BUF ? n : PIPE_BUF);
		if (k > 0)
			ev->at += (size_t)k;
		else if (k < 0 && errno != EINTR && errno != EAGAIN)
			ev->closed = true;
	}
	drop_written(ev);
}

void events_flush(struct events *ev)
{
	while (events_pending(ev))
		events_write(ev);
}
