#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What holds for every program: found by looking, so that a new one is held to
# it without a line here.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	programs=()
	for p in "$LIBEXEC"/ktstr-* "${LIBEXEC%/*}"/bin/*; do
		# the guest's init is no command
		if [ -f "$p" ] && [ -x "$p" ] && [ "${p##*/}" != ktstr-init ]; then
			programs+=("$p")
		fi
	done
	[ ${#programs[@]} -gt 0 ]
}

@test "-h, --help and -V answer on stdout with exit 0" {
	for p in "${programs[@]}"; do
		for o in -h --help -V; do
			echo "$p $o"
			run -0 --separate-stderr "$p" $o </dev/null
			[ -n "$output" ]
			[ -z "$stderr" ]
		done
	done
}

@test "help shows a usage line with the program's name" {
	for p in "${programs[@]}"; do
		name=${p##*/}
		echo "$p"
		run -0 "$p" --help </dev/null
		grep -q "^Usage: ${name/cargo-/cargo }" <<<"$output"
	done
}

@test "an unknown option exits 2 with a tip on stderr" {
	for p in "${programs[@]}"; do
		echo "$p"
		run -2 --separate-stderr "$p" --hepl </dev/null
		[ -z "$output" ]
		[[ $stderr == *"unexpected argument '--hepl' found"* ]]
		[[ $stderr == *"  tip: a similar argument exists: '--help'"* ]]
	done
}

@test "help to a full disk is a failure" {
	for p in "${programs[@]}"; do
		echo "$p"
		# shellcheck disable=SC2016
		run -1 bash -c '"$1" --help </dev/null >/dev/full' _ "$p"
		[[ $output == *"No space left on device"* ]]
	done
}

@test "no message tells of the machine it was built on" {
	for p in "${programs[@]}"; do
		echo "$p"
		run ! grep -qF "$ROOT" <("$p" --help </dev/null 2>&1)
	done
}
