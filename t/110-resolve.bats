#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-resolve: specs to kernel records.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	RESOLVE=$LIBEXEC/ktstr-resolve
	KERNEL=${LIBEXEC%/libexec}/t/tool/kernel
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	case $(uname -m) in
	aarch64) ARCH=aarch64 IMAGE=Image ;;
	*) ARCH=x86_64 IMAGE=bzImage ;;
	esac
	KC=kc$(crc_of "$ROOT/share/kconfig/ktstr.kconfig")
	LEAN=lean$(crc_of "$ROOT/share/kconfig/lean.kconfig")
	cd "$BATS_TEST_TMPDIR" || return
}

# zlib's crc32 of a file, by gzip's trailer rather than by our own code
crc_of() {
	gzip -nc <"$1" | tail -c8 | head -c4 | od -An -tx4 --endian=little | tr -d ' \n'
}

# A source tree, as far as anyone looks before building it.
tree() {
	mkdir -p "$1/kernel"
	echo 'all:' >"$1/Makefile"
	echo 'mainmenu "x"' >"$1/Kconfig"
	echo 'int x;' >"$1/kernel/x.c"
}

git_tree() {
	tree "$1"
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" commit -qm one
	# behind the instant of the index, as any tree that is not brand new is
	find "$1" -path "$1/.git" -prune -o -type f -exec touch -d '1 hour ago' {} +
	git -C "$1" status >/dev/null
}

# entry KEY [JQ EDIT]: put an entry in the cache.
entry() {
	mkdir -p "$KTSTR_CACHE_DIR/$1"
	echo image >"$KTSTR_CACHE_DIR/$1/$IMAGE"
	jq -n --arg arch "$ARCH" --arg image "$IMAGE" --arg kc "${KC#kc}" '{version: "6.14.2", source: {type: "tarball"},
		arch: $arch, image_name: $image, config_hash: "00000001", built_at: "2026-01-02T03:04:05Z",
		ktstr_kconfig_hash: $kc, extra_kconfig_hash: null, has_vmlinux: false, vmlinux_stripped: false,
		source_vmlinux_size: null, source_vmlinux_mtime_secs: null} | '"${2:-.}" \
		>"$KTSTR_CACHE_DIR/$1/metadata.json"
}

field() {
	jq -r "$1" <<<"$output"
}

@test "no spec is a usage error" {
	run -2 --separate-stderr "$RESOLVE"
	[ -z "$output" ]
}

@test "an exact version is missing with its key" {
	run -0 "$RESOLVE" 6.14.2
	[ "$output" = '{"type":"kernel","index":0,"total":1,"spec":"6.14.2","kind":"version","version":"6.14.2","label":"6.14.2","key":"6.14.2-tarball-'"$ARCH-$KC"'","lean":false,"state":"missing"}' ]
}

@test "a release candidate with two numbers is an exact version" {
	run -0 "$RESOLVE" 6.15-rc3
	[ "$(field .key)" = "6.15-rc3-tarball-$ARCH-$KC" ]
}

@test "--lean and KTSTR_LEAN put the lean configuration into the key" {
	run -0 "$RESOLVE" --lean 6.14.2
	[ "$(field .key)" = "6.14.2-tarball-$ARCH-$KC-$LEAN" ]
	[ "$(field .lean)" = true ]
	KTSTR_LEAN=1 run -0 "$RESOLVE" 6.14.2
	[ "$(field .key)" = "6.14.2-tarball-$ARCH-$KC-$LEAN" ]
	KTSTR_LEAN='' run -0 "$RESOLVE" 6.14.2
	[ "$(field .key)" = "6.14.2-tarball-$ARCH-$KC" ]
}

@test "an extra fragment comes last in the key" {
	printf 'CONFIG_FOO=y\n' >extra
	run -0 "$KERNEL" extra-key extra
	[ "$output" = "6.14.2-tarball-$ARCH-$KC-$LEAN-xkc2ce4027e" ]
	: >extra
	run -0 "$KERNEL" extra-key extra
	[[ $output == *-xkc00000000 ]]
}

@test "crc32 is zlib's" {
	[ "$("$KERNEL" crc '')" = 00000000 ]
	[ "$("$KERNEL" crc $'CONFIG_FOO=y\n')" = 2ce4027e ]
	[ "$("$KERNEL" crc /srv/linux)" = 57f6bb76 ]
}

@test "labels of paths end in the low six digits of the path's crc" {
	[ "$("$KERNEL" label-path /srv/linux)" = path_linux_f6bb76 ]
	[[ "$("$KERNEL" label-path /)" == path_kernel_?????? ]]
	[ "$("$KERNEL" sanitize path_linux_f6bb76)" = kernel_path_linux_f6bb76 ]
}

