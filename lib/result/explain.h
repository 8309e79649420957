/* SPDX-License-Identifier: GPL-2.0-only */
/* The catalogue of fields a result may lack, and why: data, read from
 * share/explain/fields.json. */
#ifndef RESULT_EXPLAIN_H
#define RESULT_EXPLAIN_H

#include <stdbool.h>

#include "result/sidecar.h"

struct field_why {
	char *class; /* "expected" or "actionable" */
	struct strv causes;
	char *fix; /* NULL for none */
};

/* The fields, in the order they have in the text. */
enum explain_field {
	EXPLAIN_SCHEDULER_COMMIT,
	EXPLAIN_PROJECT_COMMIT,
	EXPLAIN_PAYLOAD,
	EXPLAIN_MONITOR,
	EXPLAIN_KVM_STATS,
	EXPLAIN_KERNEL_VERSION,
	EXPLAIN_KERNEL_COMMIT,
	EXPLAIN_HOST,
	EXPLAIN_CLEANUP,
	EXPLAIN_RUN_SOURCE,
	EXPLAIN_FIELDS
};
extern const char *const explain_names[EXPLAIN_FIELDS];

struct explain {
	struct field_why fields[EXPLAIN_FIELDS];
};

/* Read the catalogue: 0, or -1 with e when it is missing or incomplete. */
int explain_load(struct explain *x, struct err *e);
void explain_release(struct explain *x);

/* Whether the result lacks the field. */
bool explain_is_none(const struct sidecar *s, enum explain_field f);

/* The schema version that a result's text says it has; 0 when it says none or
 * is no JSON. */
uint64_t explain_version(const char *text, size_t n);

/* What to do about a file that does not parse, by the parser's message and its
 * schema version; NULL when there is nothing to say. Caller frees. */
char *explain_drift(const char *path, const char *message, uint64_t version);

#endif
