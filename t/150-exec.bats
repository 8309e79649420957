#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-exec: a command runs on the whole set of kernels, or not at all.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache
load lib/kernel-tree

setup() {
	setup_paths
	EXEC=$LIBEXEC/ktstr-exec
	cd "$BATS_TEST_TMPDIR"
	entry k1
	entry k2
	K1=$KTSTR_CACHE_DIR/k1
	K2=$KTSTR_CACHE_DIR/k2
}

# record INDEX TOTAL LABEL STATE [MEMBERS]
record() {
	printf '{"type":"kernel","index":%s,"total":%s,"spec":"spec-%s","label":"%s","key":"k","state":"%s"%s}\n' \
		"$1" "$2" "$3" "$3" "$4" "${5:+,$5}"
}

show='echo "${KTSTR_KERNEL-unset} ${KTSTR_KERNEL_LIST-unset}"'

@test "one kernel: its directory is exported and no list" {
	record 0 1 6.12 cached "\"dir\":\"$K1\"" >in
	KTSTR_KERNEL_LIST=old run -0 --separate-stderr "$EXEC" -- sh -c "$show" <in
	[ "$output" = "$K1 unset" ]
	[ -z "$stderr" ]
}

@test "several kernels: the list in index order, and it is said how many" {
	{
		record 1 2 6.13 built "\"dir\":\"$PWD\""
		record 0 2 6.12 cached "\"dir\":\"$K1\""
	} >in
	KTSTR_LABEL='cargo ktstr' run -0 --separate-stderr "$EXEC" sh -c "$show" <in
	[ "$output" = "$K1 6.12=$K1;6.13=$PWD" ]
	[ "$stderr" = "cargo ktstr: fanning gauntlet across 2 kernels" ]
}

@test "one kernel named twice is one kernel" {
	{
		record 0 2 6.12 cached "\"dir\":\"$K1\""
		record 1 2 6.12 cached "\"dir\":\"$K1\""
	} >in
	run -0 --separate-stderr "$EXEC" -- sh -c "$show" <in
	[ "$output" = "$K1 unset" ]
	[ -z "$stderr" ]
}

@test "the command's words and exit code are its own" {
	record 0 1 6.12 cached "\"dir\":\"$K1\"" >in
	run -37 --separate-stderr "$EXEC" -- sh -c 'echo "$@"; exit 37' sh --kernel -- x <in
	[ "$output" = "--kernel -- x" ]
	run -1 --separate-stderr "$EXEC" -- no-such-command <in
	[[ $stderr == *"run no-such-command: No such file or directory"* ]]
}

@test "records come from KTSTR_RECORDS_FD, and stdin stays the command's" {
	record 0 1 6.12 cached "\"dir\":\"$K1\"" >in
	echo typed >typed
	KTSTR_RECORDS_FD=3 run -0 --separate-stderr bash -c \
		'"$0" -- sh -c '\''cat; echo "$KTSTR_KERNEL ${KTSTR_RECORDS_FD-unset}"; ls /proc/self/fd | grep -cx 3'\'' <typed 3<in' "$EXEC"
	[ "${lines[0]}" = typed ]
	[ "${lines[1]}" = "$K1 unset" ]
	KTSTR_RECORDS_FD=77 run -1 --separate-stderr "$EXEC" -- touch ran
	[[ $stderr == *"KTSTR_RECORDS_FD=77 is no open file descriptor"* ]]
	[ ! -e ran ]
}

@test "every run has a name of its own" {
	record 0 1 6.12 cached "\"dir\":\"$K1\"" >in
	one=$("$EXEC" -- printenv KTSTR_RUN_ID <in)
	two=$("$EXEC" --no-kernel -- printenv KTSTR_RUN_ID)
	[[ $one =~ ^[0-9]{8}T[0-9]{6}Z-[0-9]+-[0-9a-f]+$ ]]
	[[ $two =~ ^[0-9]{8}T[0-9]{6}Z-[0-9]+-[0-9a-f]+$ ]]
	[ "$one" != "$two" ]
}

@test "--no-kernel reads nothing and leaves the kernel variables alone" {
	KTSTR_KERNEL=mine run -0 --separate-stderr "$EXEC" --no-kernel -- sh -c "$show; cat" <<<"for the command"
	[ "${lines[0]}" = "mine unset" ]
	[ "${lines[1]}" = "for the command" ]
}

@test "a cached entry is held for as long as the command runs" {
	record 0 1 6.12 cached "\"dir\":\"$K1\"" >in
	run -0 --separate-stderr "$EXEC" -- sh -c 'flock -n -x "$KTSTR_CACHE_DIR/.locks/k1.lock" echo free || echo held' <in
	[ "$output" = held ]
	run -0 flock -n -x "$KTSTR_CACHE_DIR/.locks/k1.lock" echo free
	[ "$output" = free ]
}

@test "an error record stops everything and every failed kernel is named" {
	{
		record 0 4 6.12 cached "\"dir\":\"$K1\""
		record 1 4 6.13 error '"error":{"stage":"fetch","message":"version 6.13 not found","hint":""}'
		record 2 4 6.14 missing
		record 3 4 6.15 error '"error":{"stage":"build","message":"make failed","hint":""}'
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"no test was run:"* ]]
	[[ $stderr == *"spec-6.13: fetch: version 6.13 not found"* ]]
	[[ $stderr == *"spec-6.14: is missing, not built"* ]]
	[[ $stderr == *"spec-6.15: build: make failed"* ]]
	[[ $stderr != *spec-6.12* ]]
	[ ! -e ran ]
}

