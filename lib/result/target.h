/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cargo's target directory, found without cargo, which takes 20 ms to
 * say it: CARGO_TARGET_DIR, CARGO_BUILD_TARGET_DIR, build.target-dir
 * of the nearest .cargo/config.toml upwards and of CARGO_HOME, else target
 * where the workspace is.
 */
#ifndef RESULT_TARGET_H
#define RESULT_TARGET_H

/* "target" outside of any workspace; caller frees. */
char *target_dir(void);

#endif
