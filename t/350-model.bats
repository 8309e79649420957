#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-model: fetch, status, clean against a model hub on the loopback.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	cd "$BATS_TEST_TMPDIR"
	MODEL=$LIBEXEC/ktstr-model
	mkdir hub
	: >log
	head -c 1500000 /dev/urandom >hub/tiny.gguf
	python3 "$ROOT/t/lib/model-hub.py" hub log --life 600 >url 3>&- &
	echo $! >hub.pid
	wait_for 10 test -s url
	COPY=$KTSTR_CACHE_DIR/tiny.gguf
	pin
}

teardown() {
	kill "$(cat hub.pid)" 2>/dev/null || true
}

# pin [FAULT] [SHA256]: the pin of the hub's file
pin() {
	jq -n --arg url "$(cat url)${1:+/+$1}/org/tiny/resolve/main/tiny.gguf" --argjson size "$(stat -c %s hub/tiny.gguf)" \
		--arg sha "${2:-$(sha256sum <hub/tiny.gguf | cut -d' ' -f1)}" \
		'{file: "tiny.gguf", url: $url, size: $size, sha256: $sha}' >pin.json
	export KTSTR_MODEL_PIN=$PWD/pin.json
}

requests() { grep -c /cdn/ log || true; }

# nothing that could be taken for the model, or that a fetch left
nothing_there() {
	run -0 find "$KTSTR_CACHE_DIR" -name 'tiny.gguf*' ! -name '*.lock'
	[ "$output" = "" ]
}

@test "fetch follows the hub's redirect, checks the digest and puts the file in place" {
	run -0 --separate-stderr "$MODEL" fetch
	[ "$output" = "ktstr: model 'tiny.gguf' ready at $COPY" ]
	cmp hub/tiny.gguf "$COPY"
	[ "$(head -n 1 "$COPY.mtime-size")" = KTSTR_SHA_MTIME_SIZE_V1 ]
	[ "$(sed -n 2p "$COPY.mtime-size")" = "$(date -r "$COPY" +%s%N) 1500000" ]
	[ ! -e "$COPY.part" ]
}

@test "a second fetch downloads nothing" {
	"$MODEL" fetch
	run -0 "$MODEL" fetch
	[ "$(requests)" = 1 ]
}

@test "fetch hashes what is there, whatever the remembered mtime and size say" {
	"$MODEL" fetch
	touch -r "$COPY" stamp
	damage "$COPY" 5
	touch -r stamp "$COPY"
	run -0 "$MODEL" status
	[[ $output == *"checked:  true"* ]]
	"$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
	[ "$(requests)" = 2 ]
}

@test "the directory of the cache is found as the guide says" {
	unset KTSTR_CACHE_DIR
	XDG_CACHE_HOME=$PWD/xdg run -0 "$MODEL" status
	[[ $output == *"path:     $PWD/xdg/ktstr/models/tiny.gguf"* ]]
	unset XDG_CACHE_HOME
	run -0 "$MODEL" status
	[[ $output == *"path:     $HOME/.cache/ktstr/models/tiny.gguf"* ]]
	HOME='' run -1 "$MODEL" status
	[[ $output == *"HOME is set to the empty string"*KTSTR_CACHE_DIR* ]]
}

@test "status: four fields and a line for each verdict but the good one" {
	run -0 "$MODEL" status
	[ "${lines[0]}" = "model:    tiny.gguf" ]
	[ "${lines[1]}" = "path:     $COPY" ]
	[ "${lines[2]}" = "cached:   false" ]
	[ "${lines[3]}" = "checked:  false" ]
	[ "${lines[4]}" = '(no cached copy — run `cargo ktstr model fetch` to download 1 MiB)' ]
	"$MODEL" fetch
	run -0 "$MODEL" status
	[ "${#lines[@]}" = 4 ]
	[ "${lines[2]} ${lines[3]}" = "cached:   true checked:  true" ]
	echo other >"$COPY"
	run -0 "$MODEL" status
	[ "${lines[2]} ${lines[3]}" = "cached:   true checked:  false" ]
	[ "${lines[4]}" = "(cached file failed SHA-256 check; re-fetch to replace it)" ]
	[ ! -e "$COPY.mtime-size" ]
}

@test "status of a file that cannot be read says why and exits 0" {
	mkdir -p "$KTSTR_CACHE_DIR"
	cp hub/tiny.gguf "$COPY"
	ln -sf /proc/self/mem "$COPY"
	run -0 "$MODEL" status
	[[ ${lines[4]} == "(cached file could not be checked: read $COPY: "*"; inspect the cache entry or re-fetch to replace it)" ]]
}

