#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# lib/net by way of net-tool: GET with faults on the way, files kept in part, PUT.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

setup_file() {
	local pub=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x

	mkdir -p "$pub"
	cd "$BATS_FILE_TMPDIR"
	head -c 400000 /dev/urandom >"$pub/linux-6.12.1.tar.xz"
	serve_dav
	org_serve --log log
}

# A WebDAV server on a socket of its own; the port is free a moment before.
serve_dav() {
	local port

	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	mkdir -p dav/files/sub dav/tmp
	chmod -R a+rwx dav
	cat >dav/conf <<-CONF
		user $(id -un); daemon off; pid $PWD/dav/pid; error_log $PWD/dav/errors; worker_processes 1;
		events {}
		http {
			access_log off; client_max_body_size 1g; client_body_temp_path $PWD/dav/tmp;
			proxy_temp_path $PWD/dav/tmp; fastcgi_temp_path $PWD/dav/tmp; uwsgi_temp_path $PWD/dav/tmp; scgi_temp_path $PWD/dav/tmp;
			server { listen 127.0.0.1:$port; root $PWD/dav/files; location / { dav_methods PUT DELETE; } location /no/ { return 403; } }
		}
	CONF
	nginx -c "$PWD/dav/conf" 2>dav/said 3>&- &
	echo $! >dav/server
	echo "http://127.0.0.1:$port" >dav/url
}

teardown_file() {
	org_stop
	kill "$(cat "$BATS_FILE_TMPDIR/dav/server")"
}

setup() {
	setup_paths
	NET=${LIBEXEC%/libexec}/t/tool/net-tool
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	FILE=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x/linux-6.12.1.tar.xz
	AT=pub/linux/kernel/v6.x/linux-6.12.1.tar.xz
	cd "$BATS_TEST_TMPDIR"
}

# get FAULT: the file by a URL that only this test uses
get() {
	"$NET" get "$URL/+$1@t$BATS_TEST_NUMBER/$AT" >got 2>err
}

requests() {
	grep -c "$1@t$BATS_TEST_NUMBER/" "$BATS_FILE_TMPDIR/log"
}

@test "a body comes whole" {
	"$NET" get "$URL/$AT" >got 2>err
	cmp got "$FILE"
	grep -q 'status 200 etag "' err
}

@test "a condition that holds spares the body" {
	"$NET" get "$URL/releases.json" >got 2>err
	etag=$(sed 's/.*etag \(".*"\) unch.*/\1/' err)
	"$NET" get "$URL/releases.json" "$etag" >again 2>err
	[ ! -s again ]
	grep -q "status 304 etag $etag unchanged 1" err
}

@test "a connection that broke goes on where it stopped" {
	get cut
	cmp got "$FILE"
	grep -q "trying again in 0.5 s" err
	grep -q "GET /+cut@t$BATS_TEST_NUMBER/$AT 206 200000" "$BATS_FILE_TMPDIR/log"
}

@test "what passes by itself is tried again, with pauses that grow" {
	get 500x2
	cmp got "$FILE"
	[ "$(grep -c 'HTTP 500; trying again in' err)" = 2 ]
	grep -q 'again in 0.5 s' err
	grep -q 'again in 1.0 s' err
	[ "$(requests 500x2)" = 3 ]
}

@test "what does not pass is given up after four attempts, 404 at once" {
	run ! get 500
	[ "$(requests 500)" = 4 ]
	grep -q "error: download $URL/+500@.*: HTTP 500" err
	run ! get 404
	[ "$(requests 404)" = 1 ]
}

@test "no server is told at last as what it is" {
	run ! "$NET" get http://127.0.0.1:9/x
	run -1 --separate-stderr "$NET" get http://127.0.0.1:9/x
	[[ $stderr == *"download http://127.0.0.1:9/x: Failed to connect"* ]]
	[[ $stderr == *"status 0"* ]]
}

@test "a server that stops sending is given up, one that drips too" {
	run ! get stall
	grep -Eq 'error: download stalled: no body bytes for [0-9]+s after [0-9]+ bytes received' err
	run ! get drip
	grep -Eq 'download stalled: only [0-9]+ body bytes in [0-9]+s after [0-9]+ bytes received' err
}

