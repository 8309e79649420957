#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which releases a prefix, a range or nothing stands for: ktstr-releases,
# ktstr-resolve, kernel list --range, the stored index.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org
load lib/cache

setup_file() {
	local pub=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x

	mkdir -p "$pub"
	cd "$BATS_FILE_TMPDIR"
	touch "$pub"/linux-6.{9,9.1,9.11,9.12,10,14.2}.tar.xz "$pub"/linux-6.9.99.tar.sign "$pub"/linux-6.9.98.tar.gz
	mkdir "${pub%6.x}4.x" "${pub%6.x}2.6"
	touch "${pub%6.x}2.6"/linux-2.6.{9,39}.tar.xz
	touch "${pub%6.x}4.x"/linux-4.{9,9.337,19.325,20,20.9,20.17,21-rc1}.tar.xz
	cat >org/releases.json <<-'EOF'
		{"latest_stable": {"version": "6.17.2"}, "releases": [
		 {"iseol": false, "version": "6.18-rc1", "moniker": "mainline", "source": "x", "released": {"timestamp": 1}},
		 {"iseol": false, "version": "6.17.2", "moniker": "stable"},
		 {"iseol": true,  "version": "6.16.12", "moniker": "stable"},
		 {"iseol": false, "version": "6.15.9", "moniker": "stable"},
		 {"iseol": false, "version": "6.14.9", "moniker": "stable"},
		 {"iseol": false, "version": "6.12.80", "moniker": "longterm"},
		 {"iseol": false, "version": "6.6.111", "moniker": "longterm"},
		 {"iseol": false, "version": "6.13", "moniker": "stable"},
		 {"iseol": false, "version": "next-20260101", "moniker": "linux-next"},
		 {"iseol": false, "version": "6.19-rc2-next-20260101", "moniker": "linux-next"}]}
	EOF
	org_serve --log log
}

teardown_file() {
	org_stop
}

setup() {
	setup_paths
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	export KTSTR_KERNEL_ORG=$URL/+none@t$BATS_TEST_NUMBER
	RELEASES=$LIBEXEC/ktstr-releases
	RESOLVE=$LIBEXEC/ktstr-resolve
	ARCH=$(uname -m)
	cd "$BATS_TEST_TMPDIR"
}

# what this test asked for: METHOD NAME STATUS
asked() {
	sed -n "s|^\(GET\) /+[a-z-]*@t$BATS_TEST_NUMBER/\([^ ]*\) \([0-9]*\) .*|\1 \2 \3|p" "$BATS_FILE_TMPDIR/log"
}

field() {
	jq -r "$1" <<<"$output"
}

@test "a series means its newest release" {
	run -0 --separate-stderr "$RELEASES" 6.12 6.14 6.13
	[ "$output" = $'6.12.80\n6.14.9\n6.13' ]
	[[ $stderr == *"ktstr-releases: fetching latest 6.12.x kernel version"* ]]
	[[ $stderr == *"ktstr-releases: latest 6.12.x kernel: 6.12.80"* ]]
	# one index for all
	[ "$(asked)" = "GET releases.json 200" ]
}

@test "a series that ended is looked up in the directory, and remembered" {
	run -0 --separate-stderr "$RELEASES" 6.9
	[ "$output" = 6.9.12 ]
	[[ $stderr == *"6.9.x not in releases.json (EOL series), probing cdn.kernel.org"* ]]
	[[ $stderr == *"fetching directory listing from $KTSTR_KERNEL_ORG/pub/linux/kernel/v6.x/"* ]]
	[[ $stderr == *"latest 6.9.x kernel (from cdn listing): 6.9.12"* ]]
	KTSTR_OFFLINE=1 run -0 --separate-stderr "$RELEASES" 6.9
	[ "$output" = 6.9.12 ]
	# not where it can be asked again
	run -0 "$RELEASES" 6.9
	[ "$(asked | grep -c 'v6.x/ 200')" = 2 ]
}

