/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/console.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES (64u << 10)
#define KEEP_BYTES 1024 /* of a line, for messages */

void console_release(struct console *c)
{
	str_release(&c->line);
	for (size_t i = 0; i < CONSOLE_LAST; i++)
		free(c->last[i]);
	free(c->panic);
	*c = (struct console){ 0 };
}

static void keep(struct console *c, const char *s, size_t n)
{
	const char *panic = n ? memmem(s, n, "Kernel panic - not syncing", 26) : NULL;

	if (panic && !c->panic)
		c->panic = xstrndup(panic, n - (size_t)(panic - s));
	c->int3 |= n && memmem(s, n, "Oops: int3", 10);
	free(c->last[c->at]);
	c->last[c->at] = xstrndup(s, n < KEEP_BYTES ? n : KEEP_BYTES);
	c->at = (c->at + 1) % CONSOLE_LAST;
}

static void end_line(struct console *c, struct events *ev)
{
	size_t n = c->line.len;

	while (n && c->line.s[n - 1] == '\r')
		n--;
	events_text(ev, "console", (struct slice){ c->line.s, n });
	keep(c, c->line.s, n);
	str_clear(&c->line);
}

void console_feed(struct console *c, const char *s, size_t n, struct events *ev)
{
	while (n) {
		size_t room = LINE_BYTES - c->line.len, look = n < room ? n : room;
		const char *nl = memchr(s, '\n', look);
		size_t len = nl ? (size_t)(nl - s) : look;

		str_addn(&c->line, s, len);
		if (nl || c->line.len >= LINE_BYTES)
			end_line(c, ev);
		len += nl != NULL;
		s += len;
		n -= len;
	}
}

void console_end(struct console *c, struct events *ev)
{
	if (c->line.len)
		end_line(c, ev);
}

void console_tail(const struct console *c, struct str *out)
{
	const char *sep = "";

	for (size_t i = 0; i < CONSOLE_LAST; i++) {
		const char *line = c->last[(c->at + i) % CONSOLE_LAST];

		if (!line)
			continue;
		str_addf(out, "%s%s", sep, line);
		sep = "\n";
	}
}
