/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/qemu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/env.h"
#include "base/proc.h"

#define CMDLINE_MAX 4096

#if defined(__aarch64__)
#define QEMU_PROGRAM "qemu-system-aarch64"
#define QEMU_PACKAGE "qemu-system-arm"
#else
#define QEMU_PROGRAM "qemu-system-x86_64"
#define QEMU_PACKAGE "qemu-system-x86"
#endif

int qemu_find(char **path, struct err *e)
{
	const char *name = env_get(ENV_QEMU) ? env_get(ENV_QEMU) : QEMU_PROGRAM;

	*path = find_program(name);
	if (*path)
		return 0;
	err_set(e, QEMU_PROGRAM " not found. Install it: apt-get install " QEMU_PACKAGE);
	if (env_get(ENV_QEMU))
		err_hint(e, "KTSTR_QEMU is set to %s", name);
	return -1;
}

uint64_t qemu_node_mb(const struct qemu_config *c, uint32_t node)
{
	uint64_t share = c->memory_mb / c->topology.nodes;

	return node + 1 < c->topology.nodes ? share : c->memory_mb - share * (c->topology.nodes - 1);
}

void qemu_memory_close(int *fds, const struct topology *t)
{
	for (uint32_t i = 0; fds && i < t->nodes; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

int *qemu_memory_make(const struct topology *t, uint64_t memory_mb, struct err *e)
{
	struct qemu_config c = { .topology = *t, .memory_mb = memory_mb };
	int *fds = xcalloc(t->nodes, sizeof(*fds));

	memset(fds, -1, t->nodes * sizeof(*fds));
	for (uint32_t i = 0; i < t->nodes; i++) {
		fds[i] = memfd_create("guest-memory", MFD_CLOEXEC);
		if (fds[i] < 0 || ftruncate(fds[i], (off_t)(qemu_node_mb(&c, i) << 20)) < 0) {
			err_sys(e, "make %llu MiB of guest memory", (unsigned long long)memory_mb);
			qemu_memory_close(fds, t);
			return NULL;
		}
	}
	return fds;
}

static void add_machine(const struct qemu_config *c, struct strv *a)
{
	const char *memory = c->topology.nodes == 1 ? ",memory-backend=m0" : "";

	strv_add(a, "-machine");
	strv_addf(a, "q35,sata=off,smbus=off,vmport=off%s", memory);
	strv_add(a, "-accel");
	strv_add(a, c->kvm ? "kvm" : c->one_thread ? "tcg,thread=single" : "tcg");
	strv_add(a, "-cpu");
	/* TCG's own model is an AMD one without a cache topology; five levels of
	 * page tables only cost time */
	strv_add(a, c->kvm ? "host" : "max,vendor=GenuineIntel,la57=off");
}

static void add_cpus(const struct qemu_config *c, struct strv *a)
{
	const struct topology *t = &c->topology;
	uint32_t sockets, dies;

	vm_topology_sockets(t, &sockets, &dies);
	strv_add(a, "-smp");
	strv_addf(a, "%u,sockets=%u,dies=%u,cores=%u,threads=%u", (uint32_t)topology_cpus(t), sockets, dies, t->cores,
		  t->threads);
}

static void add_memory(const struct qemu_config *c, struct strv *a)
{
	uint32_t n = c->topology.nodes, per_node = (uint32_t)topology_cpus(&c->topology) / n;

	strv_add(a, "-m");
	strv_addf(a, "%llu", (unsigned long long)c->memory_mb);
	for (uint32_t i = 0; i < n; i++) {
		strv_add(a, "-object");
		strv_addf(a, "memory-backend-file,id=m%u,size=%lluM,share=on,mem-path=/proc/self/fd/%d", i,
			  (unsigned long long)qemu_node_mb(c, i), c->memory[i]);
	}
	for (uint32_t i = 0; n > 1 && i < n; i++) {
		strv_add(a, "-numa");
		strv_addf(a, "node,nodeid=%u,memdev=m%u,cpus=%u-%u", i, i, i * per_node, (i + 1) * per_node - 1);
	}
	for (uint32_t i = 0; n > 1 && i < n; i++)
		for (uint32_t k = i + 1; k < n; k++) {
			strv_add(a, "-numa");
			strv_addf(a, "dist,src=%u,dst=%u,val=20", i, k);
		}
}

static void add_channel(struct strv *a, const char *id, int fd)
{
	strv_add(a, "-chardev");
	strv_addf(a, "socket,id=%s,fd=%d", id, fd);
}

void qemu_args(const struct qemu_config *c, struct strv *a)
{
	static const char *const quiet[] = { "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot" };

	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		strv_add(a, quiet[i]);
	add_machine(c, a);
	add_cpus(c, a);
	add_memory(c, a);
	strv_add(a, "-kernel");
	strv_add(a, c->image);
	strv_add(a, "-initrd");
	strv_addf(a, "/proc/self/fd/%d", c->initrd);
	strv_add(a, "-append");
	strv_add(a, c->cmdline);
	add_channel(a, "console", c->console);
	strv_add(a, "-serial");
	strv_add(a, "chardev:console");
	add_channel(a, "bulk", c->bulk);
	strv_add(a, "-device");
	strv_add(a, "virtio-serial-pci");
	strv_add(a, "-device");
	strv_add(a, "virtserialport,chardev=bulk,name=ktstr.bulk");
	add_channel(a, "qmp", c->qmp);
	strv_add(a, "-mon");
	strv_add(a, "chardev=qmp,mode=control");
}

static int add_word(struct str *out, const char *word, struct err *e)
{
	size_t head = strcspn(word, "=");
	bool blank = false;

	for (const char *s = word; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '"')
			return err_set(e, "kernel command line word '%s' has a quote or a control character", word);
		blank |= *s == ' ';
	}
	if (!*word)
		return 0;
	if (!blank)
		str_addf(out, " %s", word);
	else if (word[head] && !memchr(word, ' ', head))
		str_addf(out, " %.*s\"%s\"", (int)head + 1, word, word + head + 1);
	else
		str_addf(out, " \"%s\"", word);
	return 0;
}

char *qemu_cmdline(bool kvm, bool verbose, const struct strv *extra, struct err *e)
{
	struct str out = { 0 };

	str_add(&out, "console=ttyS0 nomodules mitigations=off no_timer_check");
	if (kvm)
		str_add(&out, " clocksource=kvm-clock");
	str_add(&out, " random.trust_cpu=on swiotlb=noforce i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd reboot=t"
		      " panic=-1 lockdown=none sysctl.kernel.unprivileged_bpf_disabled=0"
		      " sysctl.kernel.sched_schedstats=1 delayacct sysctl.kernel.task_delayacct=1 KTSTR_GUEST=1");
	/* at level 0 the kernel would not raise it for a panic's text */
	str_add(&out, verbose ? " earlyprintk=serial loglevel=7" : " loglevel=1");
	str_add(&out, " rdinit=/init initramfs_options=size=90% numa_balancing=0");
	for (size_t i = 0; i < extra->n; i++)
		if (add_word(&out, extra->v[i], e) < 0) {
			str_release(&out);
			return NULL;
		}
	if (out.len >= CMDLINE_MAX) {
		err_set(e, "the kernel command line is %zu bytes long, %d at most", out.len, CMDLINE_MAX - 1);
		str_release(&out);
	}
	return out.s;
}
