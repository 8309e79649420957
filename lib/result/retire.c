/* SPDX-License-Identifier: GPL-2.0-only */
#include "result/retire.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "result/index.h"
#include "result/mark.h"

int run_lock(struct lock *l, const char *root, const char *run, int timeout_ms, struct err *e)
{
	auto_free char *path = xasprintf("%s/.locks/%s.lock", root, run);
	auto_free char *what = xasprintf("run directory %s/%s", root, run);

	return lock_take(l, path, LOCK_EXCLUSIVE, timeout_ms, what, e);
}

int run_remove(const char *root, const char *run, struct err *e)
{
	/* two levels below a directory of the pool no reader looks */
	auto_free char *graves = xasprintf("%s/.locks/removed", root);
	auto_free char *grave = xasprintf("%s/%s.%d", graves, run, (int)getpid());
	auto_free char *dir = xasprintf("%s/%s", root, run);
	auto_free char *mark = mark_path(root, run);
	auto_free char *index = index_path(root, run);
	struct err ignored;
	bool gone;
	int rc;

	/* whoever else removes a run takes the directory of graves with him; one
	 * who was killed may have had our process id in a container before us */
	do
		if (remove_tree(grave, e) < 0 || make_dirs(graves, e) < 0)
			return -1;
	while ((rc = rename(dir, grave)) < 0 && errno == ENOENT && is_dir(dir));
	gone = rc < 0 && errno == ENOENT;
	if (rc < 0 && !gone)
		return err_sys(e, "remove %s", dir);
	unlink(mark);
	unlink(index);
	if (remove_tree(grave, e) < 0)
		return -1;
	remove_tree(graves, &ignored);
	return gone;
}
