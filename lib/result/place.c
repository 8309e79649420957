/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "result/mark.h"
#include "result/runner.h"
#include "result/sidecar.h"
#include "result/target.h"

#define LOCK_WAIT_MS 30000
#define RUNS_KEPT    64

char *runs_root(void)
{
	auto_free char *target = target_dir();

	return xasprintf("%s/ktstr", target);
}

/* Remove the regular files whose names the claim fits; nothing else. */
static void remove_files(const char *path, bool (*fits)(const char *name, const char *arg), const char *arg)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	struct stat st;

	while (dir && (d = readdir(dir))) {
		auto_free char *file = xasprintf("%s/%s", path, d->d_name);

		if (fits(d->d_name, arg) && lstat(file, &st) == 0 && S_ISREG(st.st_mode))
			unlink(file);
	}
	if (dir)
		closedir(dir);
}

/* A result, or what a killed writer left of one. */
static bool is_result(const char *name, const char *arg)
{
	(void)arg;
	return is_sidecar_name(name) || strstr(name, ".ktstr.json.tmp.");
}

static void empty_dir(const char *path)
{
	remove_files(path, is_result, NULL);
}

static void begin_run(struct mark *m, const char *dir, const char *token, const char *label)
{
	struct strv runs = { 0 };

	empty_dir(dir);
	for (size_t i = 0; i < m->others.n; i++) {
		auto_free char *sub = xasprintf("%s/%s", dir, m->others.v[i]);

		if (strchr(m->others.v[i], '/') || m->others.v[i][0] == '.')
			continue;
		empty_dir(sub);
		rmdir(sub);
	}
	for (size_t i = m->runs.n >= RUNS_KEPT ? m->runs.n - RUNS_KEPT + 1 : 0; i < m->runs.n; i++)
		strv_add(&runs, m->runs.v[i]);
	strv_add(&runs, token);
	strv_release(&m->runs);
	strv_release(&m->others);
	m->runs = runs;
	free(m->label);
	m->label = xstrdup(label);
}

/* A name for one path component; what had to be replaced is told apart by a
 * checksum, so that two labels never share a directory. */
static char *component(const char *text)
{
	char *name = xasprintf("%.120s", text);
	bool changed = strlen(text) > 120;

	for (char *p = name; *p; p++) {
		bool plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
			     (*p && strchr("_-+:~", *p)) || (*p == '.' && p > name);

		if (!plain) {
			*p = '_';
			changed = true;
		}
	}
	if (changed || !*name) {
		char *marked = xasprintf("%s~%08x", name, crc32_bytes(0, text, strlen(text)));

		free(name);
		name = marked;
	}
	return name;
}

/* What writers killed while they saved a mark left of it. */
static void sweep_marks(const char *path)
{
	auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	auto_free char *prefix = xasprintf("%s.tmp.", strrchr(path, '/') + 1);

	remove_files(dir, starts_with, prefix);
}

/* Another kernel has the directory: use a sub-directory of it. */
static int move_aside(struct place *p, struct mark *m, const char *label, bool *changed, struct err *e)
{
	auto_free char *name = component(label);
	char *sub = xasprintf("%s/%s", p->dir, name);

	free(p->dir);
	p->dir = sub;
	if (!strv_has(&m->others, name)) {
		strv_add(&m->others, name);
		*changed = true;
	}
	return make_dirs(sub, e);
}

/* Under the lock: a new run empties the directory, a second kernel moves to
 * its sub-directory. */
static int settle(struct place *p, const char *path, const char *label, struct err *e)
{
	auto_free char *token = run_token();
	struct mark m;
	bool changed;
	int rc = 0;

	mark_load(&m, path);
	p->first = changed = !strv_has(&m.runs, token);
	if (p->first) {
		sweep_marks(path);
		begin_run(&m, p->dir, token, label);
	}
	changed |= mark_runner(&m);
	if (*label && !*m.label) {
		free(m.label);
		m.label = xstrdup(label);
		changed = true;
	}
	if (*label && strcmp(m.label, label) != 0)
		rc = move_aside(p, &m, label, &changed, e);
	if (rc == 0 && changed)
		rc = mark_save(&m, path, e);
	mark_release(&m);
	return rc;
}

static int open_run(struct place *p, const char *version, const char *commit, const char *label, struct err *e)
{
	auto_free char *root = runs_root();
	auto_free char *kernel = version ? component(version) : xstrdup("unknown");
	auto_free char *leaf = xasprintf("%s-%s", kernel, commit ? commit : "unknown");
	auto_free char *lock = xasprintf("%s/.locks/%s.lock", root, leaf);
	auto_free char *mark = mark_path(root, leaf);
	auto_free char *what = NULL;
	int rc;

	p->dir = xasprintf("%s/%s", root, leaf);
	what = xasprintf("run directory %s", p->dir);
	rc = lock_take(&p->lock, lock, LOCK_EXCLUSIVE, LOCK_WAIT_MS, what, e);
	if (rc > 0)
		err_hint(e, "another cargo ktstr test is writing to the same directory");
	/* only now: under our lock nobody removes the run */
	if (rc || make_dirs(p->dir, e) < 0)
		return -1;
	return settle(p, mark, label ? label : "", e);
}

int place_open(struct place *p, const char *version, const char *commit, const char *label, struct err *e)
{
	const char *fixed = env_get(ENV_SIDECAR_DIR);
	int rc;

	*p = (struct place){ .lock = LOCK_NONE };
	if (fixed) {
		p->dir = xstrdup(fixed);
		rc = make_dirs(fixed, e);
	} else {
		rc = open_run(p, version, commit, label, e);
	}
	if (rc < 0)
		place_close(p);
	return rc;
}

void place_close(struct place *p)
{
	lock_drop(&p->lock);
	free(p->dir);
	p->dir = NULL;
}
