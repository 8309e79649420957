/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-sidecar: result files.
 *
 *	write	one result on stdin becomes a file, whose path is printed
 *	read	result files become records on stdout
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/term.h"
#include "cli/verb.h"
#include "json/record.h"
#include "result/place.h"
#include "result/pool.h"
#include "result/reader.h"
#include "result/provenance.h"
#include "result/sidecar.h"

#define FAILURE_MAX (1u << 20) /* bytes of a failure's text that are kept */

/* --- write ------------------------------------------------------------- */

/* A key of the input that says something about it but is not stored. */
static char *take_key(struct strv *rest, const char *key)
{
	char *value = NULL;

	for (size_t i = 0; i + 1 < rest->n;) {
		if (strcmp(rest->v[i], key) != 0) {
			i += 2;
			continue;
		}
		free(value);
		free(rest->v[i]);
		value = rest->v[i + 1];
		memmove(&rest->v[i], &rest->v[i + 2], (rest->n - i - 1) * sizeof(*rest->v));
		rest->n -= 2;
	}
	return value;
}

static char *take_text(struct strv *rest, const char *key)
{
	auto_free char *raw = take_key(rest, key);
	struct str text = { 0 };

	if (!raw || json_unquote(&text, (struct slice){ raw, strlen(raw) }) < 0) {
		str_release(&text);
		return NULL;
	}
	return str_take(&text);
}

struct outcome {
	const char *name;
	bool passed, skipped;
};
static const struct outcome outcomes[] = { { "pass", true, false },
					   { "fail", false, false },
					   { "skip", true, true },
					   { "crash", false, false },
					   { "timeout", false, false } };

static int set_outcome(struct sidecar *s, struct err *e)
{
	if (!s->outcome)
		return err_set(e, "missing field `outcome`");
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		const struct outcome *o = &outcomes[i];

		if (strcmp(o->name, s->outcome) != 0)
			continue;
		if ((s->passed && !o->passed) || (s->skipped && !o->skipped))
			return err_set(e, "outcome \"%s\" contradicts passed %s, skipped %s", o->name,
				       s->passed ? "true" : "false", s->skipped ? "true" : "false");
		s->passed = o->passed;
		s->skipped = o->skipped;
		return 0;
	}
	return err_set(e, "outcome \"%s\" is none of pass, fail, skip, crash, timeout", s->outcome);
}

static int check(struct sidecar *s, struct err *e)
{
	auto_free char *type = take_text(&s->rest, "type");

	if (type && strcmp(type, "result") != 0)
		return err_set(e, "a record of type \"%s\" is no result", type);
	if (!s->test_name || !*s->test_name)
		return err_set(e, "missing field `test_name`");
	if (strchr(s->test_name, '/') || s->test_name[0] == '.')
		return err_set(e, "test_name \"%s\" cannot be part of a file name", s->test_name);
	if (!s->topology || !*s->topology)
		return err_set(e, "missing field `topology`");
	if (!s->scheduler || !*s->scheduler)
		return err_set(e, "missing field `scheduler`");
	return set_outcome(s, e);
}

static void put(char **field, char *value)
{
	free(*field);
	*field = value;
}

static time_t before(const struct timespec *t, uint64_t ms)
{
	return t->tv_sec - (time_t)(ms / 1000) - (t->tv_nsec / 1000000 < (long)(ms % 1000));
}

static char *time_text(time_t t)
{
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return xstrdup(text);
}

/* The run_id tells writers apart that start in one second: by process and by
 * chance, since process ids come back. */
static void stamp(struct sidecar *s)
{
	unsigned chance = 0;
	char compact[20];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(compact, sizeof(compact), "%Y%m%dT%H%M%SZ", gmtime_r(&now.tv_sec, &tm));
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = (unsigned)now_ms();
	put(&s->timestamp, time_text(now.tv_sec));
	put(&s->started_at, s->duration_ms.set ? time_text(before(&now, s->duration_ms.v)) : NULL);
	put(&s->run_id, xasprintf("%s-%d-%08x", compact, (int)getpid(), chance));
}

static void complete(struct sidecar *s)
{
	auto_free char *kernel = take_text(&s->rest, "kernel");

	s->schema_version = (struct opt_u64){ SIDECAR_SCHEMA, true };
	if (!s->work_type)
		s->work_type = xstrdup(s->skipped ? "skipped" : "SpinWait");
	if (s->failure && strlen(s->failure) > FAILURE_MAX)
		s->failure[FAILURE_MAX] = '\0';
	put(&s->project_commit, project_commit());
	put(&s->kernel_version, kernel_version_of(kernel));
	put(&s->kernel_commit, kernel_commit_of(kernel));
	put(&s->run_source, xstrdup(run_source()));
	if (!s->host)
		s->host = xcalloc(1, sizeof(*s->host));
	host_context_release(s->host);
	host_context_collect(s->host);
	stamp(s);
}

static void warn_unknown(const struct place *p, const struct sidecar *s)
{
	if (p->first && !s->project_commit)
		fputs("ktstr: WARNING: project commit unavailable, so the next run without one empties this run's "
		      "directory; run inside a git repository with a commit, or set KTSTR_SIDECAR_DIR for each run\n",
		      stderr);
}

static int store(const struct sidecar *s, struct err *e)
{
	auto_free char *name = sidecar_file_name(s), *path = NULL;
	auto_str struct str text = { 0 };
	struct place p;
	int rc;

	sidecar_print(s, &text);
	if (place_open(&p, s->kernel_version, s->project_commit, s->kernel_label, e) < 0)
		return -1;
	warn_unknown(&p, s);
	path = xasprintf("%s/%s", p.dir, name);
	rc = write_file(path, text.s, text.len, 0666, e);
	place_close(&p);
	if (rc == 0)
		puts(path);
	return rc;
}

