/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One request of a transfer and its answer. Only lib/net uses this.
 */
#ifndef NET_ATTEMPT_H
#define NET_ATTEMPT_H

#include <curl/curl.h>

#include "net/transfer.h"

#define MAX_HOPS 10L /* redirects */

enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_AGAIN };

struct attempt {
	struct transfer *t;
	const char *what;
	long long until_ms; /* 0: no end */
	int fd;             /* to PUT, or -1 */
	uint64_t length;    /* of fd */
	bool begun;         /* t->begin has been called */
	long long asked_ms; /* out: pause the server asks for, or 0 */
};

/* Says what to do next; e is set unless it is done or t->refused. */
enum outcome attempt_run(struct attempt *a, struct err *e);

/* What goes on while the request runs. */
struct call {
	struct attempt *a;
	struct transfer *t;
	CURL *curl;
	bool accepted; /* the answer is one we want */
	bool html, late, bad_range;
	long long mark_ms; /* since then fewer than a minimum of bytes came */
	uint64_t mark;     /* received by then */
	uint64_t sent;
	long long range_start, range_total; /* Content-Range, -1: not told */
	char *etag, *modified;
	char why[CURL_ERROR_SIZE];
};

/* The request has ended with code: what that means. */
enum outcome answer_judge(struct call *c, CURLcode code, struct err *e);

/* The body that comes is not the rest of what there is: false when that is
 * the end. */
bool answer_restart(struct call *c);

/* The answer's etag and modified are t's from now on. */
void answer_keep(struct call *c);

#endif
