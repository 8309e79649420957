/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The row of a result: the short record that listings and comparisons read,
 *
 *	{"type":"row","run":…,"file":…,"test":…, …,"metrics":{…},"ext":{…},"payload":[…]}
 *
 * Its numbers are the result's own digits. What the result does not really
 * have is not in "metrics": no monitor, no figures of it; no tail ratio under
 * 100 iterations; no locality that was not reported.
 */
#ifndef RESULT_ROWLINE_H
#define RESULT_ROWLINE_H

#include "base/str.h"
#include "json/read.h"

#define HOST_ID_MAX 17 /* bytes, the NUL included */

/* Where in a row's text its run source stands, which a reader may replace. */
struct rowline {
	size_t source_at, source_n;
};

/* Append what follows "run" and "file" in a row, from "test" to the closing
 * brace, made of a result's parts (sidecar.h); offsets count from its start.
 * host_id may be NULL. */
void rowline_print(struct rowline *l, struct str *out, const struct slice *parts, const char *host_id);

/* The texts a row begins with, in its order. */
enum row_text {
	TEXT_TEST,
	TEXT_TOPOLOGY,
	TEXT_SCHEDULER,
	TEXT_WORK_TYPE,
	TEXT_KERNEL,
	TEXT_PROJECT_COMMIT,
	TEXT_KERNEL_COMMIT,
	TEXT_RUN_SOURCE,
	TEXT_TIMESTAMP,
	TEXT_RUN_ID,
	ROW_TEXTS
};

/* Find them in what rowline_print has printed: as they stand between the
 * quotes, s NULL for null. */
void rowline_texts(struct slice row, struct jkey texts[ROW_TEXTS]);

/* Append the context, compact and without what differs from run to run, and
 * give its id. raw is the text of a well-formed host context. */
void hostline_print(struct str *out, struct slice raw, char id[HOST_ID_MAX]);

#endif