@test "labels of cache keys" {
	while read -r key label; do
		[ "$("$KERNEL" label-key "$key")" = "$label" ] || { echo "$key"; return 1; }
	done <<-'EOF'
		6.15-rc3-tarball-x86_64-kc1 6.15-rc3
		for-next-git-deadbee-x86_64-kc1 for-next
		local-deadbee-x86_64-kc1 local_deadbe
		local-unknown-57f6bb76-x86_64-kc1 local_unknown
		local-abc-x86_64 local_abc
		local- local
		local local
		localhost localhost
	EOF
}

@test "sanitized labels are identifiers" {
	while read -r label want; do
		[ "$("$KERNEL" sanitize "$label")" = "$want" ] || { echo "$label"; return 1; }
	done <<-'EOF'
		6.14.2 kernel_6_14_2
		6.15-rc3 kernel_6_15_rc3
		git_tj_sched_ext_for-next kernel_git_tj_sched_ext_for_next
		--A..B-- kernel_a_b
		Ünï kernel_n
		... kernel_
	EOF
	[ "$("$KERNEL" sanitize '')" = kernel_ ]
}

@test "versions are ordered with rcs before their release" {
	[ "$("$KERNEL" compare 6.10-rc1 6.10-rc3)" = '<' ]
	[ "$("$KERNEL" compare 6.10-rc3 6.10)" = '<' ]
	[ "$("$KERNEL" compare 6.10 6.10.0)" = '=' ]
	[ "$("$KERNEL" compare 6.10.1 6.10)" = '>' ]
	[ "$("$KERNEL" compare 7.0 6.99)" = '>' ]
	for v in 6 v6.14 6.14.2.1 6.14-rc 6.14. .6 6.18446744073709551616; do
		run -2 "$KERNEL" compare "$v" 6.14
	done
}

@test "an inverted range names the swapped spelling" {
	for r in 6.16..6.12 6.10..6.10-rc3 7.0..6.99; do
		run -1 --separate-stderr "$RESOLVE" "$r"
		[[ $stderr == *"error: --kernel $r: inverted kernel range \`$r\`: "* ]]
		[[ $stderr == *"\`${r#*..}..${r%..*}\`"* ]]
		[ "$(field .state)" = error ]
		[ "$(field .error.stage)" = resolve ]
	done
	run -1 --separate-stderr "$RESOLVE" 6.16..=6.12
	[[ $stderr == *'`6.12..=6.16`'* ]]
}

@test "a git URL without a ref is told what is missing" {
	for s in git+https://h/r.git git+https://h/r.git# 'git+#x'; do
		run -1 --separate-stderr "$RESOLVE" "$s"
		[[ $stderr == *"--kernel $s: a git source needs a URL and a ref: git+URL#REF"* ]]
	done
}

@test "an unknown cache key points to kernel list" {
	for s in linux v6.14 6 6.12...6.14 6.12,6.13; do
		run -1 --separate-stderr "$RESOLVE" "$s"
		[[ $stderr == *"error: --kernel $s: cache key $s not found"* ]]
		[[ $stderr == *'run `cargo ktstr kernel list`'* ]]
		[ "$(field .kind)" = key ]
	done
}

@test "a near miss gets a hint of its own" {
	mkdir linux
	run -1 --separate-stderr "$RESOLVE" linux
	[[ $stderr == *"a path needs a '/': ./linux"* ]]
	run -1 --separate-stderr "$RESOLVE" v6.14.2
	[[ $stderr == *"a version is written without the 'v': 6.14.2"* ]]
	run -1 --separate-stderr "$RESOLVE" 6.12,6.13
	[[ $stderr == *"give --kernel once for each kernel"* ]]
}

@test "under the dispatcher errors have no program name" {
	KTSTR_LABEL='cargo ktstr' run -1 --separate-stderr "$RESOLVE" nope
	[[ $stderr == "error: --kernel nope: cache key nope not found"* ]]
}

@test "blank specs are skipped and blanks around others cut" {
	run -0 --separate-stderr "$RESOLVE" '' '  6.14.2 ' $'\t'
	[ "$(field '.spec, .total' | xargs)" = "6.14.2 1" ]
}

@test "only blank specs are an error" {
	run -1 --separate-stderr "$RESOLVE" '' '   '
	[[ $stderr == *"error: --kernel: every supplied value parsed to empty / whitespace"* ]]
	[ "$(field .state)" = error ]
}

