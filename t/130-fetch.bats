#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-fetch: records of missing kernels to source trees.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

# One server for all: the fault is part of each test's base URL.
setup_file() {
	local pub=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x

	cd "$BATS_FILE_TMPDIR"
	for v in 6.12.9 6.12.43 6.15-rc3; do
		kernel_tree "linux-$v"
		ln -s main.c "linux-$v/init/same.c"
		chmod +x "linux-$v/init/settle"
		org_release $v 300000
	done
	for v in 6.13.9 6.15-rc8; do org_release $v; done
	for file in org/torvalds/t/linux-6.15-rc8.tar.gz "$pub/linux-6.13.9.tar.xz"; do echo '<!-- proxied -->' >>$file; done
	mkdir other && echo 1 >other/file
	tar cJf "$pub/linux-6.12.10.tar.xz" other
	python3 - "$pub" <<-'PY'
		import io, sys, tarfile
		def make(version, *entries):
		    with tarfile.open(f"{sys.argv[1]}/linux-{version}.tar.xz", "w:xz") as tar:
		        for name, kind, target in entries:
		            info = tarfile.TarInfo(name)
		            info.type, info.linkname, info.size = kind, target, 4 if kind == tarfile.REGTYPE else 0
		            tar.addfile(info, io.BytesIO(b"evil") if info.size else None)
		make("6.1.1", ("linux-6.1.1/../../../climbed", tarfile.REGTYPE, ""))
		make("6.1.2", ("/tmp/absolute-by-tar", tarfile.REGTYPE, ""))
		make("6.1.3", ("linux-6.1.3/out", tarfile.SYMTYPE, "../../.."), ("linux-6.1.3/out/x", tarfile.REGTYPE, ""))
		make("6.1.4", ("linux-6.1.4/in", tarfile.SYMTYPE, "sub"), ("linux-6.1.4/in/x", tarfile.REGTYPE, ""))
		make("6.1.5", ("linux-6.1.5/null", tarfile.CHRTYPE, ""))
		make("6.1.6", ("linux-6.1.6/hard", tarfile.LNKTYPE, "../../etc/passwd"))
		make("6.1.7", ("linux-6.1.7/f", tarfile.REGTYPE, ""), ("linux-6.1.7/f", tarfile.REGTYPE, ""))
	PY
	org_serve
}

teardown_file() {
	org_stop
}

setup() {
	setup_paths
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	export KTSTR_KERNEL_ORG=$URL
	FETCH=$LIBEXEC/ktstr-fetch
	SRC=$TMPDIR/ktstr-src-$(id -u)
	cd "$BATS_TEST_TMPDIR"
}

