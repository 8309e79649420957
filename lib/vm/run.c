/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/stop.h"
#include "base/term.h"
#include "json/record.h"
#include "vm/console.h"
#include "vm/qemu.h"
#include "vm/qmp.h"

#define STOP_MS    5000 /* from the program's end, or a panic, to QEMU's */
#define DRAIN_MS   1000 /* from QEMU's end to that of its sockets */
#define LATE_MS    9000 /* longer while there is still something in them */
#define STDERR_MAX 8192

enum { P_SIGNALS, P_STDOUT, P_CONSOLE, P_BULK, P_QMP, P_STDERR, P_COUNT };

struct run {
	const struct vm_plan *plan;
	struct events *ev;
	struct vm_end *end;
	struct child qemu;
	int signals, console_fd, bulk_fd;
	struct console console;
	struct lines bulk;
	struct qmp qmp;
	struct str qemu_says;
	long long started, deadline; /* ms; 0: no deadline */
	bool decided;                /* end->reason is set */
	bool init_seen, payload_ended, stopping;
	bool ended; /* QEMU is gone */
	int status;
};

static const char *const reasons[] = {
	[VM_DONE] = "done",
	[VM_TIMEOUT] = "timeout",
	[VM_PANIC] = "panic",
	[VM_NO_INIT] = "no_init",
	[VM_INIT_DIED] = "init_died",
	[VM_QEMU_DIED] = "qemu_died",
	[VM_QEMU_MISSING] = "qemu_missing",
	[VM_KVM_FAILED] = "kvm_failed",
	[VM_INTERRUPTED] = "interrupted",
};

const char *vm_reason_name(enum vm_reason r)
{
	return reasons[r];
}

void vm_end_release(struct vm_end *end)
{
	str_release(&end->detail);
}

int vm_signals_open(struct err *e)
{
	int fd = stop_signals();

	signal(SIGPIPE, SIG_IGN);
	return fd < 0 ? err_sys(e, "make a signal descriptor") : fd;
}

static void decide(struct run *s, enum vm_reason r)
{
	if (!s->decided)
		s->end->reason = r;
	s->decided = true;
}

static void kill_qemu(struct run *s)
{
	if (!s->ended)
		kill(s->qemu.pid, SIGKILL);
}

/* The end is coming by itself; wait for it, but not for ever. */
static void stop_soon(struct run *s)
{
	if (!s->stopping)
		s->deadline = now_ms() + STOP_MS;
	s->stopping = true;
}

static long long boot_ms(const struct vm_plan *p)
{
	if (p->request->boot_timeout_ms)
		return (long long)p->request->boot_timeout_ms;
	return p->accel.kvm ? 10000 : 30000 + 1000ll * (long long)topology_cpus(&p->request->topology);
}

/* --- starting --- */

static void boot_event(const struct run *s)
{
	const struct vm_plan *p = s->plan;
	auto_free char *label = topology_label(&p->request->topology);
	struct jw w;

	events_open(s->ev, &w, "boot");
	jw_key_str(&w, "accel", p->accel.kvm ? "kvm" : "tcg");
	jw_key_str(&w, "accel_reason", p->accel.reason);
	jw_key_i64(&w, "qemu_pid", s->qemu.pid);
	jw_key_str(&w, "kernel", p->image);
	jw_key_str(&w, "topology", label);
	jw_key_u64(&w, "cpus", topology_cpus(&p->request->topology));
	jw_key_u64(&w, "memory_mb", p->memory_mb);
	events_close(&w);
}

static int start_child(struct run *s, const struct qemu_config *c, struct err *e)
{
	uint32_t nodes = c->topology.nodes;
	int *keep = xcalloc(nodes + 5, sizeof(*keep)), n = 0, rc;
	auto_strv struct strv argv = { 0 };

	for (uint32_t i = 0; i < nodes; i++)
		keep[n++] = c->memory[i];
	keep[n++] = c->console;
	keep[n++] = c->bulk;
	keep[n++] = c->qmp;
	keep[n++] = c->initrd;
	keep[n] = -1;
	strv_add(&argv, s->plan->qemu);
	qemu_args(c, &argv);
	s->qemu = (struct child){
		.argv = argv.v,
		.in = FD_NULL,
		.out = FD_NULL,
		.err = FD_PIPE,
		.keep = keep,
		.death_signal = SIGKILL,
		.new_group = true, /* a Ctrl-C at the terminal is ours to handle */
	};
	s->started = now_ms();
	rc = child_start(&s->qemu, e);
	free(keep);
	return rc;
}

