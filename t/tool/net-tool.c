/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers by hand, for tests:
 *
 *	net-tool get URL [ETAG]      body to stdout
 *	net-tool keep URL PATH [MAX] into a file, going on with what is there
 *	net-tool put URL FILE [HEADER]
 *
 * What the answer was goes to stderr: "status 200 etag "x" unchanged 0 resumed 0".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/stop.h"
#include "base/str.h"
#include "net/partial.h"

static int print(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	return fwrite(p, 1, n, stdout) == n ? 0 : -1;
}

static int get(struct transfer *t, const char *etag, struct err *e)
{
	t->data = print;
	t->html = true;
	t->if_none_match = etag;
	return transfer_get(t, e);
}

static int keep(struct transfer *t, const char *path, bool *resumed, struct err *e)
{
	struct partial p;
	int rc = partial_open(&p, path, "waiting for it", e);

	if (rc == 0)
		rc = partial_get(&p, t, e);
	if (rc == 0)
		rc = partial_commit(&p, e);
	*resumed = p.resumed;
	partial_close(&p);
	return rc;
}

static int put(struct transfer *t, const char *path, char **headers, struct err *e)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "read %s", path);
	t->headers = headers;
	t->what = "upload";
	return transfer_put(t, fd, (uint64_t)st.st_size, e);
}

int main(int argc, char **argv)
{
	struct transfer t = { .url = argc > 2 ? argv[2] : NULL, .stall_ms = 1000 };
	bool resumed = false;
	struct err e = { 0 };
	int rc;

	prog_name = "net-tool";
	if (argc < 3)
		die("usage: net-tool get|keep|put URL …");
	if (argc > 4 && strcmp(argv[1], "keep") == 0)
		t.max = strtoull(argv[4], NULL, 10);
	stop_watch();
	stop_hold();
	if (strcmp(argv[1], "get") == 0)
		rc = get(&t, argv[3], &e);
	else if (strcmp(argv[1], "keep") == 0 && argc > 3)
		rc = keep(&t, argv[3], &resumed, &e);
	else if (strcmp(argv[1], "put") == 0 && argc > 3)
		rc = put(&t, argv[3], argv + 4, &e);
	else
		die("unknown verb %s", argv[1]);
	fprintf(stderr, "status %ld etag %s unchanged %d resumed %d\n", t.status, t.etag ? t.etag : "-", t.unchanged,
		resumed);
	if (rc < 0)
		print_err(&e);
	transfer_release(&t);
	stop_release();
	return finish(rc < 0);
}
