# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What tests that boot guests load as well: t/check prepares the kernel and the
# schedulers for them and runs them apart from the rest.

# The boot image of the kernel in the shared cache.
kernel_image() {
	local dir

	dir=$(KTSTR_CACHE_DIR=$KTSTR_TEST_CACHE "$LIBEXEC/ktstr-cache" newest | jq -r .dir) || return
	[[ -s $dir/bzImage ]] || {
		echo "no kernel in $KTSTR_TEST_CACHE: run t/check" >&2
		return 1
	}
	echo "$dir/bzImage"
}

# The QEMU processes of this test: those whose TMPDIR is its own.
vms() {
	local pid

	for pid in $(pgrep qemu-system); do
		! tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "TMPDIR=$TMPDIR" || echo "$pid"
	done
}

vm_runs() {
	[[ -n $(vms) ]]
}

no_vm() {
	[[ -z $(vms) ]]
}
