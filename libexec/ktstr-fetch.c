/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-fetch: give each missing kernel its source tree. Records that need
 * nothing go through; for each that needs a source a ktstr-download is
 * started, several side by side, and its record leaves as soon as it is
 * there. Of records with one key the first is fetched, for all. While the
 * next stage builds, only a few begin before it is ready for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"
#include "base/where.h"
#include "cli/jq.h"
#include "cli/opt.h"
#include "source/ahead.h"
#include "kernel/krecord.h"
#include "kernel/remote.h"

#define GRACE_MS 8000 /* from a signal to SIGKILL */
#define LOOK_MS  200  /* how soon a signal, or a tree that went, is noticed */
#define AHEAD    2    /* trees that wait for the builder */

static bool skip_sha256;
static unsigned long long stall_ns;
static const char *jq;

/* ktstr-download takes those in front of --jq, and acts on them */
static struct opt opts[] = {
	{ "skip-sha256", 0, OPT_FLAG, &skip_sha256, NULL, "do not verify downloads against sha256sums.asc" },
	{ "stall-timeout", 0, OPT_TIME, &stall_ns, "DURATION", "give up a download that stands still this long (60s)" },
	JQ_OPT(&jq),
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-fetch",
	.about = "Fetch and unpack the sources of missing kernels (records on stdin and stdout)",
	.opts = opts,
};

/* One kernel that needs a source. */
struct job {
	char *line, *key;
	unsigned long number;
	size_t like;        /* the job with the same key that goes first; own number: none */
	struct child child; /* running while pid > 0 */
	struct str out;
	bool done, failed;
};

static struct strv words; /* for ktstr-download */
static struct job *jobs;
static size_t n_jobs, cap_jobs, n_running, n_open;
static int failures;
static struct ahead ahead;
static bool held_back; /* a job could begin, but for those that wait to be built */

static size_t width(void)
{
	const char *s = env_get(ENV_KERNEL_PARALLELISM);
	unsigned long long n = 0;

	if (s) {
		auto_free char *copy = xstrdup(s);

		if (parse_u64(trim(copy), &n) == 0 && n > 0)
			return n;
		warn("KTSTR_KERNEL_PARALLELISM=%s is no number above 0; as many as there are CPUs are used", s);
	}
	return cpus_allowed_count();
}

static struct record record_of(const struct job *j)
{
	return (struct record){ .line = { j->line, strlen(j->line) }, .type = "kernel", .number = j->number };
}