# fetch VERSION [FAULT] [OPTION…]
fetch() {
	local version=$1 fault=${2:-}

	shift $(($# > 1 ? 2 : 1))
	version_record "$version" >"$BATS_TEST_TMPDIR/in"
	KTSTR_KERNEL_ORG=$URL${fault:+/+$fault} "$FETCH" "$@" <"$BATS_TEST_TMPDIR/in"
}

# Nothing is left that a build could take for a source.
nothing_kept() {
	[ -z "$(find "$SRC" -mindepth 1 ! -name '.lock-*' 2>/dev/null)" ]
}

@test "a release is downloaded, verified and unpacked" {
	run -0 --separate-stderr fetch 6.12.9
	[ "$(jq -r .state <<<"$output")" = fetched ]
	[ "$(jq -r .temp <<<"$output")" = true ]
	src=$(jq -r .src <<<"$output")
	[ "$src" = "$SRC/6.12.9-tarball-x86_64-kc0/linux-6.12.9" ]
	diff -r --no-dereference "$BATS_FILE_TMPDIR/linux-6.12.9" "$src"
	[ -x "$src/init/settle" ]
	[ "$(stat -c %Y "$src/Makefile")" = "$(stat -c %Y "$BATS_FILE_TMPDIR/linux-6.12.9/Makefile")" ]
	[[ $stderr == *"ktstr-download: downloading $URL/pub/linux/kernel/v6.x/linux-6.12.9.tar.xz ("*" MB)"* ]]
	[[ $stderr == *"extracting tarball (xz)"* ]]
	sum=$(sha256sum <"$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x/linux-6.12.9.tar.xz")
	[[ $stderr == *"sha256 verified ("*" bytes, hash ${sum%% *})"* ]]
	[ "$(stat -c %a "$SRC")" = 700 ]
}

@test "other keys of the record stay as they came" {
	version_record 6.12.9 | sed 's/}$/,"big":18446744073709551615,"more":[1, 2]}/' >in
	run -0 --separate-stderr "$FETCH" <in
	[[ $output == *'"big":18446744073709551615,"more":[1, 2]'* ]]
}

@test "a release candidate comes from the snapshot, unverified and said so" {
	run -0 --separate-stderr fetch 6.15-rc3
	[[ $(jq -r .src <<<"$output") == */linux-6.15-rc3 ]]
	[[ $stderr == *"downloading $URL/torvalds/t/linux-6.15-rc3.tar.gz"* ]]
	[[ $stderr == *"extracting tarball (gzip)"* ]]
	[[ $stderr == *"warning: "*"is not verified: sha256 "* ]]
}

@test "a complete tree is used again without the network" {
	run -0 --separate-stderr fetch 6.12.9
	KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -0 --separate-stderr "$FETCH" <"$BATS_TEST_TMPDIR/in"
	[ "$(jq -r .state <<<"$output")" = fetched ]
}

@test "records that are not ours pass byte for byte" {
	cat >in <<-'REC'
		{"type":"kernel","index":0,"total":3,"spec":"a","label":"a","key":"k","state":"cached", "dir":"/d"}
		{"type":"kernel","index":1,"total":3,"spec":"b","label":"b","key":"k","state":"error","error":{"stage":"resolve","message":"m"}}
		{"type":"weather",   "rain":true}
	REC
	run -0 --separate-stderr "$FETCH" <in
	[ "$output" = "$(cat in)" ]
	[ -z "$stderr" ]
}

@test "a wrong checksum is named and nothing is kept" {
	run -1 --separate-stderr fetch 6.12.9 badsum
	[ "$(jq -r .state <<<"$output")" = error ]
	[ "$(jq -r .error.stage <<<"$output")" = fetch ]
	[[ $(jq -r .error.message <<<"$output") == "sha256 mismatch for $URL/+badsum/"*"linux-6.12.9.tar.xz: expected 0000"*", got "* ]]
	[[ $stderr == *"sha256 mismatch for"* ]]
	[[ $stderr == *"hint: "*"--skip-sha256"* ]]
	nothing_kept
}

@test "--skip-sha256 takes a wrong checksum and warns" {
	run -0 --separate-stderr fetch 6.12.9 badsum --skip-sha256
	[ "$(jq -r .state <<<"$output")" = fetched ]
	[[ $stderr == *"warning: --skip-sha256: bypassing checksum verification"* ]]
}

@test "a server that is not reached is no reason to go without checksums" {
	version_record 6.12.9 >in
	KTSTR_KERNEL_ORG=http://127.0.0.1:1 run -1 --separate-stderr "$FETCH" <in
	[[ $stderr == *"failed to fetch sha256sums.asc: "*"hint: check the network"* ]]
	[[ $stderr != *"--skip-sha256"* ]]
}

@test "without a checksum there is no download" {
	run -1 --separate-stderr fetch 6.12.9 nosums
	[[ $stderr == *"failed to fetch sha256sums.asc: download $URL/+nosums/pub/linux/kernel/v6.x/sha256sums.asc: HTTP 404"* ]]
	[[ $stderr == *"--skip-sha256"* ]]
	run -1 --separate-stderr fetch 6.12.9 noentry
	[[ $stderr == *"sha256sums.asc fetched but no entry for linux-6.12.9.tar.xz"* ]]
	nothing_kept
}

@test "a body that is cut short is an error, with or without a length" {
	run -1 --separate-stderr fetch 6.12.9 cutall
	[[ $(jq -r .error.message <<<"$output") == "download $URL/+cutall/"* ]]
	run -1 --separate-stderr fetch 6.12.43 short
	[[ $(jq -r .error.message <<<"$output") == "sha256 mismatch for $URL/+short/"* ]]
	nothing_kept
}

@test "a download that stands still is given up" {
	run -1 --separate-stderr fetch 6.12.9 stall --stall-timeout 1s
	[[ $(jq -r .error.message <<<"$output") =~ ^"download stalled: no body bytes for "[0-9]+"s after "[0-9]+" bytes received"$ ]]
	nothing_kept
}

@test "404 names the newest release of the series" {
	run -1 --separate-stderr fetch 6.12.99
	[[ $stderr == *"version 6.12.99 not found. latest 6.12.x: 6.12.43"* ]]
	run -1 --separate-stderr fetch 6.2.1
	[ "$(jq -r .error.message <<<"$output")" = "version 6.2.1 not found" ]
	run -1 --separate-stderr fetch 6.15-rc9
	[[ $stderr == *"RC tarball not found: $URL/torvalds/t/linux-6.15-rc9.tar.gz"* ]]
	nothing_kept
}

@test "500, an HTML page and no server are told apart" {
	run -1 --separate-stderr fetch 6.12.9 500
	[[ $(jq -r .error.message <<<"$output") == "download "*"linux-6.12.9.tar.xz: HTTP 500" ]]
	run -1 --separate-stderr fetch 6.12.9 html
	[[ $(jq -r .error.message <<<"$output") == *": server returned HTML instead of tarball (URL may be invalid)" ]]
	URL=http://127.0.0.1:9 run -1 --separate-stderr fetch 6.12.9
	[[ $(jq -r .error.message <<<"$output") == *"download http://127.0.0.1:9/"*"Failed to connect"* ]]
	nothing_kept
}

@test "a tarball of something else is refused by name" {
	run -1 --separate-stderr fetch 6.12.10
	[ "$(jq -r .error.message <<<"$output")" = \
		'tarball contains unexpected top-level entry "other"; expected only linux-6.12.10/' ]
	nothing_kept
}

@test "an archive cannot write outside its directory" {
	for v in 6.1.1 6.1.2 6.1.3 6.1.4 6.1.5 6.1.6 6.1.7; do
		run -1 --separate-stderr fetch $v
		[[ $(jq -r .error.message <<<"$output") == "extract tarball: "* ]]
	done
	nothing_kept
	[ ! -e /tmp/absolute-by-tar ]
	[ -z "$(find "$BATS_TEST_TMPDIR" -name climbed)" ]
}

@test "one failure does not keep the others from being fetched" {
	{
		version_record 6.12.99 | sed 's/"total":1/"total":2/'
		version_record 6.12.9 | sed 's/"index":0,"total":1/"index":1,"total":2/'
	} >in
	run -1 --separate-stderr "$FETCH" <in
	[ "$(jq -sc "sort_by(.index) | map(.state)" <<<"$output")" = '["error","fetched"]' ]
}

@test "a tarball on disk is unpacked and verified" {
	kernel_tree linux-source-6.12
	tar cJf src.tar.xz linux-source-6.12
	sum=$(sha256sum <src.tar.xz)
	members=('"version":null' '"state":"missing"' "\"tarball\":\"$PWD/src.tar.xz\"")
	kernel_record local-1 "${members[@]}" "\"sha256\":\"${sum%% *}\"" | sed 's/"kind":"version"/"kind":"tarball"/' >in
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .src <<<"$output")" = "$SRC/local-1/linux-source-6.12" ]
	diff -r linux-source-6.12 "$SRC/local-1/linux-source-6.12"
	sed "s/${sum%% *}/${sum:1:3}${sum:0:61}/;s/local-1/local-2/" in >other
	run -1 --separate-stderr "$FETCH" <other
	[[ $(jq -r .error.message <<<"$output") == "sha256 mismatch for $PWD/src.tar.xz: expected"* ]]
	[ ! -e "$SRC/local-2" ]
}

# fetch_tarball FILE: as a tarball on disk; nobody verifies more than that it is the file that was named.
fetch_tarball() {
	local sum

	sum=$(sha256sum <"$1")
	kernel_record "local-$1" '"version":null' '"state":"missing"' "\"tarball\":\"$PWD/$1\"" "\"sha256\":\"${sum%% *}\"" |
		sed 's/"kind":"version"/"kind":"tarball"/' >in
	"$FETCH" <in
}

@test "streams behind one another are one tarball, and so is one padded with zeros" {
	kernel_tree linux
	tar cf whole linux
	for packer in gzip xz zstd; do
		case $packer in gzip) file=src.tar.gz ;; xz) file=src.tar.xz ;; *) file=src.tar.zst ;; esac
		{ head -c 5000 whole | $packer -c; tail -c +5001 whole | $packer -c; } >$file
		# zstd has no padding
		[ $packer = zstd ] || head -c 300000 /dev/zero >>$file
		run -0 --separate-stderr fetch_tarball $file
		diff -r linux "$SRC/local-$file/linux"
	done
}

