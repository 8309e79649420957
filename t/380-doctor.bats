#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-doctor: what this host can do.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	DOCTOR=$LIBEXEC/ktstr-doctor
	cd "$BATS_TEST_TMPDIR"
	mkdir bin
	# cargo and nextest need not be on a machine that runs this test
	for tool in cargo cargo-nextest; do
		script bin/$tool <<<"echo $tool 1.2.3"
	done
	export PATH=$PWD/bin:$PATH
}

# bare OPTION…: the doctor with an empty PATH.
bare() {
	mkdir -p none
	env PATH="$PWD/none" "$DOCTOR" "$@"
}

state() {
	jq -r --arg n "$1" '.checks[] | select(.name == $n).state' report
}

fix() {
	jq -r --arg n "$1" '.checks[] | select(.name == $n).fix' report
}

report() {
	"$DOCTOR" --json >report
}

@test "this machine runs the main job, and the report says so" {
	run -0 --separate-stderr "$DOCTOR"
	[ -z "$stderr" ]
	[[ $output =~ (^|$'\n')ok\ +qemu\ +/ ]]
	run ! grep -q '^missing' <<<"$output"
	report
	[ "$(jq .ready report)" = true ]
	[ "$(jq -r '[.checks[].name] | join(" ")' report)" = "kvm qemu accelerators kernel build pahole clang cargo nextest\
 cgroup hugepages cache disk source disk lock dir" ]
	[ "$(jq -r '.checks[0] | keys_unsorted | join(" ")' report)" = "name state text fix" ]
	jq -e 'all(.checks[]; (.state == "ok") == (.fix == null))' report
}

@test "without the tools: each by name, with what to type, and exit 1" {
	run -1 --separate-stderr bare
	[ -z "$stderr" ]
	[[ $output == *"missing   qemu "*"not found. Install it: apt-get install qemu-system-"* ]]
	[[ $output == *"missing   kernel build   not there: make, gcc, ld, flex, bison, bc, perl, python3, xz, lz4, gelf.h or openssl/evp.h; 0 kernels in the cache"*$'\n'*"type: apt install build-essential "* ]]
	[[ $output == *"type: cargo install --locked cargo-nextest"* ]]
	[[ $output == *"degraded  clang "* ]]
	bare --json >report && return 1
	[ "$(jq .ready report)" = false ]
	[ "$(state accelerators)" = missing ]
	[ "$(state pahole)" = missing ]
	[ "$(fix pahole)" = "apt install pahole" ]
}

@test "with a kernel in the cache no build tools are needed" {
	mkdir -p "$KTSTR_CACHE_DIR/6.14.2-tarball-$(uname -m)-kc0"
	cd "$KTSTR_CACHE_DIR"/6.14.2-*
	image=bzImage
	[ "$(uname -m)" = x86_64 ] || image=Image
	echo image >$image
	jq -n --arg a "$(uname -m)" --arg i $image '{version: "6.14.2", source: {type: "tarball"}, arch: $a, image_name: $i, config_hash: null,
		built_at: "2026-01-01T00:00:00Z", ktstr_kconfig_hash: "0", extra_kconfig_hash: null, has_vmlinux: false,
		vmlinux_stripped: false, source_vmlinux_size: null, source_vmlinux_mtime_secs: null}' >metadata.json
	cd "$BATS_TEST_TMPDIR"
	bare --json >report && return 1
	[ "$(state 'kernel build')" = degraded ]
	grep -q '1 kernel in the cache' report
}

@test "a QEMU that does not run is missing" {
	script bin/qemu-broken <<<'exit 3'
	KTSTR_QEMU=$PWD/bin/qemu-broken run -1 report
	[ "$(state qemu)" = missing ]
	[ "$(state accelerators)" = missing ]
}

@test "a QEMU without TCG is degraded" {
	# shellcheck disable=SC2016
	script bin/qemu-kvm <<<'[ "$1" = --version ] && echo "QEMU 9" || printf "Accelerators supported in QEMU binary:\nkvm\n"'
	KTSTR_QEMU=$PWD/bin/qemu-kvm run -0 report
	[ "$(state qemu)" = ok ]
	[ "$(state accelerators)" = degraded ]
}

