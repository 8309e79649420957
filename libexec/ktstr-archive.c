/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-archive: pack a run into one file.
 *
 * The archive is complete, and has been read back and compared with the run,
 * before it gets its name; with --remove only then the run goes. Unpacked
 * anywhere it is a pool that --dir reads.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "result/findrun.h"
#include "result/mark.h"
#include "result/place.h"
#include "result/retire.h"

#define BLOCK 65536

/* What a file's name says of its compression. */
static const struct {
	const char *suffix;
	int (*add)(struct archive *);
} kinds[] = {
	{ ".tar.zst", archive_write_add_filter_zstd }, { ".tar.gz", archive_write_add_filter_gzip },
	{ ".tgz", archive_write_add_filter_gzip },     { ".tar.xz", archive_write_add_filter_xz },
	{ ".tar", archive_write_add_filter_none },
};

static int (*filter_of(const char *file))(struct archive *)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (ends_with(file, kinds[i].suffix))
			return kinds[i].add;
	return NULL;
}

static int failed(struct archive *a, const char *what, struct err *e)
{
	return err_set(e, "%s: %s", what, archive_error_string(a) ? archive_error_string(a) : "unknown error");
}

/* --- writing ----------------------------------------------------------- */

static int pack_data(struct archive *out, const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *buf = xmalloc(BLOCK);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "read %s", path);
	while ((n = read(fd, buf, BLOCK)) > 0)
		if (archive_write_data(out, buf, (size_t)n) != n)
			return failed(out, "write the archive", e);
	return n < 0 ? err_sys(e, "read %s", path) : 0;
}

