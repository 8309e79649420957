/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "test/guest.h"

#define SCHED_PROGRAM "/scheduler"
#define SCHED_LOG     "/tmp/sched.log"
#define LOG_LINES     400
#define ATTACH_MS     5000
#define POLL_MS       20
#define SCX           "/sys/kernel/sched_ext"

static void read_word(const char *path, char *out, size_t n)
{
	auto_str struct str b = { 0 };
	struct err e;

	*out = '\0';
	if (read_file(path, &b, &e) == 0)
		snprintf(out, n, "%s", b.s ? trim(b.s) : "");
}

void sched_read_state(struct sched *s)
{
	char ops[sizeof(s->ops)];

	read_word(SCX "/state", s->state, sizeof(s->state));
	read_word(SCX "/root/ops", ops, sizeof(ops));
	if (ops[0])
		memcpy(s->ops, ops, sizeof(ops)); /* a dead one leaves no name */
}

static void send_state(const struct sched *s, const char *state, const char *reason)
{
	auto_str struct str line = { 0 };
	struct jw w;

	jw_init(&w, &line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "sched");
	jw_key_str(&w, "state", state);
	if (reason)
		jw_key_str(&w, "reason", reason);
	jw_key_str(&w, "ops", s->ops);
	jw_key_str(&w, "scx_state", s->state);
	jw_key_u64(&w, "pid", (uint64_t)s->pid);
	if (s->dead)
		jw_key_i64(&w, "code", s->code);
	jw_end(&w);
	guest_send(str_c(&line));
}

bool sched_died(struct sched *s)
{
	int code;

	if (s->dead || !s->child.pid)
		return s->dead;
	code = child_poll(&s->child);
	if (code < 0)
		return false;
	s->dead = true;
	s->code = code;
	sched_read_state(s);
	send_state(s, "died", NULL);
	return true;
}

bool sched_wait(struct sched *s, long long ms)
{
	long long until = now_ms() + ms;
	struct pollfd p = { .fd = s->child.pid && !s->dead ? s->pidfd : -1, .events = POLLIN };

	for (;;) {
		long long left = until - now_ms();

		if (sched_died(s))
			return true;
		if (left <= 0)
			return false;
		poll(&p, 1, (int)(left > 60000 ? 60000 : left));
	}
}

void sched_report_death(struct ktstr *t, const char *fmt, ...)
{
	auto_str struct str how = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&how, fmt, ap);
	va_end(ap);
	result_fail(&t->result, "SchedulerDied", "scheduler process died %s", str_c(&how));
	result_fail(&t->result, "SchedulerEvent", "scheduler %s exited with code %d",
		    scheduler_display(test_scheduler(t->test)), t->sched.code);
}

void sched_check_enabled(struct ktstr *t)
{
	struct sched *s = &t->sched;

	if (!s->attached || s->dead)
		return;
	sched_read_state(s);
	/* its process prints the reason and ends a moment after the kernel let go */
	if (!s->state[0] || strcmp(s->state, "enabled") == 0 || sched_wait(s, 1000 * t->headroom))
		return;
	sched_read_state(s);
	if (strcmp(s->state, "enabled") != 0)
		result_fail(&t->result, "SchedulerEvent", "sched_ext is %s while the scheduler's process still runs",
			    s->state);
}

/* "echo VALUE > /path": what the declaration of a built-in one may say. */
static int run_echo(const char *line, struct err *e)
{
	auto_free char *copy = xstrdup(line);
	char *text = trim(copy), *arrow;

	if (!*text || *text == '#')
		return 0;
	arrow = strstr(text, " > /");
	if (!starts_with(text, "echo ") || !arrow)
		return err_set(e, "'%s' is not of the form echo VALUE > /path", line);
	*arrow = '\0';
	text = trim(text + strlen("echo "));
	text = xasprintf("%s\n", text);
	auto_free char *value = text;
	auto_fd int fd = open(trim(arrow + 3), O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write_all(fd, value, strlen(value)) < 0)
		return err_sys(e, "%s", line);
	return 0;
}

static int run_echoes(const char *const *lines, struct result *r)
{
	struct err e;

	for (; lines && *lines; lines++)
		if (run_echo(*lines, &e)) {
			result_fail(r, "SchedulerEvent", "%s", e.text);
			return -1;
		}
	return 0;
}

static void build_argv(const struct ktstr *t, struct strv *argv)
{
	const struct ktstr_scheduler *s = test_scheduler(t->test);

	strv_add(argv, SCHED_PROGRAM);
	if (s->config_file) {
		const char *slash = strrchr(s->config_file, '/');

		strv_add(argv, "--config");
		strv_addf(argv, "/include-files/%s", slash ? slash + 1 : s->config_file);
	}
	if (s->cgroup_parent) {
		strv_add(argv, "--cell-parent-cgroup");
		strv_add(argv, s->cgroup_parent);
	}
	for (const char *const *a = s->args; a && *a; a++)
		strv_add(argv, *a);
	for (const char *const *a = t->test->extra_sched_args; a && *a; a++)
		strv_add(argv, *a);
}

