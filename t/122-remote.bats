#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The remote cache: a real nginx with WebDAV, and what a server may do wrong.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache
load lib/kernel-tree
load lib/dav

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL http_proxy https_proxy ALL_PROXY
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	REMOTE=$LIBEXEC/ktstr-remote
	CACHE=$LIBEXEC/ktstr-cache
	KEY=6.14.2-tarball-$ARCH-kc$KC
	cd "$BATS_TEST_TMPDIR"
	mkdir -p "$KTSTR_CACHE_DIR"
}

teardown() {
	dav_stop
}

# other NAME: another machine's cache
other() {
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/$1
	mkdir -p "$KTSTR_CACHE_DIR"
}

# What there is of the key in the cache: nothing, and nothing half made.
nothing_taken() {
	[ ! -e "$KTSTR_CACHE_DIR/$KEY" ] && no_temps
}

# archive: a good one of KEY in $PWD/archive, to be changed; pack TAR-OPTION…: as the server's file
archive() {
	summed_entry "$KEY"
	cp -r "$KTSTR_CACHE_DIR/$KEY" archive
	rm -r "${KTSTR_CACHE_DIR:?}/$KEY"
}
pack() {
	tar -C archive -c --zstd -f "$DAV_DIR/$KEY.tar.zst" "$@" metadata.json "$IMAGE" vmlinux
}

# refused TEXT: the server's file is not taken, and the one line says why
refused() {
	run -1 --separate-stderr "$REMOTE" --optional get "$KEY"
	[[ $stderr == "ktstr-remote: warning: remote cache read warning: $DAV/$KEY.tar.zst is not taken: "*"$1"* ]] ||
		{ echo "$stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" = 1 ]
	[ -z "$output" ]
	nothing_taken
}

@test "without KTSTR_REMOTE_CACHE, with a wrong verb or an impossible key nothing happens" {
	run -1 --separate-stderr "$REMOTE" get k
	[[ $stderr == *"KTSTR_REMOTE_CACHE is not set"* ]]
	run -2 "$REMOTE" get
	run -2 "$REMOTE" frob k
	export KTSTR_REMOTE_CACHE=http://127.0.0.1:1
	for key in ../x a/b .x '' ' ' .tmp-x 'a\b'; do
		run -1 "$REMOTE" get "$key"
		run -1 "$REMOTE" put "$key"
	done
	no_temps
}

@test "an entry goes to the server and comes back on another machine" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	summed_entry "$KEY"
	first=$KTSTR_CACHE_DIR/$KEY
	run -0 --separate-stderr "$REMOTE" put "$KEY"
	[ "$stderr" = "ktstr-remote: stored to remote cache: $KEY" ]
	[ "$(tar -tf "$DAV_DIR/$KEY.tar.zst" | xargs)" = "metadata.json $IMAGE vmlinux" ]
	[ "$(head -c4 "$DAV_DIR/$KEY.tar.zst" | od -An -tx1 | tr -d ' ')" = 28b52ffd ]
	other second
	run -0 --separate-stderr "$REMOTE" get "$KEY"
	[ "$stderr" = "ktstr-remote: fetched from remote cache: $KEY" ]
	[ "$output" = "$KTSTR_CACHE_DIR/$KEY" ]
	cmp "$first/vmlinux" "$KTSTR_CACHE_DIR/$KEY/vmlinux"
	cmp "$first/$IMAGE" "$KTSTR_CACHE_DIR/$KEY/$IMAGE"
	[ "$(jq -cS . "$first/metadata.json")" = "$(jq -cS . "$KTSTR_CACHE_DIR/$KEY/metadata.json")" ]
	[ "$("$CACHE" verify)" = "$KEY: ok" ]
	[ "$(stat -c %a "$KTSTR_CACHE_DIR/$KEY" "$KTSTR_CACHE_DIR/$KEY/vmlinux" | xargs)" = "755 644" ]
	no_temps
	dav_log | grep -qx "PUT /$KEY.tar.zst 201"
}

