/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"

extern char **environ;

void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		die_sys("make a pipe");
}

char *find_program(const char *name)
{
	const char *path = env_get(ENV_PATH);
	struct stat st;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");
		char *file = n ? xasprintf("%.*s/%s", (int)n, path, name) : xstrdup(name);

		if (access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			return file;
		free(file);
		path += n + (path[n] == ':');
	}
	return NULL;
}

/* One stream of the child: fds[0] is what the child gets, fds[1] ours. */
static int prepare(int want, bool child_reads, int fds[2])
{
	int p[2];

	fds[0] = fds[1] = -1;
	if (want > 0)
		fds[0] = want;
	if (want == FD_NULL) {
		fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
		return fds[0] < 0 ? -1 : 0;
	}
	if (want == FD_PIPE) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return -1;
		fds[0] = p[child_reads ? 0 : 1];
		fds[1] = p[child_reads ? 1 : 0];
	}
	return 0;
}

static void apply_env(char *const *env)
{
	for (; env && *env; env++) {
		const char *eq = strchr(*env, '=');
		char *name;

		if (!eq) {
			unsetenv(*env);
			continue;
		}
		name = xstrndup(*env, (size_t)(eq - *env));
		setenv(name, eq + 1, 1);
		free(name);
	}
}

static void fail(int fd)
{
	int code = errno;

	if (write(fd, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* Move fd to the target number, or make it survive exec where it is. */
static void place(int fd, int target, int errfd)
{
	if (fd < 0)
		return;
	if (fd == target ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, target) < 0)
		fail(errfd);
}

static void default_signals(void)
{
	struct sigaction old;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++) {
		/* nohup's promise, and that of a script's "&", hold for children too */
		bool keep = (s == SIGHUP || s == SIGINT || s == SIGQUIT) && sigaction(s, NULL, &old) == 0 &&
			    old.sa_handler == SIG_IGN;

		if (s != SIGKILL && s != SIGSTOP && !keep)
			signal(s, SIG_DFL);
	}
}

static void run_child(const struct child *c, const char *file, int (*fds)[2], int errfd, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, c->death_signal ? c->death_signal : SIGTERM) < 0)
		fail(errfd);
	if (getppid() != parent)
		_exit(127);
	if (c->new_group)
		setpgid(0, 0);
	default_signals();
	/* keep the error pipe and the sources above the targets 0..3 */
	errfd = fcntl(errfd, F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 4; i++)
		if (fds[i][0] >= 0 && fds[i][0] < 10) {
			fds[i][0] = fcntl(fds[i][0], F_DUPFD_CLOEXEC, 10);
			if (fds[i][0] < 0)
				fail(errfd);
		}
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		for (int fd = 3; fd < 1024; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (int i = 0; i < 4; i++)
		place(fds[i][0], i, errfd);
	if (c->err == FD_OUT && dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		fail(errfd);
	for (const int *k = c->keep; k && *k >= 0; k++)
		fcntl(*k, F_SETFD, 0);
	if (c->dir && chdir(c->dir) < 0)
		fail(errfd);
	apply_env(c->env);
	if (c->enter)
		c->enter(c->enter_with);
	execve(file, c->argv, environ);
	fail(errfd);
}

static void close_all(int (*fds)[2], int side)
{
	for (int i = 0; i < 4; i++)
		if (fds[i][side] >= 0)
			close(fds[i][side]);
}

/* Whoever started us may have left SIGCHLD ignored; then the kernel reaps our
 * children itself and no exit code reaches us. */
static void expect_children(void)
{
	struct sigaction old;

	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
}

/* Descriptors handed over are the child's, whether it came to be or not. */
static void hand_over(struct child *c, int (*fds)[2])
{
	close_all(fds, 0);
	c->in = fds[0][1];
	c->out = fds[1][1];
	c->err = fds[2][1];
	c->fd3 = -1;
}

static int prepare_all(const struct child *c, int (*fds)[2], int errp[2])
{
	bool ok = prepare(c->in, true, fds[0]) == 0 && prepare(c->out, false, fds[1]) == 0 &&
		  (c->err == FD_OUT || prepare(c->err, false, fds[2]) == 0);

	if (c->fd3 > 0)
		fds[3][0] = c->fd3;
	return ok && pipe2(errp, O_CLOEXEC) == 0 ? 0 : -1;
}

/* 0 once the program runs, else the errno that kept it from running. */
static int exec_result(int fd)
{
	int code = 0;
	ssize_t n;

	do
		n = read(fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(fd);
	return n == (ssize_t)sizeof(code) ? code : 0;
}

static int no_program(const char *name, struct err *e)
{
	errno = strchr(name, '/') && access(name, F_OK) == 0 ? EACCES : ENOENT;
	return err_sys(e, "run %s", name);
}

int child_start(struct child *c, struct err *e)
{
	auto_free char *file = find_program(c->argv[0]);
	int fds[4][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int errp[2] = { -1, -1 }, code;
	pid_t parent = getpid();

	c->pid = 0;
	expect_children();
	if (prepare_all(c, fds, errp) < 0) {
		err_sys(e, "run %s: make pipes", c->argv[0]);
		hand_over(c, fds);
		close_all(fds, 1);
		return -1;
	}
	c->pid = file ? fork() : -1;
	if (c->pid == 0)
		run_child(c, file, fds, errp[1], parent);
	code = errno;
	close(errp[1]);
	hand_over(c, fds);
	if (c->pid < 0) {
		close(errp[0]);
		close_all(fds, 1);
		c->pid = 0;
		errno = code;
		return file ? err_sys(e, "run %s", c->argv[0]) : no_program(c->argv[0], e);
	}
	code = exec_result(errp[0]);
	if (!code)
		return 0;
	close_all(fds, 1);
	child_wait(c);
	errno = code;
	return err_sys(e, c->dir ? "run %s in %s" : "run %s", c->argv[0], c->dir);
}

static int decode(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_wait(struct child *c)
{
	int status = 0;

	if (c->pid <= 0)
		return -1;
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			die_sys("wait for process %d", (int)c->pid);
	c->pid = 0;
	return decode(status);
}

int child_poll(struct child *c)
{
	int status;

	if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) <= 0)
		return -1;
	c->pid = 0;
	return decode(status);
}

void child_stop(struct child *c, int grace_ms)
{
	pid_t to = c->new_group ? -c->pid : c->pid;

	if (c->pid <= 0)
		return;
	kill(to, SIGTERM);
	for (int waited = 0; waited < grace_ms; waited += 5) {
		if (child_poll(c) >= 0) {
			if (to < 0)
				kill(to, SIGKILL);
			return;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	kill(to, SIGKILL);
	child_wait(c);
}

int child_run(char *const *argv, const char *dir, struct str *out, struct err *e)
{
	struct child c = { .argv = argv, .dir = dir, .in = FD_NULL, .out = out ? FD_PIPE : FD_INHERIT };

	if (child_start(&c, e) < 0)
		return -1;
	if (out) {
		int bad = read_fd(c.out, out, e);

		close(c.out);
		if (bad) {
			child_stop(&c, 100);
			return -1;
		}
	}
	return child_wait(&c);
}

int exec_replace(char *const *argv, struct err *e)
{
	auto_free char *file = find_program(argv[0]);

	if (!file)
		return no_program(argv[0], e);
	execv(file, argv);
	return err_sys(e, "run %s", argv[0]);
}
