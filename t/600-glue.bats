#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The cargo glue: a project with C test targets and nothing but one line of Rust in each.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	# a rustup cargo looks for its toolchain below the real home
	export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
	setup_paths
	unset CC CFLAGS AR
	export CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
	export CARGO_TARGET_DIR="$BATS_TEST_TMPDIR/target dir"
	export KTSTR_SIDECAR_DIR="$BATS_TEST_TMPDIR/results"
	GLUE="$ROOT/share/cargo"
	new_project "$BATS_TEST_TMPDIR/my scheduler"
}

# A package with an empty library and no test target yet.
new_project() {
	mkdir -p "$1/tests" "$1/src"
	cd "$1" || return
	: >src/lib.rs
	printf '%s\n' '[package]' 'name = "my-scheduler"' 'version = "0.1.0"' 'edition = "2021"' '[workspace]' \
		'[dev-dependencies]' "ktstr = { path = \"$GLUE/ktstr\" }" >Cargo.toml
}

# add_target NAME [FILE...]: a test target of NAME.c, which comes from stdin, and FILEs.
add_target() {
	local name=$1 files="\"$1.c\"" file

	shift
	for file in "$@"; do
		files+=", \"$file\""
	done
	printf '[[test]]\nname = "%s"\nharness = false\n' "$name" >>Cargo.toml
	printf 'ktstr::c_test!(%s);\n' "$files" >"tests/$name.rs"
	cat >"tests/$name.c"
}

host_test() {
	printf '#include <ktstr.h>\n%s\nKTSTR_TEST(%s, .host_only = true)\n{\n\treturn %s;\n}\n' "${3-}" "$1" "$2"
}

@test "two C targets in a directory with a space are built, listed and run" {
	host_test first 0 | add_target one
	host_test second 0 | add_target two

	run cargo nextest run
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"my-scheduler::one ktstr/first"* ]]
	[[ "$output" == *"my-scheduler::two ktstr/second"* ]]
	[[ "$output" == *"2 passed"* ]]
	# cargo writes its lock file; the glue leaves nothing in the project
	[ "$(find . -type f | LC_ALL=C sort | tr '\n' ' ')" = \
		"./Cargo.lock ./Cargo.toml ./src/lib.rs ./tests/one.c ./tests/one.rs ./tests/two.c ./tests/two.rs " ]
}

@test "a target of several C files is one program" {
	host_test both 'helper() != 7' 'int helper(void);' | add_target one 'more help.c'
	echo 'int helper(void); int helper(void) { return 7; }' >'tests/more help.c'

	run cargo nextest run
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1 passed"* ]]
}

@test "a failing C test fails the run and shows its reason" {
	host_test wrong 'KTSTR_CHECK(t, 2 + 2 == 5)' | add_target one

	run cargo nextest run
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"tests/one.c:5: 2 + 2 == 5"* ]]
}

@test "a C compile error shows the compiler's own words and fails the build" {
	host_test broken 'nowhere' | add_target one

	run cargo build --tests
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"tests/one.c:5:"*"nowhere"*"undeclared"* ]]
	[[ "$output" == *"could not compile"* ]]
}

@test "a C warning reaches the user and the build goes on" {
	host_test sloppy 0 'static int unused_one;' | add_target one

	run cargo build --tests
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"tests/one.c:2:"*"unused_one"*"-Wunused-variable"* ]]
}

@test "changing a C file or a header it includes rebuilds, nothing else does" {
	host_test value 'VALUE' '#include "the value.h"' | add_target one
	echo '#define VALUE 0' >'tests/the value.h'
	cargo nextest run

	run cargo build --tests
	[[ "$output" != *Compiling* ]]

	echo '#define VALUE KTSTR_CHECK(t, !"the header changed")' >'tests/the value.h'
	run cargo nextest run
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"the header changed"* ]]

	host_test value 0 >tests/one.c
	cargo nextest run
}

@test "another compiler or other flags rebuild" {
	host_test flag 'FLAG' $'#ifndef FLAG\n#define FLAG ktstr_fail(t, "no flag")\n#endif' | add_target one
	run cargo nextest run
	[ "$status" -ne 0 ]
	[[ "$output" == *"no flag"* ]]

	CFLAGS='-O1 -DFLAG=0' cargo nextest run
}

@test "a release build defines NDEBUG, a debug build does not" {
	host_test released 'RELEASED' \
		$'#ifdef NDEBUG\n#define RELEASED 0\n#else\n#define RELEASED ktstr_fail(t, "built to debug")\n#endif' |
		add_target one

	run cargo nextest run
	[ "$status" -ne 0 ]
	[[ "$output" == *"built to debug"* ]]
	run cargo nextest run --release
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "plain cargo test says how the program wants to be run" {
	host_test lonely 0 | add_target one

	run cargo test --test one
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"usage: "*"--list --format terse"* ]]
}

@test "a C file that isn't there is named with the places looked at" {
	host_test gone 0 | add_target one
	rm tests/one.c

	run cargo build --tests
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"one.c: no such file in $PWD/tests or $PWD"* ]]
}

@test "a prefix without the library says what to do" {
	host_test lost 0 | add_target one

	KTSTR_PREFIX=$BATS_TEST_TMPDIR/nowhere run cargo build --tests
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"$BATS_TEST_TMPDIR/nowhere/lib/libktstr.a"* ]]
	[[ "$output" == *"set KTSTR_PREFIX to where it is installed"* ]]
}

@test "the installed layout works from where it lies" {
	local prefix="$BATS_TEST_TMPDIR/pre fix"

	mkdir -p "$prefix/lib" "$prefix/include" "$prefix/share/ktstr"
	cp "$ROOT/build/libktstr.a" "$prefix/lib"
	cp "$ROOT/lib/test/ktstr.h" "$prefix/include"
	cp -r "$ROOT/share/cargo" "$prefix/share/ktstr"
	GLUE="$prefix/share/ktstr/cargo" new_project "$BATS_TEST_TMPDIR/other"
	host_test installed 0 | add_target one

	run cargo nextest run
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1 passed"* ]]
}
