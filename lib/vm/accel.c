/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"

int accel_parse(enum accel_choice *c, const char *word, struct err *e)
{
	static const char *const words[] = { "auto", "kvm", "tcg" };

	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*c = (enum accel_choice)i;
			return 0;
		}
	return err_set(e, "accelerator '%s' is not auto, kvm or tcg", word);
}

static int open_kvm(int *fd, struct err *e)
{
	*fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
		err_set(e, "/dev/kvm not found. KVM requires:\n"
			   "  - a host kernel with CONFIG_KVM\n"
			   "  - access to /dev/kvm (membership in the kvm group)\n"
			   "  - VT-x or AMD-V switched on in the BIOS");
		return err_hint(e, "load the module: modprobe kvm_intel or modprobe kvm_amd; inside a VM, switch "
				   "nested virtualisation on; or run without KVM: KTSTR_ACCEL=tcg");
	}
	if (errno == EACCES || errno == EPERM) {
		err_set(e, "/dev/kvm: permission denied. Add your user to the 'kvm' group:\n"
			   "  sudo usermod -aG kvm $USER");
		return err_hint(e,
				"sudo usermod -aG kvm $USER, then log out and in again for the group to take effect");
	}
	return err_sys(e, "/dev/kvm");
}

#if defined(__x86_64__)

#define SLOT_BYTES 0x10000
#define CODE_AT    0x8000
#define STACK_AT   0x7000
#define PORT       0xf4
#define ANSWER     0x2a

/* xor eax, edx, ebx, ecx; lock cmpxchg16b (%rsp); mov $0x2a, %al; out; hlt */
static const uint8_t code[] = { 0x31, 0xc0, 0x31, 0xd2, 0x31, 0xdb,   0x31, 0xc9, 0xf0, 0x48,
				0x0f, 0xc7, 0x0c, 0x24, 0xb0, ANSWER, 0xe6, PORT, 0xf4 };

struct probe {
	int kvm, vm, cpu;
	uint8_t *mem;
	struct kvm_run *run;
	size_t run_size;
};

static void fill_memory(uint8_t *mem)
{
	uint64_t *pml4 = (uint64_t *)(mem + 0x1000), *pdpt = (uint64_t *)(mem + 0x2000);
	uint64_t *pd = (uint64_t *)(mem + 0x3000);

	pml4[0] = 0x2003; /* present, writable */
	pdpt[0] = 0x3003;
	pd[0] = 0x83; /* one page of 2 MiB, identity */
	memcpy(mem + CODE_AT, code, sizeof(code));
}

static int make_vm(struct probe *p)
{
	struct kvm_userspace_memory_region slot = { .memory_size = SLOT_BYTES };

	p->vm = ioctl(p->kvm, KVM_CREATE_VM, 0ul);
	p->mem = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->vm < 0 || p->mem == MAP_FAILED)
		return -1;
	fill_memory(p->mem);
	slot.userspace_addr = (uintptr_t)p->mem;
	if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return -1;
	p->cpu = ioctl(p->vm, KVM_CREATE_VCPU, 0ul);
	if (p->cpu < 0)
		return -1;
	p->run_size = (size_t)ioctl(p->kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul);
	p->run = mmap(NULL, p->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, p->cpu, 0);
	return p->run == MAP_FAILED ? -1 : 0;
}

static int set_cpuid(struct probe *p)
{
	enum { MAX = 256 };
	struct kvm_cpuid2 *c = xcalloc(1, sizeof(*c) + MAX * sizeof(c->entries[0]));
	int rc;

	c->nent = MAX;
	rc = ioctl(p->kvm, KVM_GET_SUPPORTED_CPUID, c);
	if (rc == 0)
		rc = ioctl(p->cpu, KVM_SET_CPUID2, c);
	free(c);
	return rc;
}

static int set_registers(struct probe *p)
{
	struct kvm_segment data = { .limit = ~0u, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1, .selector = 16 };
	struct kvm_regs regs = { .rip = CODE_AT, .rsp = STACK_AT, .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(p->cpu, KVM_GET_SREGS, &s) < 0)
		return -1;
	s.cr0 = 0x80050033;
	s.cr3 = 0x1000;
	s.cr4 = 0x20;
	s.efer = 0x500;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cs = data;
	s.cs.type = 11;
	s.cs.l = 1;
	s.cs.db = 0;
	s.cs.selector = 8;
	return ioctl(p->cpu, KVM_SET_SREGS, &s) < 0 || ioctl(p->cpu, KVM_SET_REGS, &regs) < 0 ? -1 : 0;
}

