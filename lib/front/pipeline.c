/* SPDX-License-Identifier: GPL-2.0-only */
#include "front/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"
#include "front/board.h"
#include "json/record.h"

#define GRACE_MS 10000 /* from a signal to SIGKILL */
#define SAY_MS   1000  /* and to a word about who is waited for */

/* A stage while it runs. */
struct worker {
	struct child child;
	int code;        /* exit code once it ended */
	bool cut;        /* told to end because nobody reads what it makes */
	int err;         /* pipe with its stderr; -1: the user's, or closed */
	struct str text; /* what came through it, the last line incomplete */
};

struct run {
	const struct pipeline *p;
	struct worker *workers;
	struct lines progress;
	int hold;             /* a write end of the acting stage's record pipe */
	int signals;          /* signalfd */
	int caught;           /* the signal that ends us, or 0 */
	long long stopped_ms; /* when stages were told to end, or 0 */
	bool said;            /* whom we wait for */
	struct board board;
};

struct stage *pipeline_add(struct pipeline *p)
{
	GROW(p->stages, p->n, p->cap);
	p->stages[p->n] = (struct stage){ 0 };
	return &p->stages[p->n++];
}

void pipeline_release(struct pipeline *p)
{
	for (size_t i = 0; i < p->n; i++)
		strv_release(&p->stages[i].argv);
	free(p->stages);
	strv_release(&p->env);
	*p = (struct pipeline){ 0 };
}

static void add_quoted(struct str *out, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";

	if (*word && !word[strspn(word, safe)]) {
		str_add(out, word);
		return;
	}
	str_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *word);
	str_addc(out, '\'');
}

/* NAME='value': quoted as a whole it would be a program's name. */
static void add_assignment(struct str *out, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;

	str_addn(out, assignment, n);
	add_quoted(out, assignment + n);
	str_addc(out, ' ');
}

void pipeline_explain(const struct pipeline *p, struct str *out)
{
	for (size_t i = 0; i < p->n; i++) {
		str_add(out, i ? " | " : "");
		for (size_t k = 0; k < p->env.n; k++)
			add_assignment(out, p->env.v[k]);
		for (size_t k = 0; k < p->stages[i].argv.n; k++) {
			str_add(out, k ? " " : "");
			add_quoted(out, p->stages[i].argv.v[k]);
		}
	}
	if (p->drop)
		str_add(out, " >/dev/null");
}

int pipeline_check(const struct pipeline *p, const char *dir, const char *who, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->stages[i].argv.v[0];
		auto_free char *path = xasprintf("%s/%s", dir, name);

		if (access(path, X_OK) < 0)
			return err_set(e, "%s needs %s, which is not installed in %s", who, name, dir);
	}
	return 0;
}

static bool acts(const struct run *r, size_t i)
{
	return !r->p->works && i + 1 == r->p->n;
}

/* Start stage i, which reads from `in`. The pipe to the next stage is made
 * here, so that its write end can be held back. */
static int start_stage(struct run *r, size_t i, const char *dir, int in, int progress, int *next, struct err *e)
{
	struct stage *s = &r->p->stages[i];
	auto_free char *name = s->argv.v[0];
	auto_free char *env = NULL;
	char *envs[] = { NULL, NULL };
	int keep[] = { progress, -1 }, out[2] = { -1, FD_INHERIT };
	struct child *c = &r->workers[i].child;
	int ret;

	s->argv.v[0] = xasprintf("%s/%s", dir, name);
	if (i + 1 < r->p->n)
		make_pipe(out);
	else if (r->p->drop)
		out[1] = FD_NULL;
	*next = out[0];
	*c = (struct child){ .argv = s->argv.v, .in = in, .out = out[1] };
	if (acts(r, i)) {
		if (s->fd3) {
			c->in = FD_INHERIT;
			c->fd3 = in;
			env = xasprintf("%s=3", env_vars[ENV_RECORDS_FD].name);
		}
	} else {
		env = xasprintf("%s=%d", env_vars[ENV_PROGRESS_FD].name, progress);
		c->keep = keep;
		c->err = r->board.tty ? FD_PIPE : FD_INHERIT;
		if (i + 2 == r->p->n && !r->p->works)
			r->hold = fcntl(out[1], F_DUPFD_CLOEXEC, 10);
	}
	envs[0] = env;
	c->env = envs;
	ret = child_start(c, e);
	r->workers[i].err = ret == 0 && c->err > 0 ? c->err : -1;
	c->env = NULL;
	c->keep = NULL;
	return ret;
}

