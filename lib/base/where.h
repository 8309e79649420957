/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where our own files are: beside the running program in a build tree or an
 * installed one, at the compiled prefix otherwise. KTSTR_LIBEXEC and
 * KTSTR_SHARE win over both. Paths returned are the caller's to free.
 */
#ifndef BASE_WHERE_H
#define BASE_WHERE_H

/* libexec/ktstr/NAME, e.g. "ktstr-vm". Never NULL; it may not exist. */
char *where_libexec(const char *name);

/* share/ktstr/NAME, e.g. "kconfig/ktstr.kconfig". Never NULL. */
char *where_share(const char *name);

/* share/man/NAME, e.g. "man1/ktstr-vm.1". Never NULL; it may not exist. */
char *where_man(const char *name);

#endif
