/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Labels: what a kernel is called in test names and reports. A raw label is
 * what KTSTR_KERNEL_LIST carries; the sanitized form is an identifier. Strings
 * returned are the caller's to free. Labels made of what users name hold no
 * ';' and no '=', which separate them there.
 */
#ifndef KERNEL_LABEL_H
#define KERNEL_LABEL_H

#include "base/err.h"

/* "6.15-rc3", "local_deadbe", or the key itself when it has no known shape. */
char *label_of_key(const char *key);

/* "git_{owner}_{repo}_{ref}"; the owner is the directory the repository is in,
 * and left out where there is none. */
char *label_of_git(const char *url, const char *ref);

/* The label of key where it is told from another key of the same label: the
 * parts that say how it was configured and that only key has come behind it.
 * It is the label itself when there are none. */
char *label_beside(const char *label, const char *key, const char *other);

/* "path_{basename}_{low 24 bits of the path's crc32}" of a canonical path. */
char *label_of_path(const char *canonical);

/* "kernel_" and the label in lower-case letters, digits and single '_'. */
char *label_sanitize(const char *label);

#endif