static int verb_write(int argc, char **argv)
{
	static const struct program program = { .name = "ktstr-sidecar write",
						.about = "write one result, given as JSON on stdin, to its file" };
	auto_str struct str text = { 0 };
	struct sidecar s;
	struct err e;

	start(&program, argc, argv, NULL);
	if (read_fd(STDIN_FILENO, &text, &e) < 0)
		die_err(&e);
	if (sidecar_parse_lax(&s, str_c(&text), text.len, &e) < 0 || check(&s, &e) < 0) {
		err_wrap(&e, "result on stdin");
		die_err(&e);
	}
	complete(&s);
	if (store(&s, &e) < 0)
		die_err(&e);
	sidecar_release(&s);
	return 0;
}

/* --- read -------------------------------------------------------------- */

static struct {
	const char *source; /* a JSON text to replace each run source by, or NULL */
	bool whole;
	struct str line;
} reading;

static void problem(const struct result *res)
{
	struct jw w;

	result_complain(res);
	jw_init(&w, &reading.line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "problem");
	jw_key_str(&w, "path", res->path);
	jw_key(&w, "message");
	jw_strn(&w, res->text.s, res->text.n);
	jw_end(&w);
}

static void row(const struct result *res)
{
	struct str *line = &reading.line;
	const char *text = res->text.s;
	size_t behind = res->source_at + res->source_n;
	struct jw w;

	jw_init(&w, line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "row");
	jw_key_str(&w, "run", res->run);
	jw_key_str(&w, "file", res->file);
	str_addc(line, ',');
	if (!reading.source) {
		str_addn(line, text, res->text.n);
		return;
	}
	str_addn(line, text, res->source_at);
	str_add(line, reading.source);
	str_addn(line, text + behind, res->text.n - behind);
}

static void print_result(void *ctx, const struct result *res)
{
	(void)ctx;
	str_clear(&reading.line);
	if (res->kind != ENTRY_ROW)
		problem(res);
	else if (reading.whole)
		str_addn(&reading.line, res->text.s, res->text.n);
	else
		row(res);
	str_addc(&reading.line, '\n');
	fwrite(reading.line.s, 1, reading.line.len, stdout);
}

static void print_host(void *ctx, const char *id, struct slice context)
{
	(void)ctx;
	if (!reading.whole)
		printf("{\"type\":\"host\",\"id\":\"%s\",\"context\":%.*s}\n", id, (int)context.n, context.s);
}

static void read_run(struct reader *rd, const char *dir)
{
	struct err e;

	if (reader_run(rd, dir, NULL, &e) < 0)
		warn("%s", e.text);
}

/* One that is pruned before it is read is the newest no longer. */
static void read_newest(struct reader *rd)
{
	struct err e;

	for (int tries = 0; tries < 10; tries++) {
		auto_free char *dir = pool_newest();

		if (!dir || reader_run(rd, dir, NULL, &e) == 0)
			return;
		if (path_exists(dir) || env_get(ENV_SIDECAR_DIR)) {
			warn("%s", e.text);
			return;
		}
	}
}

static int verb_read(int argc, char **argv)
{
	static bool newest, pool;
	static const char *archive;
	static struct opt opts[] = { { "newest", 0, OPT_FLAG, &newest,
				       .help = "read KTSTR_SIDECAR_DIR, else the newest run", .conflicts = "pool dir" },
				     { "pool", 0, OPT_FLAG, &pool,
				       .help = "each DIR holds run directories, as the runs root does" },
				     { "dir", 0, OPT_STR, &archive, .arg = "DIR",
				       .help = "read the pool of DIR, its run sources being \"archive\"" },
				     { "whole", 0, OPT_FLAG, &reading.whole, .help = "write whole results, not rows" },
				     { 0 } };
	static const struct program program = { .name = "ktstr-sidecar read",
						.args = "[DIR]...",
						.about = "write the results of run directories as records",
						.detail = "Without DIR: every run under the runs root.",
						.opts = opts,
						.max_args = -1 };
	static const struct sink sink = { .result = print_result, .host = print_host };
	auto_free char *root = NULL;
	struct reader_counts c;
	struct reader *rd;
	int n;

	argv = start(&program, argc, argv, &n);
	if ((newest || archive) && n)
		die_usage("%s takes no DIR", newest ? "--newest" : "--dir");
	if (archive)
		reading.source = "\"archive\"";
	setvbuf(stdout, NULL, _IOFBF, 1 << 18);
	rd = reader_new(&sink, reading.whole);
	if (newest)
		read_newest(rd);
	else if (!n)
		reader_pool(rd, archive ? archive : (root = runs_root()));
	for (int i = 0; i < n; i++)
		if (pool)
			reader_pool(rd, argv[i]);
		else
			read_run(rd, argv[i]);
	c = reader_end(rd);
	if (newest && !c.rows)
		note("no sidecar data found (skipped)");
	printf("{\"type\":\"pool\",\"files\":%zu,\"rows\":%zu,\"corrupt\":%zu,\"unreadable\":%zu}\n", c.files, c.rows,
	       c.corrupt, c.unreadable);
	return 0;
}

int main(int argc, char **argv)
{
	static struct program program = { .name = "ktstr-sidecar",
					  .args = "write|read",
					  .about = "write and read result files",
					  .min_args = 1,
					  .tail = true };
	static const struct verb verbs[] = { { "write", verb_write }, { "read", verb_read }, { 0 } };

	return verb_main(&program, verbs, argc, argv);
}
