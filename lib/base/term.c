/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "json/write.h"

bool term_colour(FILE *f)
{
	const char *term = env_get(ENV_TERM);

	return isatty(fileno(f)) && !env_get(ENV_NO_COLOR) && !(term && strcmp(term, "dumb") == 0);
}

void str_add_sgr(struct str *b, bool colour, const char *sgr, const char *text)
{
	if (colour && *sgr)
		str_addf(b, "\033[%sm%s\033[0m", sgr, text);
	else
		str_add(b, text);
}

size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_init(struct table *t, size_t columns)
{
	*t = (struct table){ .columns = columns };
}

void table_cell_sgr(struct table *t, const char *sgr, const char *text)
{
	strv_add(&t->cells, text);
	strv_add(&t->sgr, sgr);
}

void table_cell(struct table *t, const char *text)
{
	table_cell_sgr(t, "", text);
}

/* Line number `line` of a cell, or NULL past its end. */
static char *cell_line(const char *text, size_t line)
{
	for (; line; line--) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return xstrndup(text, strcspn(text, "\n"));
}

static size_t widest(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->cells.n; i += t->columns)
		for (size_t l = 0;; l++) {
			auto_free char *line = cell_line(t->cells.v[i], l);

			if (!line)
				break;
			if (text_width(line) > width)
				width = text_width(line);
		}
	return width;
}

static bool row_line(const struct table *t, size_t row, size_t l, const size_t *width, bool colour, struct str *out)
{
	bool any = false;

	for (size_t c = 0; c < t->columns; c++) {
		size_t i = row * t->columns + c;
		auto_free char *line = i < t->cells.n ? cell_line(t->cells.v[i], l) : NULL;
		auto_str struct str padded = { 0 };

		any |= line != NULL;
		str_addf(&padded, " %s%*s ", line ? line : "", (int)(width[c] - (line ? text_width(line) : 0)), "");
		str_add_sgr(out, colour, i < t->sgr.n ? t->sgr.v[i] : "", padded.s);
	}
	str_addc(out, '\n');
	return any;
}

void table_print(const struct table *t, FILE *f)
{
	size_t *width = xcalloc(t->columns, sizeof(*width));
	size_t rows = (t->cells.n + t->columns - 1) / t->columns;
	bool colour = term_colour(f);

	for (size_t c = 0; c < t->columns; c++)
		width[c] = widest(t, c);
	for (size_t r = 0; r < rows; r++)
		for (size_t l = 0;; l++) {
			auto_str struct str out = { 0 };

			if (!row_line(t, r, l, width, colour, &out))
				break;
			fputs(out.s, f);
		}
	free(width);
}

void table_release(struct table *t)
{
	strv_release(&t->cells);
	strv_release(&t->sgr);
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void str_add_ms(struct str *b, long long ms)
{
	if (ms < 10000)
		str_addf(b, "%lld.%llds", ms / 1000, ms % 1000 / 100);
	else if (ms < 60000)
		str_addf(b, "%llds", ms / 1000);
	else
		str_addf(b, "%lldm %llds", ms / 60000, ms / 1000 % 60);
}

void str_add_size(struct str *b, unsigned long long bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes / 1024;
	size_t u = 0;

	if (bytes < 1024) {
		str_addf(b, "%llu B", bytes);
		return;
	}
	while (v >= 1024 && u + 1 < ARRAY_SIZE(units)) {
		v /= 1024;
		u++;
	}
	str_addf(b, "%.1f %s", v, units[u]);
}

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

static void draw(struct progress *p, unsigned long long done, unsigned long long total)
{
	auto_str struct str line = { 0 };

	str_addf(&line, "\r\033[K%s%s", p->label, *p->label ? ": " : "");
	str_add_progress(&line, p->text, p->unit, done, total, now_ms() - p->started_ms);
	fputs(line.s, stderr);
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
	else if (isatty(STDERR_FILENO))
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
