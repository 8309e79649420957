/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/term.h"
#include "json/write.h"

static int progress_fd(void)
{
	static int fd = -2;
	unsigned long long n;

	if (fd == -2)
		fd = env_get(ENV_PROGRESS_FD) && parse_u64(env_get(ENV_PROGRESS_FD), &n) == 0 ? (int)n : -1;
	return fd;
}

static void send(const struct progress *p, unsigned long long done, unsigned long long total, const char *state,
		 const char *text)
{
	auto_str struct str line = { 0 };
	struct jw w;

	jw_init(&w, &line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "progress");
	jw_key_str(&w, "stage", p->stage);
	jw_key_str(&w, "label", p->label);
	jw_key_str(&w, "text", text);
	jw_key_u64(&w, "done", done);
	jw_key_u64(&w, "total", total);
	jw_key_str(&w, "unit", p->unit);
	jw_key_u64(&w, "elapsed_ms", (unsigned long long)(now_ms() - p->started_ms));
	jw_key_str(&w, "state", state);
	jw_end(&w);
	str_addc(&line, '\n');
	/* a dispatcher that is gone is no reason to stop working */
	if (write_all(progress_fd(), line.s, line.len) < 0)
		return;
}

static void amount(struct str *b, const char *unit, unsigned long long v)
{
	if (strcmp(unit, "bytes") == 0)
		str_add_size(b, v);
	else
		str_addf(b, "%llu", v);
}

void str_add_progress(struct str *b, const char *text, const char *unit, unsigned long long done,
		      unsigned long long total, long long elapsed_ms)
{
	str_add(b, text);
	if (total)
		str_addf(b, " %3llu%%", done >= total ? 100 : (unsigned long long)((double)done * 100 / (double)total));
	if (done || total) {
		str_add(b, " (");
		amount(b, unit, done);
		if (total) {
			str_add(b, " of ");
			amount(b, unit, total);
		}
		if (*unit && strcmp(unit, "bytes") != 0)
			str_addf(b, " %s", unit);
		str_add(b, ")");
	}
	str_add(b, ", ");
	str_add_ms(b, elapsed_ms);
}

#define LABEL_MIN 12

void str_add_label(struct str *b, const char *label, size_t columns, size_t others)
{
	size_t width = text_width(label), room = columns > others + 2 ? columns - others - 2 : 0;

	if (room < LABEL_MIN)
		room = LABEL_MIN;
	if (width <= room) {
		str_add(b, label);
		return;
	}
	str_addn(b, label, text_fit(label, room - 1));
	str_add(b, "…");
}

static void draw(struct progress *p, unsigned long long done, unsigned long long total)
{
	auto_str struct str line = { 0 }, rest = { 0 };
	size_t columns, rows;

	term_size(STDERR_FILENO, &columns, &rows);
	str_add_progress(&rest, p->text, p->unit, done, total, now_ms() - p->started_ms);
	str_add_label(&line, p->label, columns - 1, text_width(rest.s));
	str_addf(&line, "%s%s", *p->label ? ": " : "", rest.s);
	line.s[text_fit(line.s, columns - 1)] = '\0';
	fprintf(stderr, "\r\033[K%s", line.s);
	fflush(stderr);
	p->drawn = true;
}

void progress_start(struct progress *p, const char *stage, const char *label, const char *text, const char *unit)
{
	*p = (struct progress){ .stage = stage, .label = label, .text = text, .unit = unit };
	p->started_ms = now_ms();
	progress_update(p, 0, 0);
}

void progress_update(struct progress *p, unsigned long long done, unsigned long long total)
{
	long long now = now_ms();

	if (p->drawn_ms && now - p->drawn_ms < 100)
		return;
	p->drawn_ms = now;
	if (progress_fd() >= 0)
		send(p, done, total, "run", p->text);
	else if (term_moves(STDERR_FILENO))
		draw(p, done, total);
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

void progress_end(struct progress *p, const char *text)
{
	auto_str struct str took = { 0 };

	progress_clear(p);
	if (progress_fd() >= 0) {
		send(p, 0, 0, "end", text ? text : "");
		return;
	}
	str_add_ms(&took, now_ms() - p->started_ms);
	if (text)
		note("%s%s%s (%s)", p->label, *p->label ? ": " : "", text, took.s);
}
