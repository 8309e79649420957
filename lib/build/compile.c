/* SPDX-License-Identifier: GPL-2.0-only */
#include "build/compile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/proc.h"
#include "kernel/arch.h"
#include "build/kconfig.h"
#include "build/make.h"
#include "build/objects.h"

#define ORPHANS_MS 10000

int build_check_tools(bool lean, struct err *e)
{
	static const char *const tools[] = { "make", "flex", "bison", "bc", "perl", "python3", "pahole", NULL };
	auto_str struct str lost = { 0 };

	for (size_t i = 0; tools[i]; i++) {
		auto_free char *path = find_program(tools[i]);

		if (!path)
			str_addf(&lost, "\n  - %s", tools[i]);
	}
	if (lean) {
		auto_free char *path = find_program("lz4");

		if (!path)
			str_add(&lost, "\n  - lz4");
	}
	if (!lost.len)
		return 0;
	err_set(e, "missing required tool(s):%s", lost.s);
	return err_hint(
		e,
		"on Debian: apt install build-essential flex bison bc perl python3 dwarves lz4 libelf-dev libssl-dev");
}

/* Back to what the repository holds; afterwards the tree says its key anew. */
int build_clean(struct build_job *j, struct err *e)
{
	auto_free char *logs = xasprintf("%s/.logs", j->root);
	auto_free char *name = xasprintf("mrproper-%08x", crc32_bytes(0, j->k->src, strlen(j->k->src)));
	char *args[] = { (char *)"mrproper", NULL };
	struct make m;
	int rc;

	if (j->temp) {
		note("--clean is only meaningful with --source (downloaded sources start clean)");
		return 0;
	}
	rc = make_open(&m, j->k->src, j->k->label, logs, name, e);
	if (rc == 0) {
		note("make mrproper");
		m.limit_s = 1800;
		rc = make_run(&m, args, NULL, "Cleaning kernel tree...", NULL, e);
	}
	make_close(&m);
	return rc;
}

/* As many objects as the last build of this kind made; before there was one,
 * and when options say it is not that kind any more, what the Makefiles say. */
static unsigned long expected(const struct build_job *j, const struct make *m, const char *kind)
{
	unsigned long last = make_count_load(m->logs, kind), likely = objects_estimate(j->k->src, !j->temp);

	return last && (!likely || (last > likely - likely / 4 && last < likely + likely / 4)) ? last : likely;
}

#define FLAGS       "KCFLAGS=-Wno-error"
#define FLAGS_TYPES FLAGS " -fno-var-tracking-assignments -gno-column-info -gno-statement-frontiers -gno-inline-points"

/* Of the debug information of a source that goes away only types are used, by
 * pahole, which also looks in what registers parameters arrive. Who asks for
 * the lean kernel asks for a short build, and gcc (from 8 on) spends a tenth of
 * its time on where variables go from there, and on columns. Same code. */
static const char *compiler_flags(const struct build_job *j)
{
	bool plain_gcc = !j->tools.key[0];

	return j->temp && j->k->lean && plain_gcc ? FLAGS_TYPES : FLAGS;
}

static char *jobs_flag(const struct build_job *j, const struct make *m)
{
	return xasprintf("-j%u", toolchain_jobs(&j->tools, m->budget->cpus));
}

static int run_make(struct build_job *j, struct make *m, struct err *e)
{
	auto_free char *jobs = jobs_flag(j, m);
	auto_free char *kind =
		xasprintf("%s-%s-%s", kernel_arch(), j->k->lean ? "lean" : "default", j->temp ? "image" : "all");
	/* nothing else of a tree that goes away is ever used */
	char *args[] = { jobs, (char *)compiler_flags(j), j->temp ? (char *)kernel_image_name() : NULL,
			 (char *)"vmlinux", NULL };

	m->total = expected(j, m, kind);
	if (make_run(m, args, NULL, "Building kernel...", "Kernel built", e) < 0)
		return err_wrap(e, "build %s", j->k->src);
	if (j->temp || m->made > make_count_load(m->logs, kind))
		make_count_save(m->logs, kind, m->made);
	return 0;
}

/* It depends on every object, and with other flags kbuild makes all of them
 * again. */
static int write_compile_commands(const struct build_job *j, struct make *m, struct err *e)
{
	auto_free char *jobs = jobs_flag(j, m);
	char *args[] = { jobs, (char *)compiler_flags(j), (char *)"compile_commands.json", NULL };

	m->total = 0;
	return make_run(m, args, NULL, "Generating compile_commands.json...", "compile_commands.json generated", e);
}

static int find_results(struct build_job *j, struct err *e)
{
	static const char *const places[] = { "arch/x86/boot/bzImage", "arch/arm64/boot/Image", "bzImage", "Image" };

	for (size_t i = 0; i < ARRAY_SIZE(places) && !j->image; i++) {
		auto_free char *path = xasprintf("%s/%s", j->k->src, places[i]);

		if (strcmp(strrchr(path, '/') + 1, kernel_image_name()) == 0 && is_file(path))
			j->image = xstrdup(path);
	}
	if (!j->image)
		return err_set(e, "no kernel image found in %s", j->k->src);
	j->vmlinux = xasprintf("%s/vmlinux", j->k->src);
	if (is_file(j->vmlinux))
		return 0;
	free(j->vmlinux);
	j->vmlinux = NULL;
	warn("vmlinux not found, BTF will not be cached");
	return 0;
}

/* A lock that make's processes have too. Those of a build that was killed may
 * outlive it, and with it the lock on the source, by what they are at: wait
 * for them, but not for a daemon that one of them has left. */
static void hold_for_make(const struct build_job *j, struct lock *l)
{
	auto_free char *path =
		xasprintf("%s/.locks/make-%08x.lock", j->root, crc32_bytes(0, j->k->src, strlen(j->k->src)));
	struct err e;

	if (lock_take(l, path, LOCK_EXCLUSIVE, ORPHANS_MS, j->k->src, &e) > 0)
		warn("processes of an earlier build of %s still run; going on", j->k->src);
}

int build_make(struct build_job *j, struct err *e)
{
	auto_free char *logs = xasprintf("%s/.logs", j->root);
	struct budget budget = BUDGET_NONE;
	struct lock l = LOCK_NONE;
	struct make m;
	int rc = make_open(&m, j->k->src, j->k->label, logs, j->key, e);

	hold_for_make(j, &l);
	m.held = l.fd;
	m.budget = &budget;
	budget.label = j->k->label;
	if (rc == 0)
		rc = budget_take(&budget, j->run->cap, e);
	if (rc == 0) {
		m.tools = &j->tools;
		note("building %s, log: %s", j->k->src, m.log);
		rc = kconfig_apply(&m, j->k->lean, j->k->extra_kconfig, e);
	}
	if (rc == 0 && j->tools.reuse)
		rc = kconfig_unname_header(j->k->src, e);
	if (rc == 0)
		rc = run_make(j, &m, e);
	if (rc == 0)
		rc = kconfig_validate(&m, j->k->extra_kconfig, e);
	if (rc == 0 && !j->temp)
		rc = write_compile_commands(j, &m, e);
	budget_release(&budget);
	if (rc == 0)
		rc = find_results(j, e);
	lock_drop(&l);
	make_close(&m);
	return rc;
}
