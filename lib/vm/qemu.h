/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's command line for one guest.
 *
 * The guest's memory lies in memory files that we hold, one a node, shared
 * with QEMU, so that it can be read while the guest runs and after it ended.
 * Descriptors are handed over under their own numbers and stay the caller's.
 */
#ifndef VM_QEMU_H
#define VM_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "vm/topology.h"

struct qemu_config {
	struct topology topology;
	uint64_t memory_mb;
	bool kvm, one_thread; /* as in struct accel */
	const char *image;    /* boot image */
	const char *cmdline;  /* of the guest's kernel */
	int initrd;           /* the initramfs */
	int console;          /* the far ends of our sockets: COM1, */
	int bulk;             /* the port "ktstr.bulk", */
	int qmp;              /* and the control channel */
	int *memory;          /* one a node */
};

/* KTSTR_QEMU or the architecture's program. 0 with *path (caller frees) or
 * -1: "… not found. Install it: …". */
int qemu_find(char **path, struct err *e);

/* Make the memory files: an array of t->nodes descriptors, or NULL. */
int *qemu_memory_make(const struct topology *t, uint64_t memory_mb, struct err *e);
void qemu_memory_close(int *fds, const struct topology *t);

/* MiB of one node: an even share, the rest in the last. */
uint64_t qemu_node_mb(const struct qemu_config *c, uint32_t node);

/* Append the whole command line but the program. */
void qemu_args(const struct qemu_config *c, struct strv *argv);

/*
 * The guest kernel's command line (caller frees): our words, then extra's. A
 * word with blanks is quoted the way the kernel reads it. NULL with e when a
 * word cannot be said or everything is longer than 4096 bytes.
 */
char *qemu_cmdline(bool kvm, bool verbose, const struct strv *extra, struct err *e);

#endif
