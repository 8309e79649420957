/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/reader.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "result/index.h"
#include "result/listing.h"
#include "result/load.h"
#include "result/pool.h"
#include "result/texts.h"

#define JOB_FILES   64 /* files in one job */
#define RING        32 /* jobs that wait, run or are done */
#define THREADS_MAX 8

/* A run that is being read, until the last of its jobs has been given. */
struct run_state {
	char *dir, *name;
	struct listing files;
	size_t given;       /* files whose outcome has been given */
	struct texts hosts; /* ids, tag[0]: number in contexts + 1; tag[1]: written to out */
	struct strv contexts;
	struct index_out out;
	bool fresh; /* nothing seems to have come or gone since the index was made */
	bool stale; /* and yet something had changed */
	bool young; /* some file may change unseen */
	char *index;
};

struct job {
	struct run_state *run;
	size_t first, n;
	struct str known;     /* entries of the index */
	size_t at[JOB_FILES]; /* a file's entry in known, or NOWHERE */
	struct str out;       /* entries, in the order of the files */
	size_t loaded;        /* files that the index should have known */
	bool done;
};
#define NOWHERE SIZE_MAX

struct reader {
	struct sink sink;
	bool whole;
	struct reader_counts counts;
	struct texts hosts; /* ids that were given to the sink */
	struct str path;    /* of the result being given */
	struct job ring[RING];
	size_t pushed, taken, given;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t threads[THREADS_MAX];
	int n_threads;
	bool stop;
};

/* --- the threads ------------------------------------------------------- */

/* The index may have been made by somebody who may read more. */
static bool may_read(int dir, const char *name, const struct stat *st)
{
	return (st->st_mode & 0444) == 0444 || faccessat(dir, name, R_OK, AT_EACCESS) == 0;
}

static bool still_so(const struct job *j, const struct entry *en, const char *name)
{
	int dir = j->run->files.fd;
	struct stat st;

	return entry_intact(en) && fstatat(dir, name, &st, 0) == 0 && entry_matches(en, &st) &&
	       may_read(dir, name, &st);
}

static void do_job(struct loader *l, struct job *j, bool whole)
{
	char sent[HOST_ID_MAX] = "";

	for (size_t i = 0; i < j->n; i++) {
		const char *name = j->run->files.names[j->first + i];
		auto_free char *path = whole ? xasprintf("%s/%s", j->run->dir, name) : NULL;
		const struct load_from from = { j->run->files.fd, name, path, j->run->name };

		if (j->at[i] != NOWHERE) {
			const struct entry *en = (const struct entry *)(j->known.s + j->at[i]);

			if (still_so(j, en, name)) {
				str_addn(&j->out, en, entry_bytes(en));
				continue;
			}
		}
		if (load_file(l, &from, &j->out, sent) != ENTRY_UNREADABLE)
			j->loaded++;
	}
}

static void *worker(void *arg)
{
	struct reader *rd = arg;
	struct loader l = { 0 };

	pthread_mutex_lock(&rd->lock);
	for (;;) {
		struct job *j;

		while (rd->taken == rd->pushed && !rd->stop)
			pthread_cond_wait(&rd->work, &rd->lock);
		if (rd->taken == rd->pushed)
			break;
		j = &rd->ring[rd->taken++ % RING];
		pthread_mutex_unlock(&rd->lock);
		do_job(&l, j, rd->whole);
		pthread_mutex_lock(&rd->lock);
		j->done = true;
		pthread_cond_signal(&rd->done);
	}
	pthread_mutex_unlock(&rd->lock);
	loader_release(&l);
	return NULL;
}

static void start_threads(struct reader *rd)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

	n = n > THREADS_MAX ? THREADS_MAX : n;
	while (rd->n_threads < n && pthread_create(&rd->threads[rd->n_threads], NULL, worker, rd) == 0)
		rd->n_threads++;
	if (!rd->n_threads)
		die("cannot start a thread");
}

/* --- giving ------------------------------------------------------------ */

static void learn_host(struct run_state *run, const struct entry *en)
{
	struct text *t = texts_slot(&run->hosts, en->host, sizeof(en->host));

	if (t->tag[0])
		return;
	strv_give(&run->contexts, xstrndup(entry_text(en), en->text_n));
	t->tag[0] = (uint32_t)run->contexts.n;
}