@test "no KVM device: degraded, TCG does it" {
	unshare -rm bash -c 'mount -t tmpfs none /dev && mknod /dev/null c 1 3 2>/dev/null || touch /dev/null; "$1" --json >report' _ "$DOCTOR" || true
	[ "$(state kvm)" = degraded ]
	[[ $(fix kvm) == *KTSTR_ACCEL=tcg* ]]
}

@test "a full disk and a small one" {
	mkdir -p "$KTSTR_CACHE_DIR"
	unshare -rm bash -c 'mount -t tmpfs -o size=1m none "$KTSTR_CACHE_DIR" && "$1" --json >report' _ "$DOCTOR" && code=0 || code=$?
	[ "$code" = 1 ]
	[ "$(state 'cache disk')" = missing ]
	[[ $(fix 'cache disk') == *"kernel clean"*KTSTR_CACHE_DIR* ]]
	unshare -rm bash -c 'mount -t tmpfs -o size=8g none "$KTSTR_CACHE_DIR" && "$1" --json >report' _ "$DOCTOR"
	[ "$(state 'cache disk')" = degraded ]
}

@test "directories that cannot be written to" {
	unshare -rm bash -c 'mkdir ro && mount -t tmpfs -o ro none ro && KTSTR_LOCK_DIR=$PWD/ro TMPDIR=$PWD/ro "$1" --json >report' _ "$DOCTOR" && code=0 || code=$?
	[ "$code" = 1 ]
	[ "$(state 'lock dir')" = degraded ]
	[ "$(state 'source disk')" = missing ]
	[[ $(fix 'lock dir') == *KTSTR_LOCK_DIR* ]]
}

@test "a TMPDIR that is not there" {
	TMPDIR=$PWD/none run -1 report
	[ "$(state 'source disk')" = missing ]
	[[ $(fix 'source disk') == *TMPDIR* ]]
}

@test "huge pages by number" {
	run -0 report
	free=$(awk '/HugePages_Free/ { n = $2 } /Hugepagesize/ { k = $2 } END { print int(n * k / 1024) }' /proc/meminfo)
	if ((free >= 1024)); then
		[ "$(state hugepages)" = ok ]
	else
		[ "$(state hugepages)" = degraded ]
		[[ $(fix hugepages) == "sudo sysctl vm.nr_hugepages="* ]]
	fi
	grep -q "\"$free MiB free in huge pages" report
}

@test "nothing is changed by looking" {
	run -0 report
	[ ! -e "$KTSTR_CACHE_DIR" ]
	[ ! -e "$KTSTR_LOCK_DIR" ]
}

@test "the command runs it" {
	run -0 cargo-ktstr ktstr doctor
	[[ $output == *"nextest "* ]]
	run -0 cargo-ktstr ktstr doctor --json
	jq -e .ready <<<"$output"
	run -0 cargo-ktstr ktstr doctor --jq '.checks[] | select(.name == "nextest").text'
	[ "$output" = "cargo-nextest 1.2.3" ]
}

@test "on a terminal texts are broken at blanks, what is to be typed is not" {
	narrow() { command script -qec "stty cols 60; $1" /dev/null </dev/null | tr -d '\r'; }
	narrow "'$DOCTOR'" >said || true
	sed 's/\x1b\[[0-9;]*m//g' said | grep -v '  type: ' >texts
	grep -q '^ok  *lock dir' texts
	run ! grep -E '.{61}' texts
	"$DOCTOR" | wc -l >whole
	[ "$(wc -l <said)" -gt "$(cat whole)" ]
	narrow 'cargo-ktstr stats compare -h' >said
	# one word may be longer
	grep -E '^ {34}.{27}' said | { ! grep '[^ ] '; }
	[ "$(tr -s ' \n' ' ' <said)" = "$(cargo-ktstr stats compare -h | tr -s ' \n' ' ')" ]
}
