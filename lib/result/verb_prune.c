/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-runs prune: remove all but the newest runs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/opt.h"
#include "result/mark.h"
#include "result/place.h"
#include "result/pool.h"
#include "result/retire.h"
#include "result/verbs.h"

enum fate {
	STAYS,
	REMOVED,
	VANISHED, /* by somebody else's prune */
};

/* With its lock held. */
static int remove_ended(const char *root, const char *run, enum fate *fate, struct err *e)
{
	auto_free char *who = run_going_on(root, run);
	int rc;

	if (who) {
		note("%s is still going on and stays (%s)", run, who);
		return 0;
	}
	rc = run_remove(root, run, e);
	*fate = rc > 0 ? VANISHED : REMOVED;
	return rc;
}

static enum fate prune_run(const char *root, const struct run *run)
{
	struct lock lock = LOCK_NONE;
	enum fate fate = STAYS;
	struct err e;
	int rc = run_lock(&lock, root, run->name, 0, &e);

	if (rc > 0)
		note("%s is being written to and stays", run->name);
	if (rc == 0)
		rc = remove_ended(root, run->name, &fate, &e);
	lock_drop(&lock);
	if (rc < 0)
		die_err(&e);
	return fate;
}

/* The same without doing it. */
static enum fate would_be(const char *root, const struct run *run)
{
	auto_free char *who = run_going_on(root, run->name);

	if (who)
		note("%s is still going on and would stay (%s)", run->name, who);
	return who ? STAYS : REMOVED;
}

int runs_prune(int argc, char **argv)
{
	static long keep;
	static const char *dir;
	static bool dry;
	static struct opt opts[] = { { "keep", 0, OPT_INT, &keep, .arg = "N", .help = "keep the N newest runs",
				       .required = true, .min = 0, .max = 1 << 30 },
				     { "dir", 0, OPT_STR, &dir, .arg = "DIR", .help = "prune the runs here" },
				     { "dry-run", 0, OPT_FLAG, &dry, .help = "only say what would be removed" },
				     { 0 } };
	static const struct program program = { .name = "ktstr-runs prune",
						.about = "remove all but the newest runs",
						.opts = opts };
	auto_free char *root = NULL;
	struct run *runs;
	size_t n, of[3] = { 0 };

	start(&program, argc, argv, NULL);
	root = dir ? xstrdup(dir) : runs_root();
	n = pool_runs(root, false, &runs);
	for (size_t i = 0; i < n; i++) {
		enum fate fate = STAYS;

		if (i >= (size_t)keep)
			fate = dry ? would_be(root, &runs[i]) : prune_run(root, &runs[i]);
		if (fate == REMOVED)
			printf("%s %s\n", dry ? "would remove" : "removed", runs[i].name);
		of[fate]++;
	}
	say_line("%zu run(s) %s, %zu kept", of[REMOVED], dry ? "to remove" : "removed", of[STAYS]);
	runs_release(runs, n);
	return 0;
}