@test "records come in the order given with the total in each" {
	entry 6.9.1-tarball-k
	run -0 "$RESOLVE" 6.14.2 6.9.1-tarball-k 6.13.1
	[ "$(jq -r '[.index, .total, .label] | join(" ")' <<<"$output" | xargs)" = "0 3 6.14.2 1 3 6.9.1 2 3 6.13.1" ]
}

@test "a failed spec leaves the others their records" {
	run -1 --separate-stderr "$RESOLVE" 6.14.2 nokey
	[ "$(jq -r .state <<<"$output" | xargs)" = "missing error" ]
	[ "$(jq -r 'select(.state == "error").error.message' <<<"$output")" = "--kernel nokey: cache key nokey not found" ]
}

@test "what the text alone shows to be wrong stops the whole set" {
	run -1 --separate-stderr "$RESOLVE" 6.14.2 6.16..6.12
	[ "$(jq -r '[.state, .index, .total] | join(" ")' <<<"$output")" = "error 0 1" ]
}

@test "one kernel given twice is one record" {
	git_tree linux
	run -0 "$RESOLVE" 6.14.2 ./linux 6.14.2 "$PWD/linux/" ./linux/.
	[ "$(jq -r '[.index, .total, .spec] | join(" ")' <<<"$output" | xargs)" = "0 2 6.14.2 1 2 ./linux" ]
}

@test "a version and its own cache key are one kernel" {
	entry "6.14.2-tarball-$ARCH-$KC"
	run -0 "$RESOLVE" "6.14.2-tarball-$ARCH-$KC" 6.14.2
	[ "$(field .total)" = 1 ]
}

@test "labels that sanitize equally are refused before any look at the disk" {
	run -1 --separate-stderr "$RESOLVE" 6.14.2 6-14-2
	[[ $stderr == *"error: --kernel: pre-flight check found collision between labels \"6.14.2\" and \"6-14-2\""* ]]
	[[ $stderr == *'"kernel_6_14_2"'* ]]
	[ "$(field '.state, .total' | xargs)" = "error 1" ]
}

@test "equal labels of different kernels are refused" {
	entry 6.14.2-tarball-a
	entry 6.14.2-tarball-b
	run -1 --separate-stderr "$RESOLVE" 6.14.2-tarball-a 6.14.2-tarball-b
	[[ $stderr == *'labels "6.14.2" and "6.14.2" both sanitize to "kernel_6_14_2"'* ]]
}

@test "a clean git tree" {
	git_tree linux
	run -0 "$RESOLVE" ./linux
	h=$(git -C linux rev-parse HEAD | cut -c1-7)
	path=$(realpath linux)
	crc=$(printf %s "$path" >p && crc_of p)
	[ "$(field .key)" = "local-$h-$ARCH-$KC" ]
	[ "$(field .label)" = "path_linux_${crc:2}" ]
	[ "$(field '.state, .src, .git_hash, .dirty, .is_git, .user_config' | xargs)" = "fetched $path $h false true null" ]
}

@test "a clean tree with a .config has it in the key" {
	git_tree linux
	printf 'CONFIG_FOO=y\n' >linux/.config
	run -0 "$RESOLVE" ./linux
	h=$(git -C linux rev-parse HEAD | cut -c1-7)
	[ "$(field .key)" = "local-$h-$ARCH-cfg2ce4027e-$KC" ]
	[ "$(field .user_config)" = 2ce4027e ]
}

dirty() {
	run -0 "$RESOLVE" ./linux
	path=$(realpath linux)
	[ "$(field '.state, .git_hash, .dirty, .is_git' | xargs)" = "fetched null true $1" ]
	[ "$(field .key)" = "local-unknown-$(printf %s "$path" >p && crc_of p)-$ARCH-$KC" ]
}

@test "a tree with a changed file is dirty" {
	git_tree linux
	echo 'int y;' >linux/kernel/x.c
	dirty true
}

@test "a change of the same size and time is seen" {
	git_tree linux
	stamp=$(stat -c %y linux/kernel/x.c)
	sleep 1.1
	echo 'int y;' >linux/kernel/x.c
	touch -d "$stamp" linux/kernel/x.c
	dirty true
}

@test "a change right after the commit is seen" {
	tree linux
	git -C linux init -q
	git -C linux add -A
	git -C linux commit -qm one
	echo 'int y;' >linux/kernel/x.c
	dirty true
}

