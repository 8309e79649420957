#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the kernel stages leave behind when they are killed, interrupted or out
# of disk: nothing that looks good and is not, and nothing for ever.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache
load lib/kernel-org

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL http_proxy https_proxy ALL_PROXY
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	CACHE=$LIBEXEC/ktstr-cache
	KERNEL=${LIBEXEC%/libexec}/t/tool/kernel
	LIB=$BATS_TEST_DIRNAME/lib
	cd "$BATS_TEST_TMPDIR"
	mkdir -p "$KTSTR_CACHE_DIR"
}

teardown() {
	exec 8>&-
}

# A tree whose build only copies, so that a round takes no time.
quick_tree() {
	kernel_tree "$1"
	gcc -g -nostdlib -ffreestanding -static -Wl,-e,start -o "$1/vmlinux.o" "$1/init/main.c"
	sed -i 's/gcc -g .*/cp vmlinux.o $@/' "$1/Makefile"
}

# kernel_org: one with linux-6.12.9
kernel_org() {
	quick_tree linux-6.12.9
	org_release 6.12.9
	org_serve
}

pipeline() {
	echo "set -o pipefail; $LIBEXEC/ktstr-resolve $* 6.12.9 | $LIBEXEC/ktstr-fetch | $LIBEXEC/ktstr-build $*"
}

no_lock_held() {
	local lock

	for lock in "$KTSTR_CACHE_DIR"/.locks/* "$KTSTR_CACHE_DIR"/.tarballs/*.lock "$TMPDIR"/ktstr-src-*/.lock-*; do
		[ ! -e "$lock" ] || flock -xn "$lock" true || { echo "held: $lock"; return 1; }
	done
}

# Nothing half made is left anywhere, and no lock is held.
nothing_left() {
	find "$KTSTR_CACHE_DIR" "$TMPDIR" \( -name '.tmp-*' -o -name '*.tmp.*' -o -name '.stage-*' -o -name 'ktstr-tmp-*' \
		-o -name '*.part*' -o -name 'linux-6.12.9' \) >left
	cat left
	[ ! -s left ] && no_lock_held
}

# The entry nobody touches, and no entry that is listed as valid and is not.
CHECK='[[ $("$CACHE" verify) == *"keep: ok"* ]]'