@test "the directory's last word counts where it cannot be read now" {
	run -0 "$RELEASES" 6.9
	jq -c '.url = "http://127.0.0.1:9/releases.json" | .probes[].at -= 7200' "$KTSTR_CACHE_DIR/.releases.json" >old
	cp old "$KTSTR_CACHE_DIR/.releases.json"
	KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -0 --separate-stderr "$RELEASES" 6.9
	[ "$output" = 6.9.12 ]
	[[ $stderr == *"Failed to connect"*"; using 6.9.12, the newest 6.9.x release when it was looked up 2h"*" ago"* ]]
}

@test "a lone number means the newest release of all its series" {
	run -0 --separate-stderr "$RELEASES" 6
	[ "$output" = 6.17.2 ]
	[[ $stderr == *"latest 6.x kernel: 6.17.2"* ]]
	run -1 --separate-stderr "$RELEASES" 7
	[[ $stderr == *"there is no 7 release yet"* ]]
	run -0 --separate-stderr "$RELEASES" 4
	[ "$output" = 4.20.17 ]
	[[ $stderr == *"4.x not in releases.json (EOL series), probing cdn.kernel.org"* ]]
}

@test "old releases have a directory for two numbers" {
	run -0 --separate-stderr "$RELEASES" 2.6
	[ "$output" = 2.6.39 ]
	[[ $stderr == *"fetching directory listing from $KTSTR_KERNEL_ORG/pub/linux/kernel/v2.6/"* ]]
}

@test "a series with nothing but its first release is that" {
	run -0 --separate-stderr "$RELEASES" 6.10
	[ "$output" = 6.10 ]
	run -1 --separate-stderr "$RELEASES" 6.11
	[[ $stderr == *"no tarball matching 6.11.x found in cdn.kernel.org directory listing at $KTSTR_KERNEL_ORG/pub/linux/kernel/v6.x/"* ]]
	run -1 --separate-stderr "$RELEASES" 5.4
	[[ $stderr == *"HTTP 404"* ]]
}

@test "a series that has not begun is not called EOL" {
	run -1 --separate-stderr "$RELEASES" 6.18
	[[ $stderr == *"there is no 6.18 release yet: the newest that kernel.org lists is 6.18-rc1"* ]]
	run -1 --separate-stderr "$RELEASES" 7.3
	[[ $stderr == *"there is no 7.3 release yet"* ]]
	[[ $stderr != *EOL* ]]
}

@test "the newest stable release has had eight updates and has not ended" {
	run -0 --separate-stderr "$RELEASES" --latest
	[ "$output" = 6.15.9 ]
	[[ $stderr == *"fetching latest kernel version"* ]]
	[[ $stderr == *"latest stable kernel: 6.15.9"* ]]
}

@test "a range has the stable and longterm releases in it, oldest first" {
	run -0 --separate-stderr "$RELEASES" 6.12..6.15
	[ "$output" = $'6.12.80\n6.13\n6.14.9' ]
	[[ $stderr == *"expanding kernel range 6.12..6.15"* ]]
	[[ $stderr == *"range expanded to 3 kernel(s): 6.12.80, 6.13, 6.14.9"* ]]
	run -0 --separate-stderr "$RELEASES" 6.14..=6.18
	[ "$output" = $'6.14.9\n6.15.9\n6.16.12\n6.17.2' ]
	run -0 --separate-stderr "$RELEASES" 6.13..6.13
	[ "$output" = 6.13 ]
}

@test "ranges with nothing in them, backwards ones and other texts are told apart" {
	run -1 --separate-stderr "$RELEASES" 6.10..6.11
	[[ $stderr == *"kernel range 6.10..6.11 expanded to 0 stable releases"*", and 6.11 means 6.11.0 there; "* ]]
	run -1 --separate-stderr "$RELEASES" 6.10.1..6.10.5
	[[ $stderr == *"hint: releases.json lists the newest release of each maintained series only; name "* ]]
	for r in 6.16..6.12 6.10..6.10-rc3 7.0..6.99; do
		run -1 --separate-stderr "$RELEASES" $r
		[[ $stderr == *"inverted kernel range \`$r\`"*"\`${r#*..}..${r%..*}\`"* ]]
	done
	run -1 --separate-stderr "$RELEASES" junk
	[[ $stderr == *"neither a series such as 6.14 nor a range"* ]]
	run -2 "$RELEASES"
	run -2 "$RELEASES" --range 6.1..6.2 6.14
	run -2 "$RELEASES" --range 6.1..6.2 --latest
}

