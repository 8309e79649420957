/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/mark.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/lockers.h"
#include "json/shape.h"
#include "result/runner.h"

static const struct shape_field fields[] = { FIELD(struct mark, runs, SHAPE_STRS),
					     FIELD(struct mark, runners, SHAPE_STRS, .absent = SHAPE_EMPTY),
					     FIELD(struct mark, label, SHAPE_STR),
					     FIELD(struct mark, others, SHAPE_STRS),
					     { 0 } };
static const struct shape shape = { sizeof(struct mark), fields };

void mark_load(struct mark *m, const char *path)
{
	auto_str struct str text = { 0 };
	struct err ignored;
	struct jr r;

	*m = (struct mark){ 0 };
	if (read_file(path, &text, &ignored) < 0)
		return;
	jr_init(&r, str_c(&text), text.len);
	shape_read(&r, &shape, m, SHAPE_STRICT);
	if (jr_end(&r, &ignored) == 0)
		return;
	mark_release(m);
	*m = (struct mark){ 0 };
}

int mark_save(const struct mark *m, const char *path, struct err *e)
{
	auto_str struct str text = { 0 };
	struct jw w;

	jw_init(&w, &text, 0);
	shape_write(&w, &shape, m);
	str_addc(&text, '\n');
	return write_file(path, text.s, text.len, 0666, e);
}

void mark_release(struct mark *m)
{
	shape_release(&shape, m);
}

char *mark_path(const char *root, const char *run)
{
	return xasprintf("%s/.locks/%s.run", root, run);
}

bool mark_runner(struct mark *m)
{
	auto_free char *runner = runner_find();
	struct strv alive = { 0 };

	if (!runner || strv_has(&m->runners, runner))
		return false;
	for (size_t i = 0; i < m->runners.n; i++)
		if (runner_alive(m->runners.v[i]))
			strv_add(&alive, m->runners.v[i]);
	strv_add(&alive, runner);
	strv_release(&m->runners);
	m->runners = alive;
	return true;
}

char *run_going_on(const char *root, const char *run)
{
	auto_free char *path = mark_path(root, run);
	struct str who = { 0 };
	struct mark m;

	mark_load(&m, path);
	for (size_t i = 0; i < m.runners.n && !who.len; i++) {
		long pid = runner_alive(m.runners.v[i]);

		if (!pid)
			continue;
		str_addf(&who, "pid=%ld cmd=", pid);
		str_add_cmdline(&who, pid);
	}
	mark_release(&m);
	return who.len ? str_take(&who) : NULL;
}