static int judge(const struct kvm_run *run, struct err *e)
{
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == PORT &&
	    ((const uint8_t *)run)[run->io.data_offset] == ANSWER)
		return 0;
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		return err_set(e,
			       "/dev/kvm opens but cannot run a guest on this host (KVM internal error, suberror %u)",
			       run->internal.suberror);
	return err_set(e, "/dev/kvm opens but cannot run a guest on this host (exit reason %u)", run->exit_reason);
}

int accel_probe(bool *final, struct err *e)
{
	struct probe p = { -1, -1, -1, MAP_FAILED, MAP_FAILED, 0 };
	int rc = open_kvm(&p.kvm, e);

	*final = false;
	if (rc == 0 && (make_vm(&p) < 0 || set_cpuid(&p) < 0 || set_registers(&p) < 0)) {
		rc = err_sys(e, "/dev/kvm opens but no VM can be made");
	} else if (rc == 0) {
		do
			rc = ioctl(p.cpu, KVM_RUN, 0ul);
		while (rc < 0 && errno == EINTR);
		*final = rc == 0;
		rc = rc < 0 ? err_sys(e, "/dev/kvm opens but cannot run a guest on this host") : judge(p.run, e);
	}
	if (p.run != MAP_FAILED)
		munmap(p.run, p.run_size);
	if (p.mem != MAP_FAILED)
		munmap(p.mem, SLOT_BYTES);
	close_fd(&p.cpu);
	close_fd(&p.vm);
	close_fd(&p.kvm);
	return rc;
}

#else

int accel_probe(bool *final, struct err *e)
{
	auto_fd int fd = -1;

	*final = false;
	return open_kvm(&fd, e);
}

#endif

static char *verdict_path(void)
{
	const char *run = env_get(ENV_XDG_RUNTIME_DIR);
	auto_free char *dir = run && is_dir(run) ? xstrdup(run) : temp_root();

	return xasprintf("%s/ktstr-kvm-%u", dir, (unsigned)getuid());
}

/* What a verdict is good for: this boot of this kernel. */
static char *host_key(void)
{
	auto_str struct str boot = { 0 };
	struct utsname u;
	struct err ignored;

	uname(&u);
	if (read_file("/proc/sys/kernel/random/boot_id", &boot, &ignored) < 0)
		return NULL;
	return xasprintf("%s %s", trim(boot.s), u.release);
}

/* Lines of the file: the key; "kvm" or "tcg"; why. Somebody else's is not
 * believed. */
static bool recall(const char *path, const char *key, struct accel *a)
{
	auto_str struct str text = { 0 };
	auto_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *verdict, *why;
	struct stat st;
	struct err ignored;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != getuid() || st.st_size > 4096 ||
	    read_fd(fd, &text, &ignored) < 0)
		return false;
	verdict = strchr(str_c(&text), '\n');
	why = verdict ? strchr(verdict + 1, '\n') : NULL;
	if (!why)
		return false;
	*verdict++ = '\0';
	*why++ = '\0';
	if (strcmp(text.s, key) != 0)
		return false;
	a->kvm = strcmp(verdict, "kvm") == 0;
	snprintf(a->reason, sizeof(a->reason), "%s", trim(why));
	return true;
}

static void remember(bool kvm, const char *why)
{
	auto_free char *path = verdict_path();
	auto_free char *key = host_key();
	auto_free char *text = xasprintf("%s\n%s\n%s\n", key ? key : "", kvm ? "kvm" : "tcg", why);
	struct err ignored;

	/* without it, the next run probes again */
	if (key && write_file(path, text, strlen(text), 0600, &ignored) < 0)
		return;
}

void accel_remember_broken(const char *why)
{
	remember(false, why);
}

static int probe_now(struct accel *a, struct err *e)
{
	bool final;

	a->fresh = true;
	a->kvm = accel_probe(&final, e) == 0;
	snprintf(a->reason, sizeof(a->reason), "%.*s", a->kvm ? 255 : (int)strcspn(e->text, "\n"),
		 a->kvm ? "a probe ran in KVM" : e->text);
	if (final)
		remember(a->kvm, a->reason);
	return a->kvm ? 0 : -1;
}

int accel_decide(struct accel *a, enum accel_choice choice, struct err *e)
{
	auto_free char *path = verdict_path();
	auto_free char *key = host_key();

	*a = (struct accel){ 0 };
	if (choice == ACCEL_TCG) {
		snprintf(a->reason, sizeof(a->reason), "asked for");
		return 0;
	}
	if (choice == ACCEL_KVM && probe_now(a, e) < 0)
		return -1;
	if (choice == ACCEL_AUTO && !(key && recall(path, key, a)))
		probe_now(a, e);
	return 0;
}
