/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "vm/elfdeps.h"

struct adding {
	struct initramfs *to;
	struct elf_closure libs;
	struct strv scripts; /* interpreters wanted: path, script, path, … */
};

/* Absolute, no "." or "..", no empty parts, nothing of ours. */
static int check_path(const char *path, struct err *e)
{
	if (starts_with(path, "/.ktstr_") || strcmp(path, "/init") == 0)
		return err_set(e, "guest path '%s' is reserved", path);
	for (const char *s = path; *s;) {
		size_t n = strcspn(++s, "/");

		if (!n || (n == 1 && *s == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
			return err_set(e, "guest path '%s' has an empty part, '.' or '..'", path);
		s += n;
	}
	return 0;
}

/* A script runs only where its interpreter is: remember it for a look later. */
static void note_script(struct adding *a, const char *host)
{
	auto_fd int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[256], *name = head + 2;
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head) - 1);

	if (n < 3 || memcmp(head, "#!", 2) != 0)
		return;
	head[n] = '\0';
	name += strspn(name, " \t");
	name[strcspn(name, " \t\r\n")] = '\0';
	if (*name == '/') {
		strv_add(&a->scripts, name);
		strv_add(&a->scripts, host);
	}
}

/* Nothing can lie below a path that is a file. */
static int check_parents(const struct adding *a, const char *guest, struct err *e)
{
	for (const char *s = strchr(guest + 1, '/'); s; s = strchr(s + 1, '/')) {
		auto_free char *dir = xstrndup(guest, (size_t)(s - guest));
		const struct initramfs_entry *there = initramfs_find(a->to, dir);

		if (there && !S_ISDIR(there->mode))
			return err_set(e, "guest path '%s' is both a file and the directory of '%s'", dir, guest);
	}
	return 0;
}

static int add_regular(struct adding *a, const char *host, const char *guest, int mode, struct err *e)
{
	const struct initramfs_entry *there = initramfs_find(a->to, guest);
	struct stat st;

	if (there && S_ISREG(there->mode) && there->from && strcmp(there->from, host) == 0)
		return 0;
	if (there && there->from)
		return err_set(e, "duplicate include path '%s': provided by both %s and %s", guest, there->from, host);
	if (there)
		return err_set(e, "guest path '%s' of %s is a directory", guest, host);
	if (check_parents(a, guest, e) < 0)
		return -1;
	if (stat(host, &st) < 0)
		return err_sys(e, "read %s", host);
	initramfs_file(a->to, guest, host, mode < 0 ? st.st_mode : (mode_t)mode);
	note_script(a, host);
	return elf_closure_add(&a->libs, host, e);
}

/* A directory on the way down, so that one that links back up is noticed. */
struct level {
	const struct level *up;
	dev_t dev;
	ino_t ino;
};

static bool is_above(const struct level *l, const struct stat *st)
{
	while (l && !(l->dev == st->st_dev && l->ino == st->st_ino))
		l = l->up;
	return l;
}

static int add_tree(struct adding *a, const char *host, const char *guest, const struct level *up, size_t *n,
		    struct err *e)
{
	DIR *dir = opendir(host);
	struct dirent *d;
	struct stat st;
	int rc = 0;

	if (!dir || fstat(dirfd(dir), &st) < 0)
		return err_sys(e, "read directory %s", host);
	if (is_above(up, &st))
		rc = err_set(e, "directory %s contains itself", host);
	while (rc == 0 && (d = readdir(dir))) {
		const struct level here = { up, st.st_dev, st.st_ino };
		auto_free char *from = NULL, *to = NULL;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		from = xasprintf("%s/%s", host, d->d_name);
		to = xasprintf("%s/%s", guest, d->d_name);
		if (is_dir(from)) {
			rc = add_tree(a, from, to, &here, n, e);
		} else if (is_file(from)) {
			++*n;
			rc = add_regular(a, from, to, -1, e);
		}
	}
	closedir(dir);
	return rc;
}

static int add_one(struct adding *a, const struct guest_file *f, struct err *e)
{
	size_t n = 0;

	if (check_path(f->guest, e) < 0)
		return -1;
	if (!path_exists(f->host))
		return err_set(e, "file for the guest not found: %s", f->host);
	if (is_file(f->host))
		return add_regular(a, f->host, f->guest, f->mode, e);
	if (!is_dir(f->host))
		return err_set(e, "file for the guest is neither a regular file nor a directory: %s", f->host);
	if (check_parents(a, f->guest, e) < 0)
		return -1;
	initramfs_dir(a->to, f->guest);
	if (add_tree(a, f->host, f->guest, NULL, &n, e) < 0)
		return -1;
	if (!n)
		warn("-i %s: directory contains no regular files", f->host);
	return 0;
}

/* A library lies at its own path; the name it was found by links there. What
 * the request put in that place stays. */
static void add_libraries(struct adding *a)
{
	for (size_t k = 0; k < a->libs.n; k++) {
		const struct elf_dep *d = &a->libs.v[k];

		if (!initramfs_find(a->to, d->real))
			initramfs_file(a->to, d->real, d->real, 0755);
		if (!initramfs_find(a->to, d->path))
			initramfs_link(a->to, d->path, d->real);
	}
}

static void warn_scripts(const struct adding *a)
{
	for (size_t k = 0; k + 1 < a->scripts.n; k += 2)
		if (!initramfs_find(a->to, a->scripts.v[k]))
			warn("%s is a script for %s, which is not among the guest's files", a->scripts.v[k + 1],
			     a->scripts.v[k]);
}

static char *join(const struct strv *dirs)
{
	struct str out = { 0 };

	for (size_t k = 0; k < dirs->n; k++)
		str_addf(&out, "%s%s", k ? ":" : "", dirs->v[k]);
	return out.s;
}

int guest_files_add(struct initramfs *i, const struct vm_request *q, char **lib_path, struct err *e)
{
	struct adding a = { .to = i };
	int rc = 0;

	*lib_path = NULL;
	for (size_t k = 0; rc == 0 && k < q->n_files; k++)
		rc = add_one(&a, &q->files[k], e);
	if (rc == 0) {
		add_libraries(&a);
		warn_scripts(&a);
		*lib_path = join(&a.libs.dirs);
	}
	elf_closure_release(&a.libs);
	strv_release(&a.scripts);
	return rc;
}
