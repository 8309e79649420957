#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# build-scx against a source tree whose tools/sched_ext is only a Makefile:
# what is copied, what is rebuilt, what is left behind.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	BUILD_SCX="$ROOT/share/demo/build-scx"
	OUT="$BATS_TEST_TMPDIR/out dir"
	SRC="$BATS_TEST_TMPDIR/linux src"
	# where build-scx works, to see what it leaves
	export TMPDIR="$BATS_TEST_TMPDIR/tmp" CLANG=/bin/bash LLVM_STRIP=/bin/true
	mkdir -p "$TMPDIR"
	echo 'BTF' >"$BATS_TEST_TMPDIR/vm linux"
	make_source
}

make_source() {
	mkdir -p "$SRC"/tools/{sched_ext,bpf,lib/bpf,include,arch,build,scripts} "$SRC"/{scripts,kernel/bpf}
	touch "$SRC"/scripts/bpf_doc.py "$SRC"/kernel/bpf/disasm.{c,h}
	# shellcheck disable=SC2016 # make's variables
	printf '%s:\n\tmkdir -p $(O)/build/bin\n\t%s\n' '%' \
		'(cat word $(VMLINUX_BTF); echo $@) >$(O)/build/bin/$@; chmod +x $(O)/build/bin/$@; touch here' \
		>"$SRC/tools/sched_ext/Makefile"
	echo one >"$SRC/tools/sched_ext/word"
}

build_scx() {
	run "$BUILD_SCX" "${1:-$SRC}" "$BATS_TEST_TMPDIR/vm linux" "$OUT"
	echo "$output"
}

@test "both schedulers are built from a tree, which is left as it was" {
	local before
	before=$(find "$SRC" -printf '%p %T@\n' | sort)

	build_scx
	[ "$status" -eq 0 ]
	[ "$(cat "$OUT/scx_simple")" = $'one\nBTF\nscx_simple' ]
	[ "$(cat "$OUT/scx_qmap")" = $'one\nBTF\nscx_qmap' ]
	[ -x "$OUT/scx_simple" ]
	[ "$(find "$SRC" -printf '%p %T@\n' | sort)" = "$before" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "a tarball gives the same" {
	mv "$SRC" "$BATS_TEST_TMPDIR/linux-6.12"
	tar -cJf "$BATS_TEST_TMPDIR/linux 6.12.tar.xz" -C "$BATS_TEST_TMPDIR" linux-6.12

	build_scx "$BATS_TEST_TMPDIR/linux 6.12.tar.xz"
	[ "$status" -eq 0 ]
	[ "$(cat "$OUT/scx_qmap")" = $'one\nBTF\nscx_qmap' ]
}

@test "nothing is built twice, and a changed source or vmlinux is" {
	build_scx
	[ "$status" -eq 0 ]
	build_scx
	[[ "$output" == *"up to date"* ]]

	echo two >"$SRC/tools/sched_ext/word"
	build_scx
	[[ "$output" != *"up to date"* ]]
	[ "$(head -n 1 "$OUT/scx_simple")" = two ]

	echo 'other BTF' >"$BATS_TEST_TMPDIR/vm linux"
	build_scx
	[ "$(sed -n 2p "$OUT/scx_simple")" = 'other BTF' ]

	rm "$OUT/scx_qmap"
	build_scx
	[ -x "$OUT/scx_qmap" ]
}

@test "a build that fails shows make's words and leaves nothing behind" {
	printf '%%:\n\techo no such thing as $@ >&2; false\n' >"$SRC/tools/sched_ext/Makefile"

	build_scx
	[ "$status" -eq 1 ]
	[[ "$output" == *"no such thing as scx_"* ]]
	[ ! -e "$OUT/scx_simple" ]
	[ -z "$(ls -A "$TMPDIR")" ]
	build_scx
	[[ "$output" != *"up to date"* ]]
}

@test "a source without tools/sched_ext is refused by name" {
	rm -r "$SRC/tools/sched_ext"
	build_scx
	[ "$status" -eq 1 ]
	[[ "$output" == *"$SRC: no tools/sched_ext"* ]]

	echo text >"$BATS_TEST_TMPDIR/no.tar"
	build_scx "$BATS_TEST_TMPDIR/no.tar"
	[ "$status" -eq 1 ]
	[[ "$output" == *"no.tar: not a kernel source"* ]]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "wrong arguments are a usage error" {
	run "$BUILD_SCX" one two
	[ "$status" -eq 2 ]
	[[ "$output" == "usage: build-scx SOURCE VMLINUX OUTDIR" ]]
	run "$BUILD_SCX" "$SRC" "$BATS_TEST_TMPDIR/none" "$OUT"
	[ "$status" -eq 1 ]
	[[ "$output" == *"none: no such vmlinux"* ]]
}
