/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-sidecar: result files.
 *
 *	write	one result on stdin becomes a file, whose path is printed
 *	read	result files become records on stdout
 *	list	the runs there are, as a table
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
#include "cli/opt.h"
#include "base/term.h"
#include "json/record.h"
#include "result/place.h"
#include "result/pool.h"
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

/* The run_id tells writers apart that start in one second: by process and by
 * chance, since process ids come back. */
static void stamp(struct sidecar *s)
{
	char text[24], compact[20];
	time_t now = time(NULL);
	unsigned chance = 0;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strftime(compact, sizeof(compact), "%Y%m%dT%H%M%SZ", &tm);
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = (unsigned)now_ms();
	put(&s->timestamp, xstrdup(text));
	put(&s->run_id, xasprintf("%s-%d-%08x", compact, (int)getpid(), chance));
}

static void complete(struct sidecar *s)
{
	auto_free char *kernel = take_text(&s->rest, "kernel");

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

static void problem(const char *path, const char *kind, const struct err *e)
{
	auto_str struct str line = { 0 };
	struct jw w;

	fprintf(stderr, "ktstr_test: %s %s: %s\n", kind, path, e->text);
	jw_init(&w, &line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "problem");
	jw_key_str(&w, "path", path);
	jw_key_str(&w, "message", e->text);
	jw_end(&w);
	puts(line.s);
}

/* The file's own members behind ours, whatever they are. */
static void row(const char *path, const char *run, const struct str *text)
{
	auto_str struct str line = { 0 };
	struct jkey k;
	struct jr r;
	struct jw w;

	jw_init(&w, &line, 0);
	jw_object(&w);
	jw_key_str(&w, "type", "sidecar");
	jw_key_str(&w, "path", path);
	jw_key_str(&w, "run", run);
	jr_init(&r, str_c(text), text->len);
	for (jr_object(&r); jr_key(&r, &k);) {
		auto_free char *key = key_text(&k);
		struct slice value = jr_raw(&r);

		if (strcmp(key, "type") == 0 || strcmp(key, "path") == 0 || strcmp(key, "run") == 0)
			continue;
		jw_key(&w, key);
		json_copy(&w, value);
	}
	jw_end(&w);
	puts(line.s);
}

/* Read one file; false when it is none. */
static bool load(const char *path, struct sidecar *s, struct str *text,
		 void (*bad)(const char *, const char *, const struct err *))
{
	struct err e;

	*s = (struct sidecar){ 0 };
	if (pool_read(path, text, &e) < 0) {
		bad(path, "cannot read", &e);
		return false;
	}
	if (sidecar_parse(s, str_c(text), text->len, &e) == 0)
		return true;
	sidecar_release(s);
	bad(path, "skipping", &e);
	return false;
}

/* The rows of one run directory; how many there were. */
static size_t read_run(const char *dir)
{
	auto_free char *real = real_path(dir);
	const char *run = real && strrchr(real, '/') ? strrchr(real, '/') + 1 : dir;
	auto_strv struct strv paths = { 0 };
	size_t rows = 0;
	struct err e;

	if (pool_files(dir, &paths, &e) < 0)
		warn("%s", e.text);
	for (size_t i = 0; i < paths.n; i++) {
		auto_str struct str text = { 0 };
		struct sidecar s;

		if (!load(paths.v[i], &s, &text, problem))
			continue;
		row(paths.v[i], run, &text);
		sidecar_release(&s);
		rows++;
	}
	return rows;
}

static int by_path(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Every run under a root. */
static void read_root(const char *root)
{
	struct run *runs;
	size_t n = pool_runs(root, true, &runs);

	if (n)
		qsort(runs, n, sizeof(*runs), by_path);
	for (size_t i = 0; i < n; i++)
		read_run(runs[i].path);
	runs_release(runs, n);
}

static void read_newest(void)
{
	auto_free char *dir = pool_newest();

	if (!dir || read_run(dir) == 0)
		note("no sidecar data found (skipped)");
}

static int verb_read(int argc, char **argv)
{
	static bool newest, pool;
	static struct opt opts[] = { { "newest", 0, OPT_FLAG, &newest,
				       .help = "read KTSTR_SIDECAR_DIR, else the newest run", .conflicts = "pool" },
				     { "pool", 0, OPT_FLAG, &pool,
				       .help = "each DIR holds run directories, as the runs root does" },
				     { 0 } };
	static const struct program program = { .name = "ktstr-sidecar read",
						.args = "[DIR]...",
						.about = "write the results of run directories as records",
						.detail = "Without DIR: every run under the runs root.",
						.opts = opts,
						.max_args = -1 };
	auto_free char *root = NULL;
	int n;

	argv = start(&program, argc, argv, &n);
	if (newest && n)
		die_usage("--newest takes no DIR");
	if (newest) {
		read_newest();
		return 0;
	}
	if (!n)
		read_root(root = runs_root());
	for (int i = 0; i < n; i++)
		if (pool)
			read_root(argv[i]);
		else
			read_run(argv[i]);
	return 0;
}

/* --- list -------------------------------------------------------------- */

static void complain(const char *path, const char *kind, const struct err *e)
{
	fprintf(stderr, "ktstr_test: %s %s: %s\n", kind, path, e->text);
}

static void list_run(struct table *t, const struct run *run)
{
	auto_free char *date = NULL, *arch = NULL, *count = NULL;
	auto_strv struct strv paths = { 0 };
	size_t tests = 0;
	struct err e;

	if (pool_files(run->path, &paths, &e) < 0)
		warn("%s", e.text);
	for (size_t i = 0; i < paths.n; i++) {
		auto_str struct str text = { 0 };
		struct sidecar s;

		if (!load(paths.v[i], &s, &text, complain))
			continue;
		tests++;
		if (*s.timestamp && (!date || strcmp(s.timestamp, date) < 0))
			put(&date, xstrdup(s.timestamp));
		if (!arch && s.host && s.host->arch)
			arch = xstrdup(s.host->arch);
		sidecar_release(&s);
	}
	count = xasprintf("%zu", tests);
	table_cell(t, run->name);
	table_cell(t, count);
	table_cell(t, date ? date : "-");
	table_cell(t, arch ? arch : "-");
}

static int verb_list(int argc, char **argv)
{
	static const struct program program = { .name = "ktstr-sidecar list", .about = "list the runs there are" };
	static const char *const heads[] = { "RUN", "TESTS", "DATE", "ARCH" };
	auto_free char *root = runs_root();
	struct table t;
	struct run *runs;
	size_t n;

	start(&program, argc, argv, NULL);
	n = pool_runs(root, false, &runs);
	if (!n)
		fprintf(stderr, "no runs found at %s. Run `cargo ktstr test` to generate sidecar data.\n", root);
	table_init(&t, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_cell(&t, heads[i]);
	for (size_t i = 0; i < n; i++)
		list_run(&t, &runs[i]);
	if (n)
		table_print(&t, stdout);
	table_release(&t);
	runs_release(runs, n);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = { { "write", verb_write }, { "read", verb_read }, { "list", verb_list } };

/* What the dispatcher may ask for and this version cannot do. */
static const char *const later[][2] = { { "host", "show-host" }, { "explain", "explain-sidecar" } };

static void no_such_verb(const char *word)
{
	static const char *const names[] = { "write", "read", "list", NULL };
	const char *near = suggest(word, names);

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (strcmp(word, later[i][0]) == 0)
			die("stats %s is not available in this version", later[i][1]);
	if (near)
		die_usage("unrecognized subcommand '%s'\n\n  tip: a similar subcommand exists: '%s'", word, near);
	die_usage("unrecognized subcommand '%s'", word);
}

int main(int argc, char **argv)
{
	static struct program program = { .name = "ktstr-sidecar",
					  .args = "write|read|list",
					  .about = "write, read and list result files",
					  .min_args = 1,
					  .tail = true };
	char **words;
	int n;

	words = start(&program, argc, argv, &n);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(words[0], verbs[i].name) == 0)
			return finish(verbs[i].run(n, words));
	if (words[0][0] == '-') {
		program.tail = false;
		start(&program, n + 1, argv, &n);
	}
	no_such_verb(words[0]);
}
