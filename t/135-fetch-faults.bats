#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Fetching under kill -9, full and read-only disks, and servers that dawdle.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	org_release 6.12.1 1500000
	org_release 6.12.2 1500000
	org_serve
}

teardown_file() {
	org_stop
}

setup() {
	setup_paths
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	export KTSTR_KERNEL_ORG=$URL
	export FETCH=$LIBEXEC/ktstr-fetch
	SRC=$TMPDIR/ktstr-src-$(id -u)
	cd "$BATS_TEST_TMPDIR"
	version_record 6.12.1 | sed 's/"total":1/"total":2/' >in
	version_record 6.12.2 | sed 's/"index":0,"total":1/"index":1,"total":2/' >>in
}

# What is there under a name that counts is whole.
check_whole() {
	local v

	for v in 6.12.1 6.12.2; do
		[ ! -e "$SRC/$v-tarball-x86_64-kc0" ] ||
			diff -r "$BATS_FILE_TMPDIR/linux-$v" "$SRC/$v-tarball-x86_64-kc0/linux-$v"
		[ ! -e "$KTSTR_CACHE_DIR/.tarballs/linux-$v.tar.xz" ] ||
			cmp "$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x/linux-$v.tar.xz" "$KTSTR_CACHE_DIR/.tarballs/linux-$v.tar.xz"
	done
}

@test "kill -9 at 100 random moments, of all of it or of one download, leaves nothing half" {
	export -f check_whole
	export SRC
	run -0 "$BATS_TEST_DIRNAME/lib/kill-often.py" 100 --single check_whole \
		"rm -rf '$SRC' '$KTSTR_CACHE_DIR'; $FETCH <in" "rm -rf '$SRC'; $FETCH <in" "rm -rf '$SRC'/6.12.1-*; $FETCH <in"
	echo "$output"
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .state <<<"$output")" = $'fetched\nfetched' ]
	check_whole
	run ! compgen -G "$SRC/.stage-*"
	run ! compgen -G "$KTSTR_CACHE_DIR/.tarballs/*.part*"
}

@test "kill -9 at 25 random moments of two fetchers of one kernel, on either or both" {
	export -f check_whole
	export SRC
	# whichever is left over fetches them
	run -0 "$BATS_TEST_DIRNAME/lib/kill-often.py" 25 --pairs 'check_whole && rm -rf "$SRC" "$KTSTR_CACHE_DIR"' "$FETCH <in"
	echo "$output"
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .state <<<"$output")" = $'fetched\nfetched' ]
	check_whole
}

# in_small_disk DIR SIZE COMMAND…: with a disk of that size at DIR
in_small_disk() {
	local dir=$1 size=$2

	shift 2
	mkdir -p "$dir"
	unshare --user --map-root-user --mount bash -c 'mount -t tmpfs -o "size=$2" none "$1" && shift 2 && "$@"' - "$dir" "$size" "$@"
}

@test "no room to unpack is said, and the download is not lost" {
	run -1 in_small_disk "$TMPDIR" 500k bash -c '"$FETCH" <in >out 2>err; code=$?; find "$TMPDIR" -name ".stage-*" >left; exit $code'
	[[ $(jq -r .error.message out | head -n 1) == "extract tarball: "*"No space left on device" ]]
	[[ $(jq -r .error.hint out | head -n 1) == *TMPDIR* ]]
	[ ! -s left ]
	KTSTR_KERNEL_ORG=$URL run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .state <<<"$output")" = $'fetched\nfetched' ]
	check_whole
}

@test "no room to keep the tarball is said, and nothing looks whole" {
	for size in 4k 100k 1m; do
		run -1 in_small_disk "$KTSTR_CACHE_DIR" $size bash -c '"$FETCH" <in >out 2>err; code=$?; ls "$KTSTR_CACHE_DIR/.tarballs" >left; exit $code'
		[[ $(jq -r 'select(.error).error.message' out) == *"No space left on device"* ]]
		run ! grep -qx 'linux-6.12.[12].tar.xz' left
		run ! compgen -G "$SRC/6.12.*"
	done
}

@test "a cache that cannot be written is said before anything is fetched" {
	mkdir -p "$KTSTR_CACHE_DIR"
	unshare --user --map-root-user --mount bash -c '
		mount -t tmpfs -o ro none "$KTSTR_CACHE_DIR"; "$FETCH" <in >out 2>err; echo $? >code'
	[ "$(cat code)" = 1 ]
	[[ $(jq -r .error.message out | head -n 1) == "write to the kernel cache "*": Read-only file system" ]]
	[[ $(jq -r .error.hint out | head -n 1) == "set KTSTR_CACHE_DIR "* ]]
	run ! grep -q downloading err
}

@test "a server that drips is given up, and the part stays" {
	KTSTR_KERNEL_ORG=$URL/+drip run -1 --separate-stderr "$FETCH" --stall-timeout 1s <in
	[[ $(jq -r .error.message <<<"$output" | head -n 1) == "download stalled: "* ]]
	[ -s "$KTSTR_CACHE_DIR/.tarballs/linux-6.12.1.tar.xz.part" ]
	check_whole
}

@test "redirects are followed, a loop is said" {
	KTSTR_KERNEL_ORG=$URL/+moved run -0 "$FETCH" <in
	rm -rf "$SRC" "$KTSTR_CACHE_DIR"
	KTSTR_KERNEL_ORG=$URL/+loop run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output" | head -n 1) == *"redirects more than 10 times" ]]
}

@test "a reader that goes away ends the downloads" {
	KTSTR_KERNEL_ORG=$URL/+slow "$FETCH" <in 2>err | true
	check_whole
	run ! compgen -G "$SRC/.stage-*"
}
