/* SPDX-License-Identifier: GPL-2.0-only */
#include "front/board.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "cli/progress.h"

#define REDRAW_MS 100
#define SAY_MS    1000 /* a step this long is worth a line at its start */

struct report {
	char *type, *stage, *label, *text, *unit, *state;
	unsigned long long done, total, elapsed_ms;
};

void board_init(struct board *b)
{
	*b = (struct board){ .tty = term_moves(STDERR_FILENO), .colour = term_colour(stderr) };
}

static void put(const char *text, size_t n)
{
	/* a terminal that is gone is no reason to stop the work */
	if (write_all(STDERR_FILENO, text, n) < 0)
		return;
}

static void replace(char **field, char *value)
{
	free(*field);
	*field = value;
	hide_controls(value, "");
}

static int parse(struct slice record, struct report *r)
{
	const struct {
		const char *key;
		char **to;
	} words[] = { { "type", &r->type }, { "stage", &r->stage }, { "label", &r->label },
		      { "text", &r->text }, { "unit", &r->unit },   { "state", &r->state } };
	const struct {
		const char *key;
		unsigned long long *to;
	} numbers[] = { { "done", &r->done }, { "total", &r->total }, { "elapsed_ms", &r->elapsed_ms } };
	struct jkey k;
	struct err e;
	struct jr j;
	size_t i, m;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		*words[i].to = xstrdup("");
	jr_init(&j, record.s, record.n);
	for (jr_object(&j); jr_key(&j, &k);) {
		for (i = 0; i < ARRAY_SIZE(words) && !key_is(&k, words[i].key); i++)
			;
		for (m = 0; m < ARRAY_SIZE(numbers) && !key_is(&k, numbers[m].key); m++)
			;
		if (i < ARRAY_SIZE(words))
			replace(words[i].to, jr_str(&j));
		else if (m < ARRAY_SIZE(numbers))
			*numbers[m].to = jr_u64(&j);
		else
			jr_skip(&j);
	}
	return jr_end(&j, &e);
}

static void report_release(struct report *r)
{
	free(r->type);
	free(r->stage);
	free(r->label);
	free(r->text);
	free(r->unit);
	free(r->state);
}

static void line_release(struct board_line *l)
{
	free(l->stage);
	free(l->label);
	free(l->text);
	free(l->unit);
}

/* One line a kernel; steps that belong to no kernel go by their stage. */
static struct board_line *find(struct board *b, const struct report *r)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->lines[i].label, r->label) == 0 && (*r->label || strcmp(b->lines[i].stage, r->stage) == 0))
			return &b->lines[i];
	return NULL;
}

static struct board_line *line_add(struct board *b, const struct report *r)
{
	struct board_line *l;

	GROW(b->lines, b->n, b->cap);
	l = &b->lines[b->n++];
	*l = (struct board_line){
		.stage = xstrdup(""), .label = xstrdup(r->label), .text = xstrdup(""), .unit = xstrdup("")
	};
	return l;
}

static void line_update(struct board_line *l, const struct report *r)
{
	if (strcmp(l->stage, r->stage) != 0 || strcmp(l->text, r->text) != 0) {
		l->started_ms = now_ms() - (long long)r->elapsed_ms;
		l->said = false;
	}
	replace(&l->stage, xstrdup(r->stage));
	replace(&l->text, xstrdup(r->text));
	replace(&l->unit, xstrdup(r->unit));
	l->done = r->done;
	l->total = r->total;
}

static void line_remove(struct board *b, struct board_line *l)
{
	size_t i = (size_t)(l - b->lines);

	line_release(l);
	memmove(l, l + 1, (--b->n - i) * sizeof(*l));
}

static void say_end(struct board *b, const struct report *r)
{
	auto_str struct str s = { 0 };

	if (!*r->text)
		return;
	str_addf(&s, "%s: %s%s", prog_label(), r->label, *r->label ? ": " : "");
	str_add_sgr(&s, b->colour, "32", r->text);
	str_add(&s, " (");
	str_add_ms(&s, (long long)r->elapsed_ms);
	str_add(&s, ")\n");
	board_print(b, s.s, s.len);
}

