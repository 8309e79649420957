/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/term.h"
#include "test/guest.h"

#define START_WAIT_MS 30000
#define PUBLISH_NS    1000000ULL
#define SPIN_BURST    1024

/* What a worker and its parent share; reports survive a killed worker. */
struct slot {
	_Atomic bool ready, running;
	_Atomic uint64_t iterations, work_units; /* published now and then */
	struct worker_report report;
};

struct shared {
	_Atomic uint64_t released_ns;
	struct slot slot[];
};

struct workers {
	size_t n;
	pid_t *pids;
	int *pidfds;
	int start_fd; /* closing it lets them go */
	struct shared *shared;
	size_t size;
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/*
 * Reading the exact clock leaves the CPU emulator or the hypervisor where the
 * guest has no usable TSC, and serialises the vCPUs; the tick's clock is good
 * to a few milliseconds and costs nothing.
 */
static clockid_t cheap_clock(void)
{
	uint64_t from = clock_ns(CLOCK_MONOTONIC), to = from;

	for (int i = 0; i < 16; i++)
		to = clock_ns(CLOCK_MONOTONIC);
	return to - from < 16 * 500 ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_COARSE;
}

/* A worker's own state. */
struct self {
	struct slot *slot;
	struct worker_report r;
	clockid_t clock;
	uint64_t start_ns, last_ns, published_ns;
	uint64_t gap_ns, cpu0_ns;
	uint64_t schedstat0[3];
	uint32_t cpu;
};

static void read_schedstat(uint64_t out[3])
{
	char text[128];
	int fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned long long v[3] = { 0 };

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%llu %llu %llu", &v[0], &v[1], &v[2]) != 3)
		memset(v, 0, sizeof(v));
	for (int i = 0; i < 3; i++)
		out[i] = v[i];
}

static void publish(struct self *s)
{
	atomic_store_explicit(&s->slot->iterations, s->r.iterations, memory_order_relaxed);
	atomic_store_explicit(&s->slot->work_units, s->r.work_units, memory_order_relaxed);
}

/* Look at the clock and the CPU: gaps, migrations. */
static void sample(struct self *s)
{
	uint64_t now = clock_ns(s->clock);
	uint32_t cpu = (uint32_t)sched_getcpu();
	uint64_t gap = now > s->last_ns ? now - s->last_ns : 0;

	if (gap > s->gap_ns) {
		s->gap_ns = gap;
		s->r.max_gap_cpu = cpu;
		s->r.max_gap_at_ms = (now - s->start_ns) / 1000000;
	}
	if (cpu != s->cpu) {
		if (s->r.migration_count < MIGRATIONS_MAX)
			s->r.migrations[s->r.migration_count] = (struct migration){ now - s->start_ns, s->cpu, cpu };
		s->r.migration_count++;
		s->cpu = cpu;
		cpus_set(&s->r.cpus_used, cpu);
	}
	s->last_ns = now;
	if (now - s->published_ns >= PUBLISH_NS) {
		s->published_ns = now;
		publish(s);
	}
}

static void spin_wait(struct self *s)
{
	while (!stopped) {
		for (int i = 0; i < SPIN_BURST; i++)
			__asm__ volatile("" ::: "memory");
		s->r.work_units += SPIN_BURST;
		s->r.iterations++;
		sample(s);
	}
}

static void yield_heavy(struct self *s)
{
	while (!stopped) {
		s->r.work_units++;
		s->r.iterations++;
		sched_yield();
		/* each time: many yields may take longer than a gap is allowed to */
		sample(s);
	}
}

static void begin(struct self *s, const struct shared *shared)
{
	s->clock = cheap_clock();
	s->r.tid = (int32_t)getpid();
	/* from the moment it could have run, so that a late start is a gap */
	s->start_ns = s->clock == CLOCK_MONOTONIC ? shared->released_ns : clock_ns(s->clock);
	if (s->clock != CLOCK_MONOTONIC) {
		uint64_t late = clock_ns(CLOCK_MONOTONIC) - shared->released_ns;

		s->start_ns -= late < s->start_ns ? late : 0;
	}
	s->last_ns = s->published_ns = s->start_ns;
	s->cpu = (uint32_t)sched_getcpu();
	cpus_set(&s->r.cpus_used, s->cpu);
	s->cpu0_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	read_schedstat(s->schedstat0);
	sample(s);
}

static void report(struct self *s)
{
	uint64_t after[3];
	struct worker_report *r = &s->r;

	r->wall_time_ns = clock_ns(s->clock) - s->start_ns;
	r->cpu_time_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - s->cpu0_ns;
	r->off_cpu_ns = r->wall_time_ns > r->cpu_time_ns ? r->wall_time_ns - r->cpu_time_ns : 0;
	r->max_gap_ms = s->gap_ns / 1000000;
	read_schedstat(after);
	r->schedstat_cpu_time_ns = after[0] - s->schedstat0[0];
	r->schedstat_run_delay_ns = after[1] - s->schedstat0[1];
	r->schedstat_run_count = after[2] - s->schedstat0[2];
	r->completed = true;
	publish(s);
	s->slot->report = *r;
}

static void apply(const struct worker_spec *spec, struct worker_report *r)
{
	if (spec->affinity && cpus_confine(spec->affinity) < 0)
		r->affinity_errno = errno;
	if (spec->nice && setpriority(PRIO_PROCESS, 0, spec->nice) < 0)
		r->nice_errno = errno;
}

/* The child: never returns. */
static void run_worker(struct shared *shared, size_t i, const struct worker_spec *spec, int wait_fd, pid_t parent)
{
	struct sigaction act = { .sa_handler = on_stop };
	struct pollfd p = { .fd = wait_fd, .events = POLLIN };
	struct self s = { .slot = &shared->slot[i] };
	sigset_t usr1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	apply(spec, &s.r);
	s.slot->ready = true;
	/* the end of the pipe is the start; a stop before it ends the wait too */
	if (poll(&p, 1, START_WAIT_MS) <= 0 && !stopped)
		_exit(1);
	begin(&s, shared);
	s.slot->running = true;
	if (spec->type == KTSTR_YIELD_HEAVY)
		yield_heavy(&s);
	else
		spin_wait(&s);
	report(&s);
	_exit(0);
}

static void nap(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static void await_ready(struct workers *w)
{
	long long until = now_ms() + START_WAIT_MS / 3;

	for (size_t i = 0; i < w->n; i++)
		while (!w->shared->slot[i].ready && now_ms() < until)
			nap(1000000);
}

static int fork_one(struct workers *w, size_t i, const struct worker_spec *spec, int fds[2])
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		close(fds[1]);
		run_worker(w->shared, i, spec, fds[0], parent);
	}
	if (pid < 0)
		return -1;
	setpgid(pid, pid);
	w->pids[i] = pid;
	w->pidfds[i] = (int)syscall(SYS_pidfd_open, pid, 0);
	w->shared->slot[i].report.tid = (int32_t)pid;
	return 0;
}