/* Below root the names in the archive begin. */
static int pack_entry(struct archive *out, struct archive *disk, struct archive_entry *entry, const char *root,
		      size_t *files, struct err *e)
{
	auto_free char *path = xstrdup(archive_entry_pathname(entry));

	if (archive_entry_filetype(entry) == AE_IFDIR)
		archive_read_disk_descend(disk);
	archive_entry_set_pathname(entry, path + strlen(root) + 1);
	archive_entry_set_uname(entry, NULL);
	archive_entry_set_gname(entry, NULL);
	if (archive_write_header(out, entry) != ARCHIVE_OK)
		return failed(out, "write the archive", e);
	if (archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	++*files;
	return pack_data(out, path, e);
}

static int pack_tree(struct archive *out, const char *root, const char *dir, size_t *files, struct err *e)
{
	struct archive *disk = archive_read_disk_new();
	struct archive_entry *entry = archive_entry_new();
	int rc = 0, got;

	archive_read_disk_set_symlink_physical(disk);
	if (archive_read_disk_open(disk, dir) != ARCHIVE_OK)
		rc = failed(disk, dir, e);
	while (rc == 0 && (got = archive_read_next_header2(disk, entry)) != ARCHIVE_EOF)
		rc = got == ARCHIVE_OK ? pack_entry(out, disk, entry, root, files, e) : failed(disk, dir, e);
	archive_entry_free(entry);
	archive_read_free(disk);
	return rc;
}

static int pack(int fd, const char *file, const char *root, const char *dir, size_t *files, struct err *e)
{
	struct archive *out = archive_write_new();
	int rc;

	archive_write_set_format_pax_restricted(out);
	filter_of(file)(out);
	rc = archive_write_open_fd(out, fd) == ARCHIVE_OK ? pack_tree(out, root, dir, files, e) : failed(out, file, e);
	if (archive_write_close(out) != ARCHIVE_OK && rc == 0)
		rc = failed(out, "write the archive", e);
	archive_write_free(out);
	return rc;
}

/* --- reading back ------------------------------------------------------ */

/* Whether what stands in the archive is what stands in the file. */
static int same_data(struct archive *in, const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *ours = xmalloc(BLOCK), *theirs = xmalloc(BLOCK);
	ssize_t n, m, got;

	if (fd < 0)
		return err_sys(e, "read %s", path);
	do {
		n = archive_read_data(in, theirs, BLOCK);
		if (n < 0)
			return failed(in, "read the archive back", e);
		for (m = 0; m < n && (got = read(fd, ours + m, (size_t)(n - m))) > 0;)
			m += got;
		if (m != n || memcmp(ours, theirs, (size_t)n) != 0)
			return err_set(e, "%s has changed while it was packed", path);
	} while (n > 0);
	return read(fd, ours, 1) == 0 ? 0 : err_set(e, "%s has grown while it was packed", path);
}

static int verify(int fd, const char *root, size_t files, struct err *e)
{
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	size_t found = 0;
	int rc = 0, got;

	archive_read_support_filter_all(in);
	archive_read_support_format_tar(in);
	if (lseek(fd, 0, SEEK_SET) < 0 || archive_read_open_fd(in, fd, BLOCK) != ARCHIVE_OK)
		rc = failed(in, "read the archive back", e);
	while (rc == 0 && (got = archive_read_next_header(in, &entry)) != ARCHIVE_EOF) {
		auto_free char *path = NULL;

		if (got != ARCHIVE_OK) {
			rc = failed(in, "read the archive back", e);
			break;
		}
		path = xasprintf("%s/%s", root, archive_entry_pathname(entry));
		if (archive_entry_filetype(entry) == AE_IFREG) {
			found++;
			rc = same_data(in, path, e);
		}
	}
	archive_read_free(in);
	if (rc == 0 && found != files)
		rc = err_set(e, "of %zu files %zu are in the archive", files, found);
	return rc;
}

/* A file without a name, so that nothing is left of an archive that was
 * interrupted; where there are none, one with the name *temp. */
static int open_new(const char *file, char **temp)
{
	const char *slash = strrchr(file, '/');
	auto_free char *dir = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	*temp = xasprintf("%s.tmp.%d.XXXXXX", file, (int)getpid());
	return mkostemp(*temp, O_CLOEXEC);
}

/* link, not rename: what has come to be there meanwhile stays */
static int give_name(int fd, const char *temp, const char *file)
{
	auto_free char *self = xasprintf("/proc/self/fd/%d", fd);

	return temp ? link(temp, file) : linkat(AT_FDCWD, self, AT_FDCWD, file, AT_SYMLINK_FOLLOW);
}

/* Pack, read back, and only then give the archive its name. */
static int make_archive(const char *file, const char *root, const char *dir, size_t *files, struct err *e)
{
	auto_free char *temp = NULL;
	auto_fd int fd = open_new(file, &temp);
	mode_t mask = umask(0);
	int rc;

	umask(mask);
	if (fd < 0)
		return err_sys(e, "write %s", file);
	rc = pack(fd, file, root, dir, files, e) < 0 || verify(fd, root, *files, e) < 0 ? -1 : 0;
	if (rc == 0 && (fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0 || give_name(fd, temp, file) < 0))
		rc = err_sys(e, "write %s", file);
	if (temp)
		unlink(temp);
	return rc;
}

/* What a run has not written yet is in no archive: then it must not go. */
static int check_ended(const char *root, const char *run, bool to_remove, struct err *e)
{
	auto_free char *who = run_going_on(root, run);

	if (!who)
		return 0;
	if (!to_remove) {
		note("%s is still going on (%s): the archive has what is there now", run, who);
		return 0;
	}
	err_set(e, "%s is still going on (%s)", run, who);
	err_hint(e, "wait for its end, or leave --remove out");
	return -1;
}

int main(int argc, char **argv)
{
	static const char *to, *dir;
	static bool remove_run;
	static struct opt opts[] = { { "output", 'o', OPT_STR, &to, .arg = "FILE",
				       .help = "archive to write (RUN.tar.zst); its suffix says how it is compressed" },
				     { "dir", 0, OPT_STR, &dir, .arg = "DIR", .help = "take the run from here" },
				     { "remove", 0, OPT_FLAG, &remove_run,
				       .help = "remove the run once the archive has been read back" },
				     { 0 } };
	static const struct program program = { .name = "ktstr-archive",
						.args = "RUN",
						.about = "pack a run into one file",
						.opts = opts,
						.min_args = 1,
						.max_args = 1 };
	auto_free char *root = NULL, *path = NULL, *file = NULL;
	struct lock lock = LOCK_NONE;
	size_t files = 0;
	struct err e;
	int n;

	argv = start(&program, argc, argv, &n);
	root = dir ? xstrdup(dir) : runs_root();
	path = find_run(root, argv[0], &e);
	if (!path)
		die_err(&e);
	if (strchr(argv[0], '/'))
		die("'%s' is a part of a run; give the whole run", argv[0]);
	file = to ? xstrdup(to) : xasprintf("%s.tar.zst", argv[0]);
	if (!filter_of(file))
		die_usage("'%s' ends with none of .tar.zst, .tar.gz, .tgz, .tar.xz, .tar", file);
	if (path_exists(file))
		die("%s is there already; give another name by -o", file);
	/* in a pool where no lock can be made nobody can write either */
	n = run_lock(&lock, root, argv[0], RUN_LOCK_WAIT_MS, &e);
	if (n > 0 || (n < 0 && remove_run))
		die_err(&e);
	/* it may have been removed while its lock was waited for */
	free(path);
	path = find_run(root, argv[0], &e);
	if (!path || check_ended(root, argv[0], remove_run, &e) < 0 || make_archive(file, root, path, &files, &e) < 0)
		die_err(&e);
	say_line("%s: %zu file(s) packed and read back", file, files);
	if (remove_run && run_remove(root, argv[0], &e) < 0)
		die_err(&e);
	lock_drop(&lock);
	puts(file);
	return finish(0);
}