@test "a staged change, a removed file and a new mode are dirty" {
	for change in 'echo z >linux/new; git -C linux add new' 'rm linux/kernel/x.c' 'chmod +x linux/kernel/x.c' \
		'rm linux/Kconfig; ln -s Makefile linux/Kconfig' 'git -C linux rm -q --cached kernel/x.c' \
		'git -C linux add -N untracked' 'rm -r linux/kernel; echo >linux/kernel'; do
		rm -rf linux
		git_tree linux
		echo u >linux/untracked
		eval "$change"
		dirty true
	done
}

@test "untracked files leave a tree clean" {
	git_tree linux
	echo junk >linux/junk.o
	run -0 "$RESOLVE" ./linux
	[ "$(field .dirty)" = false ]
}

@test "a touched file with its old content leaves a tree clean" {
	git_tree linux
	touch linux/kernel/x.c linux/Makefile
	export GIT_OPTIONAL_LOCKS=0
	run -0 "$RESOLVE" ./linux
	[ "$(field .dirty)" = false ]
}

@test "a link touched, a copied tree, a filter on line ends leave a tree clean" {
	git_tree linux
	ln -s Makefile linux/link
	printf 'a\r\nb\r\n' >linux/crlf
	echo 'crlf text eol=crlf' >linux/.gitattributes
	git -C linux add -A
	git -C linux commit -qm two
	cp -r linux copy
	rm -rf linux
	mv copy linux
	run -0 "$RESOLVE" ./linux
	[ "$(field .dirty)" = false ]
}

@test "every index version and kind of repository says clean and dirty" {
	for how in 'update-index --index-version=2' 'update-index --index-version=3' 'update-index --index-version=4' \
		'update-index --split-index' 'sparse-checkout set kernel' 'pack-refs --all' 'gc -q'; do
		rm -rf linux
		git_tree linux
		mkdir linux/kernel/deep
		for i in {1..40}; do echo "$i" >"linux/kernel/deep/file_with_a_long_name_$i"; done
		git -C linux add -A
		git -C linux commit -qm two
		# shellcheck disable=SC2086 # the words of a command
		git -C linux $how >/dev/null
		run -0 "$RESOLVE" ./linux
		[ "$(field .dirty)" = false ] || { echo "$how"; return 1; }
		echo more >>linux/kernel/deep/file_with_a_long_name_40
		dirty true || { echo "$how"; return 1; }
	done
}

@test "a repository with SHA-256 ids" {
	tree linux
	git -C linux init -q --object-format=sha256
	git -C linux add -A
	git -C linux commit -qm one
	sleep 0.05
	git -C linux update-index --refresh
	run -0 "$KERNEL" probe linux
	[[ $output =~ ^git=1\ dirty=0\ hash7=[0-9a-f]{7}\ hash=[0-9a-f]{64}\ config=$ ]]
	echo 'int y;' >linux/kernel/x.c
	run -0 "$KERNEL" probe linux
	[[ $output == "git=1 dirty=1 hash7= "* ]]
}

@test "a linked worktree is a git tree of its own" {
	git_tree main
	git -C main worktree add -q ../linux 2>/dev/null
	run -0 "$RESOLVE" ./linux
	[ "$(field '.dirty, .is_git' | xargs)" = "false true" ]
	echo 'int y;' >linux/kernel/x.c
	dirty true
}

@test "GIT_DIR and its kin in the environment do not mislead" {
	git_tree linux
	git_tree other
	GIT_DIR=$PWD/other/.git GIT_WORK_TREE=$PWD/other GIT_INDEX_FILE=/dev/null run -0 "$RESOLVE" ./linux
	[ "$(field '.dirty, .is_git' | xargs)" = "false true" ]
}

@test "a repository's own monitor program is not run" {
	git_tree linux
	printf '#!/bin/sh\ntouch %s/ran\n' "$PWD" >monitor
	chmod +x monitor
	git -C linux config core.fsmonitor "$PWD/monitor"
	touch linux/Makefile linux/Kconfig
	echo 'int y;' >linux/kernel/x.c
	dirty true
	[ ! -e ran ]
}

@test "a tree without git is dirty and not git" {
	tree linux
	dirty false
	mkdir linux/.git
	dirty false
}

@test "a tree inside another repository is not git" {
	git_tree outer
	tree outer/linux
	git -C outer add -A
	git -C outer commit -qm two
	cd outer
	dirty false
}

@test "a HEAD without a commit is an error" {
	tree linux
	git -C linux init -q
	run -1 --separate-stderr "$RESOLVE" ./linux
	[ "$(field .state)" = error ]
	[[ $stderr == *"error: --kernel ./linux: git state of $(realpath linux): HEAD names no commit yet. commit the sources, or remove .git"* ]]
}

