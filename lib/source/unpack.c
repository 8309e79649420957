/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "source/queue.h"
#include "source/tree_writer.h"

struct unpack {
	pthread_t decoder, writer;
	struct queue *packed, *plain;
	struct tree_writer out;
	bool decode_failed, write_failed;
	bool plain_broke; /* the writer was told that the decoder had failed */
	struct err decode_why, write_why;
	/* packed bytes so far, all of them and up to the last that is not zero */
	int64_t came, solid;
};

static la_ssize_t on_read(struct archive *a, void *ctx, const void **p)
{
	long n = queue_get(ctx, p);

	if (n < 0)
		archive_set_error(a, EIO, "the stream broke off");
	return n < 0 ? ARCHIVE_FATAL : n;
}

static la_ssize_t on_read_packed(struct archive *a, void *ctx, const void **p)
{
	struct unpack *u = ctx;
	la_ssize_t n = on_read(a, u->packed, p), last = n;

	while (last > 0 && !((const char *)*p)[last - 1])
		last--;
	if (last > 0)
		u->solid = u->came + last;
	if (n > 0)
		u->came += n;
	return n;
}

static la_ssize_t on_read_plain(struct archive *a, void *ctx, const void **p)
{
	struct unpack *u = ctx;
	la_ssize_t n = on_read(a, u->plain, p);

	u->plain_broke |= n < 0;
	return n;
}

/* Read what is left, so that the other side never waits for us. */
static void drain(struct queue *q)
{
	const void *p;

	while (queue_get(q, &p) > 0)
		;
}

/* libarchive ends at what is no further gzip stream, whatever it is. As gzip
 * does: zeros may pad the file, other bytes are a file that went wrong. */
static int check_end(struct unpack *u, struct archive *a)
{
	int64_t used = archive_filter_bytes(a, -1);
	const void *p;

	while (on_read_packed(a, u, &p) > 0)
		;
	if (u->solid <= used)
		return 0;
	return err_set(&u->decode_why, "%lld bytes of something else follow the compressed data",
		       (long long)(u->came - used));
}

static int decode(struct unpack *u, struct archive *a)
{
	struct archive_entry *entry;
	const void *p;
	la_int64_t at;
	size_t n;
	int rc;

	archive_read_support_filter_xz(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_format_raw(a);
	if (archive_read_open(a, u, NULL, on_read_packed, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return err_set(&u->decode_why, "%s", archive_error_string(a) ? archive_error_string(a) : "no data");
	while ((rc = archive_read_data_block(a, &p, &n, &at)) == ARCHIVE_OK)
		if (queue_put(u->plain, p, n) < 0)
			return 0; /* the writer knows why */
	if (rc != ARCHIVE_EOF)
		return err_set(&u->decode_why, "%s", archive_error_string(a));
	return check_end(u, a);
}

static void *decoder_main(void *arg)
{
	struct unpack *u = arg;
	struct archive *a = archive_read_new();

	u->decode_failed = decode(u, a) < 0;
	queue_end(u->plain, u->decode_failed);
	if (u->decode_failed)
		queue_refuse(u->packed);
	else
		drain(u->packed);
	archive_read_free(a);
	return NULL;
}

static int write_data(struct tree_writer *w, struct archive *a, struct err *e)
{
	la_int64_t at;
	const void *p;
	size_t n;
	int rc;

	while ((rc = archive_read_data_block(a, &p, &n, &at)) == ARCHIVE_OK)
		if (tree_writer_data(w, p, n, at, e) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? 0 : err_set(e, "%s", archive_error_string(a));
}

static int write_entry(struct tree_writer *w, struct archive *a, struct archive_entry *entry, struct err *e)
{
	struct tree_entry t = {
		.path = archive_entry_pathname(entry),
		.link = archive_entry_symlink(entry),
		.hardlink = archive_entry_hardlink(entry),
		.mode = archive_entry_filetype(entry) | archive_entry_perm(entry),
		.mtime = archive_entry_mtime(entry),
		.size = (uint64_t)archive_entry_size(entry),
	};

	if (!t.path)
		return err_set(e, "an entry has no name");
	if (tree_writer_add(w, &t, e) < 0)
		return -1;
	if (archive_entry_filetype(entry) == AE_IFREG && !t.hardlink && write_data(w, a, e) < 0)
		return -1;
	return tree_writer_close(w, e);
}

static int write_all_entries(struct unpack *u, struct archive *a, struct err *e)
{
	struct archive_entry *entry;
	int rc;

	archive_read_support_format_tar(a);
	if (archive_read_open(a, u, NULL, on_read_plain, NULL) != ARCHIVE_OK)
		return err_set(e, "%s", archive_error_string(a));
	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN)
		if (write_entry(&u->out, a, entry, e) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? 0 : err_set(e, "%s", archive_error_string(a));
}

static void *writer_main(void *arg)
{
	struct unpack *u = arg;
	struct archive *a = archive_read_new();

	u->write_failed = write_all_entries(u, a, &u->write_why) < 0;
	if (u->write_failed) {
		queue_refuse(u->plain);
		queue_refuse(u->packed);
	}
	drain(u->plain);
	archive_read_free(a);
	return NULL;
}

struct unpack *unpack_start(const char *dir, const char *top)
{
	struct unpack *u = xcalloc(1, sizeof(*u));

	tree_writer_init(&u->out, dir, top);
	u->packed = queue_new(16, 128 << 10);
	u->plain = queue_new(16, 256 << 10);
	if (pthread_create(&u->decoder, NULL, decoder_main, u) || pthread_create(&u->writer, NULL, writer_main, u))
		die("extract tarball: no thread to be had");
	return u;
}

int unpack_feed(struct unpack *u, const void *p, size_t n)
{
	return queue_put(u->packed, p, n);
}

static void join(struct unpack *u)
{
	pthread_join(u->decoder, NULL);
	pthread_join(u->writer, NULL);
	queue_free(u->packed);
	queue_free(u->plain);
}

static int say_why(const struct unpack *u, struct err *e)
{
	err_set(e, "%s%s", u->out.wrong_top ? "" : "extract tarball: ", u->write_why.text);
	return err_hint(e, "%s", u->write_why.hint);
}

int unpack_finish(struct unpack *u, char **top, struct err *e)
{
	int rc = 0;

	queue_end(u->packed, false);
	join(u);
	/* who fails first ends the other's stream, which then fails, too */
	if (u->write_failed && !u->plain_broke)
		rc = say_why(u, e);
	else if (u->decode_failed)
		rc = err_set(e, "extract tarball: %s", u->decode_why.text);
	else if (tree_writer_finish(&u->out, top, e) < 0)
		rc = -1;
	tree_writer_release(&u->out);
	free(u);
	return rc;
}

void unpack_abort(struct unpack *u)
{
	queue_end(u->packed, true);
	join(u);
	tree_writer_release(&u->out);
	free(u);
}
