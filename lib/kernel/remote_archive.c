/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/remote_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/shape.h"
#include "kernel/arch.h"
#include "kernel/cache_meta.h"

#define META_MAX (1u << 20)
#define PIECE    (256u << 10)

/* --- packing --- */

static void scrub_source(struct jr *r, struct jw *w)
{
	struct jkey k;

	jw_object(w);
	for (jr_object(r); jr_key(r, &k);) {
		auto_free char *name = key_text(&k);
		struct slice raw = jr_raw(r);

		jw_key(w, name);
		if (strcmp(name, "source_tree_path") == 0)
			jw_null(w);
		else
			json_copy(w, raw);
	}
	jw_end(w);
}

/* metadata.json without the path of a tree that is on this machine. */
static int scrub(const char *dir, struct str *out, struct err *e)
{
	auto_free char *path = xasprintf("%s/metadata.json", dir);
	auto_str struct str text = { 0 };
	struct jkey k;
	struct jw w;
	struct jr r;

	if (read_file(path, &text, e) < 0)
		return -1;
	jr_init(&r, str_c(&text), text.len);
	jw_init(&w, out, 2);
	jw_object(&w);
	for (jr_object(&r); jr_key(&r, &k);) {
		auto_free char *name = key_text(&k);

		jw_key(&w, name);
		if (strcmp(name, "source") == 0)
			scrub_source(&r, &w);
		else
			json_copy(&w, jr_raw(&r));
	}
	if (jr_end(&r, e) < 0)
		return err_wrap(e, "%s", path);
	jw_end(&w);
	return 0;
}

static int archive_fail(struct archive *a, struct err *e)
{
	return err_set(e, "%s", archive_error_string(a) ? archive_error_string(a) : "not a tar archive");
}

static int put_header(struct archive *a, const char *name, uint64_t size, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int rc;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	rc = archive_write_header(a, entry) == ARCHIVE_OK ? 0 : archive_fail(a, e);
	archive_entry_free(entry);
	return rc;
}

static int put_file(struct archive *a, const char *dir, const struct cache_sum *s, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, s->name), *buf = xmalloc(PIECE);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return err_sys(e, "read %s", path);
	if (put_header(a, s->name, s->size, e) < 0)
		return -1;
	while ((n = read(fd, buf, PIECE)) > 0)
		if (archive_write_data(a, buf, (size_t)n) != n)
			return archive_fail(a, e);
	return n < 0 ? err_sys(e, "read %s", path) : 0;
}

static int write_members(struct archive *a, const struct cache_entry *c, const struct str *meta, struct err *e)
{
	if (put_header(a, "metadata.json", meta->len, e) < 0)
		return -1;
	if (archive_write_data(a, meta->s, meta->len) != (la_ssize_t)meta->len)
		return archive_fail(a, e);
	for (size_t i = 0; i < c->n_sums; i++)
		if (put_file(a, c->dir, &c->sums[i], e) < 0)
			return -1;
	return archive_write_close(a) == ARCHIVE_OK ? 0 : archive_fail(a, e);
}

int remote_pack(const struct cache_entry *c, int fd, struct err *e)
{
	auto_str struct str meta = { 0 };
	struct archive *a;
	int rc;

	if (!c->n_sums || !c->stored_key)
		return err_set(e, "the entry was stored without checksums");
	if (scrub(c->dir, &meta, e) < 0)
		return -1;
	a = archive_write_new();
	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter_zstd(a);
	archive_write_set_bytes_in_last_block(a, 1);
	rc = archive_write_open_fd(a, fd) == ARCHIVE_OK ? write_members(a, c, &meta, e) : archive_fail(a, e);
	archive_write_free(a);
	return rc;
}

/* --- unpacking --- */

