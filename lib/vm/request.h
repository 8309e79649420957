/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ktstr-vm is asked for: one JSON object,
 *
 *	{"type":"vm","kernel":"/path","topology":"1n2l4c1t","memory_mb":2048,
 *	 "boot_timeout_ms":60000,"timeout_ms":30000,"cmdline":["a=b"],
 *	 "files":[{"host":"/bin/ls","guest":"/bin/ls","mode":493}],
 *	 "argv":["/bin/ls"],"env":["K=V"],"accel":"auto","verbose":false}
 *
 * kernel, topology and argv are required; keys it does not know are skipped.
 */
#ifndef VM_REQUEST_H
#define VM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/topology.h"

struct guest_file {
	char *host;  /* file or directory */
	char *guest; /* absolute path in the guest */
	int mode;    /* permissions, -1: the host file's */
};

struct vm_request {
	char *kernel;
	char *label; /* the topology as it was given */
	struct topology topology;
	uint64_t memory_mb;       /* 0: what is needed */
	uint64_t boot_timeout_ms; /* until the guest's first message; 0: default */
	uint64_t timeout_ms;      /* from the start of QEMU; 0: none */
	struct strv cmdline;
	struct guest_file *files;
	size_t n_files, files_cap;
	struct strv argv, env;
	char *accel; /* NULL, "auto", "kvm" or "tcg" */
	bool verbose;
};

/* Parse and check one. r owns what it holds until it is released, also after
 * an error. 0 or -1, with the position of what was wrong. */
int vm_request_parse(struct vm_request *r, const char *s, size_t n, struct err *e);
void vm_request_release(struct vm_request *r);

#endif