static int start_all(struct run *r, const char *dir, struct err *e)
{
	int in = FD_NULL, p[2], ret = 0;

	make_pipe(p);
	lines_init(&r->progress, p[0]);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < r->p->n && ret == 0; i++)
		ret = start_stage(r, i, dir, in, p[1], &in, e);
	close(p[1]);
	return ret;
}

static void tell_all(const struct run *r, int sig)
{
	for (size_t i = 0; i < r->p->n; i++)
		if (r->workers[i].child.pid > 0)
			kill(r->workers[i].child.pid, sig);
}

static void read_signals(struct run *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGCHLD)
			continue;
		r->caught = sig;
		if (!r->stopped_ms)
			r->stopped_ms = now_ms();
		/* Ctrl-C went to the whole process group; a second SIGINT would
		 * tell cargo-nextest to kill its tests without a last word */
		if (sig == SIGINT && si.ssi_code > 0)
			continue;
		tell_all(r, sig == SIGINT ? SIGINT : SIGTERM);
	}
}

static void read_progress(struct run *r)
{
	struct slice line;
	struct err e;
	int got;

	do {
		got = lines_fill(&r->progress, &e);
		while (lines_ready(&r->progress) && lines_next(&r->progress, &line, &e) > 0)
			board_record(&r->board, line);
	} while (got > 0);
}

/* Pass on what a stage said, whole lines only until its end. */
static void read_text(struct run *r, size_t i)
{
	struct str *t = &r->workers[i].text;
	size_t whole;
	ssize_t n;

	n = read(r->workers[i].err, str_room(t, 65536), 65536);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		t->len += (size_t)n;
	for (whole = t->len; n > 0 && whole && t->s[whole - 1] != '\n'; whole--)
		;
	if (whole)
		board_print(&r->board, t->s, whole);
	memmove(t->s, t->s + whole, t->len - whole);
	t->len -= whole;
	if (n <= 0) {
		close(r->workers[i].err);
		r->workers[i].err = -1;
	}
}

static bool reap(struct run *r)
{
	bool others = false;

	for (size_t i = 0; i < r->p->n; i++) {
		if (r->workers[i].child.pid > 0) {
			int code = child_poll(&r->workers[i].child);

			if (code >= 0)
				r->workers[i].code = code;
		}
		if (!acts(r, i))
			others |= r->workers[i].child.pid > 0;
	}
	return others;
}

static bool running(const struct run *r)
{
	for (size_t i = 0; i < r->p->n; i++)
		if (r->workers[i].child.pid > 0)
			return true;
	return false;
}

/* The other stages have ended: show their last words, take the board away and
 * let the acting stage see the end of its records. */
static void hand_over(struct run *r)
{
	for (size_t i = 0; i < r->p->n; i++)
		while (r->workers[i].err >= 0 &&
		       poll(&(struct pollfd){ .fd = r->workers[i].err, .events = POLLIN }, 1, 0) > 0)
			read_text(r, i);
	read_progress(r);
	board_clear(&r->board);
	close_fd(&r->hold);
	r->hold = -1;
}

static void wait_event(struct run *r, bool others)
{
	struct pollfd *fds = xcalloc(r->p->n + 2, sizeof(*fds));
	int timeout = others ? board_draw(&r->board) : -1;

	if (r->stopped_ms && (timeout < 0 || timeout > 100))
		timeout = 100;
	fds[0] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = others && !r->progress.eof ? r->progress.fd : -1, .events = POLLIN };
	for (size_t i = 0; i < r->p->n; i++)
		fds[i + 2] = (struct pollfd){ .fd = others ? r->workers[i].err : -1, .events = POLLIN };
	if (poll(fds, r->p->n + 2, timeout) > 0) {
		if (fds[0].revents)
			read_signals(r);
		if (fds[1].revents)
			read_progress(r);
		for (size_t i = 0; i < r->p->n; i++)
			if (fds[i + 2].revents)
				read_text(r, i);
	}
	free(fds);
}

/* The acting stage refused to wait for its records: what the others still do
 * is of no use to this run. */
static void give_up(struct run *r)
{
	for (size_t i = 0; i + 1 < r->p->n; i++)
		r->workers[i].cut = r->workers[i].child.pid > 0;
	r->stopped_ms = now_ms();
	tell_all(r, SIGTERM);
}