@test "a server without ranges starts over, for a consumer that can" {
	run ! get norange
	grep -q 'the server has another file now' err
	"$NET" keep "$URL/+norange@k$BATS_TEST_NUMBER/$AT" "$PWD/file" 2>err
	cmp file "$FILE"
}

@test "redirects are followed, a loop of them is not" {
	get moved
	cmp got "$FILE"
	run ! get loop
	grep -q 'redirects more than 10 times' err
}

@test "a file is kept in part and gone on with by the next run" {
	run ! "$NET" keep "$URL/+stall/$AT" "$PWD/file"
	[ ! -e file ]
	[ "$(stat -c %s file.part)" = 200000 ]
	# where it came from is part of what is known of it
	sed -i 's|/+stall/|/|' file.part.json
	"$NET" keep "$URL/$AT" "$PWD/file" 2>err
	grep -q 'status 206 .* resumed 1' err
	cmp file "$FILE"
	[ ! -e file.part ]
	[ ! -e file.part.json ]
}

@test "what turns out longer than it may be is not kept in part" {
	run ! "$NET" keep "$URL/+stall/$AT" "$PWD/file"
	[ -e file.part ]
	sed -i 's|/+stall/|/|' file.part.json
	run -1 --separate-stderr "$NET" keep "$URL/$AT" "$PWD/file" 300000
	[[ $stderr == *"the answer is longer than 300000 bytes"* ]]
	[ -z "$(find . -name 'file*' ! -name file.lock)" ]
}

@test "a part that is all of it is not asked for again" {
	"$NET" keep "$URL/$AT" "$PWD/file" 2>err
	etag=$(sed 's/.*etag \(".*"\) unch.*/\1/' err)
	mv file file.part
	jq -n --arg u "$URL/$AT" --arg v "$etag" '{url: $u, validator: $v}' >file.part.json
	"$NET" keep "$URL/$AT" "$PWD/file" 2>err
	grep -q 'resumed 1' err
	cmp file "$FILE"
}

@test "a part of another version of the file is thrown away" {
	head -c 1000 /dev/zero >file.part
	jq -n --arg u "$URL/$AT" '{url: $u, validator: "\"old\""}' >file.part.json
	"$NET" keep "$URL/$AT" "$PWD/file" 2>err
	cmp file "$FILE"
	head -c 1000 /dev/zero >file2.part
	"$NET" keep "$URL/$AT" "$PWD/file2" 2>err
	cmp file2 "$FILE"
}

@test "a full disk is told, and nothing that looks whole is left" {
	unshare --user --map-root-user --mount bash -c '
		mkdir -p disk && mount -t tmpfs -o size=200k none disk || exit 77
		"$1" keep "$2" "$PWD/disk/file" 2>err
		echo $? >code; ls disk >left' - "$NET" "$URL/$AT"
	[ "$(cat code)" = 1 ]
	grep -q 'disk/file.part: No space left on device' err
	run ! grep -qx file left
}

@test "a file is put, and an answer that says no is an error" {
	dav=$(cat "$BATS_FILE_TMPDIR/dav/url")
	wait_for 5 curl -s -o /dev/null "$dav/"
	head -c 3000000 /dev/urandom >big
	"$NET" put "$dav/sub/big$BATS_TEST_NUMBER" big 2>err
	cmp big "$BATS_FILE_TMPDIR/dav/files/sub/big$BATS_TEST_NUMBER"
	run -1 --separate-stderr "$NET" put "$dav/no/x" big
	[[ $stderr == *"upload $dav/no/x: HTTP 403"* ]]
}

@test "the proxy of the environment is used, and NO_PROXY keeps from it" {
	http_proxy=http://127.0.0.1:9 run -1 --separate-stderr "$NET" get "http://kernel.example/x"
	[[ $stderr == *"127.0.0.1"*"9"* ]]
	http_proxy=$URL run -1 --separate-stderr "$NET" get "http://kernel.example/+404/x"
	[[ $stderr == *"status 404"* ]]
	http_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1 run -0 "$NET" get "$URL/releases.json"
}
