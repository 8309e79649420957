/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json/write.h"

void lines_init(struct lines *l, int fd)
{
	*l = (struct lines){ .fd = fd };
}

void lines_release(struct lines *l)
{
	str_release(&l->buf);
}

struct slice lines_rest(const struct lines *l)
{
	return (struct slice){ str_c(&l->buf) + l->at, l->buf.len - l->at };
}

void lines_resume(struct lines *l, const char *s, size_t n, unsigned long number)
{
	str_addn(&l->buf, s, n);
	l->number = number;
}

static bool cut_line(struct lines *l, struct slice *line)
{
	const char *from, *nl;

	if (l->at >= l->buf.len)
		return false;
	from = l->buf.s + l->at;
	nl = memchr(from, '\n', l->buf.len - l->at);
	if (!nl)
		return false;
	*line = (struct slice){ from, (size_t)(nl - from) };
	if (line->n && line->s[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool lines_ready(const struct lines *l)
{
	return l->at < l->buf.len && memchr(l->buf.s + l->at, '\n', l->buf.len - l->at);
}

int lines_fill(struct lines *l, struct err *e)
{
	ssize_t n;

	if (l->at) {
		memmove(l->buf.s, l->buf.s + l->at, l->buf.len - l->at);
		l->buf.len -= l->at;
		l->at = 0;
	}
	do
		n = read(l->fd, str_room(&l->buf, 65536), 65536);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read records");
	l->buf.len += (size_t)n;
	l->buf.s[l->buf.len] = '\0';
	if (n == 0)
		l->eof = true;
	return n > 0;
}

int lines_next(struct lines *l, struct slice *line, struct err *e)
{
	size_t searched;

	for (;;) {
		if (cut_line(l, line)) {
			l->at = (size_t)(line->s - l->buf.s);
			l->at += (size_t)((char *)memchr(line->s, '\n', l->buf.len - l->at) - line->s) + 1;
			l->number++;
			return 1;
		}
		searched = l->buf.len - l->at;
		if (l->eof && searched)
			return err_set(e, "line %lu of the record stream is cut short", l->number + 1);
		if (l->eof)
			return 0;
		if (searched > RECORD_MAX)
			return err_set(e, "line %lu of the record stream is longer than %u bytes", l->number + 1,
				       RECORD_MAX);
		if (lines_fill(l, e) < 0)
			return -1;
	}
}

/* The first line of what jq writes for people. */
static bool spread_out(struct slice line)
{
	return line.n == 1 && (line.s[0] == '{' || line.s[0] == '[');
}

int record_parse(struct slice line, unsigned long number, struct record *rec, struct err *e)
{
	auto_free char *type = NULL;
	struct jkey k;
	struct jr r;

	*rec = (struct record){ .line = line, .number = number };
	jr_init(&r, line.s, line.n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "type") && !type)
			type = jr_str(&r);
		else
			jr_skip(&r);
	if (jr_end(&r, e) < 0) {
		err_wrap(e, "line %lu of the record stream is no record", number);
		return spread_out(line) ? err_hint(e, "a record is one line: jq needs -c") : -1;
	}
	if (!type)
		return err_set(e, "line %lu of the record stream is no record: it has no \"type\"", number);
	if (strlen(type) < sizeof(rec->type))
		memcpy(rec->type, type, strlen(type) + 1);
	return 0;
}

static int put(const char *s, size_t n, struct err *e)
{
	if (fwrite(s, 1, n, stdout) != n || fflush(stdout) != 0)
		return err_sys(e, "write records");
	return 0;
}

int record_pass(const struct record *rec, struct err *e)
{
	if (fwrite(rec->line.s, 1, rec->line.n, stdout) != rec->line.n)
		return err_sys(e, "write records");
	return put("\n", 1, e);
}

static bool blank(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.s[i] != ' ' && line.s[i] != '\t')
			return false;
	return true;
}

static int dispatch(const struct record *rec, const struct on *on, void *ctx, struct err *e)
{
	for (; on->type; on++)
		if (strcmp(on->type, rec->type) == 0)
			return on->fn(rec, ctx, e);
	return record_pass(rec, e);
}

int pump_lines(struct lines *l, const struct on *on, void *ctx, struct err *e)
{
	struct slice line = { 0 };
	struct record rec;
	int rc;

	while ((rc = lines_next(l, &line, e)) > 0) {
		if (blank(line))
			continue;
		rc = record_parse(line, l->number, &rec, e);
		if (rc == 0)
			rc = dispatch(&rec, on, ctx, e);
		if (rc < 0)
			break;
	}
	return rc;
}

int pump(int fd, const struct on *on, void *ctx, struct err *e)
{
	struct lines l;
	int rc;

	lines_init(&l, fd);
	rc = pump_lines(&l, on, ctx, e);
	lines_release(&l);
	return rc;
}

void edit_init(struct edit *d, struct slice line)
{
	*d = (struct edit){ .line = line };
}

void edit_raw(struct edit *d, const char *key, const char *json)
{
	for (size_t i = 0; i < d->keys.n; i++)
		if (strcmp(d->keys.v[i], key) == 0) {
			free(d->values.v[i]);
			d->values.v[i] = xstrdup(json);
			return;
		}
	strv_add(&d->keys, key);
	strv_add(&d->values, json);
}

void edit_str(struct edit *d, const char *key, const char *s)
{
	auto_str struct str text = { 0 };

	if (s)
		json_quote(&text, s, strlen(s));
	edit_raw(d, key, s ? text.s : "null");
}

void edit_u64(struct edit *d, const char *key, uint64_t v)
{
	auto_free char *text = xasprintf("%llu", (unsigned long long)v);

	edit_raw(d, key, text);
}

void edit_bool(struct edit *d, const char *key, bool v)
{
	edit_raw(d, key, v ? "true" : "false");
}

/* Keep the members that are there, in order, with their new values; a key
 * that is set and stands twice is kept once. */
static size_t edit_members(struct edit *d, struct jr *r, bool *used, struct str *out)
{
	size_t n = 0;
	struct jkey k;

	for (bool more = jr_object(r); more && jr_key(r, &k);) {
		struct slice value = jr_raw(r);
		size_t i;

		for (i = 0; i < d->keys.n; i++)
			if (key_is(&k, d->keys.v[i]))
				break;
		if (i < d->keys.n && used[i])
			continue;
		if (i < d->keys.n) {
			used[i] = true;
			value = (struct slice){ d->values.v[i], strlen(d->values.v[i]) };
		}
		str_add(out, n++ ? ",\"" : "\"");
		str_addn(out, k.s, k.n);
		str_add(out, "\":");
		str_addn(out, value.s, value.n);
	}
	return n;
}

void edit_finish(struct edit *d, struct str *out)
{
	bool *used = xcalloc(d->keys.n, sizeof(*used));
	size_t n = 0;
	struct err e;
	struct jr r;

	str_addc(out, '{');
	if (d->line.n) {
		jr_init(&r, d->line.s, d->line.n);
		n = edit_members(d, &r, used, out);
		if (jr_end(&r, &e) < 0)
			die("edit a record: %s", e.text);
	}
	for (size_t i = 0; i < d->keys.n; i++) {
		if (used[i])
			continue;
		if (n++)
			str_addc(out, ',');
		json_quote(out, d->keys.v[i], strlen(d->keys.v[i]));
		str_addf(out, ":%s", d->values.v[i]);
	}
	str_add(out, "}\n");
	free(used);
	strv_release(&d->keys);
	strv_release(&d->values);
}

int edit_emit(struct edit *d, struct err *e)
{
	auto_str struct str out = { 0 };

	edit_finish(d, &out);
	return put(out.s, out.len, e);
}