static void give_host(struct reader *rd, struct run_state *run, const char *id)
{
	struct text *given = texts_slot(&rd->hosts, id, HOST_ID_MAX - 1), *known;
	const char *context;

	if (given->tag[0]++ || !rd->sink.host)
		return;
	known = texts_slot(&run->hosts, id, HOST_ID_MAX - 1);
	context = run->contexts.v[known->tag[0] - 1];
	rd->sink.host(rd->sink.ctx, id, (struct slice){ context, strlen(context) });
}

static void write_index(struct run_state *run, const struct entry *en)
{
	if (en->kind == ENTRY_ROW && en->host[0]) {
		struct text *t = texts_slot(&run->hosts, en->host, sizeof(en->host));

		if (!t->tag[1]++) {
			auto_str struct str bytes = { 0 };
			struct entry host = { .kind = ENTRY_HOST };
			const char *context = run->contexts.v[t->tag[0] - 1];

			memcpy(host.host, en->host, sizeof(host.host));
			entry_add(&bytes, host, "", context, strlen(context));
			index_put(&run->out, (const struct entry *)bytes.s);
		}
	}
	if ((en->kind == ENTRY_ROW || en->kind == ENTRY_CORRUPT) && !en->young)
		index_put(&run->out, en);
	run->young |= en->young;
}

static void give_entry(struct reader *rd, struct run_state *run, const struct entry *en)
{
	char id[HOST_ID_MAX] = "";
	struct result res = { .kind = en->kind,
			      .run = run->name,
			      .text = { entry_text(en), en->text_n },
			      .source_at = en->source_at,
			      .source_n = en->source_n };

	str_clear(&rd->path);
	str_add(&rd->path, run->dir);
	str_addc(&rd->path, '/');
	str_addn(&rd->path, entry_name(en), en->name_n);
	res.path = rd->path.s;
	res.file = rd->path.s + rd->path.len - en->name_n;
	if (en->host[0]) {
		memcpy(id, en->host, sizeof(en->host));
		res.host = id;
		give_host(rd, run, id);
	}
	rd->counts.files++;
	rd->counts.rows += en->kind == ENTRY_ROW;
	rd->counts.corrupt += en->kind == ENTRY_CORRUPT;
	rd->counts.unreadable += en->kind == ENTRY_UNREADABLE;
	rd->sink.result(rd->sink.ctx, &res);
}

static void end_run(struct run_state *run)
{
	if (run->index && !run->fresh)
		index_end(&run->out, run->young ? 0 : run->files.stamp, true);
	/* a file was changed in place: the next reader starts anew */
	if (run->fresh && run->stale)
		remove(run->index);
	listing_release(&run->files);
	texts_release(&run->hosts);
	strv_release(&run->contexts);
	free(run->index);
	free(run->dir);
	free(run->name);
	free(run);
}

static void give_job(struct reader *rd)
{
	struct job *j = &rd->ring[rd->given % RING];
	struct run_state *run = j->run;

	pthread_mutex_lock(&rd->lock);
	while (!j->done)
		pthread_cond_wait(&rd->done, &rd->lock);
	pthread_mutex_unlock(&rd->lock);
	for (size_t at = 0; at < j->out.len;) {
		const struct entry *en = (const struct entry *)(j->out.s + at);

		at += entry_bytes(en);
		if (en->kind == ENTRY_HOST) {
			learn_host(run, en);
			continue;
		}
		if (run->index && !run->fresh)
			write_index(run, en);
		give_entry(rd, run, en);
	}
	run->stale |= j->loaded > 0;
	rd->given++;
	run->given += j->n;
	if (run->given == run->files.n)
		end_run(run);
}

/* --- jobs -------------------------------------------------------------- */

/* The next job of the ring, empty; gives what stands in its place first. */
static struct job *next_job(struct reader *rd, struct run_state *run, size_t first)
{
	size_t n = run->files.n - first, most = rd->whole ? 4 : JOB_FILES;
	struct job *j;

	if (rd->pushed - rd->given == RING)
		give_job(rd);
	j = &rd->ring[rd->pushed % RING];
	j->run = run;
	j->first = first;
	j->n = n < most ? n : most;
	j->loaded = 0;
	j->done = false;
	str_clear(&j->known);
	str_clear(&j->out);
	return j;
}

static void push(struct reader *rd)
{
	pthread_mutex_lock(&rd->lock);
	rd->pushed++;
	pthread_cond_signal(&rd->work);
	pthread_mutex_unlock(&rd->lock);
	if (!rd->n_threads)
		start_threads(rd);
}

static int compare_name(const struct entry *en, const char *name)
{
	size_t n = strlen(name), m = en->name_n < n ? en->name_n : n;
	int c = memcmp(entry_name(en), name, m);

	return c ? c : (en->name_n > n) - (en->name_n < n);
}

