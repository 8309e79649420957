/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/rowline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "result/metrics.h"

/* The original counts in it how many values it dropped. */
#define EXT_MARKER "__walk_json_leaves_truncated"

static bool is_empty(struct slice s)
{
	return !s.n || (s.n == 2 && (s.s[0] == '{' || s.s[0] == '['));
}

static bool is_true(struct slice s)
{
	return s.n && s.s[0] == 't';
}

static double number_of(struct slice s)
{
	struct jr r;

	jr_init(&r, s.s, s.n);
	return jr_f64(&r);
}

/* ,"key":text */
static void member(struct str *out, const char *key, struct slice raw)
{
	str_addn(out, ",\"", 2);
	str_add(out, key);
	str_addn(out, "\":", 2);
	if (raw.n)
		str_addn(out, raw.s, raw.n);
	else
		str_addn(out, "null", 4);
}

/* The metric's text, {NULL, 0} when the result does not have it. */
static struct slice metric_text(const struct slice *parts, enum metric_id id)
{
	static const struct slice none = { NULL, 0 }, one = { "1", 1 }, zero = { "0", 1 };
	struct slice s = parts[PART_METRICS + id];

	if (!s.n)
		return none;
	if (id == M_STUCK)
		return is_true(s) ? one : zero;
	if (id == M_TAIL_RATIO && number_of(parts[PART_METRICS + M_ITERATIONS]) < TAIL_MIN_ITERATIONS)
		return none;
	if (id == M_PAGE_LOCALITY && !(number_of(s) > 0))
		return none;
	return s;
}

static int registered(const struct jkey *k)
{
	for (int m = 0; m < METRIC_COUNT; m++)
		if (key_is(k, metrics[m].name))
			return m;
	return -1;
}

static void quoted_member(struct str *out, const struct jkey *k, struct slice raw)
{
	struct jw w;

	if (out->s[out->len - 1] != '{')
		str_addc(out, ',');
	/* the quotes stand on both sides of the key */
	str_addn(out, k->s - 1, k->n + 2);
	str_addc(out, ':');
	if (*raw.s != '{' && *raw.s != '[') {
		str_addn(out, raw.s, raw.n);
		return;
	}
	/* a row is one line: without the blanks of the file */
	jw_init(&w, out, 0);
	json_copy(&w, raw);
}

/* Members of ext_metrics: those that stand in for a registered metric the
 * result lacks (absent), or the others. */
static void ext_members(struct str *out, const struct slice *parts, bool absent)
{
	struct slice ext = parts[PART_EXT];
	struct jkey k;
	struct jr r;

	if (is_empty(ext))
		return;
	jr_init(&r, ext.s, ext.n);
	for (jr_object(&r); jr_key(&r, &k);) {
		int id = registered(&k);
		bool stands_in = id >= 0 && !metric_text(parts, (enum metric_id)id).n;
		struct slice raw = jr_raw(&r);

		if (stands_in == absent && !key_is(&k, EXT_MARKER))
			quoted_member(out, &k, raw);
	}
}

static void add_metrics(struct str *out, const struct slice *parts)
{
	str_add(out, ",\"metrics\":{");
	for (int m = 0; m < METRIC_COUNT; m++) {
		struct slice s = metric_text(parts, (enum metric_id)m);

		if (!s.n)
			continue;
		if (out->s[out->len - 1] != '{')
			str_addc(out, ',');
		str_addc(out, '"');
		str_add(out, metrics[m].name);
		str_addn(out, "\":", 2);
		str_addn(out, s.s, s.n);
	}
	ext_members(out, parts, true);
	str_add(out, "},\"ext\":{");
	ext_members(out, parts, false);
	str_addc(out, '}');
}

/* One metric of a payload, without where it was found. */
static void payload_metric(struct str *out, struct jr *r)
{
	struct jkey k;

	str_addc(out, '{');
	for (jr_object(r); jr_key(r, &k);) {
		struct slice raw = jr_raw(r);

		if (!key_is(&k, "source") && !key_is(&k, "stream"))
			quoted_member(out, &k, raw);
	}
	str_addc(out, '}');
}

static void payload_metrics(struct str *out, struct jr *r)
{
	for (jr_array(r); jr_item(r);) {
		if (out->s[out->len - 1] != '[')
			str_addc(out, ',');
		payload_metric(out, r);
	}
}

static void add_payload(struct str *out, struct slice list)
{
	struct jkey k;
	struct jr r;

	str_add(out, ",\"payload\":[");
	jr_init(&r, list.s, is_empty(list) ? 0 : list.n);
	for (jr_array(&r); jr_item(&r);)
		for (jr_object(&r); jr_key(&r, &k);)
			if (key_is(&k, "metrics"))
				payload_metrics(out, &r);
			else
				jr_skip(&r);
	str_addc(out, ']');
}

void rowline_print(struct rowline *l, struct str *out, const struct slice *parts, const char *host_id)
{
	static const struct slice yes = { "true", 4 }, no = { "false", 5 };
	bool skipped = is_true(parts[PART_SKIPPED]);
	size_t from = out->len;

	str_add(out, "\"test\":");
	str_addn(out, parts[PART_TEST].s, parts[PART_TEST].n);
	member(out, "topology", parts[PART_TOPOLOGY]);
	member(out, "scheduler", parts[PART_SCHEDULER]);
	member(out, "work_type", parts[PART_WORK_TYPE]);
	member(out, "kernel", parts[PART_KERNEL]);
	member(out, "project_commit", parts[PART_PROJECT_COMMIT]);
	member(out, "kernel_commit", parts[PART_KERNEL_COMMIT]);
	member(out, "run_source", parts[PART_RUN_SOURCE]);
	l->source_n = parts[PART_RUN_SOURCE].n ? parts[PART_RUN_SOURCE].n : 4;
	l->source_at = out->len - l->source_n - from;
	member(out, "passed", is_true(parts[PART_PASSED]) && !skipped ? yes : no);
	member(out, "skipped", skipped ? yes : no);
	member(out, "timestamp", parts[PART_TIMESTAMP]);
	member(out, "run_id", parts[PART_RUN_ID]);
	if (host_id) {
		str_add(out, ",\"host\":");
		json_quote(out, host_id, strlen(host_id));
	} else {
		str_add(out, ",\"host\":null");
	}
	add_metrics(out, parts);
	add_payload(out, parts[PART_PAYLOAD]);
	str_addc(out, '}');
}

void hostline_print(struct str *out, struct slice raw, char id[HOST_ID_MAX])
{
	struct host_context h = { 0 };
	size_t from = out->len;
	struct jr r;
	struct jw w;

	jr_init(&r, raw.s, raw.n);
	shape_read(&r, &host_shape, &h, SHAPE_STRICT);
	free(h.heap_state);
	h.heap_state = NULL;
	jw_init(&w, out, 0);
	shape_write(&w, &host_shape, &h);
	host_context_release(&h);
	snprintf(id, HOST_ID_MAX, "%016llx", (unsigned long long)siphash13(out->s + from, out->len - from));
}

void rowline_texts(struct slice row, struct jkey texts[ROW_TEXTS])
{
	struct jkey k;
	struct jr r;

	jr_init_inside(&r, row.s, row.n);
	for (int i = 0; i < ROW_TEXTS && jr_key(&r, &k);) {
		if (jr_peek(&r) == JR_STRING) {
			jr_text(&r, &texts[i++]);
			continue;
		}
		/* "passed" and "skipped" stand between them */
		if (jr_null(&r))
			texts[i++] = (struct jkey){ 0 };
		else
			jr_skip(&r);
	}
}