@test "a stream that ends early runs nothing" {
	record 0 2 6.12 cached "\"dir\":\"$K1\"" >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"no test was run:"*"1 of 2 kernels never came"*"hint: number what is left anew"* ]]
	: >empty
	run -1 --separate-stderr "$EXEC" -- touch ran <empty
	[[ $stderr == *"no test was run: the record stream holds no kernel"* ]]
	head -c 60 in >half
	run -1 --separate-stderr "$EXEC" -- touch ran <half
	[[ $stderr == *"no test was run: line 1 of the record stream is cut short"* ]]
	[ ! -e ran ]
}

@test "a broken line runs nothing" {
	{
		record 0 1 6.12 cached "\"dir\":\"$K1\""
		echo '{"type":"kernel","index":'
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"no test was run: line 2 of the record stream is no record"* ]]
	{
		record 0 2 6.12 cached "\"dir\":\"$K1\""
		record 1 2 6.13 cached '"dir":7'
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"no test was run: line 2 of the record stream is no kernel record: expected a string"* ]]
	[ ! -e ran ]
}

@test "sets that do not add up run nothing" {
	{
		record 0 2 6.12 cached "\"dir\":\"$K1\""
		record 0 2 6.12 cached "\"dir\":\"$K1\""
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"line 2 holds kernel 0 once more"* ]]
	{
		record 0 2 6.12 cached "\"dir\":\"$K1\""
		record 1 3 6.13 cached "\"dir\":\"$K2\""
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"line 2 speaks of 3 kernels, lines before it of 2"* ]]
	record 5 2 6.12 cached "\"dir\":\"$K1\"" >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[ ! -e ran ]
}

@test "records of other types do not count as kernels" {
	{
		echo '{"type":"weather","rain":true}'
		record 0 1 6.12 cached "\"dir\":\"$K1\""
	} >in
	run -0 --separate-stderr "$EXEC" -- sh -c "$show" <in
	[ "$output" = "$K1 unset" ]
}

@test "what the list cannot carry is refused by name" {
	mkdir 'd;d'
	{
		record 0 2 6.12 cached "\"dir\":\"$K1\""
		record 1 2 x built "\"dir\":\"$PWD/d;d\""
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *"kernel directory \"$PWD/d;d\" holds a ';'"*"KTSTR_CACHE_DIR"* ]]
	for label in 'a;b' 'a=b'; do
		{
			record 0 2 6.12 cached "\"dir\":\"$K1\""
			record 1 2 "$label" cached "\"dir\":\"$K2\""
		} >in
		run -1 --separate-stderr "$EXEC" -- touch ran <in
		[[ $stderr == *"kernel label \"$label\" holds a ';' or '='"* ]]
	done
	[ ! -e ran ]
}

@test "labels that look the same in test names are refused" {
	{
		record 0 2 6.12.1 cached "\"dir\":\"$K1\""
		record 1 2 6-12-1 cached "\"dir\":\"$K2\""
	} >in
	run -1 --separate-stderr "$EXEC" -- touch ran <in
	[[ $stderr == *'labels "6.12.1" and "6-12-1" both sanitize to "kernel_6_12_1"'* ]]
	[ ! -e ran ]
}

@test "without a command there is a usage error" {
	run -2 --separate-stderr "$EXEC"
}

# What a shell user types; the stages run at the same time.
pipeline() {
	(set -o pipefail && "$LIBEXEC/ktstr-resolve" "$@" | "$LIBEXEC/ktstr-fetch" | "$LIBEXEC/ktstr-build" |
		"$EXEC" -- sh -c "$show; cat \"\$KTSTR_KERNEL\"/metadata.json")
}

@test "resolve, fetch, build and exec: from a source tarball to a command" {
	kernel_tree linux-source-6.12
	tar cJf linux-source-6.12.tar.xz linux-source-6.12
	KTSTR_LEAN=1 run -0 --separate-stderr pipeline "$PWD/linux-source-6.12.tar.xz"
	[[ ${lines[0]} == "$KTSTR_CACHE_DIR/local-"*-lean????????" unset" ]]
	[ "$(tail -n +2 <<<"$output" | jq -r '.version + " " + .source.git_hash')" = \
		"6.12.9 $(sha256sum <linux-source-6.12.tar.xz | head -c 7)" ]
	[[ $stderr == *"✓ Kernel cached: local-"* ]]
	KTSTR_LEAN=1 run -0 --separate-stderr pipeline "$PWD/linux-source-6.12.tar.xz"
	[[ $stderr != *extracting* && $stderr != *building* ]]
	[ -z "$(find "$TMPDIR" -name 'linux-*')" ]
}

@test "the pipeline runs nothing when one of two kernels fails" {
	kernel_tree linux
	echo 'CONFIG_SCHED_CLASS_EXT' >linux/unmet
	kernel_tree good
	run -1 --separate-stderr pipeline ./good ./linux
	[[ $stderr == *"no test was run:"*"./linux: build: "*"CONFIG_SCHED_CLASS_EXT not set"* ]]
	[ -z "$output" ]
}
