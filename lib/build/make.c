/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/make.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"
#include "cli/progress.h"

#define TAIL_LINES 25
#define GRACE_MS   2000
#define LOOK_MS    1000 /* how late a signal may be noticed */

/* The kernel would go to the same disk: better to fail in the middle of make
 * than when it is done. */
static int log_failed(const struct make *m, struct err *e)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	err_sys(e, "write %s", m->log);
	if (full)
		err_hint(e, "kernels are stored there, too: make room, with cargo ktstr kernel clean --keep N, "
			    "or set KTSTR_CACHE_DIR to a directory on a larger disk");
	return -1;
}

/* Open the log and take it for ourselves: 1 when another build has it. */
static int open_log(struct make *m)
{
	m->log_fd = open(m->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (m->log_fd < 0)
		return -1;
	if (flock(m->log_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		close_fd(&m->log_fd);
		return 1;
	}
	return ftruncate(m->log_fd, 0);
}

int make_open(struct make *m, const char *tree, const char *label, const char *logs, const char *key, struct err *e)
{
	int rc;

	*m = (struct make){ .tree = tree, .label = label, .logs = logs, .log_fd = -1 };
	m->log = xasprintf("%s/%s.log", logs, key);
	if (make_dirs(logs, e) < 0)
		return -1;
	rc = open_log(m);
	if (rc > 0) {
		/* two worktrees of one commit have one key, and are built side by side */
		free(m->log);
		m->log = xasprintf("%s/%s-%08x.log", logs, key, crc32_bytes(0, tree, strlen(tree)));
		rc = open_log(m);
	}
	return rc ? log_failed(m, e) : 0;
}

void make_close(struct make *m)
{
	if (m->log_fd >= 0)
		close(m->log_fd);
	free(m->log);
	*m = (struct make){ .log_fd = -1 };
}

/* kbuild's short form: two blanks, a tool's name in capitals, an object. */
static bool names_object(const char *line, size_t n)
{
	return n > 3 && line[0] == ' ' && line[1] == ' ' && isupper((unsigned char)line[2]);
}

struct output {
	struct make *m;
	struct str line; /* the line that is not complete yet */
	struct progress progress;
};

static void take_line(struct output *o, const char *line, size_t n)
{
	if (!names_object(line, n))
		return;
	o->m->made++;
	/* what was expected may be a little short of what comes */
	progress_update(&o->progress, o->m->made, o->m->made < o->m->total ? o->m->total : 0);
}

static void take(struct output *o, const char *s, size_t n)
{
	const char *nl;

	while ((nl = memchr(s, '\n', n))) {
		size_t len = (size_t)(nl - s);

		str_addn(&o->line, s, len);
		take_line(o, str_c(&o->line), o->line.len);
		str_clear(&o->line);
		s = nl + 1;
		n -= len + 1;
	}
	str_addn(&o->line, s, n);
}

/* Wait for output: 1 there is some, 0 not yet, -1 when the time is over. */
static int wait_for(const struct make *m, int fd, long long began, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long end = began + m->limit_s * 1000LL, left = m->limit_s ? end - now_ms() : LOOK_MS;
	int rc;

	if (left <= 0)
		return err_set(e, "timed out after %us; child killed", m->limit_s);
	/* a signal ends the waiting, but for one that came just before */
	rc = poll(&p, 1, left > LOOK_MS ? LOOK_MS : (int)left);
	if (rc < 0 && errno != EINTR)
		return err_sys(e, "read make's output");
	return rc > 0;
}

/* Read make's output to its end: 0, or -1 when we are to stop, the time is
 * over or the log cannot be written. */
static int follow(struct output *o, int fd, struct err *e)
{
	long long began = now_ms();
	char buf[16384];
	ssize_t n;

	while (!stop_wanted()) {
		int rc = wait_for(o->m, fd, began, e);

		if (rc < 0)
			return -1;
		if (rc == 0 || stop_wanted())
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read make's output");
		if (n == 0)
			return 0;
		if (write_all(o->m->log_fd, buf, (size_t)n) < 0)
			return log_failed(o->m, e);
		take(o, buf, (size_t)n);
	}
	return err_set(e, "make interrupted");
}

/* The last lines of the log, as one message. */
static void show_tail(const struct make *m, const struct str *log)
{
	const char *from;
	int lines = 0;

	if (!log->len)
		return;
	for (from = log->s + log->len - 1; from > log->s; from--)
		if (from[-1] == '\n' && ++lines == TAIL_LINES)
			break;
	/* a message has room for less than the last lines may be */
	if (log->s + log->len - from > 2800)
		from = log->s + log->len - 2800;
	note("the end of %s:\n%s", m->log, trim((char *)from));
}

/* make ended with that code. What ran out of room says so, as libc does. */
static int make_failed(const struct make *m, const char *shown, int code, struct err *e)
{
	auto_str struct str log = { 0 };
	auto_free char *temp = temp_root();
	struct err ignored;
	bool full;

	if (read_file(m->log, &log, &ignored) < 0)
		str_clear(&log);
	full = strstr(str_c(&log), strerror(ENOSPC)) != NULL;
	show_tail(m, &log);
	err_set(e, "%s failed (exit code %d, log: %s)%s%s", shown, code, m->log, full ? ": " : "",
		full ? strerror(ENOSPC) : "");
	if (full)
		return err_hint(e, "make room where it builds, %s, and where compilers work, %s", m->tree, temp);
	if (strstr(str_c(&log), "cannot contain spaces or colons"))
		return err_hint(e, "move %s to a path without blanks and ':'; what is fetched goes below TMPDIR",
				m->tree);
	return -1;
}

/* What would send the build elsewhere or make it another one: the key says
 * nothing of these. MAKEFLAGS and its kin come from a make that runs us. */
static void scrub(struct strv *env)
{
	static const char *const names[] = { "ARCH",           "CROSS_COMPILE",     "KBUILD_OUTPUT", "KBUILD_EXTMOD",
					     "KCONFIG_CONFIG", "KCONFIG_ALLCONFIG", "MAKEFLAGS",     "MFLAGS",
					     "GNUMAKEFLAGS",   "MAKELEVEL",         "LLVM",          "LLVM_IAS" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		strv_add(env, names[i]);
}

static void join(char *const *args, struct str *out)
{
	for (; *args; args++)
		str_addf(out, strchr(*args, ' ') ? "%s'%s'" : "%s%s", out->len ? " " : "", *args);
}

int make_run(struct make *m, char *const *args, char *const *env, const char *doing, const char *done, struct err *e)
{
	auto_strv struct strv argv = { 0 }, all_env = { 0 };
	auto_str struct str shown = { 0 };
	struct output o = { .m = m };
	struct child c = { .dir = m->tree, .in = FD_NULL, .out = FD_PIPE, .err = FD_OUT, .new_group = true };
	int rc, code = 0, keep[] = { m->held, -1 };

	if (m->held > 0)
		c.keep = keep;
	if (m->budget) {
		c.enter = budget_child;
		c.enter_with = m->budget;
	}
	strv_add(&argv, "make");
	if (m->tools && m->tools->args.n)
		strv_addv(&argv, m->tools->args.v);
	strv_addv(&argv, args);
	join(argv.v, &shown);
	m->made = 0;
	c.argv = argv.v;
	scrub(&all_env);
	if (m->tools && m->tools->env.n)
		strv_addv(&all_env, m->tools->env.v);
	if (env)
		strv_addv(&all_env, env);
	c.env = all_env.v;
	progress_start(&o.progress, "build", m->label, doing, "objects");
	if (child_start(&c, e) < 0)
		return -1;
	rc = follow(&o, c.out, e);
	if (rc < 0 && !stop_wanted())
		err_wrap(e, "%s", shown.s);
	if (rc < 0)
		child_stop(&c, GRACE_MS);
	else
		code = child_wait(&c);
	close(c.out);
	str_release(&o.line);
	if (rc < 0 || code) {
		progress_clear(&o.progress);
		return rc < 0 ? -1 : make_failed(m, shown.s, code, e);
	}
	progress_end(&o.progress, done);
	return 0;
}

/* One line a kind: "x86_64-lean 2841". */
static unsigned long scan_counts(const char *text, const char *kind, struct str *others)
{
	unsigned long found = 0;
	size_t kind_n = strlen(kind);

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n > kind_n && strncmp(text, kind, kind_n) == 0 && text[kind_n] == ' ')
			found = strtoul(text + kind_n, NULL, 10);
		else if (others && n)
			str_addf(others, "%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	return found;
}

unsigned long make_count_load(const char *logs, const char *kind)
{
	auto_free char *path = xasprintf("%s/counts", logs);
	auto_str struct str text = { 0 };
	struct err ignored;

	return read_file(path, &text, &ignored) == 0 ? scan_counts(str_c(&text), kind, NULL) : 0;
}

void make_count_save(const char *logs, const char *kind, unsigned long n)
{
	auto_free char *path = xasprintf("%s/counts", logs);
	auto_str struct str text = { 0 }, fresh = { 0 };
	struct err ignored;

	if (read_file(path, &text, &ignored) == 0)
		scan_counts(str_c(&text), kind, &fresh);
	str_addf(&fresh, "%s %lu\n", kind, n);
	if (write_file(path, fresh.s, fresh.len, 0644, &ignored) < 0)
		return;
}