@test "status as JSON has the verdict" {
	run -0 --separate-stderr "$MODEL" status --json
	jq -e '.model == "tiny.gguf" and .cached == false and .checked == false and .verdict == "not_cached"' <<<"$output"
	"$MODEL" fetch
	"$MODEL" status --json | jq -e '.cached and .checked and .verdict == "matches" and .error == null'
}

@test "status remembers a check by mtime and size and hashes again after a touch" {
	mkdir -p "$KTSTR_CACHE_DIR"
	cp hub/tiny.gguf "$COPY"
	run -0 "$MODEL" status
	[ -e "$COPY.mtime-size" ]
	touch -d 2020-01-01 "$COPY"
	run -0 "$MODEL" status
	[ "$(sed -n 2p "$COPY.mtime-size")" = "$(date -r "$COPY" +%s%N) 1500000" ]
}

@test "a broken remembered check is ignored" {
	"$MODEL" fetch
	echo other >"$COPY"
	for text in '' KTSTR_SHA_MTIME_SIZE_V1 $'KTSTR_SHA_MTIME_SIZE_V2\n1 2' "$(head -c 300 /dev/urandom | base64)"; do
		printf '%s' "$text" >"$COPY.mtime-size"
		run -0 "$MODEL" status
		[[ $output == *"failed SHA-256 check"* ]]
	done
}

@test "clean removes the model and what belongs to it, with sizes" {
	"$MODEL" fetch
	small=$(stat -c %s "$COPY.mtime-size")
	run -0 "$MODEL" clean
	[ "${lines[0]}" = "removed $COPY (1.43 MiB)" ]
	[ "${lines[1]}" = "removed $COPY.mtime-size ($small B)" ]
	[ "${lines[2]}" = "freed 1.43 MiB total" ]
	run -0 "$MODEL" clean
	[ "$output" = "no cached model found at $COPY" ]
}

@test "clean says what it cannot remove, and removes the rest" {
	mkdir -p "$COPY"
	echo 1234 >"$COPY.mtime-size"
	run -1 --separate-stderr "$MODEL" clean
	[ "$output" = "removed $COPY.mtime-size (5 B)"$'\n'"freed 5 B total" ]
	[[ $stderr == *"error: clean model cache: remove $COPY: "* ]]
	[ ! -e "$COPY.mtime-size" ]
}

@test "clean of an empty file, and of what a killed fetch left" {
	mkdir -p "$KTSTR_CACHE_DIR"
	: >"$COPY"
	run -0 "$MODEL" clean
	[ "$output" = "removed $COPY (0 B)"$'\n'"freed 0 B total" ]
	pin slow
	"$MODEL" fetch & pid=$!
	wait_for 10 test -s "$COPY.part"
	kill -9 $pid
	wait $pid || true
	run -0 "$MODEL" clean
	[[ $output == "removed $COPY.part ("*"freed "* ]]
	nothing_there
}

@test "clean leaves a fetch alone that has not begun to write" {
	mkdir -p "$KTSTR_CACHE_DIR"
	echo old >"$COPY"
	exec 8>"$COPY.lock"
	flock 8
	run -1 "$MODEL" clean
	exec 8>&-
	[[ $output == *"error: clean model cache: $COPY is being fetched by"*"pid="* ]]
	[ "$(cat "$COPY")" = old ]
}

@test "clean leaves a fetch alone that is under way" {
	pin slow
	"$MODEL" fetch & pid=$!
	wait_for 10 test -s "$COPY.part"
	run -1 "$MODEL" clean
	[[ $output == *"error: clean model cache: $COPY is being fetched by"*"pid=$pid "* ]]
	wait $pid
	cmp hub/tiny.gguf "$COPY"
}

@test "KTSTR_MODEL_OFFLINE refuses, with a tail for each state, and not a good copy" {
	export KTSTR_MODEL_OFFLINE=0
	run -1 "$MODEL" fetch
	[[ $output == *"KTSTR_MODEL_OFFLINE=0 set but model 'tiny.gguf' is not cached at $COPY"* ]]
	mkdir -p "$KTSTR_CACHE_DIR"
	echo other >"$COPY"
	run -1 "$MODEL" fetch
	[[ $output == *"cached with bytes that do not match"* ]]
	ln -sf /proc/self/mem "$COPY"
	run -1 "$MODEL" fetch
	[[ $output == *"KTSTR_MODEL_OFFLINE=0 set but model 'tiny.gguf' is cached and could not be checked: read $COPY: "* ]]
	rm "$COPY"
	cp hub/tiny.gguf "$COPY"
	run -0 "$MODEL" fetch
	[ "$(requests)" = 0 ]
	rm "$COPY"
	KTSTR_MODEL_OFFLINE=$(printf 'a\033b%080d' 0) run -1 "$MODEL" fetch
	[[ $output == *"KTSTR_MODEL_OFFLINE=a?b0000"*"0... set but"* ]]
	[[ $output != *$'\033'* ]]
}