@test "a HEAD of something else than the sources does not name them" {
	tree linux
	mkdir linux/debian
	echo package >linux/debian/control
	git -C linux init -q
	git -C linux add debian
	git -C linux commit -qm packaging
	dirty true
	git -C linux add Makefile kernel
	git -C linux commit -qm 'not all'
	dirty true
	git -C linux add Kconfig
	git -C linux commit -qm 'the rest'
	run -0 --separate-stderr "$RESOLVE" ./linux
	[ "$(field .dirty)" = false ]
}

@test "a worktree whose repository is gone is an error" {
	tree linux
	echo 'gitdir: /nowhere/at/all' >linux/.git
	run -1 --separate-stderr "$RESOLVE" ./linux
	[[ $stderr == *"not a git repository: /nowhere/at/all. repair the repository, or remove .git"* ]]
}

@test "a git tree without git installed is an error" {
	git_tree linux
	run -1 --separate-stderr env PATH=/nowhere "$RESOLVE" ./linux
	[[ $stderr == *"is a git tree, and git is not installed. install git"* ]]
}

@test "an index that cannot be read is an error, not a clean tree" {
	git_tree linux
	printf 'DIRC\0\0\0\2\377\377\377\377garbage that is no index at all' >linux/.git/index
	run -1 --separate-stderr "$RESOLVE" ./linux
	[ "$(field .state)" = error ]
	[[ $stderr == *"git state of"* ]]
}

@test "an index cut short at any point is an error or git's own verdict" {
	git_tree linux
	cp linux/.git/index whole
	size=$(stat -c %s whole)
	for ((n = 0; n < size; n += 7)); do
		head -c "$n" whole >linux/.git/index
		run --separate-stderr "$KERNEL" probe linux
		[ "$status" = 1 ] && continue
		[[ $output == "git=1 dirty="[01]" "* ]]
		# git reads an index whose tail is gone when the entries are whole
		[[ $output != "git=1 dirty=0 "* ]] || [ -z "$(git -C linux status --porcelain -uno)" ]
	done
}

@test "a damaged byte of the index never crashes or lies" {
	git_tree linux
	echo 'int y;' >linux/kernel/x.c
	cp linux/.git/index whole
	size=$(stat -c %s whole)
	export GIT_OPTIONAL_LOCKS=0
	for ((n = 0; n < size; n += 5)); do
		cp whole linux/.git/index
		printf '\377' | dd of=linux/.git/index bs=1 seek="$n" conv=notrunc status=none
		run --separate-stderr "$KERNEL" probe linux
		[ "$status" = 1 ] || [[ $output == "git=1 dirty=1 "* ]] || { echo "$n: $status $output"; return 1; }
	done
}

@test "a path that is no kernel tree" {
	mkdir empty
	run -1 --separate-stderr "$RESOLVE" ./empty
	[[ $stderr == *"error: --kernel ./empty: no kernel image found in ./empty (not a kernel source tree — missing Makefile or Kconfig). set KTSTR_KERNEL to a kernel source directory"* ]]
	[ "$(field .error.stage)" = resolve ]
	touch empty/Makefile
	run -1 --separate-stderr "$RESOLVE" ./empty
	[[ $stderr == *"not a kernel source tree"* ]]
}

@test "the path of a cache entry is answered with its key" {
	mkdir -p entries/6.14.2-tarball-x
	: | tee entries/6.14.2-tarball-x/{bzImage,Image,metadata.json} >/dev/null
	run -1 --separate-stderr "$RESOLVE" ./entries/6.14.2-tarball-x/
	[[ $stderr == *"not a kernel source tree"* ]]
	[[ $stderr == *"an entry of the kernel cache is named by its key alone: 6.14.2-tarball-x"* ]]
}

@test "where make O= builds, the sources are named" {
	tree sources
	mkdir out
	touch out/Makefile
	ln -s ../sources out/source
	run -1 --separate-stderr "$RESOLVE" ./out
	[[ $stderr == *"not a kernel source tree"*"give its sources, $(realpath sources), "* ]]
}

@test "a path that is not there" {
	run -1 --separate-stderr "$RESOLVE" ./nowhere
	[[ $stderr == *"--kernel ./nowhere: path does not exist or cannot be canonicalized"* ]]
	[[ $stderr == *"set KTSTR_KERNEL to a kernel source directory"* ]]
}

@test "a raw image is refused" {
	echo x >bzImage
	run -1 --separate-stderr "$RESOLVE" ./bzImage
	[[ $stderr == *"--kernel ./bzImage: raw image files are not supported here"* ]]
}

