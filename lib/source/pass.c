/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/pass.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/stop.h"
#include "base/str.h"
#include "source/unpack.h"

#define PIECE (256u << 10)

void pass_begin(struct pass *p)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();

	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		die("libcrypto has no sha256");
	p->digest = digest;
	p->done = 0;
	p->unpacked_no_more = false;
	p->unpack = unpack_start(p->dir, p->top);
	progress_start(&p->progress, "fetch", p->label, p->text, "bytes");
}

void pass_feed(struct pass *p, const void *bytes, size_t n)
{
	EVP_DigestUpdate(p->digest, bytes, n);
	p->done += n;
	progress_update(&p->progress, p->done, p->total);
	if (!p->unpacked_no_more && unpack_feed(p->unpack, bytes, n) < 0)
		p->unpacked_no_more = true;
}

int pass_feed_file(struct pass *p, int fd, struct err *e)
{
	auto_free char *buf = xmalloc(PIECE);
	ssize_t n;

	while ((n = read(fd, buf, PIECE)) != 0) {
		if (stop_wanted())
			return err_set(e, "extract tarball: interrupted");
		if (n < 0 && errno != EINTR)
			return err_sys(e, "read %s", p->from);
		if (n > 0)
			pass_feed(p, buf, (size_t)n);
	}
	return 0;
}

int pass_end(struct pass *p, char **top, struct err *e)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	progress_clear(&p->progress);
	EVP_DigestFinal_ex(p->digest, raw, &n);
	EVP_MD_CTX_free(p->digest);
	for (unsigned int i = 0; i < n && i < 32; i++)
		snprintf(p->sum + (size_t)2 * i, 3, "%02x", raw[i]);
	return unpack_finish(p->unpack, top, e);
}

void pass_abort(struct pass *p)
{
	progress_clear(&p->progress);
	EVP_MD_CTX_free(p->digest);
	unpack_abort(p->unpack);
}

int pass_verify(const struct pass *p, const char *want, const char *hint, struct err *e)
{
	if (strcasecmp(want, p->sum) != 0) {
		err_set(e, "sha256 mismatch for %s: expected %s, got %s", p->from, want, p->sum);
		return err_hint(e, "%s", hint);
	}
	note("sha256 verified (%llu bytes, hash %s)", (unsigned long long)p->done, p->sum);
	return 0;
}