@test "a status that is no success is named with the URL" {
	for code in 404 403; do
		pin $code
		run -1 --separate-stderr "$MODEL" fetch
		[[ $stderr == *"error: fetch model 'tiny.gguf': GET $(cat url)/+$code/org/tiny/resolve/main/tiny.gguf returned HTTP $code — download of model 'tiny.gguf' failed"* ]]
		nothing_there
	done
}

@test "a redirect that leads to itself ends" {
	pin loop
	run -1 --separate-stderr timeout 20 "$MODEL" fetch
	[[ $stderr == *"fetch model 'tiny.gguf': GET $(cat url)/+loop/"* ]]
}

@test "a transfer that breaks off goes on where it stopped" {
	pin cut
	run -0 "$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
	grep -E '^GET /\+cut/.* bytes=[1-9][0-9]*-$' log
}

@test "many breaks are no reason to give up while bytes come" {
	pin torn
	run -0 "$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
	[ "$(requests)" -ge 15 ]
}

@test "a server that fails is asked again, and named when it goes on failing" {
	pin 500
	run -1 --separate-stderr "$MODEL" fetch
	[[ $stderr == *"$(cat url)/+500/"*"returned HTTP 500"* ]]
	[ "$(grep -c '/+500/' log)" -gt 1 ]
	nothing_there
}

@test "a server that falls silent is given up, and what came is kept for the next" {
	pin stall
	run -1 --separate-stderr "$MODEL" fetch --stall-timeout 1s
	echo "$stderr"
	[[ $stderr == *"error: fetch model 'tiny.gguf': GET stalled: no body bytes for "*" after 375000 bytes received"* ]]
	[ "$(stat -c %s "$COPY.part")" = 375000 ]
	[ ! -e "$COPY" ]
	# the address is the same, the server has recovered
	sed -i 's|/+stall/|/|' "$COPY.part.json"
	pin
	run -0 "$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
	grep -qE 'bytes=375000-$' log
}

@test "a file that is another at each request is never patched together" {
	pin changed
	"$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
}

@test "a server without ranges is asked for the whole file again" {
	pin slow
	"$MODEL" fetch & pid=$!
	wait_for 10 test -s "$COPY.part"
	kill -9 $pid
	wait $pid || true
	pin norange
	run -0 "$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
}

@test "killed in the middle, the next fetch goes on with what came" {
	pin slow
	"$MODEL" fetch & pid=$!
	big() { [ "$(stat -c %s "$COPY.part" 2>/dev/null || echo 0)" -gt 200000 ]; }
	wait_for 10 big
	kill -9 $pid
	wait $pid || true
	[ ! -e "$COPY" ]
	run -0 "$MODEL" fetch
	cmp hub/tiny.gguf "$COPY"
	grep -E 'bytes=[1-9][0-9]*-$' log
	[ ! -e "$COPY.part" ]
}

@test "Ctrl-C ends a fetch at once and the file is not taken for whole" {
	pin slow
	env --default-signal=INT "$MODEL" fetch 2>err & pid=$!
	wait_for 10 test -s "$COPY.part"
	kill -INT $pid
	wait_for 5 gone $pid
	wait $pid && false
	[ ! -e "$COPY" ]
}

@test "what came of a file that has changed since is not mixed with the new one" {
	pin slow
	"$MODEL" fetch & pid=$!
	wait_for 10 test -s "$COPY.part"
	kill -9 $pid
	wait $pid || true
	head -c 1500000 /dev/urandom >hub/tiny.gguf
	sed -i 's/v1/v0/' "$COPY.part.json"
	pin slow
	run -0 "$MODEL" fetch
	[[ $output != *"does not fit"* ]]
	cmp hub/tiny.gguf "$COPY"
}

@test "a server that calls other bytes by the old name is asked for the whole file" {
	pin slow
	"$MODEL" fetch & pid=$!
	wait_for 10 test -s "$COPY.part"
	kill -9 $pid
	wait $pid || true
	head -c 1500000 /dev/urandom >hub/tiny.gguf
	pin slow
	run -0 "$MODEL" fetch
	[[ $output == *"does not fit"* ]]
	cmp hub/tiny.gguf "$COPY"
}

@test "a wrong digest keeps the old copy and nothing of the new one" {
	pin other
	run -1 --separate-stderr "$MODEL" fetch
	[[ $stderr == *"SHA-256 mismatch for model 'tiny.gguf' downloaded from $(cat url)/+other/"*": expected $(sha256sum <hub/tiny.gguf | cut -d' ' -f1), got "* ]]
	nothing_there
	echo old >"$COPY"
	run -1 "$MODEL" fetch
	[ "$(cat "$COPY")" = old ]
	[ ! -e "$COPY.part" ]
}

