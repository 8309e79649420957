#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# cargo ktstr kernel build from a name to the cache, over a loopback kernel.org.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

setup_file() {
	local v

	cd "$BATS_FILE_TMPDIR"
	for v in 6.9.3 6.12.8 6.14.2; do org_release $v; done
	org_release 6.13.9 1500000
	jq -n '{releases: ([["stable", "6.14.2"], ["stable", "6.13.9"], ["longterm", "6.12.8"]] |
		map({moniker: .[0], version: .[1], iseol: false}))}' >org/releases.json
	org_serve --log log
}

teardown_file() {
	org_stop
}

setup() {
	setup_paths
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	export KTSTR_LIBEXEC=$LIBEXEC
	fault none
	ARCH=$(uname -m)
	cd "$BATS_TEST_TMPDIR"
}

fault() {
	export KTSTR_KERNEL_ORG=$URL/+$1@t$BATS_TEST_NUMBER
}

build() {
	cargo-ktstr ktstr kernel build --json "$@" 2>err
}

gets() {
	grep -c "^GET /+[a-z0-9]*@t$BATS_TEST_NUMBER/.*linux-$1.tar" "$BATS_FILE_TMPDIR/log"
}

@test "without a name the newest stable release is built, and then is there" {
	run -0 build
	[ "$(jq -r '[.version, .state] | join(" ")' <<<"$output")" = "6.13.9 cached" ]
	grep -q 'cargo ktstr: latest stable kernel: 6.13.9' err
	run -0 build
	[ "$(gets 6.13.9)" = 1 ]
	[ -s "$(jq -r .dir <<<"$output")/metadata.json" ]
}

@test "a series that ended is built by its newest release" {
	run -0 build 6.9
	[ "$(jq -r '[.spec, .label, .version, .state] | join(" ")' <<<"$output")" = "6.9 6.9 6.9.3 cached" ]
	grep -q '6.9.x not in releases.json (EOL series)' err
}

@test "a range is built as a whole, one failure does not keep from the others" {
	run -0 build 6.12..6.14.2
	[ "$(jq -rs 'sort_by(.index)[] | [.version, .state] | join(" ")' <<<"$output")" = $'6.12.8 cached\n6.13.9 cached\n6.14.2 cached' ]
	rm -r "$KTSTR_CACHE_DIR"
	export DURING='case $PWD in *6.13.9) echo "main.c:1: broken" >&2; exit 1 ;; esac'
	run -1 build 6.12..6.14.2
	[ "$(jq -rs 'sort_by(.index)[] | [.version, .state] | join(" ")' <<<"$output")" = $'6.12.8 cached\n6.13.9 error\n6.14.2 cached' ]
	for line in '[1/3] kernel build 6.12.8' '[2/3] kernel build 6.13.9' '[3/3] kernel build 6.14.2'; do
		grep -qxF "cargo ktstr: $line" err
	done
	grep -q '^cargo ktstr: 6.13.9: build .*/linux-6.13.9: make .* failed' err
	grep -qxF 'error: kernel build range 6.12..6.14.2: 1/3 version(s) failed: 6.13.9' err
	unset DURING
	run -0 build 6.12..6.14.2
	grep -qF 'cargo ktstr: [2/3] kernel build 6.13.9' err
	[ "$(grep -c '^cargo ktstr: cached kernel found: ' err)" = 2 ]
	run ! grep -q 'failed' err
	# those that cannot be fetched count too, oldest first
	rm -r "$KTSTR_CACHE_DIR"
	fault 404
	run -1 build 6.13..6.14.2
	grep -q '^cargo ktstr: 6.14.2: version 6.14.2 not found' err
	grep -qxF 'error: kernel build range 6.13..6.14.2: 2/2 version(s) failed: 6.13.9, 6.14.2' err
}

