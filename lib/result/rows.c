/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/rows.h"

#include <stdlib.h>
#include <string.h>

#include "json/record.h"
#include "result/defs.h"
#include "result/rowline.h"

/* The text of a string or null that comes next, interned; NULL for null. */
static const char *text_of(struct rows_store *st, struct jr *r, const char *before)
{
	auto_str struct str plain = { 0 };
	struct jkey k;

	if (jr_null(r))
		return NULL;
	jr_text(r, &k);
	if (before && !k.escaped && strncmp(before, k.s, k.n) == 0 && !before[k.n])
		return before;
	if (!k.escaped)
		return texts_slot(&st->texts, k.s, k.n)->s;
	json_unquote(&plain, (struct slice){ k.s - 1, k.n + 2 });
	return texts_slot(&st->texts, str_c(&plain), plain.len)->s;
}

/* --- one row ----------------------------------------------------------- */

static const struct {
	const char *key;
	size_t at;
	bool needed;
} text_fields[] = {
	{ "run", offsetof(struct row, run), true },
	{ "file", offsetof(struct row, file), true },
	{ "test", offsetof(struct row, test), true },
	{ "topology", offsetof(struct row, topology), true },
	{ "scheduler", offsetof(struct row, scheduler), true },
	{ "work_type", offsetof(struct row, work_type), true },
	{ "kernel", offsetof(struct row, kernel), false },
	{ "project_commit", offsetof(struct row, project_commit), false },
	{ "kernel_commit", offsetof(struct row, kernel_commit), false },
	{ "run_source", offsetof(struct row, run_source), false },
	{ "timestamp", offsetof(struct row, timestamp), true },
	{ "run_id", offsetof(struct row, run_id), true },
};

static bool text_field(struct rows *r, struct jr *in, const struct jkey *k, struct row *row, size_t *next)
{
	for (size_t n = 0; n < ARRAY_SIZE(text_fields); n++) {
		size_t i = (*next + n) % ARRAY_SIZE(text_fields);
		const char **at = (const char **)((char *)row + text_fields[i].at);
		const struct row *before = r->n ? &r->v[r->n - 1] : NULL;

		if (!key_is(k, text_fields[i].key))
			continue;
		*at = text_of(r->store, in,
			      before ? *(const char *const *)((const char *)before + text_fields[i].at) : NULL);
		*next = i + 1;
		return true;
	}
	return false;
}

static int host_index(const struct rows *r, const char *id)
{
	for (size_t i = r->n_hosts; id && i-- > 0;)
		if (r->store->host_ids.v[i] == id)
			return (int)i;
	return -1;
}

static void read_ext(struct rows *r, struct jr *in)
{
	struct jkey k;

	for (jr_object(in); jr_key(in, &k);) {
		auto_free char *name = key_text(&k);

		defs_value(r, defs_ext(r, name), jr_f64(in));
	}
}

static void read_metrics(struct rows *r, struct jr *in)
{
	uint32_t next = 0;
	struct jkey k;

	for (jr_object(in); jr_key(in, &k);) {
		uint32_t m = next < METRIC_COUNT && key_is(&k, metrics[next].name) ? next : 0;

		while (m < METRIC_COUNT && !key_is(&k, metrics[m].name))
			m++;
		next = m + 1;
		if (m < METRIC_COUNT)
			defs_value(r, m, jr_f64(in));
		else
			jr_skip(in);
	}
}

static void read_rest(struct rows *r, struct jr *in, const struct jkey *k, struct row *row)
{
	if (key_is(k, "passed"))
		row->passed = jr_bool(in);
	else if (key_is(k, "skipped"))
		row->skipped = jr_bool(in);
	else if (key_is(k, "host"))
		row->host = host_index(r, text_of(r->store, in, NULL));
	else if (key_is(k, "metrics"))
		read_metrics(r, in);
	else if (key_is(k, "ext"))
		read_ext(r, in);
	else if (key_is(k, "payload"))
		defs_payload(r, in);
	else
		jr_skip(in);
}

static int take_row(struct rows *r, struct slice line, struct err *e)
{
	struct row row = { .host = -1 };
	size_t next = 0;
	struct jkey k;
	struct jr in;

	jr_init(&in, line.s, line.n);
	for (jr_object(&in); jr_key(&in, &k);)
		if (!text_field(r, &in, &k, &row, &next))
			read_rest(r, &in, &k, &row);
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++) {
		const char **at = (const char **)((char *)&row + text_fields[i].at);

		if (text_fields[i].needed && !*at)
			*at = texts_slot(&r->store->texts, "", 0)->s;
	}
	if (jr_end(&in, e) < 0)
		return -1;
	row.passed = row.passed && !row.skipped;
	defs_values_end(r, &row);
	GROW(r->v, r->n, r->cap);
	r->v[r->n++] = row;
	return 0;
}

/* --- the other records -------------------------------------------------- */

static int take_host(struct rows *r, struct slice line, struct err *e)
{
	struct host_context *h = xcalloc(1, sizeof(*h));
	const char *id = NULL;
	struct jkey k;
	struct jr in;

	jr_init(&in, line.s, line.n);
	for (jr_object(&in); jr_key(&in, &k);)
		if (key_is(&k, "id"))
			id = text_of(r->store, &in, NULL);
		else if (key_is(&k, "context"))
			shape_read(&in, &host_shape, h, SHAPE_LAX);
		else
			jr_skip(&in);
	if (jr_end(&in, e) == 0 && host_index(r, id) < 0) {
		GROW(r->hosts, r->n_hosts, r->hosts_cap);
		GROW(r->store->host_ids.v, r->n_hosts, r->store->host_ids.cap);
		r->store->host_ids.v[r->n_hosts] = id;
		r->hosts[r->n_hosts++] = h;
		return 0;
	}
	host_context_release(h);
	free(h);
	return in.failed ? -1 : 0;
}