static int start_qemu(struct run *s, struct err *e)
{
	const struct vm_plan *p = s->plan;
	int console[2], bulk[2], qmp[2], rc;
	struct qemu_config c = {
		.topology = p->request->topology,
		.memory_mb = p->memory_mb,
		.kvm = p->accel.kvm,
		.one_thread = p->accel.one_thread,
		.image = p->image,
		.cmdline = p->cmdline,
		.initrd = p->initrd,
	};

	c.memory = qemu_memory_make(&c.topology, p->memory_mb, e);
	if (!c.memory)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bulk) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0)
		die_sys("make a pair of sockets");
	c.console = console[1];
	c.bulk = bulk[1];
	c.qmp = qmp[1];
	rc = start_child(s, &c, e);
	close(console[1]);
	close(bulk[1]);
	close(qmp[1]);
	s->console_fd = console[0];
	s->bulk_fd = bulk[0];
	lines_init(&s->bulk, bulk[0]);
	qmp_init(&s->qmp, qmp[0]);
	qemu_memory_close(c.memory, &c.topology);
	return rc;
}

/* --- the guest's channel --- */

/* The number under one key of a message, or fallback. */
static int64_t number_of(struct slice line, const char *key, int64_t fallback)
{
	int64_t v = fallback;
	struct jkey k;
	struct jr r;

	jr_init(&r, line.s, line.n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, key) && jr_peek(&r) == JR_NUMBER)
			v = jr_i64(&r);
		else
			jr_skip(&r);
	return r.failed ? fallback : v;
}

static void on_init(struct run *s)
{
	uint64_t ms = s->plan->request->timeout_ms;

	s->init_seen = true;
	if (!s->stopping)
		s->deadline = ms ? s->started + (long long)ms : 0;
}

