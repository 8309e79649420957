/* SPDX-License-Identifier: GPL-2.0-only */
#include "source/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "cli/progress.h"
#include "source/git.h"

#define GRACE_MS 1000

/* What would make git look at another repository than the one we name, and
 * what would make it wait for somebody to type. */
static char *const common_env[] = { (char *)"GIT_DIR",
				    (char *)"GIT_WORK_TREE",
				    (char *)"GIT_INDEX_FILE",
				    (char *)"GIT_OBJECT_DIRECTORY",
				    (char *)"GIT_ALTERNATE_OBJECT_DIRECTORIES",
				    (char *)"GIT_COMMON_DIR",
				    (char *)"GIT_NAMESPACE",
				    (char *)"GIT_SHALLOW_FILE",
				    (char *)"GIT_LITERAL_PATHSPECS",
				    (char *)"GIT_TERMINAL_PROMPT=0",
				    (char *)"LC_ALL=C",
				    NULL };

/* A server may want what these say; a look at a tree never does. */
static char *const local_env[] = { (char *)"GIT_CONFIG_COUNT", (char *)"GIT_CONFIG_PARAMETERS", NULL };

/* What git says on stderr, a line at a time. */
struct said {
	const struct git *g;
	struct str line, last;
	struct str why; /* the first line that names an error */
	unsigned long long total;
};

static void take_progress(struct said *s, const char *line)
{
	const char *open = strchr(line, '(');
	unsigned long long done, total;
	char *end;

	if (!open)
		return;
	done = strtoull(open + 1, &end, 10);
	total = *end == '/' ? strtoull(end + 1, NULL, 10) : 0;
	if (total)
		progress_update(s->g->progress, done, total);
}

/* git does not know why ssh ended; the line before is ssh's. */
static void take_why(struct said *s, const char *text)
{
	str_add(&s->why, text);
	if (starts_with(text, "Could not read from remote repository") && s->last.len)
		str_addf(&s->why, " (%s)", s->last.s);
}

static void take_line(struct said *s)
{
	char *line = trim(s->line.s);

	if (s->g->progress && strchr(line, '%')) {
		take_progress(s, line);
	} else if (*line) {
		if (!s->why.len && (starts_with(line, "fatal: ") || starts_with(line, "error: ")))
			take_why(s, line + strlen("fatal: "));
		str_clear(&s->last);
		str_add(&s->last, line);
	}
	str_clear(&s->line);
}

static void take(struct said *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n' || p[i] == '\r') {
			str_addc(&s->line, '\0');
			take_line(s);
		} else if (s->line.len < 4096) {
			str_addc(&s->line, p[i]);
		}
}

/* One read of what is ready; false at its end. */
static bool drain(int *fd, struct str *out, struct said *said)
{
	char buf[8192];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		close_fd(fd);
		return false;
	}
	if (said)
		take(said, buf, (size_t)n);
	else
		str_addn(out, buf, (size_t)n);
	return true;
}

/* Both streams to their ends: 0, or -1 when we are to stop. */
static int follow(struct child *c, struct str *out, struct said *said, struct err *e)
{
	while (c->out >= 0 || c->err >= 0) {
		struct pollfd p[2] = { { .fd = c->out, .events = POLLIN }, { .fd = c->err, .events = POLLIN } };

		if (stop_wanted())
			return err_set(e, "interrupted");
		if (poll(p, 2, 1000) < 0 && errno != EINTR)
			return err_sys(e, "read from git");
		if (p[0].revents)
			drain(&c->out, out, NULL);
		if (p[1].revents)
			drain(&c->err, NULL, said);
	}
	return 0;
}

static int fail(struct said *s, struct err *e)
{
	if (s->line.len) {
		str_addc(&s->line, '\0');
		take_line(s);
	}
	if (s->why.len)
		return err_set(e, "%s", s->why.s);
	return err_set(e, "%s", s->last.len ? s->last.s : "git failed");
}

static int run(struct child *c, const struct git *g, struct str *out, struct said *said, struct err *e)
{
	int rc = 0;

	if (child_start(c, e) < 0)
		return -1;
	if (g->input) {
		rc = write_all(c->in, g->input, strlen(g->input));
		close_fd(&c->in);
	}
	rc = rc < 0 ? err_sys(e, "write to git") : follow(c, out, said, e);
	if (rc < 0) {
		child_stop(c, GRACE_MS);
		close_fd(&c->out);
		close_fd(&c->err);
		return -1;
	}
	if (child_wait(c) == 0)
		return 0;
	return stop_wanted() ? err_set(e, "interrupted") : fail(said, e);
}

int git_run(const struct git *g, struct str *out, struct err *e)
{
	auto_strv struct strv argv = { 0 }, env = { 0 };
	auto_str struct str unread = { 0 };
	struct said said = { .g = g };
	/* in our process group: ssh may have to ask for a passphrase */
	struct child c = { .dir = g->dir, .in = g->input ? FD_PIPE : FD_NULL, .out = FD_PIPE, .err = FD_PIPE };
	bool offline = !g->local && env_get(ENV_OFFLINE);
	void (*old)(int) = SIG_DFL;
	int rc;

	strv_add(&argv, "git");
	strv_addv(&argv, (char *const *)g->words);
	strv_addv(&env, common_env);
	if (g->local)
		strv_addv(&env, local_env);
	if (offline)
		strv_add(&env, "GIT_ALLOW_PROTOCOL=file");
	c.argv = argv.v;
	c.env = env.v;
	if (g->input)
		old = signal(SIGPIPE, SIG_IGN);
	rc = run(&c, g, out ? out : &unread, &said, e);
	if (g->input)
		signal(SIGPIPE, old);
	if (rc < 0 && offline && strstr(e->text, "not allowed"))
		err_set(e, "KTSTR_OFFLINE is set");
	str_release(&said.line);
	str_release(&said.last);
	str_release(&said.why);
	return rc;
}

int git_check(const char *what, struct err *e)
{
	auto_free char *program = find_program("git");

	if (program)
		return 0;
	err_set(e, "%s, and git is not installed", what);
	return err_hint(e, "install git");
}
