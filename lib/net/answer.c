/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "base/stop.h"
#include "base/term.h"
#include "net/attempt.h"

static bool is_good(long status)
{
	return status >= 200 && status <= 299;
}

void answer_keep(struct call *c)
{
	transfer_release(c->t);
	c->t->etag = c->etag;
	c->t->modified = c->modified;
	c->etag = c->modified = NULL;
}

static bool refuse(struct call *c)
{
	c->t->refused = true;
	return false;
}

bool answer_restart(struct call *c)
{
	c->t->received = c->mark = 0;
	c->a->begun = false;
	if (c->t->restart)
		return c->t->restart(c->t->ctx) == 0 || refuse(c);
	c->bad_range = true;
	return false;
}

static bool may_pass(long status)
{
	return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

static bool may_work_again(CURLcode code)
{
	static const CURLcode codes[] = {
		CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
		CURLE_COULDNT_CONNECT,      CURLE_PARTIAL_FILE,
		CURLE_OPERATION_TIMEDOUT,   CURLE_SSL_CONNECT_ERROR,
		CURLE_GOT_NOTHING,          CURLE_SEND_ERROR,
		CURLE_RECV_ERROR,           CURLE_HTTP2,
		CURLE_HTTP2_STREAM,         CURLE_HTTP3,
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static enum outcome stalled(const struct call *c, struct err *e)
{
	uint64_t got = c->a->fd < 0 ? c->t->received : c->sent;
	long long seconds = (now_ms() - c->mark_ms) / 1000;
	const char *verb = c->a->fd < 0 ? "received" : "sent";

	if (got == c->mark)
		err_set(e, "%s stalled: no body bytes for %llds after %llu bytes %s", c->a->what, seconds,
			(unsigned long long)got, verb);
	else
		err_set(e, "%s stalled: only %llu body bytes in %llds after %llu bytes %s", c->a->what,
			(unsigned long long)(got - c->mark), seconds, (unsigned long long)c->mark, verb);
	return OUTCOME_AGAIN;
}

/* "Range not satisfiable": since there is nothing behind what we have? */
static enum outcome past_end(struct call *c, struct err *e)
{
	if (c->range_total == (long long)c->t->received) {
		c->t->status = 206;
		answer_keep(c);
		if (!c->a->begun && c->t->begin)
			c->t->begin(c->t->ctx, c->t->received);
		c->a->begun = true;
		return OUTCOME_DONE;
	}
	err_set(e, "%s %s: the server cannot go on at byte %llu", c->a->what, c->t->url,
		(unsigned long long)c->t->received);
	if (!answer_restart(c))
		return OUTCOME_FAILED;
	return OUTCOME_AGAIN;
}

/* The answer's status says no. */
static enum outcome bad_status(struct call *c, struct err *e)
{
	struct transfer *t = c->t;
	curl_off_t after = 0;

	if (t->status == 304 && (t->if_none_match || t->if_modified_since)) {
		t->unchanged = true;
		answer_keep(c);
		return OUTCOME_DONE;
	}
	if (t->status == 416 && t->received)
		return past_end(c, e);
	curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &after);
	c->a->asked_ms = (long long)after * 1000;
	err_set(e, "%s %s: HTTP %ld", c->a->what, t->url, t->status);
	return may_pass(t->status) ? OUTCOME_AGAIN : OUTCOME_FAILED;
}

enum outcome answer_judge(struct call *c, CURLcode code, struct err *e)
{
	struct transfer *t = c->t;
	const char *who = c->a->what;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &t->status);
	t->unreachable = code != CURLE_OK && !t->status;
	if (t->refused)
		return OUTCOME_FAILED;
	if (stop_wanted())
		err_set(e, "%s %s: interrupted", who, t->url);
	else if (c->late)
		err_set(e, "%s %s: the answer takes longer than %ds", who, t->url, t->total_ms / 1000);
	else if (t->stalled)
		return stalled(c, e);
	else if (code == CURLE_TOO_MANY_REDIRECTS)
		err_set(e, "%s %s: the server redirects more than %ld times", who, t->url, MAX_HOPS);
	else if (t->status && !is_good(t->status) && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
		return bad_status(c, e);
	else if (c->html)
		err_set(e, "%s %s: server returned HTML instead of %s (URL may be invalid)", who, t->url,
			t->wanted ? t->wanted : "tarball");
	else if (t->too_long)
		err_set(e, "%s %s: the answer is longer than %llu bytes", who, t->url, (unsigned long long)t->max);
	else if (c->bad_range)
		err_set(e, "%s %s: the server has another file now", who, t->url);
	else if (code == CURLE_OK)
		return OUTCOME_DONE;
	else {
		err_set(e, "%s %s: %s", who, t->url, *c->why ? c->why : curl_easy_strerror(code));
		if (t->unreachable)
			err_hint(e, "check the network, the proxy (https_proxy) and the server's name");
		return may_work_again(code) ? OUTCOME_AGAIN : OUTCOME_FAILED;
	}
	return OUTCOME_FAILED;
}
