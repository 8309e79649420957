#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What compiles kernels: CC, LLVM, ccache, distcc, and what of it is in a key.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-tree

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL ARCH KBUILD_OUTPUT
	unset CC HOSTCC LLVM LLVM_IAS CROSS_COMPILE
	while read -r v; do unset "$v"; done < <(compgen -e | grep -E '^(CCACHE|DISTCC)_')
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export CCACHE_DIR=$BATS_TEST_TMPDIR/ccache
	RESOLVE=$LIBEXEC/ktstr-resolve
	FETCH=$LIBEXEC/ktstr-fetch
	BUILD=$LIBEXEC/ktstr-build
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	local pid

	for pid in *.pid; do
		[ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true
	done
}

tool_key() {
	"$RESOLVE" 6.14.2 | jq -r .key | sed -n 's/.*-tc\([0-9a-f]\{8\}\).*/\1/p'
}

# A tree with several files to compile.
tree() {
	local i

	kernel_tree "$1"
	mkdir "$1/kernel"
	for i in 1 2 3 4 5 6; do
		printf 'int file%d(void)\n{\n\treturn %d;\n}\n' "$i" "$i" >"$1/kernel/file$i.c"
	done
}

git_source() {
	tree "$1"
	git -C "$1" -c init.defaultBranch=main init -q
	git -C "$1" add -A
	git_commit "$1" first
}

pipeline() {
	"$RESOLVE" "$@" >resolved && "$FETCH" <resolved >fetched && "$BUILD" <fetched
}

# How much more of a counter ccache had after than before.
more() {
	awk -F'\t' -v name="$1" '$1 == name { n = $2 - n } END { print n + 0 }' before after
}

# The command line of make, as it stands in an error's text or the trace.
made_by() {
	sed -n 's/^CC is //p' "$KTSTR_CACHE_DIR"/.logs/*.log | sort -u
}

say_cc() {
	sed -i 's/^vmlinux:.*/&\n\t@echo "CC is $(CC); HOSTCC is $(HOSTCC)"/' "$1/Makefile"
	git_commit "$1" says
}

@test "plain gcc has today's key, other compilers have keys of their own" {
	plain=$("$RESOLVE" 6.14.2 | jq -r .key)
	[[ $plain != *-tc* ]]
	for same in CC=gcc 'CC=ccache gcc' CC=/usr/lib/ccache/gcc 'CC=distcc gcc' 'CC=/usr/bin/ccache distcc gcc' \
		KTSTR_CC_PREFIX=ccache HOSTCC=clang LLVM= CC= ARCH=arm64 CROSS_COMPILE=arm-linux-gnueabi- LLVM_IAS=1; do
		[ "$(env "$same" "$RESOLVE" 6.14.2 | jq -r .key)" = "$plain" ] || { echo "$same"; return 1; }
	done
	for other in CC=gcc-12 CC=/opt/gcc/bin/gcc CC=clang LLVM=1 LLVM=-19 LLVM_IAS=0 "CROSS_COMPILE=$(uname -m)-linux-gnu-"; do
		env "$other" "$RESOLVE" 6.14.2 | jq -r .key
	done >keys
	[ "$(sort -u keys | grep -c -- '-tc')" = 7 ]
	# the same compiler said in two ways
	[ "$(LLVM=1 CC=clang tool_key)" = "$(LLVM=1 tool_key)" ]
	[ "$(CC='ccache clang' tool_key)" = "$(CC=clang tool_key)" ]
}

@test "the compiler stands between the lean part of a key and the fragment's" {
	echo CONFIG_FOO=y >extra
	LLVM=1 run -0 "$RESOLVE" --lean --extra-kconfig extra 6.14.2
	[[ $(jq -r .key <<<"$output") =~ -kc[0-9a-f]{8}-lean[0-9a-f]{8}-tc[0-9a-f]{8}-xkc2ce4027e$ ]]
}

