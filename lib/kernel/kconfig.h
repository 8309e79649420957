/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel configuration: which lines of our fragments a .config lacks, how it
 * gets them, and whether what we cannot do without survived.
 */
#ifndef KERNEL_KCONFIG_H
#define KERNEL_KCONFIG_H

#include "base/str.h"
#include "kernel/make.h"

/* The text of share's ktstr.kconfig, and lean.kconfig behind it when lean. */
int kconfig_fragment(bool lean, struct str *out, struct err *e);

/* Whether every line of the fragment stands in config, "CONFIG_X=…" or
 * "# CONFIG_X is not set"; an option set twice counts as last set. An option
 * the tree does not have is missing when it should be on. */
bool kconfig_has_all(const char *config, const char *fragment);

/*
 * Give the tree a .config with the fragment in it. Without a .config the base
 * is `make defconfig`, or for lean `make allnoconfig` with the fragment as its
 * preset; then what is missing is appended and `make olddefconfig` run. A
 * configuration that went through here and was not touched since is left
 * alone; {cache}/.logs remembers its checksum. 0, or -1.
 */
int kconfig_apply(struct make *m, bool lean, struct err *e);

/* After the build: the options nothing works without are on. -1 names each
 * one that is not, and why. */
int kconfig_validate(const char *tree, struct err *e);

#endif