@test "bytes behind the end of a tarball's stream are an error though its checksum is right" {
	kernel_tree linux
	tar cf whole linux
	head -c 3000 /dev/urandom >noise
	for packer in gzip xz zstd; do
		case $packer in gzip) file=src.tar.gz ;; xz) file=src.tar.xz ;; *) file=src.tar.zst ;; esac
		for junk in $'\n' '<html>' "$(printf '\37\213\10 no gzip header')" noise; do
			$packer -c whole >$file
			if [ "$junk" = noise ]; then cat noise; else printf %s "$junk"; fi >>$file
			run -1 --separate-stderr fetch_tarball $file
			[[ $(jq -r .error.message <<<"$output") == "extract tarball: "* ]]
			[ ! -e "$SRC/local-$file" ]
		done
	done
	{ gzip -c whole; head -c 300000 /dev/zero; echo end; } >src.tar.gz
	run -1 --separate-stderr fetch_tarball src.tar.gz
	[ "$(jq -r .error.message <<<"$output")" = 'extract tarball: 300004 bytes of something else follow the compressed data' ]
}

@test "bytes behind the end of a download are an error where no checksum tells" {
	run -1 --separate-stderr fetch 6.15-rc8
	[ "$(jq -r .error.message <<<"$output")" = 'extract tarball: 17 bytes of something else follow the compressed data' ]
	run -1 --separate-stderr fetch 6.13.9 badsum --skip-sha256
	[[ $(jq -r .error.message <<<"$output") == "extract tarball: Lzma library error: "* ]]
	nothing_kept
}