@test "~ is the home directory" {
	git_tree "$HOME/linux"
	# shellcheck disable=SC2088 # it is the program that expands it
	for s in '~/linux' '~///linux'; do
		run -0 "$RESOLVE" "$s"
		[ "$(field .src)" = "$(realpath "$HOME/linux")" ]
		[ "$(field .spec)" = "$s" ]
	done
	run -1 --separate-stderr "$RESOLVE" '~root/linux'
	[[ $stderr == *"cannot be canonicalized: ~root/linux"* ]]
	# shellcheck disable=SC2088
	HOME='' run -1 --separate-stderr "$RESOLVE" '~/linux'
	[[ $stderr == *"cannot be canonicalized: ~/linux"* ]]
	tree "$HOME"
	run -0 "$RESOLVE" '~'
	[ "$(field .src)" = "$(realpath "$HOME")" ]
}

@test "a source tarball is keyed by its content" {
	echo sources >linux-6.12.tar.xz
	sha=$(sha256sum linux-6.12.tar.xz | cut -d' ' -f1)
	run -0 "$RESOLVE" ./linux-6.12.tar.xz
	[ "$(field '.kind, .state, .key' | xargs)" = "tarball missing local-${sha:0:7}-$ARCH-$KC" ]
	[ "$(field .sha256)" = "$sha" ]
	[ "$(field .tarball)" = "$(realpath linux-6.12.tar.xz)" ]
	[ "$(field .src)" = null ]
	crc=$(realpath linux-6.12.tar.xz | tr -d '\n' >p && crc_of p)
	[ "$(field .label)" = "path_linux-6.12.tar.xz_${crc:2}" ]
	run -0 "$RESOLVE" --lean ./linux-6.12.tar.xz
	[ "$(field .key)" = "local-${sha:0:7}-$ARCH-$KC-$LEAN" ]
}

@test "every tarball suffix counts and others do not" {
	for s in tar tar.gz tar.xz tar.zst; do
		echo x >"a.$s"
		run -0 "$RESOLVE" "./a.$s"
		[ "$(field .kind)" = tarball ]
	done
	echo x >a.zip
	run -1 --separate-stderr "$RESOLVE" ./a.zip
	[[ $stderr == *"raw image files are not supported here"* ]]
}

@test "a tarball's digest is remembered until the file changes" {
	echo sources >l.tar
	run -0 "$RESOLVE" ./l.tar
	[ "$(jq -r .sha256 "$KTSTR_CACHE_DIR/.digests")" = "$(field .sha256)" ]
	fake=$(printf 'f%.0s' {1..64})
	sed -i "s/\"sha256\":\"[0-9a-f]*\"/\"sha256\":\"$fake\"/" "$KTSTR_CACHE_DIR/.digests"
	run -0 "$RESOLVE" ./l.tar
	[ "$(field .sha256)" = "$fake" ]
	touch -d '1 minute ago' l.tar
	run -0 "$RESOLVE" ./l.tar
	[ "$(field .sha256)" = "$(sha256sum l.tar | cut -d' ' -f1)" ]
	[ "$(wc -l <"$KTSTR_CACHE_DIR/.digests")" = 1 ]
}

@test "remembered digests that make no sense are ignored" {
	echo sources >l.tar
	sha=$(sha256sum l.tar | cut -d' ' -f1)
	mkdir -p "$KTSTR_CACHE_DIR"
	stat -c '{"path":"'"$PWD"'/l.tar","size":%s,"mtime_ns":"no","inode":%i,"sha256":"short"}' l.tar >d
	for bad in '' garbage '{"path":' '[]' "$(cat d)" $'\0\377'; do
		printf '%s\n' "$bad" >"$KTSTR_CACHE_DIR/.digests"
		run -0 "$RESOLVE" ./l.tar
		[ "$(field .sha256)" = "$sha" ]
	done
	echo other >m.tar
	run -0 "$RESOLVE" ./m.tar
	[ "$(wc -l <"$KTSTR_CACHE_DIR/.digests")" = 2 ]
}

@test "a cache that cannot be written costs only the memory" {
	echo sources >l.tar
	KTSTR_CACHE_DIR=/proc/nowhere run -0 "$RESOLVE" ./l.tar
	[ "$(field .state)" = missing ]
}

