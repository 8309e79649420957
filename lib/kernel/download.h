/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP: fetch a URL into memory, or stream it to a consumer. Redirects are
 * followed, the proxy variables and SSL_CERT_FILE honoured, TLS verified.
 * Nothing is retried.
 */
#ifndef KERNEL_DOWNLOAD_H
#define KERNEL_DOWNLOAD_H

#include <stdint.h>

#include "base/str.h"

struct download {
	const char *url;
	int stall_ms; /* give up after that long without a byte; 0: 60000 */

	/* The answer is there and good. length is 0 when not told. */
	void (*begin)(void *ctx, uint64_t length);
	/* The next piece of the body; -1 ends the download, see download_run. */
	int (*data)(void *ctx, const void *p, size_t n);
	void *ctx;

	uint64_t received; /* out: bytes of the body */
	long status;       /* out: HTTP status, 0 when none came */
	bool refused;      /* out: data ended it */
};

/*
 * 0 when the whole body was handed over. -1 with e else: "download URL: …"
 * for no connection, a status other than 2xx (status says which), an HTML
 * page, a body cut short; "download stalled: …"; "interrupted" when
 * stop_wanted. With refused set, e is untouched and the reason is data's.
 */
int download_run(struct download *d, struct err *e);

/* Fetch a small file whole, at most 30 s and 64 MiB: 0, or -1 as above with
 * *status the HTTP status (may be NULL). */
int download_text(const char *url, struct str *out, long *status, struct err *e);

#endif