@test "too few and too many bytes are wrong" {
	pin short
	run -1 "$MODEL" fetch
	[[ $output == *"SHA-256 mismatch"*"1499999 of 1500000 bytes"* ]]
	nothing_there
	pin long
	run -1 "$MODEL" fetch
	[ ! -e "$COPY" ]
}

@test "two fetches at once download once" {
	pin slow
	"$MODEL" fetch >one 2>one.err & a=$!
	wait_for 10 test -s "$COPY.part"
	"$MODEL" fetch >two 2>two.err
	wait $a
	grep ready one
	grep ready two
	grep "is being fetched by another process" two.err
	[ "$(requests)" = 1 ]
}

@test "a full disk is said, and the old copy stands" {
	[ -e /proc/self/ns/user ]
	mkdir -p small
	run -1 unshare -rm bash -c '
		mount -t tmpfs -o size=1m none small && mkdir small/c && echo old >small/c/tiny.gguf &&
		KTSTR_CACHE_DIR=$PWD/small/c "$0" fetch; code=$?; cat small/c/tiny.gguf; exit $code' "$MODEL"
	[[ $output == *"Need 1.57 MiB free at $PWD/small/c; have "* ]]
	[[ $output == *old ]]
}

@test "a disk that fills up under way is said, the old copy stands, room lets it go on" {
	mkdir -p small
	pin slow
	export KTSTR_CACHE_DIR=$PWD/small/c
	run -0 unshare -rm bash -c '
		mount -t tmpfs -o size=3m none small && mkdir small/c && echo old >small/c/tiny.gguf
		"$0" fetch 2>err & pid=$!
		until [ -s small/c/tiny.gguf.part ]; do sleep 0.02; done
		dd if=/dev/zero of=small/filler bs=64k status=none 2>/dev/null
		wait $pid && exit 9
		cat small/c/tiny.gguf err
		rm small/filler
		"$0" fetch && cmp hub/tiny.gguf small/c/tiny.gguf' "$MODEL"
	[[ $output == old$'\n'*"error: fetch model 'tiny.gguf': write $KTSTR_CACHE_DIR/tiny.gguf.part: No space left on device"* ]]
	[[ $output == *"ready at"* ]]
	grep -qE 'bytes=[1-9][0-9]*-$' log
}

@test "a placeholder digest and plain HTTP to another host are refused before any request" {
	pin "" 00ff
	run -1 "$MODEL" fetch
	[[ $output == *"placeholder or malformed"* ]]
	pin
	jq '.url = "http://models.example/tiny.gguf"' pin.json >other.json
	run -1 "$MODEL" fetch --pin other.json
	[[ $output == *"model cache fetcher refuses non-HTTPS URL: http://models.example/tiny.gguf"* ]]
	jq '.url = "http://127.0.0.1.example/tiny.gguf"' pin.json >other.json
	run -1 "$MODEL" fetch --pin other.json
	[[ $output == *"refuses non-HTTPS URL"* ]]
	[ ! -s log ]
}

@test "a pin that is none is named, with what one looks like" {
	for text in '' '[]' '{"file":"x"}' '{"file":"../x","url":"https://h/x","size":1,"sha256":"00"}' \
		'{"file":"x","url":"https://h/x","size":-1,"sha256":"00"}'; do
		echo "$text" >bad.json
		run -1 "$MODEL" status --pin bad.json
		[[ $output == *"pin bad.json: "*"a pin is {"* ]]
	done
	run -1 "$MODEL" status --pin missing.json
	[[ $output == *"missing.json"*"No such file"* ]]
}

@test "the built-in pin is the original's" {
	unset KTSTR_MODEL_PIN
	run -0 "$MODEL" status
	[ "${lines[0]}" = "model:    Qwen3-4B-Q4_K_M.gguf" ]
	[[ $output == *"to download 2613 MiB)"* ]]
}

@test "the umbrella command runs all three" {
	run -0 --separate-stderr cargo-ktstr ktstr model fetch
	[ "$output" = "ktstr: model 'tiny.gguf' ready at $COPY" ]
	run -0 cargo-ktstr ktstr model status
	[[ $output == *"checked:  true"* ]]
	run -0 cargo-ktstr ktstr model clean
	[[ $output == *"freed 1.43 MiB total" ]]
}

@test "an unknown word is a usage error" {
	run -2 "$MODEL" get
	[[ $output == *"unknown command 'get'"* ]]
	run -2 "$MODEL"
}
