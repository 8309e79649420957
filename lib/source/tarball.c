/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/tarball.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/progress.h"
#include "json/read.h"
#include "json/write.h"

#define DIGESTS_MAX 256 /* remembered files; the oldest lines go first */

bool tarball_name(const char *path)
{
	return ends_with(path, ".tar") || ends_with(path, ".tar.xz") || ends_with(path, ".tar.gz") ||
	       ends_with(path, ".tar.zst");
}

struct digest {
	char *path, *sha256;
	uint64_t size, inode;
	int64_t mtime_ns;
};

static void digest_release(struct digest *d)
{
	free(d->path);
	free(d->sha256);
	*d = (struct digest){ 0 };
}

static int64_t mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
}

static int parse_digest(const char *line, size_t n, struct digest *d)
{
	struct err ignored;
	struct jkey k;
	struct jr r;

	*d = (struct digest){ 0 };
	jr_init(&r, line, n);
	for (jr_object(&r); jr_key(&r, &k);) {
		if (key_is(&k, "path") && !d->path)
			d->path = jr_str(&r);
		else if (key_is(&k, "sha256") && !d->sha256)
			d->sha256 = jr_str(&r);
		else if (key_is(&k, "size"))
			d->size = jr_u64(&r);
		else if (key_is(&k, "inode"))
			d->inode = jr_u64(&r);
		else if (key_is(&k, "mtime_ns"))
			d->mtime_ns = jr_i64(&r);
		else
			jr_skip(&r);
	}
	if (jr_end(&r, &ignored) < 0 || !d->path || !d->sha256 || strlen(d->sha256) != SHA256_HEX - 1 ||
	    d->sha256[strspn(d->sha256, "0123456789abcdef")])
		return -1;
	return 0;
}

static void add_digest(struct str *out, const char *path, const struct stat *st, const char *hex)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key_str(&w, "path", path);
	jw_key_u64(&w, "size", (uint64_t)st->st_size);
	jw_key_i64(&w, "mtime_ns", mtime_ns(st));
	jw_key_u64(&w, "inode", st->st_ino);
	jw_key_str(&w, "sha256", hex);
	jw_end(&w);
	str_addc(out, '\n');
}

/* Look path up in the lines of text. Lines about other files are copied to
 * rest; broken ones are dropped. */
static bool recall(char *text, const char *path, const struct stat *st, char hex[SHA256_HEX], struct strv *rest)
{
	bool found = false;

	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		struct digest d;

		if (parse_digest(line, strlen(line), &d) == 0) {
			if (strcmp(d.path, path) != 0) {
				strv_add(rest, line);
			} else if (d.size == (uint64_t)st->st_size && d.inode == st->st_ino &&
				   d.mtime_ns == mtime_ns(st)) {
				memcpy(hex, d.sha256, SHA256_HEX);
				found = true;
			}
		}
		digest_release(&d);
	}
	return found;
}

/* coreutils' sha256sum does it: a digest library takes longer to load than all
 * else a run over cached kernels does, and this is rare. */
static int hash_file(int fd, const char *path, char hex[SHA256_HEX], struct err *e)
{
	char *argv[] = { (char *)"sha256sum", NULL };
	struct child c = { .argv = argv, .in = fcntl(fd, F_DUPFD_CLOEXEC, 3), .out = FD_PIPE };
	auto_str struct str out = { 0 };
	struct progress p;
	int rc, code;

	if (c.in < 0)
		return err_sys(e, "read %s", path);
	progress_start(&p, "resolve", "", "Hashing the source tarball", "");
	rc = child_start(&c, e);
	if (rc == 0) {
		rc = read_fd(c.out, &out, e);
		close(c.out);
		code = child_wait(&c);
		if (rc == 0 && (code != 0 || strspn(str_c(&out), "0123456789abcdef") != SHA256_HEX - 1))
			rc = err_set(e, "sha256sum of %s failed (exit %d)", path, code);
	}
	progress_end(&p, NULL);
	if (rc < 0)
		return -1;
	memcpy(hex, str_c(&out), SHA256_HEX - 1);
	hex[SHA256_HEX - 1] = '\0';
	return 0;
}

static void remember(const char *file, const char *cache_root, const struct strv *rest, const char *path,
		     const struct stat *st, const char *hex)
{
	auto_str struct str out = { 0 };
	struct err ignored;
	size_t from = rest->n > DIGESTS_MAX - 1 ? rest->n - (DIGESTS_MAX - 1) : 0;

	for (size_t i = from; i < rest->n; i++)
		str_addf(&out, "%s\n", rest->v[i]);
	add_digest(&out, path, st, hex);
	if (make_dirs(cache_root, &ignored) == 0)
		write_file(file, out.s, out.len, 0644, &ignored);
}

int tarball_sha256(const char *path, const char *cache_root, char hex[SHA256_HEX], struct err *e)
{
	auto_free char *file = xasprintf("%s/.digests", cache_root);
	auto_str struct str text = { 0 };
	auto_strv struct strv rest = { 0 };
	struct err ignored;
	struct stat st, after;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", path);
	if (read_file(file, &text, &ignored) == 0 && text.s && recall(text.s, path, &st, hex, &rest))
		return 0;
	if (hash_file(fd, path, hex, e) < 0)
		return -1;
	if (fstat(fd, &after) < 0 || after.st_size != st.st_size || mtime_ns(&after) != mtime_ns(&st))
		return err_set(e, "%s changed while it was read", path);
	remember(file, cache_root, &rest, path, &st, hex);
	return 0;
}
