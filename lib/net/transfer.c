/* SPDX-License-Identifier: GPL-2.0-only */
#include "net/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/stop.h"
#include "base/term.h"
#include "net/attempt.h"

#define TRIES     4
#define TRIES_MAX 60         /* however much each of them brings */
#define PROGRESS  (64 << 10) /* bytes after which tries count anew */
#define PAUSE_MS  500
#define PAUSE_MAX 8000
#define ASKED_MAX 30000 /* of Retry-After */
#define TEXT_MAX  (64u << 20)
#define TEXT_MS   30000

void transfer_release(struct transfer *t)
{
	free(t->etag);
	free(t->modified);
	t->etag = t->modified = NULL;
}

const char *transfer_validator(const struct transfer *t)
{
	return t->etag && !starts_with(t->etag, "W/") ? t->etag : t->modified;
}

/* Sleep unless it is time to end. */
static void pause_for(long long ms)
{
	long long until = now_ms() + ms;

	while (!stop_wanted() && now_ms() < until)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static long long pause_before(int failed, long long asked_ms)
{
	long long ms = PAUSE_MS;

	for (int i = 1; i < failed && ms < PAUSE_MAX; i++)
		ms *= 2;
	if (asked_ms > ms)
		ms = asked_ms < ASKED_MAX ? asked_ms : ASKED_MAX;
	return ms;
}

static const char *what(const struct transfer *t)
{
	return t->what ? t->what : "download";
}

static int interrupted(const struct transfer *t, struct err *e)
{
	return err_set(e, "%s %s: interrupted", what(t), t->url);
}

static int run(struct transfer *t, int fd, uint64_t n, struct err *e)
{
	int tries = t->tries ? t->tries : TRIES, failed = 0;
	long long until = t->total_ms ? now_ms() + t->total_ms : 0;
	bool begun = false;

	if (transfer_start(e) < 0)
		return -1;
	t->received = t->from;
	t->refused = t->unchanged = t->stalled = t->too_long = t->unreachable = false;
	for (int i = 0;; i++) {
		uint64_t before = t->received;
		struct attempt a = {
			.t = t, .what = what(t), .until_ms = until, .fd = fd, .length = n, .begun = begun
		};
		enum outcome o = attempt_run(&a, e);
		long long ms;

		begun = a.begun;
		if (o != OUTCOME_AGAIN)
			return o == OUTCOME_DONE ? 0 : -1;
		failed = t->received >= before + PROGRESS ? 1 : failed + 1;
		if (failed >= tries || i >= TRIES_MAX)
			return -1;
		ms = pause_before(failed, a.asked_ms);
		if (until && now_ms() + ms >= until)
			return -1;
		note("%s; trying again in %.1f s", e->text, (double)ms / 1000);
		pause_for(ms);
		if (stop_wanted())
			return interrupted(t, e);
	}
}

int transfer_get(struct transfer *t, struct err *e)
{
	return run(t, -1, 0, e);
}

int transfer_put(struct transfer *t, int fd, uint64_t n, struct err *e)
{
	return run(t, fd, n, e);
}

static int add_text(void *ctx, const void *p, size_t n)
{
	str_addn(ctx, p, n);
	return 0;
}

static int clear_text(void *ctx)
{
	str_clear(ctx);
	return 0;
}

int transfer_text(struct transfer *t, struct str *out, struct err *e)
{
	t->data = add_text;
	t->restart = clear_text;
	t->ctx = out;
	if (!t->max)
		t->max = TEXT_MAX;
	if (!t->total_ms)
		t->total_ms = TEXT_MS;
	str_clear(out);
	return transfer_get(t, e);
}