/* The same of the stages in front of one that failed before they were done. */
static void cut_unread(struct run *r)
{
	bool failed = false;

	for (size_t i = r->p->n; i-- > 0;) {
		struct worker *w = &r->workers[i];

		if (failed && w->child.pid > 0 && !w->cut) {
			w->cut = true;
			kill(w->child.pid, SIGTERM);
		}
		failed |= w->child.pid == 0 && w->code != 0;
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Cleaning up after itself may take a stage a while; silence looks like being
 * ignored. */
static void say_waiting(struct run *r)
{
	auto_str struct str who = { 0 };

	if (!r->caught || r->said || now_ms() - r->stopped_ms < SAY_MS)
		return;
	r->said = true;
	for (size_t i = 0; i < r->p->n; i++)
		if (!acts(r, i) && r->workers[i].child.pid > 0)
			str_addf(&who, "%s%s", who.len ? ", " : "", base_name(r->p->stages[i].argv.v[0]));
	if (!who.len)
		return;
	board_clear(&r->board);
	note("interrupted; waiting for %s to clean up", who.s);
}

static void watch(struct run *r)
{
	bool others = true, handed = false;

	while (running(r)) {
		others = reap(r);
		if (!others && !handed) {
			hand_over(r);
			handed = true;
		}
		if (!running(r))
			break;
		if (others && !r->p->works && !r->stopped_ms && r->workers[r->p->n - 1].child.pid == 0)
			give_up(r);
		if (others && !r->stopped_ms)
			cut_unread(r);
		wait_event(r, others);
		if (r->stopped_ms && now_ms() - r->stopped_ms > GRACE_MS)
			tell_all(r, SIGKILL);
		say_waiting(r);
	}
}

static void name_failed(const char *path, int code)
{
	const char *sig = code > 128 ? sigabbrev_np(code - 128) : NULL;
	struct err e;

	if (sig)
		err_set(&e, "stage %s failed (killed by SIG%s)", base_name(path), sig);
	else
		err_set(&e, "stage %s failed (exit %d)", base_name(path), code);
	print_err(&e);
}

/* 1 when a stage that does not act failed for a reason of its own, else the
 * acting stage's code. */
static int verdict(const struct run *r)
{
	size_t acting = r->p->works ? r->p->n : r->p->n - 1;
	bool *failed = xcalloc(r->p->n, sizeof(*failed)), any = false;
	bool right = !r->p->works && r->workers[acting].code != 0;
	int ret = r->p->works ? 0 : r->workers[acting].code;

	for (size_t i = acting; i-- > 0;) {
		const struct worker *w = &r->workers[i];

		failed[i] = w->code && !(w->code == 128 + SIGTERM && w->cut) && !(w->code == 128 + SIGPIPE && right);
		right |= w->code != 0;
		any |= failed[i];
	}
	for (size_t i = 0; i < acting; i++)
		if (failed[i])
			name_failed(r->p->stages[i].argv.v[0], r->workers[i].code);
	free(failed);
	return any ? 1 : ret;
}

static void die_by(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void run_release(struct run *r)
{
	for (size_t i = 0; i < r->p->n; i++) {
		child_stop(&r->workers[i].child, 1000);
		close_fd(&r->workers[i].err);
		str_release(&r->workers[i].text);
	}
	board_release(&r->board);
	close_fd(&r->progress.fd);
	lines_release(&r->progress);
	close_fd(&r->hold);
	close_fd(&r->signals);
	free(r->workers);
}

static int run_many(struct pipeline *p, const char *dir, struct err *e)
{
	struct run r = { .p = p, .hold = -1, .signals = -1 };
	int ret;

	r.workers = xcalloc(p->n, sizeof(*r.workers));
	for (size_t i = 0; i < p->n; i++)
		r.workers[i].err = -1;
	board_init(&r.board);
	r.signals = stop_signals();
	if (r.signals < 0)
		die_sys("make a signal descriptor");
	ret = start_all(&r, dir, e);
	if (ret == 0) {
		watch(&r);
		board_clear(&r.board);
		ret = r.caught ? 128 + r.caught : verdict(&r);
	}
	run_release(&r);
	if (r.caught)
		die_by(r.caught);
	return ret;
}

static int run_one(struct pipeline *p, const char *dir, struct err *e)
{
	char **name = &p->stages[0].argv.v[0];
	auto_free char *bare = *name;

	*name = xasprintf("%s/%s", dir, bare);
	return exec_replace(p->stages[0].argv.v, e);
}

int pipeline_run(struct pipeline *p, const char *dir, struct err *e)
{
	return p->n == 1 && !p->drop ? run_one(p, dir, e) : run_many(p, dir, e);
}