@test "kernel list --range previews, without the cache" {
	export KTSTR_LIBEXEC=$LIBEXEC
	run -0 --separate-stderr cargo-ktstr ktstr kernel list --range 6.12..6.14.99
	[ "$output" = $'6.12.80\n6.13\n6.14.9' ]
	[ "$stderr" = "kernel list: expanding kernel range 6.12..6.14.99
kernel list: range expanded to 3 kernel(s): 6.12.80, 6.13, 6.14.9" ]
	run -0 --separate-stderr cargo-ktstr ktstr kernel list --json --range '6.12..=6.14.99'
	[ "$output" = '{
  "end": "6.14.99",
  "range": "6.12..=6.14.99",
  "start": "6.12",
  "versions": [
    "6.12.80",
    "6.13",
    "6.14.9"
  ]
}' ]
	run -1 --separate-stderr cargo-ktstr ktstr kernel list --range 6.12
	[[ $stderr == *"kernel list --range: \`6.12\` does not parse as a \`START..END\` range"* ]]
	run -1 --separate-stderr cargo-ktstr ktstr kernel list --range 6.14..6.12
	[[ $stderr == *"kernel list --range 6.14..6.12: inverted kernel range"* ]]
	run -1 --separate-stderr cargo-ktstr ktstr kernel list --range 6.10..6.11
	[[ $stderr == *"kernel range 6.10..6.11 expanded to 0 stable releases"* ]]
	run -0 --separate-stderr cargo-ktstr ktstr kernel list --range 6.12..6.14 --jq '.versions[]'
	[ "$output" = $'6.12.80\n6.13' ]
	run -0 --separate-stderr "$RELEASES" --jq '.spec + " " + (.versions[0] // .message)' 6.12 6.11
	[[ $output == $'6.12 6.12.80\n6.11 no tarball matching'* ]]
}

@test "resolve: a series keeps its label and gets its version" {
	run -0 --separate-stderr "$RESOLVE" 6.12
	[ "$(field '.spec, .kind, .version, .label, .state' | xargs)" = "6.12 version 6.12.80 6.12 missing" ]
	[[ $(field .key) == 6.12.80-tarball-$ARCH-kc* ]]
}

@test "resolve: a range becomes its releases, in place, and equal ones are folded" {
	run -0 --separate-stderr "$RESOLVE" 6.1.1 6.12..6.14 6.12.80 6.6
	[ "$(jq -r '[.index, .total, .spec, .version, .label] | join(" ")' <<<"$output")" = \
		$'0 4 6.1.1 6.1.1 6.1.1\n1 4 6.12..6.14 6.12.80 6.12.80\n2 4 6.12..6.14 6.13 6.13\n3 4 6.6 6.6.111 6.6' ]
	[ "$(asked)" = "GET releases.json 200" ]
}

@test "resolve: 6.14.0 is released as 6.14" {
	run -0 --separate-stderr "$RESOLVE" 6.14.0 6.15.0-rc3
	[ "$(field .version | xargs)" = "6.14 6.15-rc3" ]
	[[ $(field .key | head -n 1) == 6.14-tarball-* ]]
	[ "$(field .label | xargs)" = "6.14.0 6.15.0-rc3" ]
	[ -z "$(asked)" ]
}

@test "resolve: what fails is one record, the others stand" {
	run -1 --separate-stderr "$RESOLVE" 6.11 6.12 6.10..6.11
	[ "$(jq -r '[.spec, .state] | join(" ")' <<<"$output")" = $'6.11 error\n6.12 missing\n6.10..6.11 error' ]
	[[ $(jq -r 'select(.spec == "6.11").error.message' <<<"$output") == "--kernel 6.11: no tarball matching 6.11.x"* ]]
	[[ $(jq -r 'select(.index == 2).error.message' <<<"$output") == *"expanded to 0 stable releases"* ]]
}

@test "resolve: two names for one label are told before the network is asked" {
	run -1 --separate-stderr "$RESOLVE" 6.12 6-12
	[[ $stderr == *"pre-flight check found collision between labels \"6.12\" and \"6-12\""* ]]
	[ -z "$(asked)" ]
}

@test "resolve --latest takes the newest when nothing is named" {
	run -0 --separate-stderr "$RESOLVE" --latest
	[ "$(field '.spec, .version, .label' | xargs)" = "latest 6.15.9 6.15.9" ]
	run -0 --separate-stderr "$RESOLVE" --latest 6.1.1
	[ "$(field .version)" = 6.1.1 ]
}

@test "the index is kept and asked about, not fetched again" {
	run -0 "$RELEASES" 6.12
	run -0 "$RELEASES" 6.14
	[ "$(asked)" = $'GET releases.json 200\nGET releases.json 304' ]
	jq -e '.etag and .checked > 0 and (.releases | length) == 10' "$KTSTR_CACHE_DIR/.releases.json"
}

@test "offline, the stored index answers and says how old it is" {
	KTSTR_OFFLINE=1 run -1 --separate-stderr "$RELEASES" 6.12
	[[ $stderr == *"KTSTR_OFFLINE is set and no release index is stored"* ]]
	run -0 "$RELEASES" 6.12
	jq -c '.checked -= 3725' "$KTSTR_CACHE_DIR/.releases.json" >old
	cp old "$KTSTR_CACHE_DIR/.releases.json"
	KTSTR_OFFLINE=1 run -0 --separate-stderr "$RELEASES" 6.12
	[ "$output" = 6.12.80 ]
	[[ $stderr =~ "warning: KTSTR_OFFLINE is set; using the release index stored 1h 2m "[0-9]+"s ago" ]]
	[ "$(asked)" = "GET releases.json 200" ]
}

@test "where nothing can be known about a series, its newest cached kernel has to do" {
	local v broken=6.12.99-tarball-$ARCH-kc$KC

	for v in 6.12.9 6.12.10 6.13.70; do entry "$v-tarball-$ARCH-kc$KC" ".version = \"$v\""; done
	entry "6.12.50-tarball-$ARCH-kc$KC-lean00000000" '.version = "6.12.50"'
	entry "local-1234567-$ARCH-kc$KC" '.version = "6.12.60" | .source = {type: "local"}'
	entry "$broken" '.version = "6.12.99"'
	rm "$KTSTR_CACHE_DIR/$broken/$IMAGE"
	KTSTR_OFFLINE=1 run -0 --separate-stderr "$RELEASES" 6.12
	[ "$output" = 6.12.10 ]
	[[ $stderr == *"warning: KTSTR_OFFLINE is set and no release index is stored; using 6.12.10, the newest 6.12.x kernel in the cache"* ]]
	KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -0 --separate-stderr "$RESOLVE" 6.12
	[ "$(field '.version, .label, .state' | xargs)" = "6.12.10 6.12 cached" ]
	[[ $stderr == *"Failed to connect"*"; using 6.12.10, the newest 6.12.x kernel in the cache"* ]]
	KTSTR_OFFLINE=1 run -1 --separate-stderr "$RELEASES" 6.14
	[[ $stderr == *"KTSTR_OFFLINE is set and no release index is stored"* ]]
	# a series that ended and was never looked up; one that kernel.org says has no release
	entry "6.9.4-tarball-$ARCH-kc$KC" '.version = "6.9.4"'
	entry "6.11.4-tarball-$ARCH-kc$KC" '.version = "6.11.4"'
	run -0 "$RELEASES" 6.13
	KTSTR_OFFLINE=1 run -0 --separate-stderr "$RELEASES" 6.9
	[ "$output" = 6.9.4 ]
	[[ $stderr == *"the newest release of 6.9.x is not known; using 6.9.4"* ]]
	KTSTR_OFFLINE=1 run -1 --separate-stderr "$RELEASES" 6.8
	[[ $stderr == *"the newest release of 6.8.x is not known"*"hint: run once without KTSTR_OFFLINE"* ]]
	run -1 --separate-stderr "$RELEASES" 6.11
	[[ $stderr == *"no tarball matching 6.11.x"* ]]
	# what kernel.org says goes before the cache
	run -0 --separate-stderr "$RELEASES" 6.12
	[ "$output" = 6.12.80 ]
}

@test "unreachable, broken and lying servers fall back to the stored index" {
	run -0 "$RELEASES" 6.12
	for fault in index-500 index-html index-garbage index-array index-nolist; do
		jq -c --arg u "$URL/+$fault@t$BATS_TEST_NUMBER/releases.json" '.url = $u' "$KTSTR_CACHE_DIR/.releases.json" >old
		cp old "$KTSTR_CACHE_DIR/.releases.json"
		KTSTR_KERNEL_ORG=$URL/+$fault@t$BATS_TEST_NUMBER run -0 --separate-stderr "$RELEASES" 6.14
		[ "$output" = 6.14.9 ]
		[[ $stderr == *"; using the release index stored "*" ago"* ]]
	done
	jq -c '.url = "http://127.0.0.1:9/releases.json"' "$KTSTR_CACHE_DIR/.releases.json" >old
	cp old "$KTSTR_CACHE_DIR/.releases.json"
	KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -0 --separate-stderr "$RELEASES" 6.14
	[[ $stderr == *"Failed to connect"*"using the release index stored"* ]]
}

@test "without a stored index each fault has its own text" {
	while read -r fault text; do
		KTSTR_KERNEL_ORG=$URL/+$fault run -1 --separate-stderr "$RELEASES" 6.12
		[[ $stderr == *"$text"* ]] || { echo "$fault: $stderr"; return 1; }
		[ ! -e "$KTSTR_CACHE_DIR/.releases.json" ]
	done <<-'EOF'
		index-500 releases.json: HTTP 500
		index-html server returned HTML instead of JSON
		index-garbage parse releases.json: 
		index-array parse releases.json: 
		index-nolist releases.json: missing releases array
	EOF
	KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -1 --separate-stderr "$RELEASES" 6.12
	[[ $stderr == *"fetch http://127.0.0.1:9/releases.json: Failed to connect"* ]]
}

@test "rows that lie about types are passed over" {
	KTSTR_KERNEL_ORG=$URL/+index-types run -0 --separate-stderr "$RELEASES" 6.12
	[ "$output" = 6.12.43 ]
	[[ $stderr == *"releases.json: 3 of 4 rows have no moniker or no version and are passed over"* ]]
}

@test "a damaged stored index is as good as none" {
	mkdir -p "$KTSTR_CACHE_DIR"
	for text in '' '{' '[]' '{"releases":7}' '{"releases":[],"url":7}'; do
		printf '%s' "$text" >"$KTSTR_CACHE_DIR/.releases.json"
		run -0 "$RELEASES" 6.12
		[ "${lines[-1]}" = 6.12.80 ]
	done
}

@test "a cache that cannot be written does not keep from answering" {
	mkdir -p "$KTSTR_CACHE_DIR"
	unshare --user --map-root-user --mount bash -c '
		mount -t tmpfs -o ro none "$KTSTR_CACHE_DIR" && "$1" 6.12 >out 2>err' - "$RELEASES"
	[ "$(cat out)" = 6.12.80 ]
	grep -q 'the release index is not kept: .*Read-only file system' err
	unshare --user --map-root-user --mount bash -c '
		mount -t tmpfs -o ro none "$KTSTR_CACHE_DIR" && "$1" 6.9 6.12 >out 2>err' - "$RELEASES"
	[ "$(grep -c 'is not kept' err)" = 1 ]
}
