/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/env.h"

#include <stdlib.h>

const struct env_row env_vars[ENV_COUNT] = {
	[ENV_KERNEL] = { "KTSTR_KERNEL", "kernel to test: a path, a version or a cache key" },
	[ENV_KERNEL_LIST] = { "KTSTR_KERNEL_LIST", "label=dir;label=dir of a run over several kernels" },
	[ENV_TEST_KERNEL] = { "KTSTR_TEST_KERNEL", "boot image for tests, before any other source" },
	[ENV_CACHE_DIR] = { "KTSTR_CACHE_DIR", "kernel cache, used as it is" },
	[ENV_XDG_CACHE_HOME] = { "XDG_CACHE_HOME", "parent of the cache when KTSTR_CACHE_DIR is unset" },
	[ENV_XDG_RUNTIME_DIR] = { "XDG_RUNTIME_DIR", "where it is remembered whether KVM works (else TMPDIR)" },
	[ENV_HOME] = { "HOME", "home directory; its .cache holds the cache by default" },
	[ENV_CACHE_STORE_LOCK_TIMEOUT] = { "KTSTR_CACHE_STORE_LOCK_TIMEOUT",
					   "how long a store waits for its lock (300s)" },
	[ENV_REMOTE_CACHE] = { "KTSTR_REMOTE_CACHE",
			       "URL kernels are fetched from before they are built, and sent to after" },
	[ENV_LOCK_DIR] = { "KTSTR_LOCK_DIR", "directory of LLC and CPU lock files (/tmp)" },
	[ENV_CPU_CAP] = { "KTSTR_CPU_CAP", "CPUs a build reserves, where --cpu-cap is not given" },
	[ENV_BYPASS_LLC_LOCKS] = { "KTSTR_BYPASS_LLC_LOCKS", "non-empty: builds take every CPU and reserve none" },
	[ENV_KERNEL_ORG] = { "KTSTR_KERNEL_ORG", "base URL that stands for every kernel.org host" },
	[ENV_KERNEL_PARALLELISM] = { "KTSTR_KERNEL_PARALLELISM", "how many kernels are fetched side by side (CPUs)" },
	[ENV_OFFLINE] = { "KTSTR_OFFLINE", "non-empty: never use the network; what is stored has to do" },
	[ENV_KEYRING] = { "KTSTR_KEYRING", "keyring that signs sha256sums.asc (/etc/ktstr/kernel.org.gpg)" },
	[ENV_TARBALLS_MAX] = { "KTSTR_TARBALLS_MAX",
			       "MiB of fetched tarballs that are kept for later builds (4096); 0 keeps none" },
	[ENV_LEAN] = { "KTSTR_LEAN", "non-empty: build kernels from the lean configuration" },
	[ENV_CC_PREFIX] = { "KTSTR_CC_PREFIX", "words in front of the kernel's compilers: ccache, distcc, icecc" },
	[ENV_MAKE_JOBS] = { "KTSTR_MAKE_JOBS", "compilers at a time, where other machines help" },
	[ENV_CC] = { "CC", "compiler of kernels (gcc); part of the cache key" },
	[ENV_HOSTCC] = { "HOSTCC", "compiler of what a kernel build runs itself (gcc)" },
	[ENV_LLVM] = { "LLVM", "1: kernels are built with clang and lld; part of the cache key" },
	[ENV_LLVM_IAS] = { "LLVM_IAS", "0: clang uses the GNU assembler; part of the cache key" },
	[ENV_ARCH] = { "ARCH", "left aside: kernels are built for this machine" },
	[ENV_CROSS_COMPILE] = { "CROSS_COMPILE",
				"prefix of another toolchain for this machine; part of the cache key" },
	[ENV_KBUILD_OUTPUT] = { "KBUILD_OUTPUT", "left aside: kernels are built in their source tree" },
	[ENV_CCACHE_BASEDIR] = { "CCACHE_BASEDIR", "set for ccache when a kernel's source is a temporary one" },
	[ENV_CCACHE_HASHDIR] = { "CCACHE_HASHDIR", "present: CCACHE_NOHASHDIR is not set for ccache" },
	[ENV_CCACHE_NOHASHDIR] = { "CCACHE_NOHASHDIR", "set for ccache when a kernel's source is a temporary one" },
	[ENV_ACCEL] = { "KTSTR_ACCEL", "auto, kvm or tcg" },
	[ENV_QEMU] = { "KTSTR_QEMU", "QEMU program to run" },
	[ENV_NO_PERF_MODE] = { "KTSTR_NO_PERF_MODE", "non-empty: no performance mode in any test" },
	[ENV_NO_SKIP_MODE] = { "KTSTR_NO_SKIP_MODE", "present: skips become failures" },
	[ENV_CARGO_TEST_MODE] = { "KTSTR_CARGO_TEST_MODE", "non-empty: plain cargo test, no gauntlet" },
	[ENV_BUDGET_SECS] = { "KTSTR_BUDGET_SECS", "list only tests that fit in this many seconds" },
	[ENV_SCHEDULER] = { "KTSTR_SCHEDULER", "scheduler binary, before any search" },
	[ENV_VERIFIER_RAW] = { "KTSTR_VERIFIER_RAW", "present: verifier logs are shown as they came" },
	[ENV_SIDECAR_DIR] = { "KTSTR_SIDECAR_DIR", "directory for result files, used as it is" },
	[ENV_CI] = { "KTSTR_CI", "non-empty: results are marked as made by CI" },
	[ENV_MODEL_PIN] = { "KTSTR_MODEL_PIN", "pin of the language model, in place of the built-in one" },
	[ENV_MODEL_OFFLINE] = { "KTSTR_MODEL_OFFLINE", "non-empty: the model is never downloaded" },
	[ENV_VERBOSE] = { "KTSTR_VERBOSE", "1: the guest kernel talks on its console" },
	[ENV_TRACE] = { "KTSTR_TRACE", "1: print the pipeline before running it" },
	[ENV_CARGO_TARGET_DIR] = { "CARGO_TARGET_DIR", "cargo's target directory (target)" },
	[ENV_CARGO_BUILD_TARGET_DIR] = { "CARGO_BUILD_TARGET_DIR", "the same, when CARGO_TARGET_DIR is unset" },
	[ENV_CARGO_HOME] = { "CARGO_HOME", "where cargo's own config.toml is (~/.cargo)" },
	[ENV_NEXTEST] = { "NEXTEST", "set by cargo-nextest around a test binary" },
	[ENV_NEXTEST_RUN_ID] = { "NEXTEST_RUN_ID", "set by cargo-nextest: names the run when KTSTR_RUN_ID is unset" },
	[ENV_NO_COLOR] = { "NO_COLOR", "non-empty: no colour anywhere" },
	[ENV_TERM] = { "TERM", "terminal type" },
	[ENV_TMPDIR] = { "TMPDIR", "where kernel sources are unpacked (/tmp)" },
	[ENV_SSL_CERT_FILE] = { "SSL_CERT_FILE", "bundle of trusted roots for HTTPS" },
	[ENV_SSL_CERT_DIR] = { "SSL_CERT_DIR", "directory of trusted roots for HTTPS" },
	[ENV_CURL_CA_BUNDLE] = { "CURL_CA_BUNDLE", "bundle of trusted roots for HTTPS, before SSL_CERT_FILE" },
	[ENV_PATH] = { "PATH", "where programs are looked up" },
	[ENV_LD_LIBRARY_PATH] = { "LD_LIBRARY_PATH", "where shared libraries of guest files are looked up" },
	[ENV_RUST_BACKTRACE] = { "RUST_BACKTRACE", "1 or full: console output in every failure" },
	[ENV_LABEL] = { "KTSTR_LABEL", "name in front of status lines" },
	[ENV_LIBEXEC] = { "KTSTR_LIBEXEC", "directory of the ktstr- helpers" },
	[ENV_SHARE] = { "KTSTR_SHARE", "directory of the data files" },
	[ENV_RECORDS_FD] = { "KTSTR_RECORDS_FD", "file descriptor an acting stage reads records from" },
	[ENV_PROGRESS_FD] = { "KTSTR_PROGRESS_FD", "file descriptor stages write progress records to" },
	[ENV_RUN_ID] = { "KTSTR_RUN_ID", "names one run of cargo ktstr test to all its test processes" },
	[ENV_GUEST_FD] = { "KTSTR_GUEST_FD", "file descriptor a guest program writes messages to" },
};

const char *env_get(enum env_var v)
{
	const char *s = getenv(env_vars[v].name);

	return s && *s ? s : NULL;
}

bool env_present(enum env_var v)
{
	return getenv(env_vars[v].name) != NULL;
}

void env_set(enum env_var v, const char *value)
{
	if (value)
		setenv(env_vars[v].name, value, 1);
	else
		unsetenv(env_vars[v].name);
}
