/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes into the pump. Every record it hands out must still be one, of
 * the same type, after an edit, and have the edited keys once.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "json/record.h"

static void count_keys(struct slice line)
{
	int state = 0, extra = 0;
	struct err e;
	struct jkey k;
	struct jr r;

	jr_init(&r, line.s, line.n);
	for (jr_object(&r); jr_key(&r, &k); jr_skip(&r)) {
		state += key_is(&k, "state");
		extra += key_is(&k, "ex\"tra");
	}
	if (jr_end(&r, &e) < 0 || state != 1 || extra != 1)
		abort();
}

static int edit(const struct record *rec, void *ctx, struct err *e)
{
	auto_str struct str out = { 0 };
	struct record again;
	struct edit d;

	(void)ctx;
	edit_init(&d, rec->line);
	edit_str(&d, "state", "missing");
	edit_u64(&d, "ex\"tra", rec->number);
	edit_str(&d, "state", "caf\xc3\xa9\xff");
	edit_finish(&d, &out);
	if (!ends_with(out.s, "\n"))
		abort();
	if (record_parse((struct slice){ out.s, out.len - 1 }, rec->number, &again, e) < 0 ||
	    strcmp(again.type, rec->type) != 0)
		abort();
	count_keys(again.line);
	return record_pass(rec, e);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return freopen("/dev/null", "w", stdout) ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct on on[] = { { "kernel", edit }, { "k", edit }, { "", edit }, { 0 } };
	auto_fd int fd = memfd_create("records", MFD_CLOEXEC);
	struct err e;

	if (fd < 0 || write_all(fd, data, n) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	pump(fd, on, NULL, &e);
	return 0;
}