@test "the directory of a tree on this machine is not told" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV/team/kernels/
	summed_entry "$KEY"
	jq '.source = {type: "local", source_tree_path: "/srv/secret", git_hash: "deadbee"} | .future = [1, {"a": null}]' \
		"$KTSTR_CACHE_DIR/$KEY/metadata.json" >meta
	mv meta "$KTSTR_CACHE_DIR/$KEY/metadata.json"
	"$REMOTE" put "$KEY"
	run -0 tar -xOf "$DAV_DIR/team/kernels/$KEY.tar.zst" metadata.json
	[ "$(jq -c '[.source, .future]' <<<"$output")" = '[{"type":"local","source_tree_path":null,"git_hash":"deadbee"},[1,{"a":null}]]' ]
	other second
	run -0 "$REMOTE" get "$KEY"
}

@test "a build sends its kernel, and another machine neither fetches nor builds" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV KTSTR_KERNEL_ORG=http://127.0.0.1:1
	kernel_tree linux-6.12.9
	tar -cJf linux-6.12.9.tar.xz linux-6.12.9
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --source "$PWD/linux-6.12.9.tar.xz"
	[[ $stderr == *"cargo ktstr: stored to remote cache: local-"* ]]
	first=$(echo "$KTSTR_CACHE_DIR"/local-*)
	other second
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --json --source "$PWD/linux-6.12.9.tar.xz"
	[[ $stderr == *"cargo ktstr: fetched from remote cache: local-"* ]]
	[[ $stderr != *building* && $stderr != *extracting* ]]
	[ "$(jq -r '.state + .dir' <<<"$output")" = "cached$KTSTR_CACHE_DIR/${first##*/}" ]
	cmp "$first/vmlinux" "$KTSTR_CACHE_DIR/${first##*/}/vmlinux"
	[ -z "$(find "$TMPDIR" -name 'linux-*')" ]
	no_temps
}

@test "a clean tree is found there too, an edited one never, and --force asks nobody" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	git_kernel_tree linux
	cargo-ktstr ktstr kernel build --source "$PWD/linux"
	other second
	git -C linux clean -qfdx
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --source "$PWD/linux"
	[[ $stderr == *"fetched from remote cache: local-"* && $stderr != *building* ]]
	other third
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --force --source "$PWD/linux"
	[[ $stderr != *"fetched from remote cache"* && $stderr == *building* && $stderr == *"stored to remote cache"* ]]
	other fourth
	: >"$BATS_TEST_TMPDIR/dav/access.log"
	echo '/* edit */' >>linux/init/main.c
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --source "$PWD/linux"
	[[ $stderr == *"skipping cache"* && $stderr != *"remote cache"* ]]
	[ -z "$(dav_log)" ]
}

@test "a key that is not there is no word in a pipeline, and an error by hand" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	run -1 --separate-stderr "$REMOTE" --optional get "$KEY"
	[ -z "$stderr$output" ]
	run -1 --separate-stderr "$REMOTE" get "$KEY"
	[[ $stderr == *"error: $KEY is not in the remote cache"* ]]
	run -1 --separate-stderr "$REMOTE" put "$KEY"
	[[ $stderr == *"error: cache key $KEY not found"* ]]
	nothing_taken
}

@test "an entry that is damaged or has no checksums is not sent" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	entry "$KEY"
	run -1 --separate-stderr "$REMOTE" put "$KEY"
	[[ $stderr == *"the entry was stored without checksums"* ]]
	summed_entry "$KEY"
	damage "$KTSTR_CACHE_DIR/$KEY/vmlinux" 9
	run -1 --separate-stderr "$REMOTE" put "$KEY"
	[[ $stderr == *"file vmlinux has other bytes than were stored"* ]]
	[ -z "$(ls "$DAV_DIR")" ]
}

