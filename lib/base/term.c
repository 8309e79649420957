/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/term.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"

bool term_moves(int fd)
{
	const char *term = env_get(ENV_TERM);

	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

bool term_colour(FILE *f)
{
	return term_moves(fileno(f)) && !env_get(ENV_NO_COLOR);
}

void term_size(int fd, size_t *columns, size_t *rows)
{
	struct winsize w = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		w = (struct winsize){ 0 };
	*columns = w.ws_col ? w.ws_col : 80;
	*rows = w.ws_row > 1 ? w.ws_row : 24;
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

size_t text_fit(const char *text, size_t columns)
{
	size_t i = 0;

	for (; text[i]; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return i;
}

char *plain_text(const char *text)
{
	char *s = xstrdup(text);

	hide_controls(s, "\n");
	return s;
}

void print_plain(FILE *f, const char *fmt, ...)
{
	auto_str struct str line = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	hide_controls(line.s, "\n");
	fputs(line.s, f);
}

void print_left(FILE *f, const char *text, size_t width)
{
	auto_free char *s = plain_text(text);
	size_t w = text_width(s);

	fprintf(f, "%s%*s", s, w < width ? (int)(width - w) : 0, "");
}

void table_init(struct table *t, size_t columns)
{
	*t = (struct table){ .columns = columns };
}

void table_cell_sgr(struct table *t, const char *sgr, const char *text)
{
	strv_give(&t->cells, plain_text(text));
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

/* Bytes of text up to the last blank of its first columns; 0: it fits, or has none. */
static size_t break_at(const char *text, size_t columns)
{
	size_t n = text_fit(text, columns);

	if (!text[n])
		return 0;
	while (n && text[n] != ' ')
		n--;
	return n;
}

void print_wrapped(FILE *f, const char *text, size_t at)
{
	size_t columns = SIZE_MAX, rows, n;

	if (isatty(fileno(f)))
		term_size(fileno(f), &columns, &rows);
	while (columns > at && (n = break_at(text, columns - at))) {
		fprintf(f, "%.*s\n%*s", (int)n, text, (int)at, "");
		text += n + 1;
	}
	fprintf(f, "%s\n", text);
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

static void add_size(struct str *b, unsigned long long bytes, int decimals)
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
	str_addf(b, "%.*f %s", decimals, v, units[u]);
}

void str_add_size(struct str *b, unsigned long long bytes)
{
	add_size(b, bytes, 1);
}

void str_add_iec(struct str *b, unsigned long long bytes)
{
	add_size(b, bytes, 2);
}
