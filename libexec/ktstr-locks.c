/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-locks: every lock file of ours on this host, who holds it and who
 * waits. It only looks: no file is opened, no lock taken.
 */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/lockers.h"
#include "base/term.h"
#include "cli/jq.h"
#include "host/llc.h"
#include "json/write.h"
#include "kernel/cache.h"
#include "result/place.h"

#define ONCE      ULLONG_MAX
#define WATCH_MIN 10000000 /* ns: faster than anybody reads */

static bool json;
static const char *jq;
static unsigned long long watch = ONCE;

static struct opt opts[] = {
	{ "json", 0, OPT_FLAG, &json, NULL, "print JSON; one line a snapshot with --watch" },
	JQ_OPT(&jq),
	{ "watch", 0, OPT_TIME, &watch, "DURATION", "show it again at this interval: 100ms, 1s, 5m" },
	{ 0 },
};

static const struct program program = {
	.name = "ktstr-locks",
	.about = "Show who holds locks on CPUs, cache entries and runs",
	.opts = opts,
};

struct row {
	char *key, *path;
	unsigned long index; /* of an LLC or a CPU */
	long node;           /* -1: not known */
	const struct locker *lockers;
	size_t n_lockers;
};

/* One kind of lock, and the directory its files lie in. */
struct section {
	const char *json, *json_key, *title, *column;
	const char *prefix; /* of file names; the rest is a number */
	struct row *v;
	size_t n, cap;
};

enum { LLCS, CPUS, CACHE, RUNS, SECTIONS };

struct snapshot {
	struct section s[SECTIONS];
	struct lockers lockers;
};

static void snapshot_init(struct snapshot *all)
{
	*all = (struct snapshot){ .s = {
					  [LLCS] = { "llcs", "llc_idx", "LLC locks:", "LLC", .prefix = "ktstr-llc-" },
					  [CPUS] = { "cpus", "cpu", "Per-CPU locks:", "CPU", .prefix = "ktstr-cpu-" },
					  [CACHE] = { "cache", "cache_key", "Cache-entry locks:", "CACHE KEY" },
					  [RUNS] = { "run_dirs", "run_key", "Run-dir locks:", "RUN KEY" },
				  } };
}

static long node_of(const struct llc_map *map, int kind, unsigned long index)
{
	const struct llc *l = NULL;

	if (kind == LLCS && index < map->n)
		l = &map->llc[index];
	else if (kind == CPUS && index < CPUS_MAX)
		l = llc_of(map, (uint32_t)index);
	return l ? (long)l->node : -1;
}

/* Add the file when its name is one of this section. */
static void take(struct snapshot *all, int kind, const char *dir, const char *name, const struct llc_map *map)
{
	struct section *s = &all->s[kind];
	struct row r = { .node = -1 };
	unsigned long long number;
	auto_free char *key = NULL;

	if (!ends_with(name, ".lock") || (s->prefix && !starts_with(name, s->prefix)))
		return;
	name += s->prefix ? strlen(s->prefix) : 0;
	key = xstrndup(name, strlen(name) - strlen(".lock"));
	if (s->prefix && (parse_u64(key, &number) < 0 || number >= 1u << 31))
		return;
	if (s->prefix)
		r.index = (unsigned long)number;
	r.node = node_of(map, kind, r.index);
	r.path = xasprintf("%s/%s%s", dir, s->prefix ? s->prefix : "", name);
	r.key = xstrdup(key);
	r.lockers = lockers_of(&all->lockers, r.path, &r.n_lockers);
	GROW(s->v, s->n, s->cap);
	s->v[s->n++] = r;
}

static void scan(struct snapshot *all, int from, int to, const char *dir, const struct llc_map *map)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d && (f = readdir(d)))
		for (int kind = from; kind <= to; kind++)
			take(all, kind, dir, f->d_name, map);
	if (d)
		closedir(d);
}

static int in_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void look(struct snapshot *all, const struct llc_map *map)
{
	const char *dir = env_get(ENV_LOCK_DIR) ? env_get(ENV_LOCK_DIR) : "/tmp";
	struct err ignored;
	auto_free char *cache = cache_root(&ignored);
	auto_free char *runs = runs_root();
	auto_free char *cache_locks = cache ? xasprintf("%s/.locks", cache) : NULL;
	auto_free char *run_locks = xasprintf("%s/.locks", runs);

	snapshot_init(all);
	lockers_read(&all->lockers);
	scan(all, LLCS, CPUS, dir, map);
	if (cache_locks)
		scan(all, CACHE, CACHE, cache_locks, map);
	scan(all, RUNS, RUNS, run_locks, map);
	for (int i = 0; i < SECTIONS; i++)
		if (all->s[i].n)
			qsort(all->s[i].v, all->s[i].n, sizeof(*all->s[i].v), in_order);
}

static void snapshot_release(struct snapshot *all)
{
	for (int i = 0; i < SECTIONS; i++) {
		for (size_t k = 0; k < all->s[i].n; k++) {
			free(all->s[i].v[k].key);
			free(all->s[i].v[k].path);
		}
		free(all->s[i].v);
	}
	lockers_release(&all->lockers);
}

