# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that boot a guest: the kernel, requests, and what came of them.
# shellcheck source=t/lib/common.bash
. "${BASH_SOURCE[0]%/*}/common.bash"

# setup_paths forgets these: they are for the tests, not for what is tested
vm_image=${KTSTR_TEST_BZIMAGE-}
vm_cache=${KTSTR_TEST_CACHE-${KTSTR_CACHE_DIR-}}
vm_home=$HOME

setup_vm() {
	setup_paths
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$XDG_RUNTIME_DIR"
	IMAGE=$(kernel_image)
	REQUEST=$BATS_TEST_TMPDIR/request.json
	EVENTS=$BATS_TEST_TMPDIR/events
}

# The boot image: KTSTR_TEST_BZIMAGE, else the newest of the cache. There is
# no test without one.
kernel_image() {
	local row cache=()

	if [ -n "$vm_image" ]; then
		echo "$vm_image"
		return
	fi
	[ -z "$vm_cache" ] || cache=("KTSTR_CACHE_DIR=$vm_cache")
	row=$(env -u KTSTR_CACHE_DIR -u XDG_CACHE_HOME HOME="$vm_home" "${cache[@]}" "$LIBEXEC/ktstr-cache" newest) || {
		echo "no kernel for the guests: set KTSTR_TEST_BZIMAGE or fill the cache" >&2
		return 1
	}
	jq -er .path <<<"$row"
}

# Write a request to $REQUEST: a shell command for the guest's busybox, then
# jq code that changes the request, and its arguments.
request() {
	local command=$1 change=${2:-.}

	shift $(($# < 2 ? $# : 2))
	jq -n --arg image "$IMAGE" --arg command "$command" "$@" '{
		type: "vm", kernel: $image, topology: "1n1l2c1t",
		files: [{ host: "/bin/busybox", guest: "/bin/busybox" }],
		argv: ["/bin/busybox", "sh", "-c", $command]
	} | '"$change" >"$REQUEST"
}

# Run it; events land in $EVENTS.
vm_run() {
	timeout 120 "$LIBEXEC/ktstr-vm" run --accel=tcg <"$REQUEST" >"$EVENTS"
}

# A field of the last event, which is always "exit" and always alone.
ending() {
	[ "$(jq -r .type "$EVENTS" | grep -c '^exit$')" = 1 ] || return 1
	tail -n 1 "$EVENTS" | jq -r "select(.type == \"exit\").$1"
}

# The lines of one kind: "of stdout".
of() {
	jq -r "select(.type == \"$1\").line" "$EVENTS"
}

# Wait until an event of this kind is in $EVENTS.
wait_event() {
	for ((i = 0; i < 1200; i++)); do
		! grep -q "\"type\":\"$1\"" "$EVENTS" 2>/dev/null || return 0
		sleep 0.05
	done
	echo "no $1 event within 60 s" >&2
	return 1
}

# Wait until a process is gone, or a zombie nobody has reaped.
wait_gone() {
	for ((i = 0; i < 1200; i++)); do
		case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in
		'' | Z) return 0 ;;
		esac
		sleep 0.05
	done
	echo "process $1 is still there" >&2
	return 1
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
