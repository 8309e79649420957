/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The manual page of a program or a command, shown through man or mandoc.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

/*
 * Become the viewer of the page of "ktstr-fetch", "ktstr-sidecar read",
 * "cargo ktstr kernel build". Returns when standard output is no terminal, the
 * page is not installed, or nothing shows pages: print the short help then.
 */
void page_show(const char *program);

#endif