static const char *mode(const struct locker *k)
{
	return k->write ? "WRITE" : "READ";
}

static void json_lockers(struct jw *w, const struct row *r, bool waiting)
{
	jw_key(w, waiting ? "waiters" : "holders");
	jw_array(w);
	for (size_t i = 0; i < r->n_lockers; i++) {
		auto_str struct str cmdline = { 0 };

		if (r->lockers[i].waiting != waiting)
			continue;
		str_add_cmdline(&cmdline, r->lockers[i].pid);
		jw_object(w);
		jw_key_i64(w, "pid", r->lockers[i].pid);
		jw_key_str(w, "cmdline", str_c(&cmdline));
		jw_key_str(w, "mode", mode(&r->lockers[i]));
		jw_end(w);
	}
	jw_end(w);
}

static void json_row(struct jw *w, const struct section *s, const struct row *r)
{
	jw_object(w);
	if (s->prefix) {
		jw_key_u64(w, s->json_key, r->index);
		jw_key(w, "numa_node");
		if (r->node >= 0)
			jw_i64(w, r->node);
		else
			jw_null(w);
	} else {
		jw_key_str(w, s->json_key, r->key);
	}
	jw_key_str(w, "lockfile", r->path);
	json_lockers(w, r, false);
	json_lockers(w, r, true);
	jw_end(w);
}

static void as_json(const struct snapshot *all, struct str *out)
{
	struct jw w;

	jw_init(&w, out, watch == ONCE ? 2 : 0);
	jw_object(&w);
	for (int i = 0; i < SECTIONS; i++) {
		jw_key(&w, all->s[i].json);
		jw_array(&w);
		for (size_t k = 0; k < all->s[i].n; k++)
			json_row(&w, &all->s[i], &all->s[i].v[k]);
		jw_end(&w);
	}
	jw_end(&w);
	str_addc(out, '\n');
}

/* A line each: "812 (make -j4) READ", "813 (…) waits for WRITE". */
static void people(struct table *t, const struct row *r)
{
	auto_str struct str text = { 0 };

	for (size_t i = 0; i < r->n_lockers; i++) {
		const struct locker *k = &r->lockers[i];

		str_addf(&text, "%s%ld (", i ? "\n" : "", k->pid);
		str_add_cmdline(&text, k->pid);
		str_addf(&text, ") %s%s", k->waiting ? "waits for " : "", mode(k));
	}
	table_cell(t, text.len ? text.s : "<none recorded>");
}

static void section_table(const struct section *s, FILE *f)
{
	struct table t;

	table_init(&t, s->prefix ? 4 : 3);
	table_cell(&t, s->column);
	if (s->prefix)
		table_cell(&t, "NODE");
	table_cell(&t, "LOCKFILE");
	table_cell(&t, "HOLDERS");
	for (size_t i = 0; i < s->n; i++) {
		auto_free char *node = s->v[i].node >= 0 ? xasprintf("%ld", s->v[i].node) : xstrdup("?");

		table_cell(&t, s->v[i].key);
		if (s->prefix)
			table_cell(&t, node);
		table_cell(&t, s->v[i].path);
		people(&t, &s->v[i]);
	}
	table_print(&t, f);
	table_release(&t);
}

static void as_text(const struct snapshot *all, struct str *out)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		die_sys("print");
	if (watch != ONCE)
		fputs("\033[2J\033[H", f);
	for (int i = 0; i < SECTIONS; i++) {
		fprintf(f, "%s%s\n", i ? "\n" : "", all->s[i].title);
		if (all->s[i].n)
			section_table(&all->s[i], f);
		else
			fputs("  (none)\n", f);
	}
	if (fclose(f) != 0)
		die_sys("print");
	str_addn(out, text, n);
	free(text);
}

static void show(const struct llc_map *map)
{
	auto_str struct str out = { 0 };
	struct snapshot all;

	look(&all, map);
	if (json)
		as_json(&all, &out);
	else
		as_text(&all, &out);
	snapshot_release(&all);
	if (write_all(STDOUT_FILENO, out.s, out.len) < 0)
		die_sys("write to stdout");
}

/* There is nothing to put in order, whatever is going on. */
static void on_interrupt(int sig)
{
	(void)sig;
	_exit(0);
}

static void pause_for(unsigned long long ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) != 0)
		;
}

int main(int argc, char **argv)
{
	struct llc_map map;
	struct err ignored;
	int n;

	start(&program, argc, argv, &n);
	jq_begin(jq);
	/* without it nodes are not known */
	if (llc_map_read(&map, NULL, &ignored) < 0)
		map.n = 0;
	if (watch != ONCE) {
		signal(SIGINT, on_interrupt);
		if (watch < WATCH_MIN)
			watch = WATCH_MIN;
	}
	do {
		show(&map);
		if (watch != ONCE)
			pause_for(watch);
	} while (watch != ONCE);
	llc_map_release(&map);
	return finish(0);
}