@test "a cached version, key and tarball are found" {
	entry "6.14.2-tarball-$ARCH-$KC"
	run -0 --separate-stderr "$RESOLVE" 6.14.2
	[ "$(field '.state, .dir' | xargs)" = "cached $KTSTR_CACHE_DIR/6.14.2-tarball-$ARCH-$KC" ]
	[ -z "$stderr" ]
	run -0 "$RESOLVE" "6.14.2-tarball-$ARCH-$KC"
	[ "$(field '.state, .kind, .version, .label' | xargs)" = "cached key 6.14.2 6.14.2" ]
	echo s >l.tar
	sha=$(sha256sum l.tar | cut -c1-7)
	entry "local-$sha-$ARCH-$KC" '.source = {type: "local", source_tree_path: null, git_hash: null}'
	KTSTR_LABEL='cargo ktstr' run -0 --separate-stderr "$RESOLVE" ./l.tar
	[ "$(field .state)" = cached ]
	[[ $stderr == "cargo ktstr: cache hit for ./l.tar (local-$sha-$ARCH-$KC, built "*" ago)" ]]
}

@test "lean and full entries never answer for each other" {
	entry "6.14.2-tarball-$ARCH-$KC"
	run -0 "$RESOLVE" --lean 6.14.2
	[ "$(field .state)" = missing ]
}

@test "an entry of ktstr 0.5.2 answers for a version" {
	entry "6.14.2-tarball-$ARCH-kc33431046" '.ktstr_kconfig_hash = "33431046"'
	run -0 "$RESOLVE" 6.14.2
	[ "$(field '.state, .key' | xargs)" = "cached 6.14.2-tarball-$ARCH-kc33431046" ]
	run -0 "$RESOLVE" --lean 6.14.2
	[ "$(field .state)" = missing ]
}

@test "a cache hit of a tree says so with its age" {
	git_tree linux
	h=$(git -C linux rev-parse HEAD | cut -c1-7)
	built=$(date -u -d '2 hours ago' +%FT%TZ)
	entry "local-$h-$ARCH-$KC" ".built_at = \"$built\" | .version = null"
	KTSTR_LABEL='cargo ktstr' run -0 --separate-stderr "$RESOLVE" ./linux
	[[ $stderr =~ ^"cargo ktstr: cache hit for ./linux (local-$h-$ARCH-$KC, built 2h"(\ [0-9]+s)?" ago)"$ ]]
	[ "$(field '.state, .dir, .src, .git_hash' | xargs)" = "cached $KTSTR_CACHE_DIR/local-$h-$ARCH-$KC $(realpath linux) $h" ]
}

@test "the age is left out when the stamp says nothing or lies ahead" {
	git_tree linux
	h=$(git -C linux rev-parse HEAD | cut -c1-7)
	for built in yesterday 2999-01-01T00:00:00Z 2026-02-31T00:00:00Z; do
		entry "local-$h-$ARCH-$KC" ".built_at = \"$built\""
		KTSTR_LABEL='cargo ktstr' run -0 --separate-stderr "$RESOLVE" ./linux
		[ "$stderr" = "cargo ktstr: cache hit for ./linux (local-$h-$ARCH-$KC)" ]
	done
}

@test "ages are written as humantime writes them" {
	while read -r seconds want; do
		[ "$("$KERNEL" age "$seconds")" = "$want" ] || { echo "$seconds"; return 1; }
	done <<-'EOF'
		0 0s
		1 1s
		61 1m 1s
		86400 1day
		172800 2days
		2630016 1month
		31557600 1year
		68548271 2years 2months 2days 3m 59s
	EOF
}

@test "a dirty tree is never looked up" {
	git_tree linux
	echo 'int y;' >linux/kernel/x.c
	crc=$(realpath linux | tr -d '\n' >p && crc_of p)
	entry "local-unknown-$crc-$ARCH-$KC"
	dirty true
}

@test "the .config that a build left behind finds that build" {
	git_tree linux
	h=$(git -C linux rev-parse HEAD | cut -c1-7)
	printf 'CONFIG_FOO=y\n' >linux/.config
	entry "local-$h-$ARCH-$KC" '.config_hash = "2ce4027e"'
	run -0 --separate-stderr "$RESOLVE" ./linux
	[ "$(field '.state, .key' | xargs)" = "cached local-$h-$ARCH-$KC" ]
	# another configuration, another commit, the lean one: not the same kernel
	entry "local-$h-$ARCH-$KC" '.config_hash = "2ce4027f"'
	entry "local-0000000-$ARCH-$KC" '.config_hash = "2ce4027e"'
	entry "local-$h-$ARCH-$KC-$LEAN" '.config_hash = "2ce4027e"'
	run -0 --separate-stderr "$RESOLVE" ./linux
	[ "$(field '.state, .key' | xargs)" = "fetched local-$h-$ARCH-cfg2ce4027e-$KC" ]
	# an entry made from another .config that ended as this one
	entry "local-$h-$ARCH-cfg00000001-$KC" '.config_hash = "2ce4027e"'
	run -0 --separate-stderr "$RESOLVE" ./linux
	[ "$(field '.state, .key' | xargs)" = "cached local-$h-$ARCH-cfg00000001-$KC" ]
}