static int not_attached(struct ktstr *t, const char *reason)
{
	send_state(&t->sched, "not_attached", reason);
	result_fail(&t->result, "SchedulerEvent", "scheduler did not attach: %s", reason);
	return -1;
}

/* Whether sched_ext runs tasks by it: its name alone shows while it is still
 * being enabled. */
static bool is_attached(const struct sched *s)
{
	return s->ops[0] && (!s->state[0] || strcmp(s->state, "enabled") == 0);
}

static int await_attach(struct ktstr *t)
{
	struct sched *s = &t->sched;
	long long until = now_ms() + (long long)ATTACH_MS * t->headroom;

	do {
		if (sched_wait(s, POLL_MS)) {
			result_fail(&t->result, "SchedulerDied",
				    "scheduler process died before it attached (exit code %d)", s->code);
			return -1;
		}
		sched_read_state(s);
		if (is_attached(s)) {
			s->attached = true;
			send_state(s, "attached", NULL);
			return 0;
		}
	} while (now_ms() < until);
	return not_attached(t, is_dir(SCX) ? "timeout" : "sched_ext sysfs absent");
}

int sched_start(struct ktstr *t)
{
	static char log_level[] = "RUST_LOG=info,scx_utils::libbpf_logger=warn";
	char *const env[] = { log_level, NULL };
	const struct ktstr_scheduler *d = test_scheduler(t->test);
	auto_strv struct strv argv = { 0 };
	struct sched *s = &t->sched;
	struct err e;

	s->pidfd = -1;
	if (d->builtin_enable)
		return run_echoes(d->builtin_enable, &t->result);
	if (!scheduler_active(d))
		return 0;
	build_argv(t, &argv);
	s->child = (struct child){ .argv = argv.v, .env = env, .in = FD_NULL, .err = FD_OUT, .death_signal = 9 };
	s->child.out = open(SCHED_LOG, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (s->child.out < 0 || child_start(&s->child, &e)) {
		if (s->child.out < 0)
			err_sys(&e, "open " SCHED_LOG);
		s->child.pid = 0;
		result_fail(&t->result, "SchedulerDied", "the scheduler did not start: %s", e.text);
		return -1;
	}
	s->pid = s->child.pid;
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	return await_attach(t);
}

static void send_log(void)
{
	auto_str struct str b = { 0 };
	char *p, *line;
	size_t lines = 0;
	struct err e;

	if (read_file(SCHED_LOG, &b, &e) || !b.len)
		return;
	for (p = b.s + b.len - 1; p > b.s; p--)
		if (*p == '\n' && p[1] && ++lines == LOG_LINES) {
			p++;
			break;
		}
	while ((line = strsep(&p, "\n"))) {
		auto_str struct str out = { 0 };
		struct jw w;

		if (!*line)
			continue;
		jw_init(&w, &out, 0);
		jw_object(&w);
		jw_key_str(&w, "type", "sched_log");
		jw_key_str(&w, "line", line);
		jw_end(&w);
		guest_send(str_c(&out));
	}
}

/* "sched_ext: BPF scheduler "NAME" disabled (…)" and what it says about why;
 * not what it says at every start. */
static bool tells_end(const char *msg)
{
	return starts_with(msg, "sched_ext:") && !strstr(msg, "\" enabled") && !strstr(msg, "does not implement");
}

/* What the kernel said about the scheduler's end. */
static void report_kernel(struct result *r)
{
	auto_fd int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char text[2048];
	ssize_t n;

	while (fd >= 0 && ((n = read(fd, text, sizeof(text) - 1)) > 0 || (n < 0 && errno == EPIPE))) {
		char *msg;

		text[n > 0 ? n : 0] = '\0';
		msg = strchr(text, ';');
		if (!msg || !tells_end(msg + 1))
			continue;
		msg[1 + strcspn(msg + 1, "\n")] = '\0';
		result_fail(r, "SchedulerEvent", "%s", msg + 1);
	}
}

void sched_stop(struct ktstr *t)
{
	const struct ktstr_scheduler *d = test_scheduler(t->test);
	struct sched *s = &t->sched;
	bool lost = s->dead || (s->attached && strcmp(s->state, "enabled") != 0);

	if (d->builtin_disable)
		run_echoes(d->builtin_disable, &t->result);
	if (!s->pid)
		return;
	if (lost)
		report_kernel(&t->result);
	child_stop(&s->child, 2000 * t->headroom);
	close_fd(&s->pidfd);
	s->pidfd = -1;
	send_log();
}
