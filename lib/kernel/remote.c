/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/remote.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/where.h"
#include "kernel/cache.h"

#define OUT_SEC 30

static bool out; /* the server was no good */

/* Other stages and the next kernel's are processes of their own: the word is
 * passed by a file beside the cache's entries. */
static char *out_file(void)
{
	struct err ignored;
	auto_free char *root = cache_root(&ignored);

	return root ? xasprintf("%s/.remote-out", root) : NULL;
}

static void out_mark(char mark[9])
{
	const char *url = env_get(ENV_REMOTE_CACHE);

	snprintf(mark, 9, "%08x", crc32_bytes(0, url, strlen(url)));
}

static bool is_out(void)
{
	auto_free char *file = out_file(), *text = NULL;
	struct stat st;
	char mark[9];

	if (out || !file || stat(file, &st) < 0 || time(NULL) - st.st_mtime > OUT_SEC)
		return out;
	text = file_text(file);
	out_mark(mark);
	return text && strcmp(text, mark) == 0;
}

static void set_out(void)
{
	struct err ignored;
	auto_free char *root = cache_root(&ignored), *file = out_file();
	char mark[9];

	out = true;
	out_mark(mark);
	if (root && make_dirs(root, &ignored) == 0)
		write_file(file, mark, 8, 0644, &ignored);
}

bool remote_wanted(void)
{
	return env_get(ENV_REMOTE_CACHE) && !env_get(ENV_OFFLINE);
}

bool remote_may_have(const struct krecord *k)
{
	if (!remote_wanted() || !k->key || k->dirty || k->force)
		return false;
	if (strcmp(k->state, "missing") == 0)
		return true;
	return strcmp(k->state, "fetched") == 0 && !k->temp && k->is_git && k->git_hash;
}

/* Read what it prints until it ends; with a signal for us it ends too. */
static int run_to_end(struct child *c, struct str *text)
{
	struct pollfd p = { .fd = c->out, .events = POLLIN };
	int code;

	for (;;) {
		int ready = poll(&p, 1, 100);
		ssize_t n;

		if (stop_wanted())
			child_stop(c, 2000);
		if (ready <= 0 && c->pid)
			continue;
		n = read(c->out, str_room(text, 4096), 4096);
		if (n <= 0)
			break;
		text->len += (size_t)n;
		text->s[text->len] = '\0';
	}
	code = c->pid ? child_wait(c) : 1;
	close(c->out);
	return code;
}

static char *run(const char *verb, const char *key)
{
	auto_free char *program = where_libexec("ktstr-remote");
	char *argv[] = { program, (char *)"--optional", (char *)verb, (char *)"--", (char *)key, NULL };
	struct child c = { .argv = argv, .in = FD_NULL, .out = FD_PIPE };
	auto_str struct str text = { 0 };
	struct err e;
	int code;

	if (is_out())
		return NULL;
	if (child_start(&c, &e) < 0) {
		warn("remote cache: %s", e.text);
		out = true;
		return NULL;
	}
	code = run_to_end(&c, &text);
	if (code == REMOTE_OUT)
		set_out();
	return code == 0 && text.s ? xstrdup(trim(text.s)) : NULL;
}

char *remote_get(const char *key)
{
	return run("get", key);
}

void remote_put(const char *key)
{
	free(run("put", key));
}
