/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that appear whole or not at all, directories, temporary trees.
 * Paths returned are the caller's to free.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* Append everything the descriptor still has to out. */
int read_fd(int fd, struct str *out, struct err *e);
/* Append a whole file to out: 0, or -1 with errno kept ("read PATH: …"). */
int read_file(const char *path, struct str *out, struct err *e);
/* A small file's text without blanks around it, the caller's to free; NULL
 * when it is empty or cannot be read. */
char *file_text(const char *path);
/* Write all of it: 0, or -1 with errno set. */
int write_all(int fd, const void *p, size_t n);

/* Write PATH as a whole: a temporary file beside it, fsync, rename, fsync of
 * the directory. On failure nothing is left and the old file stands. */
int write_file(const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* Write what its readers check, and can do without: nothing waits for the
 * disk, and after a crash the file may be cut. Gone after a failure. */
int write_soon(const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* Remove what killed write_files left beside the files of dir. */
void temp_file_sweep(const char *dir);
/* Whether it is the name of such a file: "counts.tmp.4711.000001". */
bool temp_file_name(const char *name);

/* Copy a file's bytes; dst must not exist, and does not after a failure. The
 * copy is on its way to disk, and there after a sync_file. */
int copy_file(const char *src, const char *dst, mode_t mode, struct err *e);

/* Take the standard descriptors that are closed, so that no pipe and no file
 * gets one of their numbers; reading or writing there goes on failing. */
void hold_standard(void);

/* Start writing the file's bytes to disk, and do not wait. */
void sync_soon(int fd);
/* Flush a file to disk. */
int sync_file(const char *path, struct err *e);

/* Flush a directory's entries to disk. */
int sync_dir(const char *path, struct err *e);

/* mkdir -p. */
int make_dirs(const char *path, struct err *e);

/* rm -rf; a path that is not there is success. Never follows links. */
int remove_tree(const char *path, struct err *e);
/* The same by several threads, for tens of thousands of files. */
int remove_large_tree(const char *path, struct err *e);
/* remove_tree for what somebody else left: nobody waits for it, so a failure is
 * none, and stop_wanted (base/stop.h) ends it halfway. */
void sweep_tree(const char *path);

/* Absolute path with every link resolved, or NULL with errno set. */
char *real_path(const char *path);
bool path_exists(const char *path);
bool is_dir(const char *path);
bool is_file(const char *path);
/* Whether the open file is the one that the path names now. */
bool is_still(int fd, const char *path);

/* $TMPDIR or /tmp, as an absolute path: what lies there is used by programs
 * that run in other directories. Caller frees. */
char *temp_root(void);

/*
 * A temporary directory that dies with its holder: dir is an empty directory
 * under $TMPDIR, held by a lock on it. Making one first removes those whose
 * holder is gone, so nothing a killed process left outlives the next run.
 */
struct temp_dir {
	char *path;
	int fd;
};
int temp_dir_make(struct temp_dir *t, struct err *e);
void temp_dir_remove(struct temp_dir *t);

/* The same two inside a given directory, with a given name prefix. */
int held_dir_make(struct temp_dir *t, const char *parent, const char *prefix, struct err *e);
void held_dir_sweep(const char *parent, const char *prefix);

/* CRC-32 as zlib computes it (IEEE 802.3, reflected), start with 0. */
uint32_t crc32_bytes(uint32_t crc, const void *p, size_t n);

#endif
