/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel cache: {root}/{key}/{bzImage|Image, vmlinux, metadata.json}, the
 * layout of ktstr 0.5.2. An entry appears by rename and is never changed; the
 * lock {root}/.locks/{key}.lock is held shared by whoever uses an entry and
 * exclusively by whoever removes it or puts one in its place.
 *
 * struct cache_entry owns its strings until cache_entry_release.
 */
#ifndef KERNEL_CACHE_H
#define KERNEL_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"

/* A file of an entry as it was when it was stored. */
struct cache_sum {
	char *name;
	uint64_t size;
	uint32_t crc;
};

struct cache_entry {
	char *key, *dir, *image; /* image: path of the boot image */
	char *version;           /* NULL for git and local sources */
	char *source;            /* "tarball", "git", "local" */
	char *source_tree_path, *git_hash, *git_ref, *git_url;
	char *commit; /* full id of what was built, NULL when not recorded */
	char *arch, *image_name, *built_at;
	char *config_hash, *kconfig_hash, *extra_hash;
	bool has_vmlinux, vmlinux_stripped;
	bool has_vmlinux_size;
	uint64_t vmlinux_size;
	int64_t vmlinux_mtime;
	char *stored_key; /* the key it was stored as; NULL: not recorded */
	struct cache_sum *sums;
	size_t n_sums;
	char *problem;      /* NULL for a valid entry, else why it is corrupt */
	char *problem_kind; /* "missing", "truncated", "image_missing", "damaged", … */
};
void cache_entry_release(struct cache_entry *c);

/* {root} by KTSTR_CACHE_DIR, XDG_CACHE_HOME, HOME; caller frees, NULL with e. */
char *cache_root(struct err *e);

/* The same for another part of the cache than "kernels". KTSTR_CACHE_DIR is
 * the place of every part. */
char *cache_place(const char *part, struct err *e);

/* Make the root, and see that it can be written: 0, or -1 with what to do. */
int cache_check_writable(const char *root, struct err *e);

/* 0 or -1: whether a key may name a directory (no '/', no "..", no dot first). */
int cache_key_check(const char *key, struct err *e);

/* 1: c filled; 0: not cached, or not valid (why in c->problem); -1: see e. */
int cache_find(const char *key, struct cache_entry *c, struct err *e);

/*
 * The same for an entry that is as good as the key's own: of a clean tree, one
 * of the same commit whose final .config is the .config the key names (the
 * first build leaves the file the second one sees); of ktstr 0.5.2, one built
 * with its fragment, which means the same as ours.
 */
int cache_find_equal(const char *key, struct cache_entry *c, struct err *e);

/* The same, and built from that commit as far as the entry tells: seven digits
 * in a key are few. commit may be a beginning of the id, or NULL for any. */
int cache_find_built(const char *key, const char *commit, struct cache_entry *c, struct err *e);

/* crc32 of the fragment of ktstr 0.5.2, whose entries are as good as ours. */
#define CACHE_KCONFIG_0_5_2 "33431046"

/* The entry in a directory, wherever that is; what is wrong with it is in
 * c->problem. */
void cache_load(const char *dir, struct cache_entry *c);

/* Read the entry's files whole and compare them with what was stored: 0, or
 * -1 and why. An entry of ktstr 0.5.2 has nothing to compare with. */
int cache_verify(const struct cache_entry *c, struct err *e);

/* Every entry, valid ones first, newest first; *n of them, caller releases
 * each and frees the array. A missing root is an empty cache. Directories
 * without metadata.json that hold other things are none of ours. */
int cache_list(struct cache_entry **list, size_t *n, struct err *e);

/* The newest valid entry for this machine built with our fragment or with
 * none recorded. Those whose vmlinux does not name what reading a guest's
 * memory needs are passed over with a warning. 1, 0 for none, -1. */
int cache_newest(struct cache_entry *c, struct err *e);

/*
 * Hold an entry while it is in use; at most 10 s of waiting. keep_on_exec
 * leaves the descriptor open across exec. 0, 1 busy, -1. Where no lock can be
 * had, l stays empty and it is 0 too: in a cache that cannot be written
 * nothing is replaced, and on a remote filesystem nothing can be held.
 */
int cache_hold(const char *key, struct lock *l, bool keep_on_exec, struct err *e);
/* The same for the entry in a directory, of whichever cache. */
int cache_hold_dir(const char *dir, struct lock *l, bool keep_on_exec, struct err *e);

/* Remove an entry as it was listed: 0 (also when it is gone already), 1 and
 * why it is kept (somebody uses it; it is another one now; it holds files that
 * are no kernel's), -1. */
int cache_remove(const struct cache_entry *c, struct err *e);

/* Remove what killed stores left. */
void cache_sweep(const char *root);

/* What goes into a new entry. */
struct cache_new {
	const char *key, *version;
	const char *source; /* "tarball", "git", "local" */
	const char *source_tree_path, *git_hash, *git_ref, *git_url;
	const char *commit;   /* full id, or NULL */
	const char *compiler; /* its name and version, or NULL */
	const char *image;    /* file to copy */
	const char *vmlinux;  /* file to strip and copy, or NULL */
	const char *config;   /* final .config, for config_hash */
	const char *kconfig_hash, *extra_hash;
	bool record_vmlinux_stat; /* local trees */
	bool force;               /* replace an equal entry too */
};

/* Copy, strip, write metadata.json, fsync, rename into place: 0 with *dir the
 * entry's directory (caller frees), or -1 with nothing left behind. */
int cache_store(const struct cache_new *n, char **dir, struct err *e);

/*
 * Put an entry that somebody made ready elsewhere in place: dir (from
 * cache_stage_make) holds its files, metadata.json among them, and is looked
 * at once more. 0 with *to the entry's directory; also when an entry under the
 * key is valid already, which then stays. The stage is released either way.
 */
int cache_stage_make(const char *key, struct temp_dir *stage, struct err *e);
int cache_adopt(const char *key, struct temp_dir *stage, char **to, struct err *e);

#endif