static bool host_known(struct run_state *run, const struct entry *en)
{
	return !en->host[0] || texts_slot(&run->hosts, en->host, sizeof(en->host))->tag[0];
}

/* The index's entry of a file, or NULL; *en is the next one not used. Both the
 * files and the entries are sorted. */
static const struct entry *look_up(struct run_state *run, struct index_in *in, const struct entry **en,
				   const char *name)
{
	const struct entry *found;

	for (; *en; *en = index_next(in)) {
		if ((*en)->kind == ENTRY_HOST) {
			if (entry_intact(*en))
				learn_host(run, *en);
			continue;
		}
		if (compare_name(*en, name) >= 0)
			break;
	}
	if (!*en || compare_name(*en, name) != 0)
		return NULL;
	found = *en;
	*en = NULL;
	return (found->kind == ENTRY_ROW || found->kind == ENTRY_CORRUPT) && host_known(run, found) ? found : NULL;
}

static void make_jobs(struct reader *rd, struct run_state *run, struct index_in *in)
{
	const struct entry *en = index_next(in), *found;
	size_t total = run->files.n;

	for (size_t first = 0; first < total;) {
		struct job *j = next_job(rd, run, first);

		for (size_t i = 0; i < j->n; i++) {
			j->at[i] = NOWHERE;
			if (!en)
				en = index_next(in);
			found = en ? look_up(run, in, &en, run->files.names[first + i]) : NULL;
			if (!found)
				continue;
			j->at[i] = j->known.len;
			str_addn(&j->known, found, entry_bytes(found));
		}
		first += j->n;
		push(rd);
	}
}

int reader_run(struct reader *rd, const char *dir, const char *index, struct err *e)
{
	struct run_state *run = xcalloc(1, sizeof(*run));
	struct index_in in = { .fd = -1, .end = true };

	if (listing_read(&run->files, dir, e) < 0) {
		free(run);
		return -1;
	}
	run->dir = xstrdup(dir);
	run->name = run_name(dir);
	if (!run->files.n) {
		end_run(run);
		return 0;
	}
	if (index && !rd->whole) {
		run->index = xstrdup(index);
		index_open(&in, index);
		run->fresh = in.stamp && in.stamp == run->files.stamp;
		if (!run->fresh)
			index_begin(&run->out, index);
	}
	make_jobs(rd, run, &in);
	index_close(&in);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct run *)a)->path, ((const struct run *)b)->path);
}

void reader_pool(struct reader *rd, const char *root)
{
	struct run *runs;
	size_t n = pool_runs(root, true, &runs);
	struct err e;

	if (!is_dir(root))
		warn("read directory %s: no such directory", root);
	if (n)
		qsort(runs, n, sizeof(*runs), by_path);
	for (size_t i = 0; i < n; i++) {
		auto_free char *index = index_path(root, runs[i].name);

		/* one that was pruned meanwhile is no longer of the pool */
		if (strcmp(runs[i].name, INDEX_DIR) != 0 && reader_run(rd, runs[i].path, index, &e) < 0 &&
		    path_exists(runs[i].path))
			warn("%s", e.text);
	}
	runs_release(runs, n);
	index_sweep(root);
}

struct reader *reader_new(const struct sink *sink, bool whole)
{
	struct reader *rd = xcalloc(1, sizeof(*rd));

	rd->sink = *sink;
	rd->whole = whole;
	pthread_mutex_init(&rd->lock, NULL);
	pthread_cond_init(&rd->work, NULL);
	pthread_cond_init(&rd->done, NULL);
	return rd;
}

struct reader_counts reader_end(struct reader *rd)
{
	struct reader_counts counts;

	while (rd->given < rd->pushed)
		give_job(rd);
	pthread_mutex_lock(&rd->lock);
	rd->stop = true;
	pthread_cond_broadcast(&rd->work);
	pthread_mutex_unlock(&rd->lock);
	for (int i = 0; i < rd->n_threads; i++)
		pthread_join(rd->threads[i], NULL);
	for (size_t i = 0; i < RING; i++) {
		str_release(&rd->ring[i].known);
		str_release(&rd->ring[i].out);
	}
	texts_release(&rd->hosts);
	str_release(&rd->path);
	counts = rd->counts;
	free(rd);
	return counts;
}

void result_complain(const struct result *res)
{
	load_complain(res->kind, res->path, res->text.s, res->text.n);
}
