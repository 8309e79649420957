/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a key lies in the remote cache. KTSTR_REMOTE_CACHE is a URL with
 * "{key}" in it, or with "{sha256}" for the digest of the key (servers such as
 * bazel-remote take no other names); without either, "/{key}.tar.zst" goes
 * behind its path. A user and a password in it become a header.
 */
#ifndef KERNEL_REMOTE_URL_H
#define KERNEL_REMOTE_URL_H

#include "base/str.h"

struct remote_url {
	char *url;           /* to ask, without user and password */
	char *shown;         /* to print: without its query too */
	struct strv headers; /* NULL or the one with the credential */
};

/* 0, or -1 when the variable holds no HTTP URL; the text is not printed. */
int remote_url_make(struct remote_url *u, const char *base, const char *key, struct err *e);
void remote_url_release(struct remote_url *u);

/* Take the query, which may hold a token, out of a message. */
void remote_url_scrub(const struct remote_url *u, struct err *e);

#endif