@test "kill -9 at 200 random moments of resolve, fetch, build and store, of all of it or of one process" {
	kernel_org
	summed_entry keep
	export CACHE
	key=6.12.9-tarball-$ARCH-kc$KC
	run -0 "$LIB/kill-often.py" 200 --single "$CHECK" "rm -rf '$KTSTR_CACHE_DIR/$key'; $(pipeline)" "$(pipeline --force)"
	echo "$output"
	# more than the shell, which any luck hits
	[[ $output =~ "killed alone: "[a-z].*" "[0-9]+" "[a-z].*" "[0-9]+" "[a-z] ]]
	run -0 bash -c "$(pipeline --force)" || { echo "$output"; tail -n 40 "$KTSTR_CACHE_DIR"/.logs/*; false; }
	run -0 "$CACHE" verify
	[ "$(sort <<<"$output" | xargs)" = "$key: ok keep: ok" ]
	nothing_left
}

@test "kill -9 at 50 random moments of two processes on one key" {
	kernel_org
	summed_entry keep
	export CACHE
	key=6.12.9-tarball-$ARCH-kc$KC
	run -0 "$LIB/kill-often.py" 50 --pairs --single "$CHECK" "$(pipeline --force)" "$(pipeline --force)" "$(pipeline)" ||
		{ tail -n 20 kill-often.log; return 1; }
	echo "$output"
	run -0 bash -c "$(pipeline --force)"
	run -0 "$CACHE" verify
	[ "$(sort <<<"$output" | xargs)" = "$key: ok keep: ok" ]
	nothing_left
}

@test "kill -9 at 50 random moments of clean and a store beside it" {
	summed_entry keep
	export CACHE
	head -c 300000 /dev/urandom >image
	store="$KERNEL store old $PWD/image - && $KERNEL store new $PWD/image -"
	check='"$CACHE" verify >/dev/null'
	run -0 "$LIB/kill-often.py" 50 --pairs "$check" "$store" "$CACHE clean --force" "$store; $CACHE clean --force --keep 1"
	run -0 "$CACHE" clean --force
	[ "$("$CACHE" list --json 2>/dev/null | jq '.entries | length')" = 0 ]
	nothing_left
}

@test "what make of a killed build has left running is waited for" {
	kernel_org
	"$LIBEXEC/ktstr-resolve" 6.12.9 | "$LIBEXEC/ktstr-fetch" >fetched
	export HERE=$PWD
	DURING="(trap '' TERM; $(until_go); sleep 1; touch $PWD/late) & wait" "$LIBEXEC/ktstr-build" <fetched 3>&- >one 2>err &
	wait_for 10 test -e started
	kill -KILL $!
	wait $! || true
	[ ! -e late ]
	touch go
	DURING='[ -e $HERE/late ]' run -0 --separate-stderr "$LIBEXEC/ktstr-build" <fetched
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "two that build one release anew share one source, and both succeed" {
	kernel_org
	"$LIBEXEC/ktstr-resolve" --force 6.12.9 | "$LIBEXEC/ktstr-fetch" >fetched
	export HERE=$PWD
	DURING='touch $HERE/started; sleep 1' "$LIBEXEC/ktstr-build" --force <fetched 3>&- >one 2>err &
	wait_for 10 test -e started
	run -0 --separate-stderr "$LIBEXEC/ktstr-build" --force <fetched
	wait $!
	[ "$(jq -r .dir <<<"$output")" = "$(jq -r .dir one)" ]
}

# on_small_disk SIZE-OPTION COMMAND…: with the cache on a tmpfs of its own, which holds a good entry "keep"; what is left
# goes to the file "after"
on_small_disk() {
	local option=$1

	shift
	unshare -rm bash -c 'keep=$1 option=$2; shift 2
		mount -t tmpfs -o "$option" none "$KTSTR_CACHE_DIR" && cp -r "$keep" "$KTSTR_CACHE_DIR/keep" || exit 99
		"$@" >out 2>err
		echo $? >code
		"$CACHE" verify >after
		find "$KTSTR_CACHE_DIR" \( -name ".tmp-*" -o -name "*.tmp.*" \) >>after' _ "$BATS_TEST_TMPDIR/keep" "$option" "$@"
}

@test "a disk that is full at any write of a store: an error, the old entries, no leftovers" {
	summed_entry keep
	mv "$KTSTR_CACHE_DIR/keep" keep
	export CACHE
	head -c 100000 /dev/urandom >image
	kernel_tree linux
	gcc -g -nostdlib -ffreestanding -static -Wl,-e,start -o vmlinux linux/init/main.c
	failed=0
	for option in nr_inodes={6..18} size={36..220..12}k; do
		on_small_disk "$option" "$KERNEL" store new "$PWD/image" "$PWD/vmlinux"
		if [ "$(cat code)" = 0 ]; then
			[ "$(sort after | xargs)" = "keep: ok new: ok" ] || { echo "$option"; cat after; return 1; }
		else
			failed=$((failed + 1))
			grep -q 'No space left on device' err || { echo "$option"; cat err; return 1; }
			[ "$(cat after)" = "keep: ok" ] || { echo "$option"; cat after; return 1; }
		fi
	done
	# both ends of the scale were seen
	[ "$(cat code)" = 0 ]
	[ "$failed" -gt 10 ]
}

@test "an entry is replaced or stays when the disk fills up meanwhile" {
	summed_entry keep
	mv "$KTSTR_CACHE_DIR/keep" keep
	export CACHE
	head -c 100000 /dev/urandom >image
	for size in 60 100 124 132 140 200 300; do
		on_small_disk "size=${size}k" "$KERNEL" store keep "$PWD/image" -
		[ "$(cat after)" = "keep: ok" ]
	done
	[ "$(cat code)" = 0 ]
}

@test "clean works on a disk without a byte left" {
	summed_entry keep
	mv "$KTSTR_CACHE_DIR/keep" keep
	export CACHE
	on_small_disk size=64k bash -c 'mkdir "$KTSTR_CACHE_DIR/.locks"; touch "$KTSTR_CACHE_DIR/.locks/keep.lock"
		cat /dev/zero >"$KTSTR_CACHE_DIR/.fill" 2>/dev/null; "$CACHE" clean --force'
	[ "$(cat code)" = 0 ]
	[ "$(cat out)" = "removed 1 cached kernel(s)." ]
	[ -z "$(cat after)" ]
}

@test "a full disk where sources are unpacked is an error of that kernel, and the next run works" {
	kernel_org
	small="$PWD/small"
	mkdir small
	for size in 24k 80k 200k; do
		unshare -rm bash -c 'mount -t tmpfs -o "size=$1" none "$2" && TMPDIR=$2 bash -c "$3" >out 2>err; echo $? >code
			find "$2" -name ".stage-*" >after' _ "$size" "$small" "$(pipeline)"
		if [ "$(cat code)" != 0 ]; then
			grep -q 'No space left on device' err
			[ ! -s after ]
			[ ! -e "$KTSTR_CACHE_DIR/6.12.9-tarball-$ARCH-kc$KC" ]
		fi
	done
	run -0 bash -c "$(pipeline)"
	nothing_left
}

# interrupt TEXT ARGS…: Ctrl-C once TEXT is on the screen; on-tty.py sees to the processes and the terminal
interrupt() {
	local text=$1

	shift
	run -130 "$LIB/on-tty.py" --type "$text" '\x03' -- cargo-ktstr ktstr kernel build "$@"
}

@test "Ctrl-C while downloading leaves no process, no temporary tree, no lock and a sane terminal" {
	kernel_org
	export KTSTR_KERNEL_ORG=$KTSTR_KERNEL_ORG/+slow
	org_release 6.12.9 3000000
	rm -r linux-6.12.9
	interrupt 'ownloading' 6.12.9
	# but for the part that the next run goes on with
	[ -s "$KTSTR_CACHE_DIR/.tarballs/linux-6.12.9.tar.xz.part" ]
	find "$TMPDIR" -name 'linux-*' -o -name '.stage-*' >left
	[ ! -s left ]
	no_lock_held
}

# silent_server: its URL in SILENT; takes one connection, says so in ./asked, and never answers
silent_server() {
	python3 -c 'import socket, sys, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
print(s.getsockname()[1], flush=True); c, _ = s.accept(); c.recv(9999); open("asked", "w"); time.sleep(60)' 3>&- >port &
	wait_for 5 test -s port
	SILENT=http://127.0.0.1:$(head -n1 port)
}

@test "… while a release is looked up" {
	silent_server
	export KTSTR_KERNEL_ORG=$SILENT
	interrupt 'fetching latest 6.12.x kernel version' 6.12
	kill %1
	nothing_left
}

@test "… while a tarball is unpacked" {
	quick_tree linux-6.12.9
	head -c 60000000 /dev/urandom >linux-6.12.9/noise
	tar -c linux-6.12.9 | xz -0 >src.tar.xz
	rm -r linux-6.12.9
	# on a machine where that takes no time it is the build
	DURING='sleep 30' interrupt 'extracting tarball' --source ./src.tar.xz
	nothing_left
}

@test "… while a repository is fetched from a server that says nothing" {
	export GIT_SSH_COMMAND='sh -c "sleep 60"'
	interrupt 'cloning ' --git ssh://nowhere/linux.git --ref 0123456789abcdef0123456789abcdef01234567
	nothing_left
}

@test "… while configuring and while building" {
	kernel_org
	DURING='touch ../../../../started; sleep 30' interrupt 'Building kernel' 6.12.9
	nothing_left
	rm -rf started
	git_kernel_tree linux
	sed -i 's/sh init.settle/sleep 30; &/' linux/Makefile
	git_commit linux slow
	interrupt 'Configuring kernel' --source ./linux
	nothing_left
}

@test "… while the store waits for who uses the entry" {
	kernel_org
	mkdir "$KTSTR_CACHE_DIR/.locks"
	exec 8>"$KTSTR_CACHE_DIR/.locks/6.12.9-tarball-$ARCH-kc$KC.lock"
	flock -s 8
	interrupt 'caching vmlinux' 6.12.9
	exec 8>&-
	nothing_left
	[ -z "$("$CACHE" list --json 2>/dev/null | jq -r '.entries[].key')" ]
}

@test "… while a remote cache does not answer" {
	silent_server
	kernel_org
	export KTSTR_REMOTE_CACHE=$SILENT
	run -130 "$LIB/on-tty.py" --do '' "until [ -e $PWD/asked ]; do sleep 0.05; done" --type '' '\x03' -- \
		cargo-ktstr ktstr kernel build 6.12.9
	kill %1
	nothing_left
}

@test "names that want to be more than names" {
	for key in $'new\nline' $'\e[31mred' '-rf' '$(touch x)' "quo'te\"s" '*' "$(printf 'l%.0s' {1..200})" 'a;b=c' 'ü'; do
		entry "$key"
	done
	run -0 --separate-stderr "$CACHE" list
	[[ $output != *$'\e'* ]]
	[ "${#lines[@]}" = 10 ]
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq '.entries | length' <<<"$output")" = 9 ]
	for key in $'new\nline' '-rf' '$(touch x)' 'a;b=c'; do
		run -0 "$CACHE" find -- "$key"
		[ "$(jq -r .key <<<"$output")" = "$key" ]
	done
	run -0 "$CACHE" clean --force
	[ "$("$CACHE" list --json 2>/dev/null | jq '.entries | length')" = 0 ]
	[ ! -e x ]
}