static void on_payload_exit(struct run *s, struct slice line)
{
	s->payload_ended = true;
	s->end->code = (int)number_of(line, "code", 1);
	decide(s, VM_DONE);
	/* the guest waits for this before it resets itself */
	if (send(s->bulk_fd, "bye\n", 4, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		kill_qemu(s);
	stop_soon(s);
}

static void from_init(struct run *s, const struct record *rec)
{
	if (strcmp(rec->type, "init") == 0)
		on_init(s);
	else if (strcmp(rec->type, "payload_exit") == 0)
		on_payload_exit(s, rec->line);
	events_raw(s->ev, rec->line);
}

/* Words only we and init may say. */
static bool reserved(const char *type)
{
	static const char *const types[] = { "boot", "init", "payload", "payload_exit", "exit", NULL };

	for (const char *const *t = types; *t; t++)
		if (strcmp(*t, type) == 0)
			return true;
	return false;
}

static void from_program(struct run *s, const struct record *rec)
{
	int64_t ms;

	if (reserved(rec->type)) {
		events_text(s->ev, "bad_message", rec->line);
		return;
	}
	if (strcmp(rec->type, "deadline") == 0 && !s->stopping) {
		ms = number_of(rec->line, "ms", -1);
		if (ms >= 0)
			s->deadline = now_ms() + ms;
	}
	events_raw(s->ev, rec->line);
}

static void take_line(struct run *s, struct slice line)
{
	struct record rec;
	struct err ignored;
	bool own;

	if (!line.n)
		return;
	own = *line.s == 'i';
	line.s++;
	line.n--;
	if (record_parse(line, 0, &rec, &ignored) < 0)
		events_text(s->ev, "bad_message", line);
	else if (own)
		from_init(s, &rec);
	else
		from_program(s, &rec);
}

static void read_bulk(struct run *s)
{
	struct slice line;
	struct err ignored;

	if (lines_fill(&s->bulk, &ignored) <= 0) {
		close_fd(&s->bulk_fd);
		return;
	}
	while (lines_ready(&s->bulk) && lines_next(&s->bulk, &line, &ignored) > 0)
		take_line(s, line);
	/* init never sends such a line: what wrote it is not init any more */
	if (s->bulk.buf.len - s->bulk.at > RECORD_MAX) {
		decide(s, VM_INIT_DIED);
		str_clear(&s->end->detail);
		str_add(&s->end->detail, "the guest sent a line without an end");
		kill_qemu(s);
	}
}

/* --- the other descriptors --- */

/*
 * A kernel patches itself behind breakpoints (text_poke_bp in
 * arch/x86/kernel/alternative.c). When one CPU translates the place while
 * another writes to it, QEMU before 8.1 may keep the breakpoint for ever: its
 * commit deba78709ae8. What meets it next dies, whatever it was about to do.
 */
static void on_int3(struct run *s)
{
	const struct accel *a = &s->plan->accel;

	if (a->kvm || a->one_thread || !s->qmp.version || s->qmp.version >= 801)
		return;
	s->end->stale_code = true;
	decide(s, VM_PANIC);
	str_addf(&s->end->detail, "QEMU %u.%u ran a breakpoint that the guest's kernel had taken out",
		 s->qmp.version / 100, s->qmp.version % 100);
	kill_qemu(s);
}

static void read_console(struct run *s)
{
	char buf[16384];
	ssize_t n = read(s->console_fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_fd(&s->console_fd);
		console_end(&s->console, s->ev);
	} else {
		console_feed(&s->console, buf, (size_t)n, s->ev);
	}
	if (s->console.int3 && !s->decided)
		on_int3(s);
	if (s->console.panic)
		stop_soon(s);
}

static void kvm_broke(struct run *s)
{
	s->end->kvm_broken = true;
	decide(s, VM_KVM_FAILED);
	kill_qemu(s);
}

static void read_stderr(struct run *s)
{
	struct str *b = &s->qemu_says;
	ssize_t n = read(s->qemu.err, str_room(b, 4096), 4096);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_fd(&s->qemu.err);
		return;
	}
	b->len += (size_t)n;
	b->s[b->len] = '\0';
	if (s->plan->accel.kvm && strstr(b->s, "KVM internal error"))
		kvm_broke(s);
	if (b->len > STDERR_MAX) {
		memmove(b->s, b->s + b->len - STDERR_MAX / 2, STDERR_MAX / 2);
		b->len = STDERR_MAX / 2;
		b->s[b->len] = '\0';
	}
}

static void read_qmp(struct run *s)
{
	qmp_read(&s->qmp);
	if (s->qmp.internal_error && s->plan->accel.kvm)
		kvm_broke(s);
}

static void read_signals(struct run *s)
{
	struct signalfd_siginfo si;

	while (read(s->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		decide(s, VM_INTERRUPTED);
		if (!s->end->detail.len)
			str_addf(&s->end->detail, "SIG%s", sigabbrev_np((int)si.ssi_signo));
		kill_qemu(s);
	}
	if (!s->ended) {
		s->status = child_poll(&s->qemu);
		s->ended = s->status >= 0;
		if (s->ended)
			s->deadline = now_ms() + DRAIN_MS;
	}
}

static void reader_gone(struct run *s)
{
	s->ev->closed = true;
	decide(s, VM_INTERRUPTED);
	if (!s->end->detail.len)
		str_add(&s->end->detail, "nobody reads the events");
	kill_qemu(s);
}

static void handle(struct run *s, const struct pollfd *p)
{
	if (p[P_CONSOLE].revents)
		read_console(s);
	if (p[P_BULK].revents)
		read_bulk(s);
	if (p[P_QMP].revents)
		read_qmp(s);
	if (p[P_STDERR].revents)
		read_stderr(s);
	if (p[P_STDOUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		reader_gone(s);
	else if (p[P_STDOUT].revents & POLLOUT)
		events_write(s->ev);
	if (s->ev->closed)
		reader_gone(s);
	if (p[P_SIGNALS].revents)
		read_signals(s);
}

static void on_deadline(struct run *s)
{
	struct str *detail = &s->end->detail;
	bool first = !s->decided && !s->stopping;

	s->deadline = now_ms() + STOP_MS;
	if (first && !s->init_seen) {
		decide(s, VM_NO_INIT);
		str_add(detail, "no message from the guest's init after ");
		str_add_ms(detail, now_ms() - s->started);
	} else if (first) {
		decide(s, VM_TIMEOUT);
		str_add(detail, "still running after ");
		str_add_ms(detail, now_ms() - s->started);
	}
	kill_qemu(s);
}

static int time_left(const struct run *s)
{
	long long left = s->deadline - now_ms();

	if (!s->deadline)
		return -1;
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* Whether something may still come: QEMU, or what it left in its sockets. */
static bool alive(const struct run *s)
{
	return !s->ended || s->console_fd >= 0 || s->bulk_fd >= 0 || s->qemu.err >= 0;
}

static void loop(struct run *s)
{
	while (alive(s)) {
		int ready;
		bool full = events_pending(s->ev) > EVENTS_HIGH;
		struct pollfd p[P_COUNT] = {
			[P_SIGNALS] = { s->signals, POLLIN, 0 },
			[P_STDOUT] = { s->ev->closed ? -1 : STDOUT_FILENO, events_pending(s->ev) ? POLLOUT : 0, 0 },
			[P_CONSOLE] = { full ? -1 : s->console_fd, POLLIN, 0 },
			[P_BULK] = { full ? -1 : s->bulk_fd, POLLIN, 0 },
			[P_QMP] = { s->qmp.fd, POLLIN, 0 },
			[P_STDERR] = { s->qemu.err, POLLIN, 0 },
		};

		ready = poll(p, P_COUNT, time_left(s));
		if (ready < 0 && errno != EINTR)
			die_sys("poll");
		handle(s, p);
		if (!s->deadline || now_ms() < s->deadline)
			continue;
		if (!s->ended)
			on_deadline(s);
		else if (full && !s->ev->closed) /* a slow reader may take its time */
			s->deadline = now_ms() + DRAIN_MS;
		else if (ready == 0 || now_ms() > s->deadline + LATE_MS)
			break;
	}
}

/* --- how it ended --- */

static void explain_qemu(struct run *s)
{
	struct str *d = &s->end->detail;

	if (s->status > 128)
		str_addf(d, "QEMU was killed by signal %d (%s)", s->status - 128, strsignal(s->status - 128));
	else
		str_addf(d, "QEMU ended with exit status %d", s->status);
	if (s->qemu_says.len)
		str_addf(d, ": %s", trim(s->qemu_says.s));
}

static void explain_silence(struct run *s)
{
	auto_str struct str said = { 0 };
	struct str *d = &s->end->detail;

	console_tail(&s->console, &said);
	if (!d->len)
		str_add(d, "the guest ended without a message from its init");
	if (said.len)
		str_addf(d, "\n%s", said.s);
	else if (!s->plan->request->verbose)
		str_add(d, " (KTSTR_VERBOSE=1 shows what its kernel says)");
}

static void conclude(struct run *s)
{
	const char *panic = s->console.panic;

	if (!s->decided && panic)
		decide(s, strstr(panic, "Attempted to kill init") ? VM_INIT_DIED : VM_PANIC);
	else if (!s->decided && s->status && s->plan->accel.kvm && strstr(str_c(&s->qemu_says), "kvm"))
		kvm_broke(s);
	else if (!s->decided)
		decide(s, s->status ? VM_QEMU_DIED : s->init_seen ? VM_INIT_DIED : VM_NO_INIT);
	if (s->end->reason == VM_QEMU_DIED || s->end->reason == VM_KVM_FAILED) {
		explain_qemu(s);
	} else if (s->end->reason == VM_PANIC || s->end->reason == VM_INIT_DIED) {
		if (!s->end->detail.len)
			str_add(&s->end->detail, panic ? panic : "the guest reset itself before its program ended");
	} else if (s->end->reason == VM_NO_INIT) {
		explain_silence(s);
	}
	s->end->wall_ms = now_ms() - s->started;
}

void vm_run(const struct vm_plan *plan, int signals, struct events *ev, struct vm_end *end)
{
	struct run s = { .plan = plan, .ev = ev, .end = end, .signals = signals };
	struct err e;

	*end = (struct vm_end){ .code = -1 };
	s.console_fd = s.bulk_fd = s.qmp.fd = s.qemu.err = -1;
	if (start_qemu(&s, &e) < 0) {
		end->reason = VM_QEMU_DIED;
		str_add(&end->detail, e.text);
	} else {
		s.deadline = s.started + boot_ms(plan);
		boot_event(&s);
		loop(&s);
		conclude(&s);
	}
	close_fd(&s.console_fd);
	close_fd(&s.bulk_fd);
	close_fd(&s.qemu.err);
	console_release(&s.console);
	lines_release(&s.bulk);
	qmp_release(&s.qmp);
	str_release(&s.qemu_says);
}

void vm_end_event(const struct vm_end *end, struct events *ev)
{
	struct jw w;

	events_open(ev, &w, "exit");
	jw_key_str(&w, "reason", vm_reason_name(end->reason));
	jw_key(&w, "code");
	if (end->reason == VM_DONE)
		jw_i64(&w, end->code);
	else
		jw_null(&w);
	jw_key_str(&w, "detail", str_c(&end->detail));
	jw_key_i64(&w, "wall_ms", end->wall_ms);
	events_close(&w);
}
