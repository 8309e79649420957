/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-vm: run one guest. A request comes on stdin, what happens leaves on
 * stdout as one JSON object a line; lib/vm/request.h and ktstr-vm --help say
 * which.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "cli/opt.h"
#include "base/str.h"
#include "base/where.h"
#include "kernel/cache.h"
#include "vm/accel.h"
#include "vm/events.h"
#include "vm/files.h"
#include "vm/image.h"
#include "vm/initramfs.h"
#include "vm/memory.h"
#include "vm/qemu.h"
#include "vm/request.h"
#include "vm/run.h"

static const char *accel_word;

static const char *const accel_words[] = { "auto", "kvm", "tcg", NULL };

static struct opt opts[] = {
	{ .name = "accel",
	  .type = OPT_STR,
	  .to = &accel_word,
	  .arg = "HOW",
	  .help = "auto, kvm or tcg, before KTSTR_ACCEL and the request",
	  .choices = accel_words },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-vm",
	.args = "run",
	.about = "Run one guest: a request on stdin, events on stdout",
	.detail = "run reads one request, a JSON object, and ends with the program's exit code, or with 1 when\n"
		  "the guest ended in another way than by its program's end.\n\n"
		  "Events: boot, console, init, payload, stdout, stderr, whatever the program writes to\n"
		  "KTSTR_GUEST_FD, payload_exit, and last exit with a reason: done, timeout, panic, no_init,\n"
		  "init_died, qemu_died, qemu_missing, kvm_failed or interrupted.",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
};

/* What one guest is made from. */
struct guest {
	struct vm_request request;
	struct kernel_image image;
	char *qemu, *cmdline;
	int initrd;
	uint64_t initrd_bytes;
	enum accel_choice choice;
	struct lock held; /* on the kernel's cache entry */
};

/* The sender may keep the pipe open, so a whole object ends the request too. */
static int read_request(struct guest *g, struct err *e)
{
	auto_str struct str text = { 0 };
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, str_room(&text, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read the VM request");
		text.len += (size_t)n;
		if (n == 0)
			return vm_request_parse(&g->request, str_c(&text), text.len, e);
		if (text.s[text.len - 1] != '\n' && text.s[text.len - 1] != '}')
			continue;
		struct jr r;

		jr_init(&r, text.s, text.len);
		jr_skip(&r);
		if (jr_end(&r, e) == 0)
			return vm_request_parse(&g->request, text.s, text.len, e);
	}
}

/* NUL-terminated strings for ktstr-init: how many arguments, they, the
 * environment. A later entry of the environment wins. */
static void add_job(struct initramfs *i, const struct vm_request *q, const char *lib_path)
{
	auto_str struct str job = { 0 };
	auto_strv struct strv env = { 0 };

	strv_add(&env, "PATH=/include-files:/bin:/sbin:/usr/bin:/usr/sbin");
	strv_add(&env, "HOME=/");
	strv_add(&env, "TERM=linux");
	strv_add(&env, "KTSTR_GUEST=1");
	strv_add(&env, "KTSTR_GUEST_FD=3");
	if (lib_path)
		strv_addf(&env, "LD_LIBRARY_PATH=%s", lib_path);
	strv_addv(&env, q->env.v);
	str_addf(&job, "%zu", q->argv.n);
	str_addc(&job, '\0');
	for (size_t k = 0; k < q->argv.n; k++)
		str_addn(&job, q->argv.v[k], strlen(q->argv.v[k]) + 1);
	for (size_t k = 0; k < env.n; k++)
		str_addn(&job, env.v[k], strlen(env.v[k]) + 1);
	initramfs_data(i, "/.ktstr_job", job.s, job.len, 0600);
}

static int make_initrd(struct guest *g, struct err *e)
{
	static const char *const dirs[] = { "/dev", "/proc", "/sys", "/tmp", "/run", "/bin", "/etc", "/root" };
	auto_free char *init = where_libexec("ktstr-init");
	auto_free char *lib_path = NULL;
	struct initramfs i = { 0 };
	int rc;

	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++)
		initramfs_dir(&i, dirs[k]);
	initramfs_char(&i, "/dev/console", makedev(5, 1), 0600);
	initramfs_file(&i, "/init", init, 0755);
	rc = guest_files_add(&i, &g->request, &lib_path, e);
	if (rc == 0) {
		add_job(&i, &g->request, lib_path);
		/* the last entry: where it is, the whole archive was unpacked */
		initramfs_data(&i, "/.ktstr_init_ok", "", 0, 0644);
		g->initrd = initramfs_write(&i, &g->initrd_bytes, e);
		rc = g->initrd < 0 ? -1 : 0;
	}
	initramfs_release(&i);
	return rc;
}

static int choose_accel(struct guest *g, struct err *e)
{
	const char *word = accel_word;

	if (!word)
		word = env_get(ENV_ACCEL);
	if (!word)
		word = g->request.accel ? g->request.accel : "auto";
	return accel_parse(&g->choice, word, e);
}

/* An entry of the kernel cache is not to go while a guest runs on it. */
static int hold_kernel(struct guest *g, struct err *e)
{
	char *full = real_path(g->image.path), *slash = full ? strrchr(full, '/') : NULL;
	auto_free char *dir = slash ? xstrndup(full, (size_t)(slash - full)) : xstrdup(".");
	auto_free char *meta = xasprintf("%s/metadata.json", dir);

	free(full);
	if (!path_exists(meta))
		return 0;
	return cache_hold_dir(dir, &g->held, false, e) == 0 ? 0 : -1;
}

