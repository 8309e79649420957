/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One guest from QEMU's start to its end: a single poll loop over the console,
 * the guest's channel, QMP, QEMU's errors, our signals and our reader. Every
 * wait in it has an end: until the guest's first message the boot deadline,
 * then the request's, which the guest's program may move.
 */
#ifndef VM_RUN_H
#define VM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "vm/accel.h"
#include "vm/events.h"
#include "vm/request.h"

enum vm_reason {
	VM_DONE,
	VM_TIMEOUT,
	VM_PANIC,
	VM_NO_INIT,
	VM_INIT_DIED,
	VM_QEMU_DIED,
	VM_QEMU_MISSING,
	VM_KVM_FAILED,
	VM_INTERRUPTED,
};

/* What is started; everything belongs to the caller. */
struct vm_plan {
	const struct vm_request *request;
	const char *qemu;
	const char *image;
	const char *cmdline;
	struct accel accel;
	int initrd;
	uint64_t memory_mb;
};

/* How it ended. */
struct vm_end {
	enum vm_reason reason;
	int code;          /* the program's, -1 when it did not end */
	struct str detail; /* text for people, maybe several lines */
	long long wall_ms;
	bool kvm_broken; /* KVM gave up on the guest: another try may use TCG */
	bool stale_code; /* TCG ran code that was gone: another try may have one thread */
};
void vm_end_release(struct vm_end *end);

/* "done", "timeout", … */
const char *vm_reason_name(enum vm_reason r);

/* Block the signals that end a run; before the first one. */
int vm_signals_open(struct err *e);

/* Run it. Events go to ev, the last one (exit) excepted. Returns when QEMU is
 * gone. */
void vm_run(const struct vm_plan *plan, int signals, struct events *ev, struct vm_end *end);

/* The last event. */
void vm_end_event(const struct vm_end *end, struct events *ev);

#endif