static int take_pool(struct rows *r, struct slice line, struct err *e)
{
	struct jkey k;
	struct jr in;

	jr_init(&in, line.s, line.n);
	for (jr_object(&in); jr_key(&in, &k);)
		if (key_is(&k, "files"))
			r->files = jr_u64(&in);
		else if (key_is(&k, "corrupt"))
			r->corrupt = jr_u64(&in);
		else if (key_is(&k, "unreadable"))
			r->unreadable = jr_u64(&in);
		else
			jr_skip(&in);
	r->whole = true;
	return jr_end(&in, e);
}

static int take_host_of(struct rows *r, struct slice raw, char id[HOST_ID_MAX], struct err *e)
{
	auto_str struct str context = { 0 }, line = { 0 };

	hostline_print(&context, raw, id);
	str_addf(&line, "{\"type\":\"host\",\"id\":\"%s\",\"context\":%s}", id, context.s);
	return take_host(r, (struct slice){ line.s, line.len }, e);
}

/* A whole result becomes the row it would be in the compact stream. */
static int take_sidecar(struct rows *r, struct slice line, struct err *e)
{
	struct slice parts[PART_COUNT];
	auto_free char *run = json_get_str(line.s, line.n, "run"), *path = json_get_str(line.s, line.n, "path");
	auto_str struct str text = { 0 };
	char id[HOST_ID_MAX] = "";
	struct sidecar *s;
	struct rowline l;
	struct jw w;

	if (sidecar_parts(parts, line.s, line.n, e) < 0)
		return -1;
	if (parts[PART_HOST].n && parts[PART_HOST].s[0] == '{' && take_host_of(r, parts[PART_HOST], id, e) < 0)
		return -1;
	jw_init(&w, &text, 0);
	jw_object(&w);
	jw_key_str(&w, "run", run ? run : "");
	jw_key_str(&w, "file", path ? path : "");
	str_addc(&text, ',');
	rowline_print(&l, &text, parts, *id ? id : NULL);
	if (take_row(r, (struct slice){ text.s, text.len }, e) < 0)
		return -1;
	s = xcalloc(1, sizeof(*s));
	r->results[r->n - 1] = s;
	return sidecar_parse(s, line.s, line.n, e);
}

static const struct {
	const char *type;
	int (*take)(struct rows *r, struct slice line, struct err *e);
} takers[] = { { "row", take_row }, { "host", take_host }, { "pool", take_pool }, { "sidecar", take_sidecar } };

static int take(struct rows *r, struct slice line, unsigned long number, struct err *e)
{
	struct record rec;

	/* our own rows begin with their type: no need to look for it */
	if (starts_with(line.s, "{\"type\":\"row\","))
		memcpy(rec.type, "row", 4);
	else if (record_parse(line, number, &rec, e) < 0)
		return -1;
	if (r->n >= r->results_cap) {
		r->results_cap = r->results_cap ? r->results_cap * 2 : 8;
		r->results = xrealloc(r->results, r->results_cap * sizeof(*r->results));
		memset(r->results + r->n, 0, (r->results_cap - r->n) * sizeof(*r->results));
	}
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++)
		if (strcmp(takers[i].type, rec.type) == 0 && takers[i].take(r, line, e) < 0)
			return err_wrap(e, "line %lu of the record stream", number);
	return 0;
}

int rows_none(struct rows *r, struct err *e)
{
	(void)e;
	*r = (struct rows){ .store = xcalloc(1, sizeof(*r->store)) };
	defs_init(r);
	return 0;
}

int rows_read(struct rows *r, int fd, struct err *e)
{
	struct slice line;
	struct lines l;
	int rc;

	rows_none(r, e);
	lines_init(&l, fd);
	while ((rc = lines_next(&l, &line, e)) > 0)
		if (line.n && take(r, line, l.number, e) < 0) {
			rc = -1;
			break;
		}
	lines_release(&l);
	if (rc < 0)
		return -1;
	if (!r->whole)
		warn("the results end without their last record; some may be missing");
	defs_end(r);
	return 0;
}

bool row_value(const struct row *row, uint32_t def, double *v)
{
	uint32_t low = 0, high = row->n_values;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (row->values[mid].def < def)
			low = mid + 1;
		else
			high = mid;
	}
	if (low >= row->n_values || row->values[low].def != def)
		return false;
	*v = row->values[low].v;
	return true;
}

static void drop_result(struct rows *r, size_t i)
{
	if (r->results[i]) {
		sidecar_release(r->results[i]);
		free(r->results[i]);
	}
	r->results[i] = NULL;
}

void rows_keep(struct rows *r, const struct row *const *keep, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (kept == n || keep[kept] != &r->v[i]) {
			drop_result(r, i);
			continue;
		}
		r->v[kept] = r->v[i];
		r->results[kept++] = r->results[i];
	}
	for (size_t i = kept; i < r->n; i++)
		r->results[i] = NULL;
	r->n = kept;
}

void rows_release(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		drop_result(r, i);
	for (size_t i = 0; i < r->n_hosts; i++) {
		host_context_release(r->hosts[i]);
		free(r->hosts[i]);
	}
	free(r->results);
	free(r->hosts);
	free(r->v);
	defs_release(r);
	*r = (struct rows){ 0 };
}