@test "bytes that are no archive, or half of one, are not taken" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	archive
	head -c 100000 /dev/urandom >"$DAV_DIR/$KEY.tar.zst"
	refused ''
	: >"$DAV_DIR/$KEY.tar.zst"
	refused ''
	pack
	cp "$DAV_DIR/$KEY.tar.zst" whole
	for n in 4 50 700 15000; do
		head -c "$n" whole >"$DAV_DIR/$KEY.tar.zst"
		refused ''
	done
	for at in 20 9000 19000; do
		cp whole "$DAV_DIR/$KEY.tar.zst"
		printf 'XXXX' | dd of="$DAV_DIR/$KEY.tar.zst" bs=1 seek=$at conv=notrunc status=none
		refused ''
	done
	cp whole "$DAV_DIR/$KEY.tar.zst"
	run -0 "$REMOTE" get "$KEY"
}

@test "xz, gzip and no compression are taken too" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	archive
	for how in --xz --gzip --format=ustar; do
		tar -C archive -c $how -f "$DAV_DIR/$KEY.tar.zst" metadata.json "$IMAGE" vmlinux
		run -0 "$REMOTE" get "$KEY"
		"$CACHE" clean --force
	done
}

@test "another key, another machine's kernel, other bytes, no checksums: not taken" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	archive
	cp -r archive good
	jq '.key = "other"' good/metadata.json >archive/metadata.json
	pack
	refused 'it is of key other'
	jq 'del(.key)' good/metadata.json >archive/metadata.json
	pack
	refused 'it is of key unknown'
	jq '.arch = "sparc"' good/metadata.json >archive/metadata.json
	pack
	refused "it is a $IMAGE of sparc"
	jq '.ktstr_kconfig_hash = "00000000"' good/metadata.json >archive/metadata.json
	pack
	refused "its kconfig hash is not the key's"
	jq '.source = {type: "local", source_tree_path: "/srv"}' good/metadata.json >archive/metadata.json
	pack
	refused 'it names a directory of another machine'
	jq 'del(.files)' good/metadata.json >archive/metadata.json
	pack
	refused 'it has files without checksums'
	for file in vmlinux "$IMAGE"; do
		jq --arg file "$file" 'del(.files[$file])' good/metadata.json >archive/metadata.json
		pack
		refused 'it has files without checksums'
	done
	jq '.files.vmlinux.crc32 = "00000000"' good/metadata.json >archive/metadata.json
	pack
	refused 'file vmlinux has other bytes'
	jq '.files.vmlinux.size = 1' good/metadata.json >archive/metadata.json
	pack
	refused 'file vmlinux has 20000 bytes, 1 were stored'
	echo '{' >archive/metadata.json
	pack
	refused 'metadata.json truncated'
	cp good/metadata.json archive/
	tar -C archive -c --zstd -f "$DAV_DIR/$KEY.tar.zst" metadata.json vmlinux
	refused "image file $IMAGE missing"
	tar -C archive -c --zstd -f "$DAV_DIR/$KEY.tar.zst" "$IMAGE" vmlinux
	refused 'metadata.json missing'
}

@test "an archive that reaches out, links, repeats or brings more is not taken" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	archive
	mkdir out
	pack --transform 's,vmlinux,../vmlinux,'
	refused 'it holds ../vmlinux'
	pack -P --transform "s,vmlinux,$PWD/out/vmlinux,"
	refused "it holds $PWD/out/vmlinux"
	pack --transform "s,metadata,./metadata,"
	refused 'it holds ./metadata.json'
	mv archive/vmlinux v
	ln -s /etc/passwd archive/vmlinux
	pack
	refused 'vmlinux is no plain file'
	rm archive/vmlinux
	ln "archive/$IMAGE" archive/vmlinux
	pack
	refused 'vmlinux is no plain file'
	rm archive/vmlinux
	mkfifo archive/vmlinux
	pack
	refused 'vmlinux is no plain file'
	rm archive/vmlinux
	mv v archive/vmlinux
	tar -C archive -c -f a.tar metadata.json "$IMAGE" vmlinux vmlinux --hard-dereference
	tar -C archive -r -f a.tar vmlinux
	zstd -qf a.tar -o "$DAV_DIR/$KEY.tar.zst"
	refused 'File exists'
	touch archive/run-me
	tar -C archive -c --zstd -f "$DAV_DIR/$KEY.tar.zst" metadata.json "$IMAGE" vmlinux run-me
	refused 'it holds run-me'
	[ -z "$(ls out)" ]
}

