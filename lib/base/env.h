/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that knows an environment variable. Every variable the
 * programs read or set is a row of env_vars; nothing else calls getenv.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdbool.h>

enum env_var {
	/* what users set */
	ENV_KERNEL,
	ENV_KERNEL_LIST,
	ENV_TEST_KERNEL,
	ENV_CACHE_DIR,
	ENV_XDG_CACHE_HOME,
	ENV_XDG_RUNTIME_DIR,
	ENV_HOME,
	ENV_CACHE_STORE_LOCK_TIMEOUT,
	ENV_REMOTE_CACHE,
	ENV_LOCK_DIR,
	ENV_CPU_CAP,
	ENV_BYPASS_LLC_LOCKS,
	ENV_KERNEL_ORG,
	ENV_KERNEL_PARALLELISM,
	ENV_OFFLINE,
	ENV_KEYRING,
	ENV_TARBALLS_MAX,
	ENV_LEAN,
	ENV_CC_PREFIX,
	ENV_MAKE_JOBS,
	ENV_CC,
	ENV_HOSTCC,
	ENV_LLVM,
	ENV_LLVM_IAS,
	ENV_ARCH,
	ENV_CROSS_COMPILE,
	ENV_KBUILD_OUTPUT,
	ENV_CCACHE_BASEDIR,
	ENV_CCACHE_HASHDIR,
	ENV_CCACHE_NOHASHDIR,
	ENV_ACCEL,
	ENV_QEMU,
	ENV_NO_PERF_MODE,
	ENV_NO_SKIP_MODE,
	ENV_CARGO_TEST_MODE,
	ENV_BUDGET_SECS,
	ENV_SCHEDULER,
	ENV_VERIFIER_RAW,
	ENV_SIDECAR_DIR,
	ENV_CI,
	ENV_MODEL_PIN,
	ENV_MODEL_OFFLINE,
	ENV_VERBOSE,
	ENV_TRACE,
	ENV_CARGO_TARGET_DIR,
	ENV_CARGO_BUILD_TARGET_DIR,
	ENV_CARGO_HOME,
	ENV_NEXTEST,
	ENV_NEXTEST_RUN_ID,
	ENV_NO_COLOR,
	ENV_TERM,
	ENV_TMPDIR,
	ENV_SSL_CERT_FILE,
	ENV_SSL_CERT_DIR,
	ENV_CURL_CA_BUNDLE,
	ENV_PATH,
	ENV_LD_LIBRARY_PATH,
	ENV_RUST_BACKTRACE,
	/* what the programs tell each other */
	ENV_LABEL,
	ENV_LIBEXEC,
	ENV_SHARE,
	ENV_RECORDS_FD,
	ENV_PROGRESS_FD,
	ENV_RUN_ID,
	ENV_GUEST_FD,
	ENV_COUNT
};

struct env_row {
	const char *name;
	const char *help; /* one line for ktstr-environment(7) */
};

extern const struct env_row env_vars[ENV_COUNT];

/* The value, or NULL when the variable is unset or empty. */
const char *env_get(enum env_var v);

/* Whether the variable is set at all, an empty value included. */
bool env_present(enum env_var v);

/* Set or, with NULL, unset it for this process and its children. */
void env_set(enum env_var v, const char *value);

#endif