@test "by hand: a range without one release, fetched, and built where the series goes on" {
	jq '.releases += [{moniker: "stable", version: "6.9.3", iseol: true}]' "$BATS_FILE_TMPDIR/org/releases.json" >index
	cp -r "$BATS_FILE_TMPDIR/org" .
	cp index org/releases.json
	org_serve
	export PATH=$LIBEXEC:$PATH
	ktstr-resolve 6.9..6.14.2 2>err >resolved
	[ "$(jq -r '[.version, .eol, .state] | join(" ")' resolved)" = \
		$'6.9.3 true missing\n6.12.8 false missing\n6.13.9 false missing\n6.14.2 false missing' ]
	jq -c 'select(.version != "6.13.9")' resolved | ktstr-fetch >fetched 2>>err
	[ "$(jq -r '[.version, .state] | join(" ")' fetched | sort)" = $'6.12.8 fetched\n6.14.2 fetched\n6.9.3 fetched' ]
	run -0 ktstr-cache list
	[ "$(jq -r .src fetched | xargs ls -d | wc -l)" = 3 ]
	jq -c 'select(.eol | not)' fetched | ktstr-build >built 2>>err
	[ "$(jq -r '[.version, .state] | join(" ")' built | sort)" = $'6.12.8 cached\n6.14.2 cached' ]
	[ "$(ktstr-cache list --jq '.entries[].version' 2>/dev/null | sort)" = $'6.12.8\n6.14.2' ]
	# an exact release says it too, from then on and without the network
	KTSTR_OFFLINE=1 run -0 ktstr-resolve --jq .eol 6.9.3 6.12.8
	[ "$output" = $'true\nfalse' ]
}

