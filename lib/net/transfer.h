/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP: one GET streamed to a consumer, or one PUT of a file. The only room
 * that knows libcurl.
 *
 * Redirects are followed; the proxy variables (HTTPS_PROXY, NO_PROXY, …) and
 * CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR are honoured; TLS is
 * verified. What may pass by itself (no connection, a connection that broke,
 * 408, 425, 429, 5xx) is tried again after a pause that doubles, and a body
 * that broke off goes on where it stopped. Threads may transfer side by side
 * once transfer_start was called.
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct transfer {
	const char *url;
	char *const *headers; /* further request headers, "Name: value"; or NULL */

	/* Conditions; any may be NULL. With unchanged and no body when the
	 * server says that what these name is still current. */
	const char *if_none_match, *if_modified_since;

	/* Go on behind the first from bytes, which the caller has from an
	 * earlier transfer whose answer had this validator. */
	uint64_t from;
	const char *validator;

	int stall_ms;       /* give up standing still (under 1 KiB/s) this long; 0: 60 s */
	int total_ms;       /* give up after that long in all; 0: never */
	int tries;          /* attempts without any progress; 0: 4 */
	uint64_t max;       /* longest body; 0: any */
	bool html;          /* an HTML page is a good answer */
	bool head;          /* ask with HEAD: no body */
	const char *what;   /* "download" by default: begins messages */
	const char *wanted; /* "tarball" by default: what a page is not */

	/* The answer is there and good. length is the whole body's, 0 when not
	 * told; called again after restart. May be NULL. */
	void (*begin)(void *ctx, uint64_t length);
	/* The next piece of the body; -1 ends the transfer, see transfer_get. */
	int (*data)(void *ctx, const void *p, size_t n);
	/* The body comes from its first byte once more, since the server has
	 * another one now or cannot go on in the middle: forget what came.
	 * NULL: that is an error. -1 ends the transfer as in data. */
	int (*restart)(void *ctx);
	void *ctx;

	/* The answer; release with transfer_release. */
	uint64_t received; /* bytes of the body, from included */
	long status;       /* HTTP status, 0 when none came */
	bool unchanged;    /* 304 */
	bool refused;      /* data or restart ended it */
	bool unreachable;  /* no server was reached at all */
	bool stalled;
	bool too_long;         /* longer than max */
	char *etag, *modified; /* as sent, or NULL */
};

/* Get libcurl ready; transfers of one thread do it by themselves. */
int transfer_start(struct err *e);

/*
 * 0 when the whole body was handed over, or unchanged. -1 with e else:
 * "download URL: …" for no connection, a status other than 2xx (status says
 * which), an HTML page, a body too long or cut short; "download stalled: …";
 * "interrupted" when stop_wanted. With refused set, e is untouched and the
 * reason is the consumer's.
 */
int transfer_get(struct transfer *t, struct err *e);

/* PUT the n bytes of the open file fd from its beginning: 0 for a 2xx
 * answer. url, headers, stall_ms, total_ms, tries and what count. */
int transfer_put(struct transfer *t, int fd, uint64_t n, struct err *e);

/* The validator to go on with later: etag when it is a strong one, else
 * modified, else NULL. Belongs to t. */
const char *transfer_validator(const struct transfer *t);

/* Free what the answer holds; the request stays. */
void transfer_release(struct transfer *t);

/* Get a small text whole: t->data, ctx and restart are set here; total_ms is
 * 30 s and max 64 MiB unless given. */
int transfer_text(struct transfer *t, struct str *out, struct err *e);

#endif