@test "two at once fetch a release once" {
	version_record 6.12.9 >in
	KTSTR_KERNEL_ORG=$URL/+gate@two "$FETCH" <in >one 2>err1 3>&- &
	wait_for 5 grep -q downloading err1
	KTSTR_KERNEL_ORG=$URL/+404 "$FETCH" <in >two 2>err2 3>&- &
	wait_for 5 grep -q "is being fetched by another process" err2
	org_gate two
	wait
	[ "$(jq -r .state one two)" = $'fetched\nfetched' ]
	grep -q "pid=" err2
}

@test "SIGTERM ends a download and leaves nothing" {
	version_record 6.12.9 >in
	KTSTR_KERNEL_ORG=$URL/+gate@shut "$FETCH" <in >out 2>err 3>&- &
	wait_for 5 grep -q downloading err
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" = 143 ]
	[ ! -s out ]
	nothing_kept
}

@test "what kill -9 leaves is swept by the next run" {
	version_record 6.12.9 >in
	KTSTR_KERNEL_ORG=$URL/+gate@shut "$FETCH" <in >out 2>err 3>&- &
	wait_for 5 grep -q downloading err
	wait_for 5 compgen -G "$SRC/.stage-*"
	kill -KILL $!
	wait $! || true
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .state <<<"$output")" = fetched ]
	run ! compgen -G "$SRC/.stage-*"
}

@test "old trees that nobody holds are swept, held ones stay" {
	mkdir -m 700 "$SRC"
	mkdir "$SRC/old" "$SRC/held" "$SRC/new"
	touch -d '8 hours ago' "$SRC/old" "$SRC/held"
	exec 9<"$SRC/held"
	flock -s 9
	run -0 --separate-stderr fetch 6.12.9
	[ ! -e "$SRC/old" ]
	[ -d "$SRC/held" ]
	[ -d "$SRC/new" ]
}

@test "a tree that somebody is removing is not taken for a source, and one that is swept is out of sight first" {
	run -0 --separate-stderr fetch 6.12.9
	src=$(jq -r .src <<<"$output")
	touch "$src/half"
	exec 9<"${src%/*}"
	flock -x 9
	run -0 --separate-stderr fetch 6.12.9
	exec 9<&-
	[ "$(jq -r .src <<<"$output")" = "$src" ]
	[ ! -e "$src/half" ]
	[ -f "$src/Makefile" ]
	mkdir -p "$SRC/old/linux/deep"
	touch -d '8 hours ago' "$SRC/old"
	version_record 6.12.9 >in
	run -0 strace -f -qq -o calls -e trace=rename,unlinkat "$FETCH" <in
	grep -E '"[^"]*/old"|deep' calls | sed 's/^[0-9 ]*//; s/(.*//' >order
	[ "$(head -n 1 order)" = rename ]
	[ ! -e "$SRC/old" ]
	run ! compgen -G "$SRC/.stage-*"
}

@test "a source directory of somebody else is refused" {
	mkdir -m 777 "$SRC"
	run -1 --separate-stderr fetch 6.12.9
	[[ $stderr == *"$SRC: not a directory that is only ours"* ]]
}

@test "TMPDIR: one that is not there is named with what to do, a relative one is of the caller's directory" {
	TMPDIR=$PWD/none run -1 --separate-stderr fetch 6.12.9
	[[ $stderr == *"make directory $PWD/none/ktstr-src-"*"hint: "*TMPDIR* ]]
	mkdir sub
	TMPDIR=sub run -0 --separate-stderr fetch 6.12.9
	[[ $(jq -r .src <<<"$output") == "$PWD/sub/ktstr-src-"*/linux-6.12.9 ]]
}

@test "a key that climbs out is refused" {
	version_record 6.12.9 | sed 's/"key":"[^"]*"/"key":"..\/x"/' >in
	run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == *"holds a path separator"* ]]
}

@test "a line that is no record ends it" {
	printf 'garbage\n' >in
	run -1 --separate-stderr "$FETCH" <in
	[[ $stderr == *"line 1 of the record stream is no record"* ]]
}
