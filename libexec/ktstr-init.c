/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-init: the guest's first process. Mounts what tests need, starts one
 * program, and passes on everything it says as lines on the virtio-serial
 * port "ktstr.bulk". A line begins with 'i' when it is our own and with 'p'
 * when it is the program's, so that a program cannot speak for us.
 *
 * The job is a file of NUL-terminated strings: the number of arguments, the
 * arguments, then the environment. Built statically: the guest may hold
 * nothing else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "json/record.h"
#include "json/write.h"

#define TEXT_MAX (64u << 10) /* a longer line of output is split */
#define GUEST_FD 3

static int port = -1;

struct stream {
	int fd;           /* -1 at its end */
	const char *type; /* "stdout", "stderr"; NULL: lines go on as they are */
	struct str buf;
	bool skip; /* inside a message that was too long to pass on */
};

static void end_guest(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

/* Before the port is found, the console is the only place to say why. */
static void fatal(const char *text)
{
	auto_free char *line = xasprintf("FATAL: %s\n", text);
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		write_all(fd, line, strlen(line));
	end_guest();
}

static void send_lines(const struct str *out)
{
	if (out->len && write_all(port, out->s, out->len) < 0)
		fatal("the host does not read any more");
}

static void event_start(struct jw *w, struct str *out, const char *type)
{
	str_addc(out, 'i');
	jw_init(w, out, 0);
	jw_object(w);
	jw_key_str(w, "type", type);
}

static void event_end(struct jw *w)
{
	jw_end(w);
	str_addc(w->out, '\n');
}

struct mount_row {
	const char *type, *at, *data;
	unsigned long flags;
};

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static void mount_all(const struct mount_row *m)
{
	for (; m->type; m++) {
		/* files of the job may lie there; the root takes writes just as well */
		if (strcmp(m->type, "tmpfs") == 0 && rmdir(m->at) < 0 && errno == ENOTEMPTY) {
			chmod(m->at, strtoul(strchr(m->data, '=') + 1, NULL, 8));
			continue;
		}
		mkdir(m->at, 0755);
		/* a kernel without one of them can still run other tests */
		if (mount(m->type, m->at, m->type, m->flags, m->data) < 0)
			continue;
	}
}

static const struct mount_row first_mounts[] = {
	{ "devtmpfs", "/dev", NULL, MS_NOSUID },
	{ "sysfs", "/sys", NULL, SAFE },
	{ "proc", "/proc", NULL, SAFE },
	{ 0 },
};

static const struct mount_row mounts[] = {
	{ "debugfs", "/sys/kernel/debug", NULL, SAFE },
	{ "tracefs", "/sys/kernel/tracing", NULL, SAFE },
	{ "bpf", "/sys/fs/bpf", NULL, SAFE },
	{ "cgroup2", "/sys/fs/cgroup", NULL, SAFE },
	{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "devpts", "/dev/pts", "mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC },
	{ 0 },
};

static void link_all(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			return;
}

static void loopback_up(void)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo" };

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return;
	r.ifr_flags |= IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &r);
}

static bool port_is_ours(const char *name)
{
	auto_free char *path = xasprintf("/sys/class/virtio-ports/%s/name", name);
	auto_str struct str text = { 0 };
	struct err ignored;

	return read_file(path, &text, &ignored) == 0 && strcmp(trim(text.s), "ktstr.bulk") == 0;
}

static int find_port(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *d;
	int fd = -1;

	while (dir && fd < 0 && (d = readdir(dir)))
		if (d->d_name[0] != '.' && port_is_ours(d->d_name)) {
			auto_free char *path = xasprintf("/dev/%s", d->d_name);

			fd = open(path, O_RDWR | O_CLOEXEC);
		}
	if (dir)
		closedir(dir);
	return fd;
}

