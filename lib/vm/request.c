/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/request.h"

#include <stdlib.h>
#include <string.h>

#include "json/read.h"

static void read_strings(struct jr *r, struct strv *out)
{
	for (jr_array(r); jr_item(r);)
		strv_give(out, jr_str(r));
}

static void read_file_row(struct jr *r, struct vm_request *q)
{
	struct guest_file *f;
	struct jkey k;

	GROW(q->files, q->n_files, q->files_cap);
	f = &q->files[q->n_files++];
	*f = (struct guest_file){ .mode = -1 };
	for (jr_object(r); jr_key(r, &k);)
		if (key_is(&k, "host") && !f->host)
			f->host = jr_str(r);
		else if (key_is(&k, "guest") && !f->guest)
			f->guest = jr_str(r);
		else if (key_is(&k, "mode") && !jr_null(r))
			f->mode = (int)(jr_u64(r) & 07777);
		else
			jr_skip(r);
	if (!r->failed && (!f->host || !*f->host || !f->guest || *f->guest != '/'))
		jr_fail(r, "a file needs \"host\" and an absolute \"guest\" path");
}

static void read_accel(struct jr *r, struct vm_request *q)
{
	free(q->accel);
	q->accel = jr_str_or_null(r);
	if (q->accel && strcmp(q->accel, "auto") != 0 && strcmp(q->accel, "kvm") != 0 && strcmp(q->accel, "tcg") != 0)
		jr_fail(r, "accel is '%s', not auto, kvm or tcg", q->accel);
}

static bool read_limit(struct jr *r, const struct jkey *k, struct vm_request *q)
{
	if (key_is(k, "memory_mb"))
		q->memory_mb = jr_null(r) ? 0 : jr_u64(r);
	else if (key_is(k, "boot_timeout_ms"))
		q->boot_timeout_ms = jr_null(r) ? 0 : jr_u64(r);
	else if (key_is(k, "timeout_ms"))
		q->timeout_ms = jr_null(r) ? 0 : jr_u64(r);
	else if (key_is(k, "verbose"))
		q->verbose = !jr_null(r) && jr_bool(r);
	else
		return false;
	return true;
}

static void read_member(struct jr *r, const struct jkey *k, struct vm_request *q)
{
	if (key_is(k, "type")) {
		if (!jr_str_is(r, "vm"))
			jr_fail(r, "\"type\" is not \"vm\"");
	} else if (key_is(k, "kernel") && !q->kernel) {
		q->kernel = jr_str(r);
	} else if (key_is(k, "topology") && !q->label) {
		q->label = jr_str(r);
	} else if (key_is(k, "cmdline")) {
		read_strings(r, &q->cmdline);
	} else if (key_is(k, "argv")) {
		read_strings(r, &q->argv);
	} else if (key_is(k, "env")) {
		read_strings(r, &q->env);
	} else if (key_is(k, "files")) {
		for (jr_array(r); jr_item(r);)
			read_file_row(r, q);
	} else if (key_is(k, "accel")) {
		read_accel(r, q);
	} else if (!read_limit(r, k, q)) {
		jr_skip(r);
	}
}

#define YEAR_MS (365ull * 24 * 3600 * 1000)

static int read_topology(struct vm_request *q, struct err *e)
{
	if (!q->label)
		return err_set(e, "the VM request names no \"topology\"");
	if (strchr(q->label, ','))
		return topology_parse_list(&q->topology, q->label, e);
	return topology_parse(&q->topology, q->label, e);
}

static int check(const struct vm_request *q, struct err *e)
{
	if (!q->kernel || !*q->kernel)
		return err_set(e, "the VM request names no \"kernel\"");
	if (!q->argv.n || !*q->argv.v[0])
		return err_set(e, "the VM request names no program: \"argv\" is empty");
	if (q->memory_mb > 1 << 24)
		return err_set(e, "memory_mb of %llu is more than 16 TiB", (unsigned long long)q->memory_mb);
	if (q->timeout_ms > YEAR_MS || q->boot_timeout_ms > YEAR_MS)
		return err_set(e, "the VM request has a timeout of more than a year");
	for (size_t i = 0; i < q->env.n; i++)
		if (!strchr(q->env.v[i], '=') || q->env.v[i][0] == '=')
			return err_set(e, "env entry '%s' is not NAME=VALUE", q->env.v[i]);
	return 0;
}

int vm_request_parse(struct vm_request *q, const char *s, size_t n, struct err *e)
{
	struct jkey k;
	struct jr r;

	*q = (struct vm_request){ 0 };
	jr_init(&r, s, n);
	for (jr_object(&r); jr_key(&r, &k);)
		read_member(&r, &k, q);
	if (jr_end(&r, e) < 0)
		return err_wrap(e, "VM request");
	return read_topology(q, e) < 0 ? -1 : check(q, e);
}

void vm_request_release(struct vm_request *q)
{
	for (size_t i = 0; i < q->n_files; i++) {
		free(q->files[i].host);
		free(q->files[i].guest);
	}
	free(q->files);
	free(q->kernel);
	free(q->label);
	free(q->accel);
	strv_release(&q->cmdline);
	strv_release(&q->argv);
	strv_release(&q->env);
	*q = (struct vm_request){ 0 };
}
