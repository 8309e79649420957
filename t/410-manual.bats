#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The manual: complete, clean, true, and shown where it is asked for.

bats_require_minimum_version 1.5.0
load lib/common

KEY=6.12.9-tarball-x86_64-kc00000000

setup() {
	setup_paths
	MAN=${LIBEXEC%/*}/man
}

# A cache with one kernel, a run with one result, the programs in PATH.
sandbox() {
	export PATH=$LIBEXEC:$PATH
	mkdir -p "$BATS_TEST_TMPDIR/work" "$KTSTR_CACHE_DIR/$KEY"
	cd "$BATS_TEST_TMPDIR/work"
	export CARGO_TARGET_DIR=$PWD/target GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR
	echo image >"$KTSTR_CACHE_DIR/$KEY/bzImage"
	echo image >"$KTSTR_CACHE_DIR/$KEY/Image"
	jq -n --arg arch "$(uname -m)" '{version:"6.12.9", source:{type:"tarball"}, arch:$arch,
		image_name:(if $arch == "aarch64" then "Image" else "bzImage" end), config_hash:null,
		built_at:"2026-01-01T00:00:00Z", ktstr_kconfig_hash:null, extra_kconfig_hash:null, has_vmlinux:false,
		vmlinux_stripped:false, source_vmlinux_size:null, source_vmlinux_mtime_secs:null}' \
		>"$KTSTR_CACHE_DIR/$KEY/metadata.json"
	git init -q .
	git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m one
	for kernel in 6.12.9 6.14.0 6.15.0; do
		mkdir -p target/ktstr/$kernel-abc1234
		jq --arg k $kernel '.kernel_version = $k' "$ROOT/t/fixtures/result/golden.json" \
			>target/ktstr/$kernel-abc1234/cgroup_steady-8ed0b7a3dc7e922d.ktstr.json
	done
	# the other machine is this one
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	script "$BATS_TEST_TMPDIR/bin/ssh" <<<'shift; exec "$@"'
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "every program and every command has a page" {
	for p in "$LIBEXEC"/ktstr-* "${LIBEXEC%/*}"/bin/*; do
		if [ -f "$p" ] && [ -x "$p" ]; then
			echo "${p##*/}"
			[ -s "$MAN/man1/${p##*/}.1" ]
		fi
	done
	while read -r cmd; do
		echo "$cmd"
		[ -s "$MAN/man1/cargo-ktstr-$cmd.1" ]
	done < <(cargo-ktstr --list-cmds | grep -vxE '.* .*|nextest|costume')
	for page in man7/ktstr-records.7 man7/ktstr-environment.7 man5/ktstr-files.5; do
		[ -s "$MAN/$page" ]
	done
}

@test "the pages are clean" {
	run mandoc -Tlint -W warning "$MAN"/man[157]/*
	[ -z "$output" ]
	[ "$status" -eq 0 ]
	run ! grep -nE '^@|^\.Sh OPTIONS@' "$MAN"/man[157]/*
}

@test "every page has the sections readers look for" {
	for page in "$MAN"/man1/*.1; do
		[[ $page != */ktstr-init.1 ]] || continue
		for s in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' 'SEE ALSO'; do
			echo "$page: $s"
			grep -qx ".Sh $s" "$page"
		done
		[[ $page == */cargo-ktstr-* ]] || grep -qx '.Sh EXAMPLES' "$page"
	done
}

@test "every option of every program is in its page" {
	for p in "$LIBEXEC"/ktstr-*; do
		[[ -x $p && $p != */ktstr-init ]] || continue
		"$p" --dump-opts </dev/null | jq -r .option | while read -r o; do
			echo "${p##*/}: --$o"
			grep -qE "^\.It (Fl . , )?Fl -$o( |$)" "$MAN/man1/${p##*/}.1"
		done
	done
	while read -r cmd; do
		# shellcheck disable=SC2086
		cargo-ktstr $cmd --dump-opts | jq -r .option | while read -r o; do
			echo "$cmd: --$o"
			grep -qE "^\.It (Fl . , )?Fl -$o( |$)" "$MAN/man1/cargo-ktstr-${cmd%% *}.1"
		done
	done < <(cargo-ktstr --list-cmds | grep -vxE 'nextest|costume')
}