void board_record(struct board *b, struct slice record)
{
	struct report r = { 0 };
	struct board_line *l;

	if (parse(record, &r) < 0 || strcmp(r.type, "progress") != 0) {
		report_release(&r);
		return;
	}
	l = find(b, &r);
	if (strcmp(r.state, "end") == 0) {
		if (l)
			line_remove(b, l);
		board_clear(b);
		say_end(b, &r);
	} else {
		line_update(l ? l : line_add(b, &r), &r);
	}
	report_release(&r);
}

/* Rows the board takes by now: a terminal that became narrower has wrapped
 * its lines. */
static size_t rows_taken(const struct board *b)
{
	size_t columns, rows, n = 0;

	term_size(STDERR_FILENO, &columns, &rows);
	for (size_t i = 0; i < b->drawn; i++)
		n += b->widths[i] > columns ? (b->widths[i] + columns - 1) / columns : 1;
	return n < rows ? n : rows - 1;
}

void board_print(struct board *b, const char *text, size_t n)
{
	board_clear(b);
	put(text, n);
}

void board_clear(struct board *b)
{
	auto_str struct str s = { 0 };

	if (!b->drawn)
		return;
	str_addf(&s, "\033[%zuA\r\033[J", rows_taken(b));
	put(s.s, s.len);
	b->drawn = 0;
}

/* One line of at most that many columns: its width. Where there is little
 * room, how far it is says more than the whole of a long label. */
static size_t draw_line(const struct board *b, const struct board_line *l, size_t columns, struct str *out)
{
	auto_str struct str rest = { 0 }, label = { 0 };
	size_t room;

	str_add_progress(&rest, l->text, l->unit, l->done, l->total, now_ms() - l->started_ms);
	str_add_label(&label, l->label, columns, text_width(str_c(&rest)));
	if (label.len) {
		str_add_sgr(out, b->colour, "1", label.s);
		str_add(out, ": ");
	}
	room = label.len ? text_width(label.s) + 2 : 0;
	room = room < columns ? columns - room : 0;
	str_addn(out, rest.s, text_fit(rest.s, room));
	str_addc(out, '\n');
	return columns - room + (text_width(rest.s) < room ? text_width(rest.s) : room);
}

static int draw_terminal(struct board *b)
{
	auto_str struct str out = { 0 };
	size_t columns, rows, n = b->n;

	if (!b->n) {
		board_clear(b);
		return -1;
	}
	term_size(STDERR_FILENO, &columns, &rows);
	if (n > rows - 1)
		n = rows - 1;
	if (b->drawn)
		str_addf(&out, "\033[%zuA\r\033[J", rows_taken(b));
	b->widths = xrealloc(b->widths, n * sizeof(*b->widths));
	for (size_t i = 0; i < n; i++)
		b->widths[i] = draw_line(b, &b->lines[i], columns - 1, &out);
	put(out.s, out.len);
	b->drawn = n;
	return REDRAW_MS;
}

static void tell(struct board *b, const struct board_line *l)
{
	char *text = xasprintf("%s%s%s", l->label, *l->label ? ": " : "", l->text);

	if (!b->told || strcmp(b->told, text) != 0)
		note("%s", text);
	replace(&b->told, text);
}

static int draw_plain(struct board *b)
{
	int next = -1;

	for (size_t i = 0; i < b->n; i++) {
		struct board_line *l = &b->lines[i];
		long long left = l->started_ms + SAY_MS - now_ms();

		if (l->said)
			continue;
		if (left <= 0) {
			l->said = true;
			tell(b, l);
		} else if (next < 0 || left < next) {
			next = (int)left;
		}
	}
	return next;
}

int board_draw(struct board *b)
{
	return b->tty ? draw_terminal(b) : draw_plain(b);
}

void board_release(struct board *b)
{
	board_clear(b);
	for (size_t i = 0; i < b->n; i++)
		line_release(&b->lines[i]);
	free(b->lines);
	free(b->told);
	free(b->widths);
	*b = (struct board){ 0 };
}