@test "what the cache has is said with its directory, and what would rebuild it" {
	run -0 build 6.14.2
	run -0 build 6.14.2
	[ "$(cat err)" = "cargo ktstr: cached kernel found: $(jq -r .dir <<<"$output")
cargo ktstr: use --force to rebuild" ]
}

@test "a lone number is its newest release here, and a key nobody has where tests run" {
	run -0 build 6
	[ "$(jq -r '[.spec, .label, .version, .state] | join(" ")' <<<"$output")" = "6 6 6.14.2 cached" ]
	grep -q 'cargo ktstr: latest 6.x kernel: 6.14.2' err
	run -1 build 5
	grep -q '5.x not in releases.json (EOL series), probing cdn.kernel.org' err
	run -1 build 7
	grep -q 'there is no 7 release yet: the newest that kernel.org lists is 6.14.2' err
	run -1 --separate-stderr "$LIBEXEC/ktstr-resolve" 6
	[[ $stderr == *"--kernel 6: cache key 6 not found"* ]]
}

@test "a kernel is built while another one still comes" {
	fault gate
	export KTSTR_KERNEL_PARALLELISM=2 OPEN=$BATS_FILE_TMPDIR/org/t$BATS_TEST_NUMBER.open
	export DURING='case $PWD in *6.12.8) if ls -d "$TMPDIR"/ktstr-src-*/6.13.9-*; then echo late; else echo early; fi >"$HOME/when" 2>/dev/null; : >"$OPEN" ;; esac'
	cargo-ktstr ktstr kernel build --json 6.12.8..6.13.9 >out 2>err
	[ "$(cat "$HOME/when")" = early ]
	[ "$(jq -r .state out | sort -u)" = cached ]
}

# all four releases, one fetched at a time; what stands behind is the builder
four() {
	"$LIBEXEC/ktstr-resolve" 6.9.3 6.12.8 6.13.9 6.14.2 2>err | KTSTR_KERNEL_PARALLELISM=1 "$LIBEXEC/ktstr-fetch" 2>>err | "$@"
}

@test "sources are unpacked no further ahead than the builder follows" {
	# the first one waits for what may be there beside it, and a little for what may not
	export DURING='trees() { ls -d "$TMPDIR"/ktstr-src-*/*-tarball-* | wc -l; }
		[ -e "$HOME/trees" ] || for i in $(seq 300); do [ "$(trees)" -lt 2 ] || break; sleep 0.1; done
		sleep 1
		trees >>"$HOME/trees"'
	four "$LIBEXEC/ktstr-build" >out 2>>err
	[ "$(jq -r .state out | xargs)" = "cached cached cached cached" ]
	# the one that is built, and one that waits
	[ "$(sort -n "$HOME/trees" | tail -n 1)" = 2 ]
}

@test "who builds nothing, or fails at everything, does not hold the sources up" {
	four cat >out
	[ "$(jq -r .state out | xargs)" = "fetched fetched fetched fetched" ]
	[ "$(compgen -G "$TMPDIR/ktstr-src-*/*-tarball-*" | wc -l)" = 4 ]
	rm -r "$TMPDIR"/ktstr-src-*
	export DURING='exit 1'
	four "$LIBEXEC/ktstr-build" >out 2>>err || true
	[ "$(jq -r .state out | xargs)" = "error error error error" ]
	rm -r "$TMPDIR"/ktstr-src-*
	# a builder that refuses what it is given before it looks at the tree
	four jq -c --unbuffered '.key |= sub("-kc.{8}"; "-kc00000000")' | "$LIBEXEC/ktstr-build" >out 2>>err || true
	[ "$(jq -r .state out | xargs)" = "error error error error" ]
}

@test "one kernel under two names is fetched and built once, forced or not" {
	export DURING='echo "$PWD" >>"$HOME/builds"'
	for force in '' --force; do
		rm -rf "$KTSTR_CACHE_DIR" "$HOME/builds"
		fault none$force
		# shellcheck disable=SC2086
		"$LIBEXEC/ktstr-resolve" $force 6.14 6.14.2 2>err | "$LIBEXEC/ktstr-fetch" 2>>err |
			"$LIBEXEC/ktstr-build" $force >out 2>>err
		[ "$(jq -rs 'sort_by(.index)[] | [.label, .version, .state] | join(" ")' out)" = $'6.14 6.14.2 cached\n6.14.2 6.14.2 cached' ]
		[ "$(wc -l <"$HOME/builds")" = 1 ]
		[ "$(jq -r .dir out | sort -u | wc -l)" = 1 ]
		[ "$(grep -c "^GET /+none$force@t$BATS_TEST_NUMBER/.*linux-6.14.2.tar" "$BATS_FILE_TMPDIR/log")" = 1 ]
	done
}

@test "two processes that want one kernel fetch and build it once" {
	export DURING='echo "$PWD" >>"$HOME/builds"'
	fault slow
	build 6.14.2 >one &
	cargo-ktstr ktstr kernel build --json 6.14 >two 2>err2
	wait
	[ "$(jq -r .state one two)" = $'cached\ncached' ]
	[ "$(wc -l <"$HOME/builds")" = 1 ]
	[ "$(gets 6.14.2)" = 1 ]
}

@test "another configuration of a kernel that was fetched needs no download" {
	run -0 build 6.14.2
	run -0 build --lean 6.14.2
	[ "$(jq -r '.state, .lean' <<<"$output" | xargs)" = "cached true" ]
	run -0 build --force 6.14.2
	[ "$(gets 6.14.2)" = 1 ]
	grep -q 'linux-6.14.2.tar.xz, fetched before' err
}

@test "offline, what was fetched is built and what was looked up is known" {
	run -0 build 6.14
	KTSTR_OFFLINE=1 KTSTR_LEAN=1 run -0 build 6.14
	grep -q 'KTSTR_OFFLINE is set; using the release index stored' err
	KTSTR_OFFLINE=1 run -1 build 6.12
	[[ $(jq -r .error.message <<<"$output") == "KTSTR_OFFLINE is set and "*"linux-6.12.8.tar.xz has not been fetched before" ]]
}

@test "what kernel build cannot make sense of is said by name" {
	run -1 build 6.14..6.12
	grep -q '^error: --kernel 6.14..6.12: inverted kernel range `6.14..6.12`.*`6.12..6.14`' err
	run -1 build v6.14
	grep -q "a version is written without the 'v': 6.14" err
	run -1 build 6.3
	grep -q 'no tarball matching 6.3.x found in cdn.kernel.org directory listing' err
	run -1 build 6.15
	grep -q 'there is no 6.15 release yet: the newest that kernel.org lists is 6.14.2' err
	run -1 build 6.14.3
	grep -q 'version 6.14.3 not found. latest 6.14.x: 6.14.2' err
}

@test "Ctrl-C in the middle of the downloads leaves nothing behind" {
	fault gate
	setsid env --default-signal=INT cargo-ktstr ktstr kernel build 6.12..6.14 >out 2>err 3>&- &
	pid=$!
	wait_for 10 grep -q '6.13.9.tar.xz (' err
	wait_for 10 test -s "$KTSTR_CACHE_DIR/.tarballs/linux-6.13.9.tar.xz.part"
	all=$(pgrep -s "$pid")
	kill -INT -- -"$pid"
	wait $pid && code=0 || code=$?
	[ "$code" = 130 ]
	# shellcheck disable=SC2086
	wait_for 5 gone $all
	run ! compgen -G "$TMPDIR/ktstr-src-*/.stage-*"
	for lock in "$KTSTR_CACHE_DIR"/.tarballs/*.lock "$TMPDIR"/ktstr-src-*/.lock-*; do flock -n "$lock" true; done
	[ ! -e "$KTSTR_CACHE_DIR/.tarballs/linux-6.13.9.tar.xz" ]
}