int workers_start(struct workers **out, const struct worker_spec *specs, size_t n, struct err *e)
{
	struct workers *w = xcalloc(1, sizeof(*w));
	sigset_t usr1, old;
	int fds[2], bad = 0;

	*out = w;
	w->size = sizeof(struct shared) + n * sizeof(struct slot);
	w->shared = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->shared == MAP_FAILED) {
		*out = NULL;
		free(w);
		return err_sys(e, "map the reports of %zu workers", n);
	}
	w->pids = xcalloc(n, sizeof(*w->pids));
	w->pidfds = xcalloc(n, sizeof(*w->pidfds));
	make_pipe(fds);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &old);
	for (; w->n < n && !bad; w->n += !bad)
		bad = fork_one(w, w->n, &specs[w->n], fds);
	if (bad)
		err_sys(e, "fork worker %zu of %zu", w->n + 1, n);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fds[0]);
	w->start_fd = fds[1];
	if (bad) {
		workers_stop(w, 0);
		workers_free(w);
		*out = NULL;
		return -1;
	}
	await_ready(w);
	return 0;
}

pid_t worker_pid(const struct workers *w, size_t i)
{
	return w->pids[i];
}

void workers_release(struct workers *w)
{
	w->shared->released_ns = clock_ns(CLOCK_MONOTONIC);
	close_fd(&w->start_fd);
	w->start_fd = -1;
}

uint64_t workers_iterations(const struct workers *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->n; i++)
		sum += atomic_load_explicit(&w->shared->slot[i].iterations, memory_order_relaxed);
	return sum;
}

/* Reap one that ended: its exit code, or -1 while it runs. */
static int reap(struct workers *w, size_t i, int flags)
{
	int status;
	pid_t got;

	do
		got = waitpid(w->pids[i], &status, flags);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return -1;
	w->pids[i] = 0;
	close_fd(&w->pidfds[i]);
	w->pidfds[i] = -1;
	return got < 0 ? 1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void take_end(struct workers *w, size_t i, int code)
{
	struct slot *s = &w->shared->slot[i];

	s->report.exit_code = code;
	if (s->report.completed)
		return;
	/* what it published is all there is to know about it */
	s->report.work_units = s->work_units;
	s->report.iterations = s->iterations;
}

void workers_stop(struct workers *w, int grace_ms)
{
	long long until = now_ms() + grace_ms;

	for (size_t i = 0; i < w->n; i++)
		kill(w->pids[i], SIGUSR1);
	for (size_t i = 0; i < w->n; i++) {
		struct pollfd p = { .fd = w->pidfds[i], .events = POLLIN };
		int code;

		while ((code = reap(w, i, WNOHANG)) < 0 && now_ms() < until)
			if (p.fd < 0)
				nap(2000000);
			else
				poll(&p, 1, (int)(until - now_ms()) + 1);
		if (code < 0) {
			kill(-w->pids[i], SIGKILL);
			kill(w->pids[i], SIGKILL);
			code = reap(w, i, 0);
		}
		take_end(w, i, code);
	}
}

const struct worker_report *worker_report(const struct workers *w, size_t i)
{
	return &w->shared->slot[i].report;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	close_fd(&w->start_fd);
	munmap(w->shared, w->size);
	free(w->pids);
	free(w->pidfds);
	free(w);
}
