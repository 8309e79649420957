/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/term.h"
#include "base/where.h"
#include "json/record.h"
#include "test/run.h"

#define TCG_FACTOR 3

/* A file of the guest: where it comes from and where it goes. */
struct files {
	struct strv host, guest;
	size_t programs; /* the first ones, whatever their mode is here */
};

static void files_release(struct files *f)
{
	strv_release(&f->host);
	strv_release(&f->guest);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A path, or else a program's name. */
static int add_include(struct files *f, const char *name, struct err *e)
{
	auto_free char *found = path_exists(name) ? NULL : strchr(name, '/') ? NULL : find_program(name);
	auto_free char *host = real_path(found ? found : name);
	auto_free char *guest = NULL;

	if (!host)
		return err_sys(e, "include file %s", name);
	guest = xasprintf("/include-files/%s", base_name(name));
	for (size_t i = 0; i < f->guest.n; i++) {
		if (strcmp(f->guest.v[i], guest) != 0)
			continue;
		if (strcmp(f->host.v[i], host) == 0)
			return 0;
		return err_set(e, "include_files conflict for archive path %s: %s and %s", guest + 1, f->host.v[i],
			       host);
	}
	strv_add(&f->host, host);
	strv_add(&f->guest, guest);
	return 0;
}

static int collect_files(const struct run *r, struct files *f, struct err *e)
{
	const struct ktstr_test *t = r->c->test;
	auto_free char *exe = real_path("/proc/self/exe");

	if (!exe)
		return err_sys(e, "find this test program");
	/* a program replaced while it runs has a name that is gone */
	strv_add(&f->host, path_exists(exe) ? exe : "/proc/self/exe");
	strv_addf(&f->guest, "/bin/%s", base_name(exe));
	if (r->scheduler) {
		strv_add(&f->host, r->scheduler);
		strv_add(&f->guest, "/scheduler");
	}
	f->programs = f->guest.n;
	if (test_scheduler(t)->config_file && add_include(f, test_scheduler(t)->config_file, e))
		return -1;
	for (const char *const *p = t->extra_include_files; p && *p; p++)
		if (add_include(f, *p, e))
			return -1;
	return 0;
}

static void put_files(struct jw *w, const struct files *f)
{
	jw_key(w, "files");
	jw_array(w);
	for (size_t i = 0; i < f->host.n; i++) {
		jw_object(w);
		jw_key_str(w, "host", f->host.v[i]);
		jw_key_str(w, "guest", f->guest.v[i]);
		if (i < f->programs)
			jw_key_u64(w, "mode", 0755);
		jw_end(w);
	}
	jw_end(w);
}

static void put_cmdline(struct jw *w, const struct ktstr_scheduler *s)
{
	jw_key(w, "cmdline");
	jw_array(w);
	for (const struct ktstr_sysctl *c = s->sysctls; c && c->key; c++) {
		auto_free char *word = xasprintf("sysctl.%s=%s", c->key, c->value);

		jw_str(w, word);
	}
	for (const char *const *k = s->kargs; k && *k; k++)
		jw_str(w, *k);
	jw_end(w);
}

/* From boot until the guest's first word about its deadline, on a slow CPU. */
static uint64_t timeout_ms(const struct choice *c)
{
	uint64_t s = test_duration_s(c->test), watchdog = test_watchdog_s(c->test);

	s = s > watchdog ? s : watchdog;
	return 30000 + 1000 * topology_cpus(&c->topo) + TCG_FACTOR * (s + 10) * 1000;
}

static void put_argv(struct jw *w, const struct run *r, const struct files *f)
{
	auto_free char *label = topology_label(&r->c->topo);
	auto_free char *topo = xasprintf("--ktstr-topo=%s", label);

	jw_key(w, "argv");
	jw_array(w);
	jw_str(w, f->guest.v[0]);
	jw_str(w, "--ktstr-test-fn");
	jw_str(w, r->c->test->name);
	jw_str(w, topo);
	jw_end(w);
	jw_key(w, "env");
	jw_array(w);
	if (env_get(ENV_RUST_BACKTRACE)) {
		auto_free char *word = xasprintf("RUST_BACKTRACE=%s", env_get(ENV_RUST_BACKTRACE));

		jw_str(w, word);
	}
	jw_end(w);
}

static int build_request(const struct run *r, struct str *out, struct err *e)
{
	__attribute__((cleanup(files_release))) struct files f = { 0 };
	auto_free char *label = topology_label(&r->c->topo);
	const char *verbose = env_get(ENV_VERBOSE);
	struct jw w;

	if (collect_files(r, &f, e))
		return -1;
	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "vm");
	jw_key_str(&w, "kernel", r->kernel);
	jw_key_str(&w, "topology", label);
	jw_key_u64(&w, "memory_mb", test_memory_mb(r->c->test, &r->c->topo));
	jw_key_u64(&w, "timeout_ms", timeout_ms(r->c));
	put_cmdline(&w, test_scheduler(r->c->test));
	put_files(&w, &f);
	put_argv(&w, r, &f);
	jw_key_bool(&w, "verbose", verbose && strcmp(verbose, "1") == 0);
	jw_end(&w);
	str_addc(out, '\n');
	return 0;
}

static void take_lines(struct run *r, struct lines *l, bool events)
{
	struct slice line;
	struct err e;

	while (lines_ready(l) && lines_next(l, &line, &e) == 1) {
		if (events) {
			take_event(r, line);
		} else {
			auto_free char *text = xstrndup(line.s, line.n);

			strv_add(&r->vm_log, text);
		}
	}
}

/* Read both streams until they end. Returns when the exit event came. */
static long long drain(struct run *r, struct lines *out, struct lines *err)
{
	struct pollfd p[2] = { { .fd = out->fd, .events = POLLIN }, { .fd = err->fd, .events = POLLIN } };
	struct lines *l[2] = { out, err };
	long long exit_ms = 0;
	struct err e;

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;
			if (lines_fill(l[i], &e) <= 0)
				p[i].fd = -1;
			take_lines(r, l[i], i == 0);
		}
		if (r->exit_reason && !exit_ms)
			exit_ms = now_ms();
	}
	return exit_ms ? exit_ms : now_ms();
}

void run_in_vm(struct run *r)
{
	auto_free char *program = where_libexec("ktstr-vm");
	char *const argv[] = { program, (char[]){ "run" }, NULL };
	struct child vm = { .argv = argv, .in = FD_PIPE, .out = FD_PIPE, .err = FD_PIPE };
	auto_str struct str request = { 0 };
	struct lines out, err;
	long long exit_ms;
	struct err e;

	if (build_request(r, &request, &e) || child_start(&vm, &e)) {
		run_refuse(r, "%s", e.text);
		return;
	}
	lines_init(&out, vm.out);
	lines_init(&err, vm.err);
	/* a VM program that is gone already tells why on its other streams */
	signal(SIGPIPE, SIG_IGN);
	write_all(vm.in, request.s, request.len);
	exit_ms = drain(r, &out, &err);
	close(vm.in);
	close(vm.out);
	close(vm.err);
	child_wait(&vm);
	r->cleanup_ms = now_ms() - exit_ms;
	lines_release(&out);
	lines_release(&err);
}
