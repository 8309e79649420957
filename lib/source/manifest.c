/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "kernel/org.h"
#include "net/transfer.h"

#define KEYRING "/etc/ktstr/kernel.org.gpg"

/* The keyring's path, the caller's to free; NULL: none, and none was asked
 * for. -1 in *rc when the one that was asked for is not there. */
static char *keyring(int *rc, struct err *e)
{
	const char *asked = env_get(ENV_KEYRING);
	char *path = real_path(asked ? asked : KEYRING);

	*rc = 0;
	if (!path && asked)
		*rc = err_sys(e, "KTSTR_KEYRING %s", asked);
	return path;
}

/* A file in memory with these bytes, to be read from its beginning. */
static int memory_file(const char *s, size_t n)
{
	int fd = memfd_create("manifest", MFD_CLOEXEC);

	if (fd >= 0 && write_all(fd, s, n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	die_sys("keep a file in memory");
}

static const char *last_line(char *text)
{
	char *line = trim(text), *nl = strrchr(line, '\n');

	return nl ? nl + 1 : line;
}

/* Run gpgv: what is signed comes out in signed_text. */
static int run_gpgv(const char *gpgv, const char *ring, const struct str *text, struct str *signed_text, struct err *e)
{
	char *argv[] = { (char *)gpgv, (char *)"--keyring", (char *)ring, (char *)"--output",
			 (char *)"-",  (char *)"-",         NULL };
	int said = memory_file("", 0), code;
	struct child c = { .argv = argv, .in = memory_file(str_c(text), text->len), .out = FD_PIPE, .err = dup(said) };
	auto_str struct str why = { 0 };

	if (child_start(&c, e) < 0) {
		close(said);
		return -1;
	}
	code = read_fd(c.out, signed_text, e);
	close(c.out);
	code |= child_wait(&c);
	if (code && lseek(said, 0, SEEK_SET) == 0)
		(void)!read_fd(said, &why, e);
	close(said);
	if (!code)
		return 0;
	err_set(e, "the signature of sha256sums.asc is not good by %s: %s", ring,
		last_line(why.s ? why.s : (char[]){ "" }));
	return err_hint(e, "somebody may have changed the file on its way; if kernel.org has new keys, add them to "
			   "the keyring");
}

/* Replace text by what of it is signed, when there is a keyring. */
static int check_signature(struct str *text, struct err *e)
{
	auto_free char *gpgv = NULL;
	auto_str struct str signed_text = { 0 };
	struct str both;
	int rc;
	auto_free char *ring = keyring(&rc, e);

	if (!ring)
		return rc;
	gpgv = find_program("gpgv");
	if (!gpgv) {
		err_set(e, "gpgv is needed to check the signature of sha256sums.asc by %s", ring);
		return err_hint(e, "on Debian: apt install gpgv");
	}
	if (run_gpgv(gpgv, ring, text, &signed_text, e) < 0)
		return -1;
	note("sha256sums.asc has a good signature by %s", ring);
	both = *text;
	*text = signed_text;
	signed_text = both;
	return 0;
}

int manifest_sum(const char *version, char sum[SHA256_HEX], struct err *e)
{
	auto_free char *url = org_sums_url(version);
	auto_free char *name = org_tarball_name(version);
	struct transfer t = { .url = url, .wanted = "sha256sums.asc" };
	auto_str struct str text = { 0 };
	int rc = transfer_text(&t, &text, e);

	transfer_release(&t);
	if (rc < 0) {
		err_wrap(e, "failed to fetch sha256sums.asc");
		if (t.unreachable)
			return -1; /* the tarball would not come either */
		return err_hint(e, "--skip-sha256 downloads without verification");
	}
	if (check_signature(&text, e) < 0)
		return -1;
	return org_find_sum(str_c(&text), name, sum);
}
