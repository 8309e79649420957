#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# --jq: what the filter prints, where errors go, which exit code comes out.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	printf '{"name":"a b","n":1}\n{"name":"c","n":2}\n' >"$BATS_TEST_TMPDIR/two"
}

# filter EXPR: the two records through ktstr-jq
filter() {
	"$LIBEXEC/ktstr-jq" "$@" <"$BATS_TEST_TMPDIR/two"
}

@test "a string comes out as it is, other values as lines of JSON" {
	run -0 filter '.name, .n, {n}, [.name], null'
	[ "$output" = $'a b\n1\n{"n":1}\n["a b"]\nnull\nc\n2\n{"n":2}\n["c"]\nnull' ]
}

@test "several documents, pretty or not, are several inputs" {
	run -0 "$LIBEXEC/ktstr-jq" '.a' <<<$'{\n "a": 1\n}{"a":2} {"a":"x\\ty"}'
	[ "$output" = $'1\n2\nx\ty' ]
}

@test "input and inputs read on" {
	run -0 filter '[., input | .n]'
	[ "$output" = '[1,2]' ]
	run -0 filter -- '[inputs.n]'
	[ "$output" = '[2]' ]
}

@test "an expression that is none exits 2 before anything is read" {
	run -2 --separate-stderr "$LIBEXEC/ktstr-jq" '.[' <<<'{}'
	[ -z "$output" ]
	[[ $stderr == *"invalid value '.[' for '--jq <EXPR>': syntax error"* ]]
	run -2 --separate-stderr "$LIBEXEC/ktstr-jq" 'nosuch(1)' <<<'{}'
	[[ $stderr == *"nosuch/1 is not defined"* ]]
}

@test "an expression that fails on one value goes on with the next and exits 1" {
	run -1 --separate-stderr "$LIBEXEC/ktstr-jq" '.a.b' <<<$'{"a":1}\n{"a":{"b":2}}'
	[ "$output" = 2 ]
	[[ $stderr == *"--jq: Cannot index number with string \"b\""* ]]
}

@test "error() with any value is an error with that value" {
	run -1 --separate-stderr filter 'error({code: .n})'
	[[ $stderr == *'{"code":1}'* ]]
}

@test "input that is no JSON is an error" {
	run -1 --separate-stderr "$LIBEXEC/ktstr-jq" . <<<'nonsense'
	[[ $stderr == *"error: --jq: input: "* ]]
}

@test "a program's --jq implies --json" {
	run -0 cargo-ktstr stats list-metrics --jq '.[0].name'
	[ "$output" = worst_spread ]
	run -0 cargo-ktstr stats list-metrics --json --jq 'length'
	[ "$output" = "$(cargo-ktstr stats list-metrics --json | jq length)" ]
	run -0 "$LIBEXEC/ktstr-stats" metrics --jq 'map(select(.polarity == "HigherBetter"))[0].name'
	[ -n "$output" ]
	run -0 cargo-ktstr kernel list --jq '.entries | length'
	[ "$output" = 0 ]
}

@test "its output is what jq makes of its JSON" {
	run -0 cargo-ktstr stats list-metrics --jq '.[]'
	[ "$output" = "$(cargo-ktstr stats list-metrics --json | jq -c '.[]')" ]
}

@test "an expression that begins with a dash needs the equals sign" {
	run -0 cargo-ktstr stats list-metrics --jq='-(length)'
	[ "$output" = "-$(cargo-ktstr stats list-metrics --json | jq length)" ]
}

@test "a broken expression ends a program with 2 before it does anything" {
	run -2 --separate-stderr cargo-ktstr stats list-metrics --jq '.['
	[ -z "$output" ]
	[[ $stderr == *"invalid value '.[' for '--jq <EXPR>'"* ]]
	run -2 --separate-stderr "$LIBEXEC/ktstr-build" --jq '.[' <<<'no record at all'
	[[ $stderr != *"record"* ]]
}

@test "a broken expression starts no stage of a pipeline" {
	fake_libexec
	for h in resolve fetch build; do fake $h <<<'touch "$OUT/started"; cat'; done
	ln -s "$LIBEXEC/ktstr-jq" "$KTSTR_LIBEXEC"
	run -2 cargo-ktstr kernel build 6.12.9 --jq '.['
	[ ! -e "$OUT/started" ]
	run -0 cargo-ktstr kernel build 6.12.9 --jq .
	[ -e "$OUT/started" ]
}

@test "a failing expression makes exit 0 a 1, and leaves other codes" {
	run -1 cargo-ktstr stats list-metrics --jq '.name'
	run -1 "$LIBEXEC/ktstr-cache" find no-such-key --jq .
	run -2 cargo-ktstr kernel nothing-of-the-kind --jq .
}

@test "a filter that ends early does not hang the program" {
	run -0 cargo-ktstr stats list-metrics --jq 'halt'
	[ -z "$output" ]
	run -0 bash -c 'set -o pipefail; cargo-ktstr stats list-metrics --jq ".[0].name, halt" | cat'
	[ "$output" = worst_spread ]
}

@test "a full disk and a closed stdout are failures" {
	# shellcheck disable=SC2016
	run -1 bash -c 'cargo-ktstr stats list-metrics --jq . >/dev/full'
	[[ $output == *"No space left on device"* ]]
	run ! bash -c 'cargo-ktstr stats list-metrics --jq . >&-'
}

@test "without ktstr-jq the message names it" {
	fake_libexec
	run -1 --separate-stderr "$LIBEXEC/ktstr-stats" metrics --jq .
	[[ $stderr == *"--jq: run "*"/ktstr-jq: No such file"* ]]
}

@test "records pass the filter as they come" {
	fake_libexec
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$LIBEXEC/ktstr-jq" .n <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/said" &
	exec 7>"$BATS_TEST_TMPDIR/in"
	echo '{"n":1}' >&7
	wait_for 10 test -s "$BATS_TEST_TMPDIR/said"
	exec 7>&-
	wait $!
}

@test "every program with --json has --jq" {
	for p in "$LIBEXEC"/ktstr-* "${LIBEXEC%/*}/bin/cargo-ktstr"; do
		[[ -x $p && $p != *.d && $p != */ktstr-init ]] || continue
		opts=$("$p" --dump-opts </dev/null)
		if grep -q '"option":"json"' <<<"$opts"; then
			echo "$p"
			grep -q '"option":"jq"' <<<"$opts"
		fi
	done
	while read -r cmd; do
		# shellcheck disable=SC2086
		opts=$(cargo-ktstr $cmd --dump-opts)
		if grep -q '"option":"json"' <<<"$opts"; then
			echo "$cmd"
			grep -q '"option":"jq"' <<<"$opts"
		fi
	done < <(cargo-ktstr --list-cmds)
}