@test "CC is given to make, and the entry says which compiler it was" {
	git_source linux
	say_cc linux
	CC=clang-19 run -0 --separate-stderr pipeline ./linux
	dir=$(jq -r .dir <<<"$output")
	[ "$(made_by)" = "clang-19; HOSTCC is gcc" ]
	[[ $(jq -r .compiler "$dir/metadata.json") == *"clang version 19"* ]]
	readelf -p .comment linux/vmlinux | grep -q 'clang version 19'
	# gcc's kernel is another one, and the tree is configured anew for it
	run -0 --separate-stderr pipeline ./linux
	[ "$(jq -r .dir <<<"$output")" != "$dir" ]
	[[ $(jq -r .compiler "$(jq -r .dir <<<"$output")/metadata.json") == *gcc* ]]
	CC=clang-19 run -0 --separate-stderr pipeline ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "LLVM with a suffix is kbuild's own" {
	git_source linux
	say_cc linux
	LLVM=-19 run -0 --separate-stderr pipeline ./linux
	[ "$(made_by)" = "clang-19; HOSTCC is clang-19" ]
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "a compiler that is not there is told before anything is built" {
	git_source linux
	CC=gcc-99 run -1 --separate-stderr pipeline ./linux
	[[ $stderr == *"CC: there is no program gcc-99"* ]]
	KTSTR_CC_PREFIX=fastcc run -1 --separate-stderr pipeline ./linux
	[[ $stderr == *"KTSTR_CC_PREFIX: there is no program fastcc"* ]]
	[ ! -e linux/.config ]
}

@test "a record for another compiler is refused" {
	git_source src
	LLVM=-19 "$RESOLVE" 'git+./src#main' >resolved
	"$FETCH" <resolved >fetched
	run -1 --separate-stderr "$BUILD" <fetched
	[[ $stderr == *"is for another configuration: its key ends in kc"* ]]
}

@test "what would make another machine's kernel is left aside with a word" {
	git_source linux
	ARCH=mips CROSS_COMPILE=mips-linux- KBUILD_OUTPUT=/nowhere run -0 --separate-stderr pipeline ./linux
	[[ $stderr == *"ARCH=mips is left aside: kernels are built for this machine"* ]]
	[[ $stderr == *"CROSS_COMPILE=mips-linux- is left aside"* ]]
	[[ $stderr == *"KBUILD_OUTPUT=/nowhere is left aside"* ]]
	[ "$(jq -r .state <<<"$output")" = cached ]
	[ -f linux/vmlinux ]
}

@test "ccache: the next release, in a directory of another name, compiles only what has changed" {
	git_source src
	export KTSTR_CC_PREFIX=ccache
	run -0 --separate-stderr pipeline 'git+./src#main'
	[ "$(jq -r .state <<<"$output")" = cached ]
	ccache --print-stats >before
	[ "$(sed -n 's/^cache_miss\t//p' before)" -ge 7 ]
	sed -i 's/^SUBLEVEL = 9/SUBLEVEL = 10/' src/Makefile
	echo 'int changed;' >>src/kernel/file3.c
	git_commit src second
	run -0 --separate-stderr pipeline 'git+./src#main'
	[ "$(jq -r .state <<<"$output")" = cached ]
	ccache --print-stats >after
	# … and without having to preprocess the others
	[ "$(more direct_cache_hit)" = 6 ]
	[ "$(more preprocessed_cache_hit)" = 0 ]
	[ "$(more cache_miss)" = 1 ]
}

@test "ccache: what an option does not concern is preprocessed, not compiled" {
	git_source src
	export KTSTR_CC_PREFIX=ccache
	run -0 --separate-stderr pipeline 'git+./src#main'
	ccache --print-stats >before
	echo 'CONFIG_UNUSED=y' >extra
	run -0 --separate-stderr pipeline --extra-kconfig extra 'git+./src#main'
	[ "$(jq -r .state <<<"$output")" = cached ]
	ccache --print-stats >after
	[ "$(more preprocessed_cache_hit)" = 7 ]
	[ "$(more cache_miss)" = 0 ]
}

@test "ccache keeps a local tree's own directory in its debug information" {
	git_source one
	cp -r one two
	git_commit two second --amend
	export CC='ccache gcc'
	run -0 --separate-stderr pipeline ./one
	run -0 --separate-stderr pipeline ./two
	readelf --debug-dump=info two/vmlinux | grep -q "DW_AT_comp_dir.*$PWD/two"
}

@test "distcc spreads a build over two machines" {
	git_source linux
	for n in 1 2; do
		for try in {1..20}; do
			port=$((20000 + (RANDOM + $$) % 30000))
			# as root it becomes another user, who may not write here
			TMPDIR=/tmp distccd --no-detach --daemon --listen 127.0.0.1 --port "$port" --allow 127.0.0.1 --log-stderr \
				--log-level info --jobs 2 --enable-tcp-insecure >/dev/null 2>"distccd$n.log" 3>&- &
			echo $! >"distccd$n.pid"
			wait_for 5 sh -c "grep -q 'preforking daemon started' distccd$n.log || ! kill -0 $! 2>/dev/null"
			kill -0 "$(cat "distccd$n.pid")" 2>/dev/null && break
		done
		hosts="$hosts 127.0.0.1:$port/2"
	done
	# no way back to this machine: every file is compiled over there
	export DISTCC_HOSTS="$hosts" DISTCC_FALLBACK=0 DISTCC_DIR=$PWD/distcc KTSTR_CC_PREFIX=distcc
	mkdir distcc
	export KTSTR_MAKE_JOBS=4
	run -0 --separate-stderr pipeline ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
	[ $(($(grep -c 'COMPILE_OK' distccd1.log) + $(grep -c 'COMPILE_OK' distccd2.log))) = 7 ]
	grep -q COMPILE_OK distccd1.log
	grep -q COMPILE_OK distccd2.log
	# it is gcc's kernel, wherever it was compiled
	unset KTSTR_CC_PREFIX
	run -0 --separate-stderr "$RESOLVE" ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "make runs as many compilers as distcc has slots" {
	git_source linux
	sed -i 's/^vmlinux:.*/&\n\t@echo "flags $(MAKEFLAGS)"/' linux/Makefile
	git_commit linux flags
	export DISTCC_HOSTS='10.0.0.1/7 10.0.0.2/6' DISTCC_DIR=$PWD/distcc
	mkdir distcc
	# the compiler itself stays here
	mkdir distcc-here
	script distcc-here/distcc <<<'[ "$1" = -j ] && exec /usr/bin/distcc "$@"; exec "$@"'
	PATH=$PWD/distcc-here:$PATH KTSTR_CC_PREFIX=distcc run -0 --separate-stderr pipeline ./linux
	grep -q -- '-j13' "$KTSTR_CACHE_DIR"/.logs/local-*.log
	KTSTR_MAKE_JOBS=many run -0 --separate-stderr "$BUILD" --force <resolved
	[[ $stderr == *"KTSTR_MAKE_JOBS=many is no number"* ]]
}
