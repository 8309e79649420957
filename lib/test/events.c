/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/record.h"
#include "test/run.h"

#define CONSOLE_LINES 400

/* Every key some event has. */
struct event {
	char *type, *state, *reason, *detail, *line, *ops, *scx_state;
	int64_t code, wall_ms;
	bool passed, skipped;
	struct slice details, stats;
};

static void event_release(struct event *ev)
{
	free(ev->type);
	free(ev->state);
	free(ev->reason);
	free(ev->detail);
	free(ev->line);
	free(ev->ops);
	free(ev->scx_state);
}

static void take_str(struct jr *r, char **to)
{
	free(*to);
	*to = jr_peek(r) == JR_STRING ? jr_str(r) : NULL;
	if (!*to)
		jr_skip(r);
}

static void take_int(struct jr *r, int64_t *to)
{
	double v;

	if (jr_peek(r) != JR_NUMBER) {
		jr_skip(r);
		return;
	}
	v = jr_f64(r);
	*to = v >= -9e18 && v <= 9e18 ? (int64_t)v : 0;
}

static void take_bool(struct jr *r, bool *to)
{
	enum jr_kind kind = jr_peek(r);

	*to = kind == JR_TRUE;
	jr_skip(r);
}

static bool event_text(struct jr *r, const struct jkey *k, struct event *ev)
{
	const struct {
		const char *name;
		char **to;
	} keys[] = {
		{ "type", &ev->type },           { "state", &ev->state }, { "reason", &ev->reason },
		{ "detail", &ev->detail },       { "line", &ev->line },   { "ops", &ev->ops },
		{ "scx_state", &ev->scx_state },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (key_is(k, keys[i].name)) {
			take_str(r, keys[i].to);
			return true;
		}
	return false;
}

/* 0, or -1 for a line that is no event: what a program scribbled. */
static int event_parse(struct slice line, struct event *ev)
{
	struct jkey k;
	struct err e;
	struct jr r;

	*ev = (struct event){ 0 };
	jr_init(&r, line.s, line.n);
	for (jr_object(&r); jr_key(&r, &k);) {
		if (event_text(&r, &k, ev))
			continue;
		if (key_is(&k, "code"))
			take_int(&r, &ev->code);
		else if (key_is(&k, "wall_ms"))
			take_int(&r, &ev->wall_ms);
		else if (key_is(&k, "passed"))
			take_bool(&r, &ev->passed);
		else if (key_is(&k, "skipped"))
			take_bool(&r, &ev->skipped);
		else if (key_is(&k, "details"))
			ev->details = jr_raw(&r);
		else if (key_is(&k, "stats"))
			ev->stats = jr_raw(&r);
		else
			jr_skip(&r);
	}
	return jr_end(&r, &e) || !ev->type ? -1 : 0;
}

static void move_str(char **to, char **from)
{
	if (!*from)
		return;
	free(*to);
	*to = *from;
	*from = NULL;
}

/* Keep the last lines only. */
static void keep(struct strv *l, const char *line)
{
	if (l->n >= CONSOLE_LINES) {
		free(l->v[0]);
		memmove(l->v, l->v + 1, (l->n - 1) * sizeof(*l->v));
		l->v[--l->n] = NULL;
	}
	strv_add(l, line ? line : "");
}

static void on_sched(struct run *r, struct event *ev)
{
	const char *state = ev->state ? ev->state : "";

	if (strcmp(state, "attached") == 0)
		r->attached = true;
	else if (strcmp(state, "died") == 0)
		r->died = true;
	else if (strcmp(state, "not_attached") == 0)
		r->not_attached = true;
	move_str(&r->sched_reason, &ev->reason);
	/* the sidecar tells what it ran under, not what was left afterwards */
	if (r->scx_ops && r->scx_ops[0])
		return;
	move_str(&r->scx_ops, &ev->ops);
	move_str(&r->scx_state, &ev->scx_state);
}

static void take_details(struct run *r, struct slice raw)
{
	struct jkey k;
	struct jr j;

	jr_init(&j, raw.s, raw.n);
	for (jr_array(&j); jr_item(&j);) {
		char *kind = NULL, *message = NULL;

		for (jr_object(&j); jr_key(&j, &k);) {
			if (key_is(&k, "kind"))
				take_str(&j, &kind);
			else if (key_is(&k, "message"))
				take_str(&j, &message);
			else
				jr_skip(&j);
		}
		strv_give(&r->kinds, kind ? kind : xstrdup("Other"));
		strv_give(&r->details, message ? message : xstrdup(""));
	}
}

/* ktstr-vm starts a guest anew that its accelerator let down: nothing that one
 * said counts. */
static void on_boot(struct run *r)
{
	r->booted = true;
	r->init = r->payload = r->attached = r->not_attached = r->died = r->has_result = false;
	r->passed = r->skipped = false;
	free(r->scx_state);
	free(r->scx_ops);
	free(r->sched_reason);
	free(r->stats);
	r->scx_state = r->scx_ops = r->sched_reason = r->stats = NULL;
	strv_release(&r->console);
	strv_release(&r->sched_log);
	strv_release(&r->stimuli);
	strv_release(&r->kinds);
	strv_release(&r->details);
}

/* The last result wins. */
static void on_result(struct run *r, struct event *ev)
{
	r->has_result = true;
	r->passed = ev->passed;
	r->skipped = ev->skipped;
	strv_release(&r->kinds);
	strv_release(&r->details);
	r->kinds = r->details = (struct strv){ 0 };
	if (ev->details.n)
		take_details(r, ev->details);
	free(r->stats);
	r->stats = ev->stats.n ? xstrndup(ev->stats.s, ev->stats.n) : NULL;
}

/* The event without its type is what the sidecar stores. */
static void on_stimulus(struct run *r, struct slice line)
{
	auto_str struct str out = { 0 };
	struct jkey k;
	struct jw w;
	struct jr j;

	jw_init(&w, &out, 0);
	jw_object(&w);
	jr_init(&j, line.s, line.n);
	for (jr_object(&j); jr_key(&j, &k);) {
		struct slice raw = jr_raw(&j);
		auto_free char *key = xstrndup(k.s, k.n);

		if (strcmp(key, "type") == 0)
			continue;
		jw_key(&w, key);
		jw_raw(&w, raw.s, raw.n);
	}
	jw_end(&w);
	strv_add(&r->stimuli, str_c(&out));
}

static void on_exit_event(struct run *r, struct event *ev)
{
	free(r->exit_reason);
	r->exit_reason = ev->reason ? ev->reason : xstrdup("done");
	ev->reason = NULL;
	move_str(&r->exit_detail, &ev->detail);
	r->exit_code = (int)ev->code;
}

static void dispatch(struct run *r, struct event *ev, struct slice line)
{
	const char *type = ev->type;

	if (strcmp(type, "boot") == 0)
		on_boot(r);
	else if (strcmp(type, "init") == 0)
		r->init = true;
	else if (strcmp(type, "payload") == 0)
		r->payload = true;
	else if (strcmp(type, "console") == 0)
		keep(&r->console, ev->line);
	else if (strcmp(type, "stdout") == 0 && ev->line)
		printf("%s\n", ev->line);
	else if (strcmp(type, "stderr") == 0 && ev->line)
		fprintf(stderr, "%s\n", ev->line);
	else if (strcmp(type, "sched") == 0)
		on_sched(r, ev);
	else if (strcmp(type, "sched_log") == 0)
		keep(&r->sched_log, ev->line);
	else if (strcmp(type, "stimulus") == 0)
		on_stimulus(r, line);
	else if (strcmp(type, "result") == 0)
		on_result(r, ev);
	else if (strcmp(type, "exit") == 0)
		on_exit_event(r, ev);
}

void take_event(struct run *r, struct slice line)
{
	struct event ev;

	if (event_parse(line, &ev) == 0) {
		dispatch(r, &ev, line);
	} else if (line.n) {
		auto_free char *text = xstrndup(line.s, line.n);

		keep(&r->vm_log, text);
	}
	event_release(&ev);
}