/* The driver announces its ports from a work queue, maybe after we start. */
static void open_port(void)
{
	for (int tries = 0; tries < 10000; tries++) {
		port = find_port();
		if (port >= 0)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	fatal("no virtio-serial port named ktstr.bulk (is CONFIG_VIRTIO_CONSOLE=y?)");
}

static void send_init(void)
{
	auto_str struct str out = { 0 };
	struct timespec up;
	struct utsname u;
	struct jw w;

	uname(&u);
	clock_gettime(CLOCK_BOOTTIME, &up);
	event_start(&w, &out, "init");
	jw_key_str(&w, "kernel_release", u.release);
	jw_key_i64(&w, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	jw_key_i64(&w, "uptime_ms", up.tv_sec * 1000 + up.tv_nsec / 1000000);
	event_end(&w);
	send_lines(&out);
}

struct job {
	struct strv argv, env;
};

static void read_job(struct job *j)
{
	struct str text = { 0 };
	const char *s, *end;
	struct err e;
	long n;

	if (read_file("/.ktstr_job", &text, &e) < 0)
		fatal(e.text);
	s = text.s;
	end = text.s + text.len;
	n = strtol(s, NULL, 10);
	for (s += strlen(s) + 1; s < end; s += strlen(s) + 1)
		strv_add(n-- > 0 ? &j->argv : &j->env, s);
	str_release(&text);
	if (!j->argv.n)
		fatal("the job names no program");
}

static void run_payload(const struct job *j, int out, int err, int msg)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	/* the pipes lie above the targets, see start_payload */
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || dup2(msg, GUEST_FD) < 0)
		_exit(126);
	for (size_t i = 0; i < j->env.n; i++)
		putenv(j->env.v[i]);
	execvp(j->argv.v[0], j->argv.v);
	dprintf(2, "run %s: %s\n", j->argv.v[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int high_pipe(int *read_end)
{
	int p[2], high[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		fatal("cannot make a pipe");
	for (int i = 0; i < 2; i++) {
		high[i] = fcntl(p[i], F_DUPFD_CLOEXEC, 10);
		close(p[i]);
	}
	*read_end = high[0];
	return high[1];
}

static pid_t start_payload(const struct job *j, struct stream *s)
{
	auto_str struct str out = { 0 };
	int to[3];
	struct jw w;
	pid_t pid;

	for (int i = 0; i < 3; i++)
		to[i] = high_pipe(&s[i].fd);
	pid = fork();
	if (pid == 0)
		run_payload(j, to[0], to[1], to[2]);
	for (int i = 0; i < 3; i++)
		close(to[i]);
	if (pid < 0)
		fatal("cannot fork");
	event_start(&w, &out, "payload");
	jw_key_i64(&w, "pid", pid);
	event_end(&w);
	send_lines(&out);
	return pid;
}

static void add_text(struct str *out, const char *type, const char *s, size_t n)
{
	struct jw w;

	event_start(&w, out, type);
	jw_key(&w, "line");
	jw_strn(&w, s, n);
	event_end(&w);
}

static void add_line(struct stream *s, struct str *out, const char *line, size_t n)
{
	if (s->type) {
		add_text(out, s->type, line, n);
	} else if (!s->skip) {
		str_addc(out, 'p');
		str_addn(out, line, n);
		str_addc(out, '\n');
	}
	s->skip = false;
}

/* Cut what was read into lines; the last one may be still growing. */
static void cut_lines(struct stream *s, struct str *out, bool last)
{
	static const char lost[] = "a message to the host was too long and is lost";
	char *from = s->buf.s, *end = from + s->buf.len, *nl;
	size_t max = s->type ? TEXT_MAX : RECORD_MAX - 2;

	while (from < end) {
		size_t left = (size_t)(end - from), n;

		nl = memchr(from, '\n', left < max ? left : max);
		n = nl ? (size_t)(nl - from) : left < max ? left : max;
		if (!nl && n < max && !last)
			break;
		if (!nl && !s->type && n == max) {
			add_text(out, "stderr", lost, strlen(lost));
			s->skip = true;
		} else {
			add_line(s, out, from, n);
		}
		from += n + (nl != NULL);
	}
	s->buf.len = (size_t)(end - from);
	memmove(s->buf.s, from, s->buf.len);
}

static void relay(struct stream *s)
{
	auto_str struct str out = { 0 };
	ssize_t n = read(s->fd, str_room(&s->buf, 65536), 65536);

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		s->buf.len += (size_t)n;
	if (s->buf.len)
		cut_lines(s, &out, n <= 0);
	send_lines(&out);
	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
	}
}

/* Wait for words on the streams, at most timeout_ms. */
static int relay_ready(struct stream *s, int extra_fd, int timeout_ms)
{
	struct pollfd p[4];
	int n;

	for (int i = 0; i < 3; i++)
		p[i] = (struct pollfd){ .fd = s[i].fd, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = extra_fd, .events = POLLIN };
	n = poll(p, 4, timeout_ms);
	for (int i = 0; i < 3; i++)
		if (n > 0 && p[i].revents)
			relay(&s[i]);
	return n;
}

/* Reap whatever ended, ours or orphaned: the payload's code, or -1. */
static int reap(pid_t payload, int sigfd)
{
	struct signalfd_siginfo si;
	int status, code = -1;
	pid_t pid;

	while (read(sigfd, &si, sizeof(si)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == payload)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return code;
}

static int supervise(pid_t payload, struct stream *s)
{
	sigset_t chld;
	int fd, code = -1;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	/* a second at most, should the kernel have no signalfd */
	while ((code = reap(payload, fd)) < 0)
		relay_ready(s, fd, 1000);
	/* what the payload left running ends with it and lets go of the pipes */
	kill(-1, SIGKILL);
	while (s[0].fd >= 0 || s[1].fd >= 0 || s[2].fd >= 0)
		if (relay_ready(s, -1, 2000) == 0)
			break;
	return code;
}

/* The host answers when it has read the last line; then nothing can be lost. */
static void finish_payload(int code)
{
	auto_str struct str out = { 0 };
	struct pollfd p = { .fd = port, .events = POLLIN };
	struct jw w;

	event_start(&w, &out, "payload_exit");
	jw_key_i64(&w, "code", code);
	event_end(&w);
	send_lines(&out);
	poll(&p, 1, 2000);
}

int main(void)
{
	struct stream s[3] = { { .type = "stdout" }, { .type = "stderr" }, { 0 } };
	struct job job = { 0 };
	sigset_t chld;

	mount_all(first_mounts);
	if (access("/.ktstr_init_ok", F_OK) < 0)
		fatal("initramfs extraction incomplete: the guest needs more memory");
	open_port();
	send_init();
	mount_all(mounts);
	link_all();
	loopback_up();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	read_job(&job);
	finish_payload(supervise(start_payload(&job, s), s));
	end_guest();
	return 0;
}
