/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files a request names, put into an initramfs with the shared libraries
 * of its programs.
 */
#ifndef VM_FILES_H
#define VM_FILES_H

#include "vm/initramfs.h"
#include "vm/request.h"

/*
 * Add every file; a directory comes with every regular file below it. *lib_path
 * gets the directories the guest's dynamic linker must be told of, with ':'
 * between them, or NULL (caller frees). 0 or -1.
 */
int guest_files_add(struct initramfs *i, const struct vm_request *q, char **lib_path, struct err *e);

#endif