@test "every page that is pointed to is there" {
	grep -ohE '^\.Xr (cargo-)?ktstr[^ ]* [0-9]' "$MAN"/man[157]/* | sort -u | while read -r _ name section; do
		echo "$name($section)"
		[ -s "$MAN/man$section/$name.$section" ]
	done
}

@test "every variable of the environment is in its page" {
	grep -oE '"(KTSTR_)?[A-Z_]+", *"' "$ROOT/lib/base/env.c" | grep -oE '[A-Z_]{2,}' | while read -r v; do
		echo "$v"
		grep -qx ".It Ev $v" "$MAN/man7/ktstr-environment.7"
	done
}

@test "the examples work" {
	sandbox
	n=0
	/usr/bin/python3 "$ROOT/t/lib/examples.py" "$MAN"/man[157]/* >"$BATS_TEST_TMPDIR/examples"
	while IFS= read -r -d '' example; do
		n=$((n + 1))
		echo "\$ $example"
		timeout 60 bash -o pipefail -c "$example" </dev/null >"$BATS_TEST_TMPDIR/said" 2>&1 ||
			{ tail -n 5 "$BATS_TEST_TMPDIR/said" && false; }
	done <"$BATS_TEST_TMPDIR/examples"
	[ "$n" -gt 20 ]
}

@test "an example that needs more than a shell is run by the test it names" {
	run ! grep -l '" not run' "$MAN"/man[157]/*
	run -0 grep -H '^\.\\" run by ' "$MAN"/man[157]/*
	[ "${#lines[@]}" = 2 ]
	while read -r page _ _ _ _ file _; do
		page=${page##*/}
		echo "$page: $file"
		grep -qF "example_of ${page%.1}" "$ROOT/${file%:}"
	done < <(sed 's/:/ : /' <<<"$output")
}

# on_terminal COMMAND: run it on a terminal, with a viewer that says what it shows
on_terminal() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	script "$BATS_TEST_TMPDIR/bin/man" <<<'echo "SHOWN $*"'
	PATH=$BATS_TEST_TMPDIR/bin:$PATH command script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

@test "on a terminal help and --help open the page" {
	[[ "$(on_terminal 'cargo-ktstr help')" == "SHOWN -l "*/man1/cargo-ktstr.1 ]]
	[[ "$(on_terminal 'cargo-ktstr help test')" == "SHOWN -l "*/man1/cargo-ktstr-test.1 ]]
	[[ "$(on_terminal 'cargo-ktstr ktstr help kernel build')" == "SHOWN -l "*/man1/cargo-ktstr-kernel.1 ]]
	[[ "$(on_terminal 'cargo-ktstr kernel list --help')" == "SHOWN -l "*/man1/cargo-ktstr-kernel.1 ]]
	[[ "$(on_terminal "$LIBEXEC/ktstr-sidecar read --help")" == "SHOWN -l "*/man1/ktstr-sidecar.1 ]]
	[[ "$(on_terminal 'cargo-ktstr test -h')" == *"Usage: cargo ktstr test"* ]]
}

@test "elsewhere, and without a viewer, they print a text" {
	run -0 cargo-ktstr help test
	[[ $output == *"Usage: cargo ktstr test [OPTIONS]"* ]]
	run -0 cargo-ktstr test --help
	[[ $output == *"Usage: cargo ktstr test [OPTIONS]"* ]]
	mkdir -p "$BATS_TEST_TMPDIR/none"
	run -0 command script -qec "PATH=$BATS_TEST_TMPDIR/none ${LIBEXEC%/*}/bin/cargo-ktstr help test" /dev/null
	[[ $output == *"Usage: cargo ktstr test [OPTIONS]"* ]]
}

@test "a real viewer shows the page" {
	run -0 man -l "$MAN/man1/cargo-ktstr-test.1"
	[[ $output == *"cargo ktstr test"*"--kernel"* ]]
	run -0 mandoc -T ascii "$MAN/man7/ktstr-records.7"
	[[ $output == *payload_exit* ]]
}
