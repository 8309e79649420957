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
	# whatever a program is asked to do below, it reaches nothing
	export KTSTR_KERNEL_ORG=http://127.0.0.1:1 KTSTR_MODEL_OFFLINE=1
	cd "$BATS_TEST_TMPDIR"
	find_ways
}

# Each way to run a program without operands: alone, or with each of its verbs,
# which are the lower-case words of its usage line.
find_ways() {
	local p usage verb verbs

	ways=()
	filters=()
	for p in "${programs[@]}"; do
		usage=$("$p" --help </dev/null | sed -n 's/^Usage: [^]]*\] *//p' | head -n 1)
		verbs=$(grep -oE '(^|[ |])[a-z][a-z-]*' <<<"$usage" | grep -oE '[a-z-]+' || true)
		[ -n "$verbs" ] || ways+=("$p")
		for verb in $verbs; do
			ways+=("$p $verb")
		done
		if "$p" --help </dev/null | head -n 1 | grep -q 'records on stdin and stdout'; then
			filters+=("$p")
		fi
	done
	[ ${#filters[@]} -ge 3 ]
}

# fed_with FILE COMMAND…: run it on that input; it ends by itself, not by a
# signal, and no sanitizer speaks
fed_with() {
	local input=$1

	shift
	echo "$* <$input"
	run --separate-stderr timeout 60 "$@" <"$input"
	[ "$status" -le 2 ]
	[[ $stderr != *Sanitizer* && $stderr != *"runtime error"* ]]
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

@test "help to a closed stdout is a failure, a closed stdin none" {
	for p in "${programs[@]}"; do
		echo "$p"
		# shellcheck disable=SC2016
		run -1 bash -c '"$1" --help </dev/null >&-' _ "$p"
		[[ $output == *"write standard output"* ]]
		# shellcheck disable=SC2016
		run -0 bash -c '"$1" --help <&-' _ "$p"
	done
}

@test "nothing to read, or nothing to read from, is no crash" {
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086
		fed_with /dev/null $way
		echo "$way <&-"
		# shellcheck disable=SC2016
		run --separate-stderr timeout 60 bash -c 'exec $1 <&-' _ "$way"
		[ "$status" -le 2 ]
		[[ $stderr != *Sanitizer* ]]
	done
}

@test "a line of garbage, of 1 MiB, without an end, and bytes that are no text are no crash" {
	echo 'this is no record' >garbage
	head -c 1048576 /dev/zero | tr '\0' x >long
	{ printf '{"type":"kernel","spec":"'; cat long; echo '"}'; } >record
	printf '{"type":"kernel"' >cut
	head -c 65536 /dev/urandom >noise
	printf '{"type":"kernel","index":18446744073709551616,"total":-1,"spec":null}\n[]\n' >lies
	for way in "${ways[@]}"; do
		for input in garbage long record cut noise lies; do
			# shellcheck disable=SC2086
			fed_with $input $way
		done
	done
}

@test "a filter names the line that is no record, and passes on those before it" {
	printf '{"type":"weather","rain":true}\nthis is none\n' >in
	for p in "${filters[@]}"; do
		echo "$p"
		run -1 --separate-stderr "$p" <in
		[ "$output" = '{"type":"weather","rain":true}' ]
		[[ $stderr == *"line 2"* ]]
	done
}

@test "a filter passes on what it does not know byte for byte" {
	printf '%s\n' '{"type":"weather","rain":true}' ' { "b":1.0e0, "type" : "x" ,"a":"\u00e9\\/" }' \
		'{"type":"kernel2","index":99}' >in
	head -c 1048576 /dev/zero | tr '\0' x | sed 's/^/{"type":"y","s":"/; s/$/"}/' >>in
	echo >>in
	for p in "${filters[@]}"; do
		echo "$p"
		"$p" <in >out
		cmp <(grep -v '^$' in) out
	done
}

@test "a filter whose reader is gone dies of it, silently" {
	for i in {1..20000}; do
		echo '{"type":"weather","rain":true}'
	done >in
	for p in "${filters[@]}"; do
		echo "$p"
		# shellcheck disable=SC2016
		run -0 --separate-stderr bash -c '"$1" <in | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"' _ "$p"
		[ "$output" = 141 ]
		[ -z "$stderr" ]
	done
}

@test "a filter whose output does not fit says so" {
	echo '{"type":"weather","rain":true}' >in
	for p in "${filters[@]}"; do
		echo "$p"
		# shellcheck disable=SC2016
		run -1 --separate-stderr bash -c '"$1" <in >/dev/full' _ "$p"
		[[ $stderr == *"No space left on device"* ]]
		# shellcheck disable=SC2016
		run -1 --separate-stderr bash -c '"$1" <in >&-' _ "$p"
		[[ $stderr == *"Bad file descriptor"* ]]
	done
}

@test "a program with the reader of its output gone does not speak of it" {
	for p in "${programs[@]}"; do
		echo "$p"
		# shellcheck disable=SC2016
		run -0 --separate-stderr bash -c '"$1" --help </dev/null | true; exit 0' _ "$p"
		[ -z "$stderr" ]
	done
}
