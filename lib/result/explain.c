/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/where.h"

const char *const explain_names[EXPLAIN_FIELDS] = {
	[EXPLAIN_SCHEDULER_COMMIT] = "scheduler_commit",
	[EXPLAIN_PROJECT_COMMIT] = "project_commit",
	[EXPLAIN_PAYLOAD] = "payload",
	[EXPLAIN_MONITOR] = "monitor",
	[EXPLAIN_KVM_STATS] = "kvm_stats",
	[EXPLAIN_KERNEL_VERSION] = "kernel_version",
	[EXPLAIN_KERNEL_COMMIT] = "kernel_commit",
	[EXPLAIN_HOST] = "host",
	[EXPLAIN_CLEANUP] = "cleanup_duration_ms",
	[EXPLAIN_RUN_SOURCE] = "run_source",
};

#define W(m, k, ...) FIELD(struct field_why, m, k, ##__VA_ARGS__)
static const struct shape_field why_fields[] = {
	{ .name = "class", .kind = SHAPE_STR, .at = offsetof(struct field_why, class) },
	W(causes, SHAPE_STRS),
	W(fix, SHAPE_STR, .absent = SHAPE_NULL),
	{ 0 }
};
static const struct shape why_shape = { sizeof(struct field_why), why_fields };

static void read_fields(struct jr *r, struct explain *x)
{
	struct jkey k;

	for (jr_object(r); jr_key(r, &k);) {
		int f = 0;

		while (f < EXPLAIN_FIELDS && !key_is(&k, explain_names[f]))
			f++;
		if (f < EXPLAIN_FIELDS && !x->fields[f].class)
			shape_read(r, &why_shape, &x->fields[f], SHAPE_STRICT);
		else
			jr_skip(r);
	}
	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		if (!x->fields[f].class)
			jr_fail(r, "missing field `%s`", explain_names[f]);
}

int explain_load(struct explain *x, struct err *e)
{
	auto_free char *path = where_share("explain/fields.json");
	auto_str struct str text = { 0 };
	struct jr r;

	*x = (struct explain){ 0 };
	if (read_file(path, &text, e) < 0)
		return -1;
	jr_init(&r, str_c(&text), text.len);
	read_fields(&r, x);
	return jr_end(&r, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

void explain_release(struct explain *x)
{
	for (int f = 0; f < EXPLAIN_FIELDS; f++)
		shape_release(&why_shape, &x->fields[f]);
}

bool explain_is_none(const struct sidecar *s, enum explain_field f)
{
	const void *const pointers[EXPLAIN_FIELDS] = {
		[EXPLAIN_SCHEDULER_COMMIT] = s->scheduler_commit,
		[EXPLAIN_PROJECT_COMMIT] = s->project_commit,
		[EXPLAIN_PAYLOAD] = s->payload,
		[EXPLAIN_MONITOR] = s->monitor,
		[EXPLAIN_KVM_STATS] = s->kvm_stats,
		[EXPLAIN_KERNEL_VERSION] = s->kernel_version,
		[EXPLAIN_KERNEL_COMMIT] = s->kernel_commit,
		[EXPLAIN_HOST] = s->host,
		[EXPLAIN_CLEANUP] = s->cleanup_duration_ms.set ? s : NULL,
		[EXPLAIN_RUN_SOURCE] = s->run_source,
	};

	return !pointers[f];
}

uint64_t explain_version(const char *text, size_t n)
{
	uint64_t version = 0;
	struct err ignored;
	struct jkey k;
	struct jr r;

	jr_init(&r, text, n);
	for (jr_object(&r); jr_key(&r, &k);)
		if (key_is(&k, "schema_version") && jr_peek(&r) == JR_NUMBER)
			version = jr_u64(&r);
		else
			jr_skip(&r);
	return jr_end(&r, &ignored) == 0 ? version : 0;
}

char *explain_drift(const char *path, const char *message, uint64_t version)
{
	if (version > SIDECAR_SCHEMA)
		return xasprintf(
			"%s: %s. The file has schema version %llu, this program knows %d: read it with a newer "
			"cargo ktstr",
			path, message, (unsigned long long)version, SIDECAR_SCHEMA);
	if (!strstr(message, "missing field `"))
		return NULL;
	return xasprintf("%s: %s. The file was written before results had this field, or not by a test run. Before "
			 "version 1.0 old results are not carried along: run the test again",
			 path, message);
}