static int prepare(struct guest *g, struct err *e)
{
	const char *verbose = env_get(ENV_VERBOSE);

	if (read_request(g, e) < 0 || choose_accel(g, e) < 0)
		return -1;
	if (verbose && strcmp(verbose, "1") == 0)
		g->request.verbose = true;
	if (kernel_image_find(&g->image, g->request.kernel, e) < 0 || hold_kernel(g, e) < 0)
		return -1;
	g->cmdline = qemu_cmdline(false, g->request.verbose, &g->request.cmdline, e);
	return g->cmdline ? make_initrd(g, e) : -1;
}

/* An end before there is a guest. */
static void end_early(struct vm_end *end, enum vm_reason reason, const struct err *e)
{
	*end = (struct vm_end){ .reason = reason, .code = -1 };
	str_add(&end->detail, e->text);
	if (e->hint[0])
		str_addf(&end->detail, "\nhint: %s", e->hint);
}

static int check_cpus(const struct guest *g, const struct accel *a, struct err *e)
{
	uint32_t id = vm_topology_max_apic_id(&g->request.topology);

	if (a->kvm || id < 255)
		return 0;
	return err_set(e, "topology %s needs APIC ids up to %u; without KVM QEMU stops at 254 (%s)", g->request.label,
		       id, a->reason);
}

static void run_once(struct guest *g, const struct accel *a, int signals, struct events *ev, struct vm_end *end)
{
	uint64_t least = guest_memory_floor(g->initrd_bytes, g->initrd_bytes, g->image.init_size);
	uint32_t cpus = (uint32_t)topology_cpus(&g->request.topology);
	struct vm_plan plan = {
		.request = &g->request,
		.qemu = g->qemu,
		.image = g->image.path,
		.accel = *a,
		.initrd = g->initrd,
		.memory_mb = guest_memory(least, cpus, g->request.memory_mb),
	};
	struct err e;

	if (check_cpus(g, a, &e) < 0) {
		end_early(end, VM_KVM_FAILED, &e);
		return;
	}
	free(g->cmdline);
	g->cmdline = qemu_cmdline(a->kvm, g->request.verbose, &g->request.cmdline, &e);
	if (!g->cmdline)
		die_err(&e);
	plan.cmdline = g->cmdline;
	vm_run(&plan, signals, ev, end);
}

/* KVM can pass the probe and still give up on a real guest: then once more
 * without it. */
static void run_without_kvm(struct guest *g, struct accel *a, int signals, struct events *ev, struct vm_end *end)
{
	*a = (struct accel){ .reason = "KVM gave up on a guest on this host" };
	accel_remember_broken(a->reason);
	note("running guests without KVM: %s", end->detail.s);
	vm_end_release(end);
	run_once(g, a, signals, ev, end);
}

/* Without KVM an old QEMU with a thread for each CPU cannot be trusted with
 * every kernel: then once more with one for all. */
static void run_in_turns(struct guest *g, struct accel *a, int signals, struct events *ev, struct vm_end *end)
{
	note("running this guest once more, its CPUs taking turns: %s (QEMU 8.1 has the fix, and --lean kernels do not "
	     "need it)",
	     end->detail.s);
	a->one_thread = true;
	vm_end_release(end);
	run_once(g, a, signals, ev, end);
}

static void run(struct guest *g, int signals, struct events *ev, struct vm_end *end)
{
	struct accel a;
	struct err e;

	if (qemu_find(&g->qemu, &e) < 0) {
		end_early(end, VM_QEMU_MISSING, &e);
		return;
	}
	if (accel_decide(&a, g->choice, &e) < 0) {
		end_early(end, VM_KVM_FAILED, &e);
		return;
	}
	if (a.fresh && !a.kvm)
		note("running guests without KVM: %s", a.reason);
	run_once(g, &a, signals, ev, end);
	if (end->kvm_broken && g->choice == ACCEL_AUTO)
		run_without_kvm(g, &a, signals, ev, end);
	if (end->stale_code)
		run_in_turns(g, &a, signals, ev, end);
}

static void release(struct guest *g)
{
	vm_request_release(&g->request);
	kernel_image_release(&g->image);
	free(g->qemu);
	free(g->cmdline);
	close_fd(&g->initrd);
	lock_drop(&g->held);
}

static int verb_run(void)
{
	struct guest g = { .initrd = -1, .held = LOCK_NONE };
	struct events ev = { 0 };
	struct vm_end end;
	struct err e;
	int signals, code;

	if (prepare(&g, &e) < 0)
		die_err(&e);
	signals = vm_signals_open(&e);
	if (signals < 0)
		die_err(&e);
	run(&g, signals, &ev, &end);
	vm_end_event(&end, &ev);
	events_flush(&ev);
	code = end.reason == VM_DONE ? end.code : 1;
	if (end.reason != VM_DONE) {
		err_set(&e, "%s: %s", vm_reason_name(end.reason), str_c(&end.detail));
		print_err(&e);
	}
	vm_end_release(&end);
	str_release(&ev.buf);
	close(signals);
	release(&g);
	return code;
}

int main(int argc, char **argv)
{
	int n;
	char **args = start(&program, argc, argv, &n);

	if (strcmp(args[0], "run") != 0)
		die_usage("unrecognized subcommand '%s'", args[0]);
	return finish(verb_run());
}
