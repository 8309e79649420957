/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's control channel (QMP) on a socket of ours. It says which QEMU this
 * is, and when the guest stopped for a reason of KVM's, a state in which QEMU
 * itself stays alive.
 */
#ifndef VM_QMP_H
#define VM_QMP_H

#include <stdbool.h>

#include "base/str.h"
#include "json/record.h"

struct qmp {
	int fd; /* -1 when closed; owned */
	struct lines in;
	bool internal_error; /* query-status said "internal-error" */
	unsigned version;    /* QEMU's, 702 for 7.2; 0: not known */
};
void qmp_init(struct qmp *q, int fd);
void qmp_release(struct qmp *q);

/* Read what is there and answer it: the greeting, and a stop by asking why.
 * Closes the socket at its end. */
void qmp_read(struct qmp *q);

#endif