@test "a corrupt entry is a miss, and for a key the reason is told" {
	entry "6.14.2-tarball-$ARCH-$KC"
	rm "$KTSTR_CACHE_DIR/6.14.2-tarball-$ARCH-$KC/$IMAGE"
	run -0 "$RESOLVE" 6.14.2
	[ "$(field .state)" = missing ]
	run -1 --separate-stderr "$RESOLVE" "6.14.2-tarball-$ARCH-$KC"
	[[ $stderr == *"not found (the entry is corrupt: image file $IMAGE missing from entry directory)"* ]]
}

@test "a cache that is a file is an error before anything else" {
	echo x >file
	KTSTR_CACHE_DIR=$PWD/file run -1 --separate-stderr "$RESOLVE" 6.14.2
	[[ $stderr == *"Not a directory (os error 20)"* ]]
}

@test "a relative cache directory gives absolute entries" {
	entry "6.14.2-tarball-$ARCH-$KC"
	KTSTR_CACHE_DIR=cache run -0 "$RESOLVE" 6.14.2
	[ "$(field .dir)" = "$PWD/cache/6.14.2-tarball-$ARCH-$KC" ]
}

@test "a full disk under stdout is an error" {
	run -1 bash -c '"$0" 6.14.2 >/dev/full' "$RESOLVE"
}

@test "keys of one label run together, told apart by how they were configured" {
	for tail in "$KC" "cfg2ce4027e-$KC" "$KC-xkc00000000" "$KC-tc11223344"; do
		entry "local-deadbee-$ARCH-$tail"
	done
	run -0 --separate-stderr "$RESOLVE" "local-deadbee-$ARCH-$KC" "local-deadbee-$ARCH-cfg2ce4027e-$KC"
	[ "$(jq -r .label <<<"$output" | xargs)" = "local_deadbe local_deadbe_cfg2ce4027e" ]
	run -0 --separate-stderr "$RESOLVE" "local-deadbee-$ARCH-$KC-xkc00000000" "local-deadbee-$ARCH-$KC-tc11223344"
	[ "$(jq -r .label <<<"$output" | xargs)" = "local_deadbe_xkc00000000 local_deadbe_tc11223344" ]
	# alone, or beside others, it has the short one
	run -0 --separate-stderr "$RESOLVE" "local-deadbee-$ARCH-cfg2ce4027e-$KC" 6.14.2
	[ "$(jq -r .label <<<"$output" | head -n 1)" = local_deadbe ]
	entry "6.14.2-tarball-$ARCH-$KC-xkc00000000"
	run -0 --separate-stderr "$RESOLVE" 6.14.2 "6.14.2-tarball-$ARCH-$KC-xkc00000000"
	[ "$(jq -r .label <<<"$output" | xargs)" = "6.14.2 6.14.2_xkc00000000" ]
}

@test "what is nearly a spec is told what it should be" {
	mkdir linux
	while IFS='|' read -r spec hint; do
		run -1 --separate-stderr "$RESOLVE" "$spec"
		[[ $stderr == *"$hint"* ]] || { echo "$spec: $stderr"; return 1; }
		[ "$(field .state)" = error ]
	done <<-'EOF'
		linux|a path needs a '/': ./linux
		v6.14|a version is written without the 'v': 6.14
		6.14-rc|a release candidate has a number: 6.14-rc1
		6|a version has at least two numbers
		6.12,6.13|give --kernel once for each kernel
		6.12...6.14|a range is written START..END
		6.16..6.12|`6.12..6.16`
		git+https://h/r.git|a git source needs a URL and a ref: git+URL#REF
		git+https://h/r.git#|behind a '#': git+https://h/r.git#REF
		git+https://me@h/r.git@main|the ref stands behind a '#': git+https://me@h/r.git#main
		git+https://me@h/r.git|behind a '#': git+https://me@h/r.git#REF
		git+#main|the URL or path of a repository in front of the '#'
		https://h/r.git|a git source is written git+https://h/r.git#REF
		git@h:tj/x.git#main|a git source is written git+git@h:tj/x.git#main
		6.12-6.14|a range is written START..END: 6.12..6.14
		6.12.x|is numbers alone: 6.12
		6.12.|is numbers alone: 6.12
		linux-6.15-rc1|is numbers alone: 6.15-rc1
		latest|`cargo ktstr kernel build` without a version
	EOF
}
