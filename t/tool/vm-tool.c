/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm-tool: lib/vm for tests, a verb a function.
 *
 *	vm-tool topology LABEL|LIST	the label, CPUs, sockets, dies, highest APIC id
 *	vm-tool floor U C I		least memory in MiB for bytes unpacked, stored, of the kernel
 *	vm-tool memory FLOOR CPUS MB	MiB of a guest
 *	vm-tool libs FILE…		"PATH REAL" of each library, then "dir PATH" of each unusual directory
 *	vm-tool initramfs GUEST=HOST…	the archive on stdout, libraries included
 *	vm-tool cmdline kvm|tcg WORD…	the guest kernel's command line
 *	vm-tool qemu LABEL MB		QEMU's arguments, one a line
 *	vm-tool probe			what the KVM probe says
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/opt.h"
#include "vm/accel.h"
#include "vm/elfdeps.h"
#include "vm/files.h"
#include "vm/memory.h"
#include "vm/qemu.h"
#include "vm/topology.h"

static unsigned long long number(const char *s)
{
	unsigned long long v;

	if (parse_u64(s, &v) < 0)
		die_usage("'%s' is not a number", s);
	return v;
}

static void parse_topology(const char *s, struct topology *t)
{
	struct err e;

	if ((strchr(s, ',') ? topology_parse_list(t, s, &e) : topology_parse(t, s, &e)) < 0)
		die_err(&e);
}

static void topology(char **a)
{
	auto_free char *label = NULL;
	struct topology t;
	uint32_t sockets, dies;

	parse_topology(a[0], &t);
	vm_topology_sockets(&t, &sockets, &dies);
	label = topology_label(&t);
	printf("%s cpus=%u sockets=%u dies=%u apic=%u\n", label, (uint32_t)topology_cpus(&t), sockets, dies,
	       vm_topology_max_apic_id(&t));
}

static void floor_mb(char **a)
{
	printf("%llu\n", (unsigned long long)guest_memory_floor(number(a[0]), number(a[1]), number(a[2])));
}

static void memory(char **a)
{
	printf("%llu\n", (unsigned long long)guest_memory(number(a[0]), (uint32_t)number(a[1]), number(a[2])));
}

static void libs(char **a)
{
	struct elf_closure c = { 0 };
	struct err e;

	for (; *a; a++)
		if (elf_closure_add(&c, *a, &e) < 0)
			die_err(&e);
	for (size_t i = 0; i < c.n; i++)
		printf("%s %s\n", c.v[i].path, c.v[i].real);
	for (size_t i = 0; i < c.dirs.n; i++)
		printf("dir %s\n", c.dirs.v[i]);
	elf_closure_release(&c);
}

static void initramfs(char **a)
{
	struct vm_request q = { 0 };
	struct initramfs i = { 0 };
	auto_free char *lib_path = NULL;
	auto_str struct str out = { 0 };
	uint64_t size;
	struct err e;
	int fd;

	for (; *a; a++) {
		char *eq = strchr(*a, '=');

		if (!eq)
			die_usage("'%s' is not GUEST=HOST", *a);
		GROW(q.files, q.n_files, q.files_cap);
		q.files[q.n_files++] = (struct guest_file){ xstrdup(eq + 1), xstrndup(*a, (size_t)(eq - *a)), -1 };
	}
	if (guest_files_add(&i, &q, &lib_path, &e) < 0)
		die_err(&e);
	fd = initramfs_write(&i, &size, &e);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || read_fd(fd, &out, &e) < 0)
		die_err(&e);
	fwrite(out.s, 1, out.len, stdout);
	close(fd);
	initramfs_release(&i);
	vm_request_release(&q);
}

static void cmdline(char **a)
{
	struct strv extra = { 0 };
	char *text;
	struct err e;

	strv_addv(&extra, a + 1);
	text = qemu_cmdline(strcmp(a[0], "kvm") == 0, false, &extra, &e);
	if (!text)
		die_err(&e);
	puts(text);
	free(text);
	strv_release(&extra);
}

static void qemu(char **a)
{
	struct qemu_config c = { .image = "bzImage", .cmdline = "", .memory_mb = number(a[1]) };
	struct strv args = { 0 };
	struct err e;

	parse_topology(a[0], &c.topology);
	c.memory = qemu_memory_make(&c.topology, 1, &e);
	if (!c.memory)
		die_err(&e);
	qemu_args(&c, &args);
	for (size_t i = 0; i < args.n; i++)
		puts(args.v[i]);
	strv_release(&args);
	qemu_memory_close(c.memory, &c.topology);
}

static void probe(char **a)
{
	struct err e;
	bool final;

	(void)a;
	puts(accel_probe(&final, &e) == 0 ? "kvm works" : e.text);
}

static const struct verb {
	const char *name;
	int args;
	void (*fn)(char **args);
} verbs[] = {
	{ "topology", 1, topology },   { "floor", 3, floor_mb },  { "memory", 3, memory }, { "libs", 1, libs },
	{ "initramfs", 1, initramfs }, { "cmdline", 1, cmdline }, { "qemu", 2, qemu },     { "probe", 0, probe },
};

static const struct program program = {
	.name = "vm-tool",
	.args = "VERB [ARG]…",
	.about = "Call functions of lib/vm",
	.min_args = 1,
	.max_args = -1,
};

int main(int argc, char **argv)
{
	int n;
	char **args = start(&program, argc, argv, &n);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, args[0]) == 0 && n - 1 >= verbs[i].args) {
			verbs[i].fn(args + 1);
			return finish(0);
		}
	die_usage("no verb '%s' with %d arguments", args[0], n - 1);
}