static int take_data(struct archive *a, int fd, uint64_t max, uint64_t *total, struct err *e)
{
	uint64_t here = 0;
	const void *p;
	la_int64_t at;
	size_t n;
	int rc;

	while ((rc = archive_read_data_block(a, &p, &n, &at)) == ARCHIVE_OK) {
		if ((uint64_t)at != here)
			return err_set(e, "a file has holes");
		here += n;
		*total += n;
		if (here > max || *total > REMOTE_MAX)
			return err_set(e, "more than %llu MiB unpacked",
				       (unsigned long long)((here > max ? max : REMOTE_MAX) >> 20));
		if (write_all(fd, p, n) < 0)
			return err_sys(e, "write");
	}
	return rc == ARCHIVE_EOF ? 0 : archive_fail(a, e);
}

static bool is_member(const char *name)
{
	return strcmp(name, "metadata.json") == 0 || strcmp(name, kernel_image_name()) == 0 ||
	       strcmp(name, "vmlinux") == 0;
}

static int take_member(struct archive *a, struct archive_entry *entry, const char *dir, uint64_t *total, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	if (!name || !is_member(name))
		return err_set(e, "it holds %.100s, which is no part of an entry for %s",
			       name ? name : "a nameless file", kernel_arch());
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return err_set(e, "%s is no plain file", name);
	path = xasprintf("%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "write %s", name);
	if (take_data(a, fd, strcmp(name, "metadata.json") == 0 ? META_MAX : REMOTE_MAX, total, e) < 0)
		return -1;
	sync_soon(fd);
	return 0;
}

static int take_members(struct archive *a, int fd, const char *dir, struct err *e)
{
	struct archive_entry *entry;
	uint64_t total = 0;
	int rc;

	archive_read_support_format_tar(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_gzip(a);
	if (archive_read_open_fd(a, fd, PIECE) != ARCHIVE_OK)
		return archive_fail(a, e);
	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK)
		if (take_member(a, entry, dir, &total, e) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? 0 : archive_fail(a, e);
}

static const struct cache_sum *sum_of(const struct cache_entry *c, const char *name)
{
	for (size_t i = 0; i < c->n_sums; i++)
		if (strcmp(c->sums[i].name, name) == 0)
			return &c->sums[i];
	return NULL;
}

/* Whether it is what its key says. The key's "-kc…" is the configuration. */
static int check_identity(const struct cache_entry *c, const char *key, struct err *e)
{
	auto_free char *kconfig = xasprintf("-kc%s", c->kconfig_hash ? c->kconfig_hash : "");

	if (!c->stored_key || strcmp(c->stored_key, key) != 0)
		return err_set(e, "it is of key %s", c->stored_key ? c->stored_key : "unknown");
	if (strcmp(c->arch, kernel_arch()) != 0 || strcmp(c->image_name, kernel_image_name()) != 0)
		return err_set(e, "it is a %s of %s", c->image_name, c->arch);
	if (strstr(key, "-kc") && !strstr(key, kconfig))
		return err_set(e, "its kconfig hash is not the key's");
	if (c->source_tree_path)
		return err_set(e, "it names a directory of another machine");
	return 0;
}

/* Every file has a checksum, and every checksum fits. */
static int check_content(const struct cache_entry *c, struct err *e)
{
	auto_free char *vmlinux = xasprintf("%s/vmlinux", c->dir);

	if (!sum_of(c, c->image_name) || (c->has_vmlinux || path_exists(vmlinux) ? !sum_of(c, "vmlinux") : false))
		return err_set(e, "it has files without checksums");
	return cache_verify(c, e);
}

int remote_unpack(int fd, const char *dir, const char *key, struct err *e)
{
	struct archive *a = archive_read_new();
	int rc = take_members(a, fd, dir, e);
	struct cache_entry c;

	archive_read_free(a);
	if (rc < 0)
		return -1;
	cache_load(dir, &c);
	rc = c.problem ? err_set(e, "%s", c.problem) : 0;
	if (rc == 0)
		rc = check_identity(&c, key, e);
	if (rc == 0)
		rc = check_content(&c, e);
	cache_entry_release(&c);
	return rc;
}
