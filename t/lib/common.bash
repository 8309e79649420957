# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every test file loads: where things are, doubles of helpers, waiting.

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)

# Point everything at the tree under test and at directories of this test's
# own; forget what the caller's environment says about ktstr.
setup_paths() {
	local v build=${B:-build}

	[[ $build == /* ]] || build=$ROOT/$build
	for v in $(compgen -e | grep -E '^(KTSTR_|NEXTEST|CARGO_TARGET_DIR$)'); do
		# where t/check keeps the kernel all guests boot
		[[ $v == KTSTR_TEST_CACHE ]] || unset "$v"
	done
	# cargo's own homes are looked up below HOME, which moves
	[ ! -d "$HOME/.cargo" ] || export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
	[ ! -d "$HOME/.rustup" ] || export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
	export HOME=$BATS_TEST_TMPDIR/home
	export XDG_CACHE_HOME=$HOME/.cache
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache
	export KTSTR_LOCK_DIR=$BATS_TEST_TMPDIR/locks
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	export LIBEXEC=$build/libexec
	export KTSTR_SHARE=$ROOT/share
	export PATH=$build/bin:$PATH
	mkdir -p "$HOME" "$TMPDIR"
}

# Put an executable at PATH; its text comes from stdin, without the #! line.
script() {
	{
		echo '#!/bin/bash'
		cat
	} >"$1"
	chmod +x "$1"
}

# A libexec directory of doubles. By default: resolve writes a record for each
# spec, fetch and build pass on, exec reads its records and runs the command.
fake_libexec() {
	export KTSTR_LIBEXEC=$BATS_TEST_TMPDIR/libexec
	export OUT=$BATS_TEST_TMPDIR/out
	mkdir -p "$KTSTR_LIBEXEC" "$OUT"
	fake resolve <<-'EOF'
		while [[ ${1-} == --* ]]; do shift; done
		i=0
		for spec; do
			printf '{"type":"kernel","index":%d,"total":%d,"spec":"%s"}\n' $((i++)) $# "$spec"
		done
	EOF
	fake fetch <<<'exec cat'
	fake build <<<'exec cat'
	fake exec <<-'EOF'
		if [ "$1" = --no-kernel ]; then
			shift
		else
			cat <&"${KTSTR_RECORDS_FD:-0}" >"$OUT/records"
		fi
		shift
		exec "$@"
	EOF
}

# Replace the double of ktstr-NAME by the script on stdin.
fake() {
	script "$KTSTR_LIBEXEC/ktstr-$1"
}

# A directory in front of PATH with a cargo that notes its words in $OUT/cargo,
# one a line, and then does what the script on stdin says.
fake_cargo() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	{
		cat <<-'EOF'
			printf '%s\n' "$@" >"$OUT/cargo"
		EOF
		cat
	} | script "$BATS_TEST_TMPDIR/bin/cargo"
	: | script "$BATS_TEST_TMPDIR/bin/cargo-nextest"
	: | script "$BATS_TEST_TMPDIR/bin/cargo-llvm-cov"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# Hold each line on stdin against the schema its type names.
records() {
	/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" records
}

# example_of PAGE: the commands of that page this file is to run, one a line or more.
example_of() {
	/usr/bin/python3 "$ROOT/t/lib/examples.py" --by "t/${BATS_TEST_FILENAME##*/}" "${LIBEXEC%/*}/man/man1/$1.1" | tr '\0' '\n'
}

# damage FILE AT: another byte there, whatever it was.
damage() {
	local byte

	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# wait_for SECONDS COMMAND…: run it until it succeeds; a machine with much else
# to do gets four times as long.
wait_for() {
	local end=$((SECONDS + 4 * $1))

	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.02
	done
}

# Whether a process still runs; one that waits to be reaped does not.
alive() {
	local state

	state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
	[[ $state != Z* && $state != X* ]]
}

gone() {
	local pid

	for pid; do
		! alive "$pid" || return 1
	done
}