@test "a bomb of zeros stops at a gigabyte, in little memory" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	archive
	truncate -s 1100M archive/vmlinux
	pack
	# the address sanitizer takes terabytes of addresses
	[[ $LIBEXEC == */asan/* ]] || ulimit -v 600000
	refused 'more than 1024 MiB unpacked'
	mv archive/metadata.json archive/m
	truncate -s 2M archive/metadata.json
	rm archive/vmlinux
	touch archive/vmlinux
	pack
	refused 'more than 1 MiB unpacked'
}

@test "404 on PUT, 401, 403, 500, HTML: one line each" {
	dav_start
	mkdir -p "$DAV_DIR/readonly" "$DAV_DIR/html"
	echo '<html>login</html>' >"$DAV_DIR/html/$KEY.tar.zst.html"
	summed_entry "$KEY"
	for where in broken forbidden readonly auth; do
		export KTSTR_REMOTE_CACHE=$DAV/$where
		run --separate-stderr "$REMOTE" --optional put "$KEY"
		[ "$status" != 0 ]
		[[ $stderr == "ktstr-remote: warning: remote cache write warning: upload $DAV/$where/$KEY.tar.zst: "* ]]
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done
	other second
	for where in broken forbidden auth; do
		export KTSTR_REMOTE_CACHE=$DAV/$where
		run --separate-stderr "$REMOTE" --optional get "$KEY"
		[ "$status" != 0 ]
		[[ $stderr == "ktstr-remote: warning: remote cache read warning: download $DAV/$where/$KEY.tar.zst: "* ]]
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done
	nothing_taken
}

@test "a server that is not there costs one line and one attempt for many kernels" {
	export KTSTR_REMOTE_CACHE=http://127.0.0.1:1/x
	for i in 1 2 3; do
		kernel_tree "linux-6.12.$i"
		tar -cJf "linux-6.12.$i.tar.xz" "linux-6.12.$i" --mtime="2026-01-0$i"
	done
	(set -o pipefail && "$LIBEXEC/ktstr-resolve" ./linux-6.12.{1,2,3}.tar.xz | KTSTR_KERNEL_PARALLELISM=1 "$LIBEXEC/ktstr-fetch" |
		"$LIBEXEC/ktstr-build") >records 2>err
	[ "$(jq -r .state records | xargs)" = "cached cached cached" ]
	[ "$(grep -c 'remote cache' err)" = 1 ]
	grep -q 'remote cache read warning: download http://127.0.0.1:1/x/local-.*; it is not asked again' err
}

@test "a URL that is none is told once, and the kernel is built" {
	kernel_tree linux-6.12.9
	tar -cJf linux-6.12.9.tar.xz linux-6.12.9
	rmdir "$KTSTR_CACHE_DIR"
	KTSTR_REMOTE_CACHE=nfs://there run -0 --separate-stderr cargo-ktstr ktstr kernel build --source "$PWD/linux-6.12.9.tar.xz"
	[ "$(grep KTSTR_REMOTE_CACHE <<<"$stderr")" = \
		"cargo ktstr: warning: remote cache read warning: KTSTR_REMOTE_CACHE is no http:// or https:// URL" ]
	[[ $("$CACHE" verify) == *": ok" ]]
}

@test "whatever the server does wrong, the kernel is built" {
	local where

	dav_start
	kernel_tree linux-6.12.9
	tar -cJf linux-6.12.9.tar.xz linux-6.12.9
	KEY=$("$LIBEXEC/ktstr-resolve" "$PWD/linux-6.12.9.tar.xz" | jq -r .key)
	mkdir "$DAV_DIR"/{html,garbage,empty,cut,other}
	echo '<html>login</html>' >"$DAV_DIR/html/$KEY.tar.zst"
	head -c 100000 /dev/urandom >"$DAV_DIR/garbage/$KEY.tar.zst"
	: >"$DAV_DIR/empty/$KEY.tar.zst"
	summed_entry another
	mkdir archive && cp -r "$KTSTR_CACHE_DIR/another/." archive
	tar -C archive -c --zstd -f "$DAV_DIR/other/$KEY.tar.zst" metadata.json "$IMAGE" vmlinux
	head -c 9000 "$DAV_DIR/other/$KEY.tar.zst" >"$DAV_DIR/cut/$KEY.tar.zst"
	for where in auth forbidden broken html garbage empty cut other; do
		other "machine-$where"
		KTSTR_REMOTE_CACHE=$DAV/$where run -0 --separate-stderr cargo-ktstr ktstr kernel build --json \
			--source "$PWD/linux-6.12.9.tar.xz"
		[ "$(jq -r '[.state, .key] | join(" ")' <<<"$output")" = "cached $KEY" ]
		grep -q '^cargo ktstr: warning: remote cache read warning: ' <<<"$stderr"
		[ "$(grep -c 'remote cache read warning' <<<"$stderr")" = 1 ]
		[ "$("$CACHE" verify)" = "$KEY: ok" ]
		no_temps
	done
	# what is sent later takes the place of what was no good
	[ "$(tar -tf "$DAV_DIR/other/$KEY.tar.zst" | xargs)" = "metadata.json $IMAGE vmlinux" ]
	other last
	KTSTR_REMOTE_CACHE=$DAV/other run -0 --separate-stderr "$REMOTE" get "$KEY"
}

@test "a server that takes the connection and says nothing is given up" {
	python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
print(s.getsockname()[1], flush=True); time.sleep(60)' 3>&- >port &
	server=$!
	wait_for 5 test -s port
	export KTSTR_REMOTE_CACHE=http://127.0.0.1:$(cat port)
	run -3 --separate-stderr "$REMOTE" --optional --stall-timeout 1s get "$KEY"
	[ "$(wc -l <<<"$stderr")" = 1 ]
	summed_entry "$KEY"
	run -3 --separate-stderr "$REMOTE" --optional --stall-timeout 1s put "$KEY"
	[ "$(wc -l <<<"$stderr")" = 1 ]
	run -3 --separate-stderr "$REMOTE" --optional --timeout 1s get other
	[ "$(wc -l <<<"$stderr")" = 1 ]
	kill "$server"
	no_temps
}

@test "SIGTERM in the middle of a download leaves nothing" {
	python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
print(s.getsockname()[1], flush=True); c, _ = s.accept(); c.recv(9999)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 5000); time.sleep(60)' 3>&- >port &
	server=$!
	wait_for 5 test -s port
	KTSTR_REMOTE_CACHE=http://127.0.0.1:$(cat port) "$REMOTE" get "$KEY" 3>&- 2>err &
	wait_for 5 eval 'compgen -G "$KTSTR_CACHE_DIR/.tmp-*" >/dev/null'
	kill -TERM $!
	wait $! && code=0 || code=$?
	kill "$server"
	[ "$code" = 143 ]
	nothing_taken
}

@test "offline no cache is asked" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	git_kernel_tree linux
	KTSTR_OFFLINE=1 run -0 --separate-stderr cargo-ktstr ktstr kernel build --source ./linux
	[[ $stderr != *"remote cache"* ]]
	[ -z "$(find "$DAV_DIR" -type f)" ]
}

@test "a user and password in the URL are used, and never printed" {
	dav_start
	mkdir "$DAV_DIR/auth"
	good="http://team:s3cr%3at%40@${DAV#http://}/auth"
	summed_entry "$KEY"
	KTSTR_REMOTE_CACHE=$DAV/auth run -1 --separate-stderr "$REMOTE" put "$KEY"
	[[ $stderr == *401* ]]
	KTSTR_REMOTE_CACHE=$good run -0 --separate-stderr "$REMOTE" put "$KEY"
	[ -f "$DAV_DIR/auth/$KEY.tar.zst" ]
	other second
	KTSTR_REMOTE_CACHE=$good run -0 "$REMOTE" get "$KEY"
	for url in "http://team:wr0ngpass@${DAV#http://}/auth" "http://team:wr0ngpass@127.0.0.1:1/x" \
		"$DAV/broken?token=wr0ngpass" "http://127.0.0.1:1/?sig=wr0ngpass" "ftp://wr0ngpass@x/" "wr0ngpass" \
		"http://wr0ngpass@/" "http://a b:wr0ngpass@x"; do
		for verb in get put; do
			KTSTR_REMOTE_CACHE=$url run ! "$REMOTE" $verb "$KEY"
			[[ $output == *error:* && $output != *wr0ngpass* ]] || { echo "$url: $output"; return 1; }
		done
		KTSTR_REMOTE_CACHE=$url KTSTR_TRACE=1 run cargo-ktstr ktstr kernel list
		[[ $output != *wr0ngpass* ]]
	done
}

@test "{key}, {sha256} and a query find their places" {
	dav_start
	summed_entry "$KEY"
	KTSTR_REMOTE_CACHE="$DAV/a/{key}/kernel.tar?x={key}" run -0 "$REMOTE" put "$KEY"
	[ -f "$DAV_DIR/a/$KEY/kernel.tar" ]
	KTSTR_REMOTE_CACHE="$DAV/cas/{sha256}" run -0 "$REMOTE" put "$KEY"
	[ -f "$DAV_DIR/cas/$(printf %s "$KEY" | sha256sum | head -c 64)" ]
	KTSTR_REMOTE_CACHE="$DAV/q/?token=1" run -0 "$REMOTE" put "$KEY"
	[ -f "$DAV_DIR/q/$KEY.tar.zst" ]
	dav_log | grep -qxF "PUT /q/$KEY.tar.zst?token=1 201"
	summed_entry 'we#ird key%?+ü'
	KTSTR_REMOTE_CACHE="$DAV/w" run -0 "$REMOTE" put 'we#ird key%?+ü'
	[ -f "$DAV_DIR/w/we#ird key%?+ü.tar.zst" ]
	other second
	KTSTR_REMOTE_CACHE="$DAV/w" run -0 "$REMOTE" get 'we#ird key%?+ü'
}

@test "two that fetch one key at once both have it" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	summed_entry "$KEY"
	"$REMOTE" put "$KEY"
	other second
	pids=
	for i in 1 2 3 4; do
		"$REMOTE" get "$KEY" >"out$i" 2>&1 3>&- &
		pids+=" $!"
	done
	# shellcheck disable=SC2086 # several
	wait $pids
	[ "$(sort -u out? | grep -vc 'fetched from')" = 1 ]
	[ "$("$CACHE" verify)" = "$KEY: ok" ]
	no_temps
}

@test "an entry that is there and in use is not waited for" {
	dav_start
	export KTSTR_REMOTE_CACHE=$DAV
	summed_entry "$KEY"
	"$REMOTE" put "$KEY"
	exec 9>"$KTSTR_CACHE_DIR/.locks/$KEY.lock"
	flock -s 9
	run -0 timeout 60 "$REMOTE" get "$KEY"
	exec 9>&-
}

@test "the example of its page works" {
	dav_start
	example_of ktstr-remote | sed "s|https://build:secret@cache.example.org|$DAV|; s|$(example_of ktstr-remote | tail -n 1 | cut -d' ' -f3)|$KEY|" >example
	# two machines: what is put here is got there
	export PATH=$LIBEXEC:$PATH
	summed_entry "$KEY"
	sed '$d' example >put
	{ sed -n 1p example && tail -n 1 example; } >get
	run -0 bash -o pipefail put
	[ -s "$DAV_DIR/kernels/$KEY.tar.zst" ]
	other there
	run -0 --separate-stderr bash -o pipefail get
	[ "$output" = "$KTSTR_CACHE_DIR/$KEY" ]
}
