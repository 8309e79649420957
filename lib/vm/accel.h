/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether KVM can run a guest on this host. A /dev/kvm that opens proves
 * nothing: on nested hosts it may fail on the first locked 16-byte compare and
 * exchange, which every kernel's slab allocator uses. So a VM of 19 bytes of
 * code tries that, in about 10 ms, and its verdict is kept until the host
 * boots again.
 */
#ifndef VM_ACCEL_H
#define VM_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

enum accel_choice { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

struct accel {
	bool kvm;
	bool one_thread;  /* without KVM: the CPUs take turns */
	char reason[256]; /* why, for people */
	bool fresh;       /* found out just now, not remembered */
};

/* "auto", "kvm", "tcg" to a choice: 0 or -1. */
int accel_parse(enum accel_choice *c, const char *word, struct err *e);

/* Decide. -1 with the reason and its remedy when KVM was asked for and does
 * not work; never for the other two. */
int accel_decide(struct accel *a, enum accel_choice choice, struct err *e);

/* A real guest has shown that KVM does not work: remember that. */
void accel_remember_broken(const char *why);

/* The probe itself: 0 when code ran as it should, -1 with what went wrong.
 * *final says whether asking again before the next boot makes sense: false
 * for a device that is missing or closed to us. */
int accel_probe(bool *final, struct err *e);

#endif