static int input_for(const struct job *j)
{
	int fd = memfd_create("record", MFD_CLOEXEC);

	if (fd < 0 || write_all(fd, j->line, strlen(j->line)) < 0 || write_all(fd, "\n", 1) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		die_sys("hand a record over");
	return fd;
}

/* Where a job's progress goes: to the dispatcher. Without one, the first that
 * runs draws its bar on the terminal and the others none, /dev/null. */
static int progress_for_job(void)
{
	static int nowhere = -1;
	unsigned long long fd;

	if (env_get(ENV_PROGRESS_FD) && parse_u64(env_get(ENV_PROGRESS_FD), &fd) == 0)
		return (int)fd;
	if (!n_running || !term_moves(STDERR_FILENO))
		return -1;
	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return nowhere;
}

static int start_job(struct job *j, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	int keep[] = { progress_for_job(), -1 };
	auto_free char *env = keep[0] < 0 ? NULL : xasprintf("%s=%d", env_vars[ENV_PROGRESS_FD].name, keep[0]);
	char *const envs[] = { env, NULL };
	strv_give(&argv, where_libexec("ktstr-download"));
	strv_addv(&argv, words.v);
	j->child = (struct child){ .argv = argv.v, .in = input_for(j), .out = FD_PIPE, .env = envs, .keep = keep };
	if (child_start(&j->child, e) < 0)
		return -1;
	j->child.argv = NULL;
	j->child.keep = NULL;
	j->child.env = NULL;
	if (!n_running++)
		stop_hold();
	return 0;
}

/* Write a record: as it came from the one that fetched, or this one's own
 * with what it found. */
static int emit(const struct job *j, const struct job *from, struct err *e)
{
	auto_free char *state = json_get_str(from->out.s, from->out.len, "state");
	auto_free char *src = json_get_str(from->out.s, from->out.len, "src");
	struct edit d;
	struct jkey k;
	struct jr r;

	edit_init(&d, (struct slice){ j->line, strlen(j->line) });
	edit_str(&d, "state", state);
	if (src) {
		edit_str(&d, "src", src);
		edit_bool(&d, "temp", true);
	}
	jr_init(&r, from->out.s, from->out.len);
	for (jr_object(&r); jr_key(&r, &k);) {
		struct slice value = jr_raw(&r);
		auto_free char *text = xstrndup(value.s, value.n);

		if (key_is(&k, "error") || key_is(&k, "dir"))
			edit_raw(&d, key_is(&k, "dir") ? "dir" : "error", text);
	}
	return edit_emit(&d, e);
}

/* The record is there, or why there is none. */
static int finish_job(struct job *j, struct err *e)
{
	int code = child_wait(&j->child);
	struct record rec = record_of(j), got;
	struct err why;

	n_open--;
	j->done = true;
	j->failed = code != 0;
	failures += j->failed;
	while (j->out.len && j->out.s[j->out.len - 1] == '\n')
		j->out.s[--j->out.len] = '\0';
	if (j->out.len && record_parse((struct slice){ j->out.s, j->out.len }, j->number, &got, &why) == 0) {
		auto_free char *src = json_get_str(j->out.s, j->out.len, "src");

		if (src && !j->failed)
			ahead_add(&ahead, src);
		return record_pass(&got, e);
	}
	str_clear(&j->out);
	err_set(&why, "ktstr-download ended with exit code %d and without a record", code);
	return krecord_fail(&rec, "fetch", &why, e);
}

static int finish_like(struct job *j, const struct job *first, struct err *e)
{
	struct record rec = record_of(j);
	struct err why;

	n_open--;
	j->done = true;
	failures += first->failed;
	if (first->out.len)
		return emit(j, first, e);
	err_set(&why, "the kernel with the same key could not be fetched");
	return krecord_fail(&rec, "fetch", &why, e);
}

/* What can begin, begins; what waited for another goes with it. */
static int advance(size_t max, struct err *e)
{
	held_back = false;
	for (size_t i = 0; i < n_jobs; i++) {
		struct job *j = &jobs[i], *first = &jobs[j->like];
		int rc = 0;

		if (j->done || j->child.pid > 0)
			continue;
		if (first != j) {
			rc = first->done ? finish_like(j, first, e) : 0;
		} else if (n_running < max && !held_back) {
			held_back = !ahead_may(&ahead, n_running);
			rc = held_back ? 0 : start_job(j, e);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int read_job(struct job *j, struct err *e)
{
	ssize_t n = read(j->child.out, str_room(&j->out, 65536), 65536);
	int rc;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n > 0) {
		j->out.len += (size_t)n;
		j->out.s[j->out.len] = '\0';
		return 0;
	}
	close(j->child.out);
	rc = stop_wanted() ? 0 : finish_job(j, e);
	if (--n_running == 0 && !stop_wanted())
		stop_release();
	return rc;
}

static size_t first_with(const char *key)
{
	for (size_t i = 0; i < n_jobs; i++)
		if (strcmp(jobs[i].key, key) == 0 && !(jobs[i].done && jobs[i].failed))
			return i;
	return n_jobs;
}

static int on_kernel(const struct record *rec, struct err *e)
{
	struct krecord k;
	struct job j = { .number = rec->number };

	if (krecord_parse(rec, &k, e) < 0)
		return -1;
	if (!krecord_wants_source(&k) && !remote_may_have(&k)) {
		krecord_release(&k);
		return record_pass(rec, e);
	}
	j.line = xstrndup(rec->line.s, rec->line.n);
	j.key = xstrdup(k.key);
	j.like = first_with(k.key);
	krecord_release(&k);
	GROW(jobs, n_jobs, cap_jobs);
	jobs[n_jobs++] = j;
	n_open++;
	return 0;
}

static bool is_blank(struct slice line)
{
	return strspn(line.s, " \t") >= line.n;
}

/* Records that are whole by now. */
static int read_records(struct lines *l, struct err *e)
{
	struct slice line;
	struct record rec;

	if (lines_fill(l, e) < 0)
		return -1;
	/* at the end lines_next also tells a last line that is cut */
	while (lines_ready(l) || l->eof) {
		int rc = lines_next(l, &line, e);

		if (rc <= 0)
			return rc;
		if (is_blank(line))
			continue;
		if (record_parse(line, l->number, &rec, e) < 0)
			return -1;
		rc = strcmp(rec.type, "kernel") == 0 ? on_kernel(&rec, e) : record_pass(&rec, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int turn(struct lines *l, size_t max, struct err *e)
{
	struct pollfd *fds = xcalloc(n_jobs + 1, sizeof(*fds));
	size_t n = n_jobs;
	int rc = 0;

	fds[n] = (struct pollfd){ .fd = l->eof ? -1 : l->fd, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = jobs[i].child.pid > 0 ? jobs[i].child.out : -1, .events = POLLIN };
	if (poll(fds, n + 1, n_running || held_back ? LOOK_MS : -1) > 0) {
		for (size_t i = 0; i < n && rc == 0; i++)
			if (fds[i].revents)
				rc = read_job(&jobs[i], e);
		if (rc == 0 && fds[n].revents)
			rc = read_records(l, e);
	}
	free(fds);
	return rc < 0 ? -1 : advance(max, e);
}

/* End what runs and wait for it, so that it can clean up. */
static void stop_jobs(void)
{
	for (size_t i = 0; i < n_jobs; i++)
		if (jobs[i].child.pid > 0)
			kill(jobs[i].child.pid, SIGTERM);
	for (size_t i = 0; i < n_jobs; i++)
		child_stop(&jobs[i].child, GRACE_MS);
}

static void choose_words(void)
{
	for (const struct opt *o = opts; o->to != &jq; o++)
		if (o->given)
			strv_addf(&words, o->text ? "--%s=%s" : "--%s", o->name, o->text);
}

int main(int argc, char **argv)
{
	struct lines l;
	struct err e;
	size_t max;
	int rc = 0;

	start(&program, argc, argv, NULL);
	choose_words();
	max = width();
	ahead_init(&ahead, STDOUT_FILENO, env_get(ENV_KERNEL_PARALLELISM) ? max : AHEAD);
	jq_begin(jq);
	stop_watch();
	lines_init(&l, STDIN_FILENO);
	while (rc == 0 && !stop_wanted() && (!l.eof || n_open))
		rc = turn(&l, max, &e);
	stop_jobs();
	stop_release();
	if (rc < 0)
		die_err(&e);
	lines_release(&l);
	ahead_release(&ahead);
	return finish(failures ? 1 : 0);
}
