#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Downloads side by side, gone on with, kept, signed, over TLS, and archives
# that mean harm.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

setup_file() {
	local pub=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x v

	cd "$BATS_FILE_TMPDIR"
	for v in 6.12.1 6.12.2 6.12.3 6.15-rc3; do org_release $v 600000; done
	python3 - "$pub" <<-'PY'
		import io, lzma, sys, tarfile
		def make(version, *entries):
		    with tarfile.open(f"{sys.argv[1]}/linux-{version}.tar.xz", "w:xz") as tar:
		        for name, kind, target in entries:
		            info = tarfile.TarInfo(name)
		            info.type, info.linkname, info.size = kind, target, 4 if kind == tarfile.REGTYPE else 0
		            tar.addfile(info, io.BytesIO(b"evil") if info.size else None)
		make("6.1.1", ("linux-6.1.1/a", tarfile.REGTYPE, ""), ("second/b", tarfile.REGTYPE, ""))
		make("6.1.2", ("linux-6.1.2/h", tarfile.LNKTYPE, "linux-6.1.2/../../../../etc/passwd"))
		make("6.1.3", ("linux-6.1.3/s", tarfile.SYMTYPE, "../../x"))
		make("6.1.4", ("linux-6.1.4/s", tarfile.SYMTYPE, "t"), ("linux-6.1.4/t", tarfile.SYMTYPE, "../.."), ("linux-6.1.4/s/x", tarfile.REGTYPE, ""))
		make("6.1.5", ("linux-6.1.5/b", tarfile.BLKTYPE, ""))
		make("6.1.6", ("linux-6.1.6/p", tarfile.FIFOTYPE, ""))
		make("6.1.7", ("linux-6.1.7", tarfile.SYMTYPE, "/tmp"), ("linux-6.1.7/ktstr-escaped", tarfile.REGTYPE, ""))
		make("6.1.8", ("linux-6.1.8/h", tarfile.LNKTYPE, "/etc/passwd"))
		# ten gigabytes of zeros: the first block of such a stream repeats for ever
		out = lzma.LZMACompressor(preset=0)
		info = tarfile.TarInfo("linux-6.2.1/zero0")
		info.size = 10 << 30
		with open(f"{sys.argv[1]}/linux-6.2.1.tar.xz", "wb") as file:
		    file.write(out.compress(info.tobuf()))
		    for i in range(32):
		        file.write(out.compress(bytes(1 << 20)))
		    file.write(out.flush())
	PY
	org_serve --log log
}

teardown_file() {
	org_stop
}

setup() {
	setup_paths
	URL=$(cat "$BATS_FILE_TMPDIR/url")
	fault none
	FETCH=$LIBEXEC/ktstr-fetch
	SRC=$TMPDIR/ktstr-src-$(id -u)
	KEPT=$KTSTR_CACHE_DIR/.tarballs
	cd "$BATS_TEST_TMPDIR"
}

# From now on the server has this fault, for this test.
fault() {
	export KTSTR_KERNEL_ORG=$URL/+$1@t$BATS_TEST_NUMBER
}

# records VERSION…: one after another in ./in
records() {
	local i=0 v

	for v; do
		version_record "$v" | sed "s/\"index\":0,\"total\":1/\"index\":$i,\"total\":$#/; s/\"label\":\"x\"/\"label\":\"$v\"/"
		i=$((i + 1))
	done >in
}

# how often this test asked for a tarball
gets() {
	grep -c "^GET /+[a-z0-9]*@t$BATS_TEST_NUMBER/.*linux-$1.tar" "$BATS_FILE_TMPDIR/log"
}

no_holder() {
	for lock in "$SRC"/.lock-* "$KEPT"/*.lock; do
		[ ! -e "$lock" ] || flock -n "$lock" true || { echo "held: $lock"; return 1; }
	done
}

no_tree() {
	[ -z "$(find "$SRC" -mindepth 1 ! -name '.lock-*' 2>/dev/null)" ]
}

@test "a kernel configured anew is unpacked from the tarball that was fetched" {
	records 6.12.1
	run -0 "$FETCH" <in
	sed -i 's/kc0/kc1/' in
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .src <<<"$output")" = "$SRC/6.12.1-tarball-x86_64-kc1/linux-6.12.1" ]
	diff -r "$BATS_FILE_TMPDIR/linux-6.12.1" "$SRC/6.12.1-tarball-x86_64-kc1/linux-6.12.1"
	[[ $stderr == *"using $KEPT/linux-6.12.1.tar.xz, fetched before"* ]]
	[[ $stderr == *"sha256 verified ("* ]]
	[ "$(gets 6.12.1)" = 1 ]
	(cd "$KEPT" && sha256sum -c linux-6.12.1.tar.xz.sha256)
	# without any network too
	sed -i 's/kc1/kc2/' in
	KTSTR_OFFLINE=1 KTSTR_KERNEL_ORG=http://127.0.0.1:9 run -0 "$FETCH" <in
}

@test "offline, what was not fetched before is an error at once" {
	records 6.12.1
	KTSTR_OFFLINE=1 run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == "KTSTR_OFFLINE is set and $KTSTR_KERNEL_ORG/"*" has not been fetched before" ]]
	run -1 grep "@t$BATS_TEST_NUMBER/" "$BATS_FILE_TMPDIR/log"
}

@test "a kept tarball that was damaged is fetched anew" {
	records 6.12.1
	run -0 "$FETCH" <in
	damage "$KEPT/linux-6.12.1.tar.xz" 300000
	sed -i 's/kc0/kc1/' in
	run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"sha256 mismatch for $KEPT/linux-6.12.1.tar.xz"*"fetching it anew"* ]]
	diff -r "$BATS_FILE_TMPDIR/linux-6.12.1" "$SRC/6.12.1-tarball-x86_64-kc1/linux-6.12.1"
	[ "$(gets 6.12.1)" = 2 ]
}

@test "a candidate is kept too, a download that skipped its checksum is not" {
	records 6.15-rc3
	run -0 "$FETCH" <in
	[ -s "$KEPT/linux-6.15-rc3.tar.gz" ]
	records 6.12.2
	run -0 "$FETCH" --skip-sha256 <in
	[ ! -e "$KEPT/linux-6.12.2.tar.xz" ]
	[ ! -e "$KEPT/linux-6.12.2.tar.xz.part" ]
}

@test "tarballs used longest ago go first when there are too many" {
	records 6.12.1 6.12.2 6.12.3
	KTSTR_KERNEL_PARALLELISM=1 "$FETCH" <in >out
	touch -d '1 hour ago' "$KEPT/linux-6.12.2.tar.xz"
	: >"$KEPT/linux-5.1.tar.xz.part"
	touch -d '8 days ago' "$KEPT/linux-5.1.tar.xz.part"
	records 6.15-rc3
	KTSTR_TARBALLS_MAX=2 run -0 "$FETCH" <in
	[ ! -e "$KEPT/linux-6.12.2.tar.xz" ]
	[ ! -e "$KEPT/linux-6.12.2.tar.xz.sha256" ]
	[ -e "$KEPT/linux-6.12.3.tar.xz" ]
	[ ! -e "$KEPT/linux-5.1.tar.xz.part" ]
}

@test "with room for no tarball none stays, neither a new one nor those of before" {
	records 6.12.1
	run -0 "$FETCH" <in
	[ -e "$KEPT/linux-6.12.1.tar.xz" ]
	records 6.12.2
	KTSTR_TARBALLS_MAX=0 run -0 --separate-stderr "$FETCH" <in
	[ -d "$(jq -r .src <<<"$output")" ]
	[ -z "$(find "$KEPT" -name '*.xz' -o -name '*.sha256' -o -name '*.part*')" ]
	# one that was fetched before and only used goes as well
	records 6.12.3
	run -0 "$FETCH" <in
	rm -r "$SRC"/6.12.3-*
	KTSTR_TARBALLS_MAX=0 run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"linux-6.12.3.tar.xz, fetched before"* ]]
	[ ! -e "$KEPT/linux-6.12.3.tar.xz" ]
}

@test "a download that broke off is gone on with, in the run and by the next" {
	fault cut
	records 6.12.1
	run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"trying again in"* ]]
	[ "$(gets 6.12.1)" = 2 ]
	fault stall
	records 6.12.2
	run -1 "$FETCH" --stall-timeout 1s <in
	half=$(stat -c %s "$KEPT/linux-6.12.2.tar.xz.part")
	((half > 200000))
	[ ! -e "$KEPT/linux-6.12.2.tar.xz" ]
	[ ! -e "$SRC/6.12.2-tarball-x86_64-kc0" ]
	run ! compgen -G "$SRC/.stage-*"
	sed -i 's|/+stall@|/+none@|' "$KEPT/linux-6.12.2.tar.xz.part.json"
	fault none
	run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"sha256 verified"* ]]
	grep -q "GET /+none@t$BATS_TEST_NUMBER/.*linux-6.12.2.tar.xz 206 $half" "$BATS_FILE_TMPDIR/log"
	diff -r "$BATS_FILE_TMPDIR/linux-6.12.2" "$(jq -r .src <<<"$output")"
}

@test "a part that was damaged is noticed and fetched anew" {
	fault stall
	records 6.12.1
	run -1 "$FETCH" --stall-timeout 1s <in
	sed -i 's|/+stall@|/+none@|' "$KEPT/linux-6.12.1.tar.xz.part.json"
	damage "$KEPT/linux-6.12.1.tar.xz.part" 100000
	fault none
	run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"sha256 mismatch"*"what an earlier run had fetched may be damaged, fetching it anew"* ]]
	diff -r "$BATS_FILE_TMPDIR/linux-6.12.1" "$(jq -r .src <<<"$output")"
}

@test "a server whose file changed in the middle is started over with" {
	fault changed
	records 6.12.1
	run -0 --separate-stderr "$FETCH" <in
	diff -r "$BATS_FILE_TMPDIR/linux-6.12.1" "$(jq -r .src <<<"$output")"
	[ "$(gets 6.12.1)" = 2 ]
}

@test "a wrong checksum is not kept for going on" {
	fault badsum
	records 6.12.1
	run -1 "$FETCH" <in
	[ ! -e "$KEPT/linux-6.12.1.tar.xz.part" ]
	[ ! -e "$KEPT/linux-6.12.1.tar.xz" ]
	no_tree
}

@test "kernels are fetched side by side, and each record leaves when it is there" {
	records 6.12.1 6.12.2 6.12.3
	sed -i '2i {"type":"kernel","index":9,"total":10,"spec":"c","label":"c","key":"k","state":"cached","dir":"/d"}' in
	fault gate
	KTSTR_KERNEL_PARALLELISM=3 "$FETCH" <in >out 2>err 3>&- &
	pid=$!
	wait_for 10 eval '[ "$(grep -c "downloading " err)" = 3 ]'
	# the cached one did not wait for any
	wait_for 10 test -s out
	[ "$(jq -r .state out)" = cached ]
	org_gate "t$BATS_TEST_NUMBER"
	wait $pid
	[ "$(jq -r .state out | sort | uniq -c | xargs)" = "1 cached 3 fetched" ]
}

@test "KTSTR_KERNEL_PARALLELISM bounds them, junk in it is told" {
	records 6.12.1 6.12.2
	fault slow
	KTSTR_KERNEL_PARALLELISM=' 1 ' run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"downloading "*"6.12.1.tar"*"6.12.1: Downloaded"*"downloading "*"6.12.2.tar"* ]]
	for v in 0 -1 many; do
		KTSTR_KERNEL_PARALLELISM=$v run -0 --separate-stderr "$FETCH" <in
		[[ $stderr == *"KTSTR_KERNEL_PARALLELISM=$v is no number above 0"* ]]
	done
	records 6.12.3
	KTSTR_KERNEL_PARALLELISM=18446744073709551615 timeout 60 "$FETCH" <in 2>err | cat >out
	[ "$(jq -r .state out)" = fetched ]
}

@test "a stall timeout of weeks is not one of no time" {
	records 6.12.1
	run -0 "$FETCH" --stall-timeout 30d <in
}

@test "a slow reader behind us does not hold the downloads up" {
	records 6.12.1 6.12.2
	{ cat in; sleep 3; } | "$FETCH" 2>err 3>&- | { wait_for 10 eval '[ "$(grep -c Downloaded err)" = 2 ]'; cat >out; }
	[ "$(jq -r .state out)" = $'fetched\nfetched' ]
}

@test "one kernel by two names is fetched once" {
	records 6.12.1 6.12.1
	sed -i '2s/"label":"6.12.1"/"label":"6.12"/' in
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r '[.index, .label, .state] | join(" ")' <<<"$output")" = $'0 6.12.1 fetched\n1 6.12 fetched' ]
	[ "$(jq -r .src <<<"$output" | sort -u | wc -l)" = 1 ]
	[ "$(gets 6.12.1)" = 1 ]
	# and failed once
	records 6.12.77 6.12.77
	sed -i '2s/"label":"6.12.77"/"label":"6.12"/' in
	run -1 --separate-stderr "$FETCH" <in
	[ "$(jq -r '[.index, .state, .error.stage] | join(" ")' <<<"$output")" = $'0 error fetch\n1 error fetch' ]
}

@test "two processes with two configurations download a release once" {
	records 6.12.1
	sed 's/kc0/kc1/' in >in2
	fault gate
	"$FETCH" <in >one 2>err1 3>&- &
	wait_for 5 grep -q downloading err1
	"$FETCH" <in2 >two 2>err2 3>&- &
	wait_for 5 grep -q "linux-6.12.1.tar.xz is being fetched by another process" err2
	org_gate "t$BATS_TEST_NUMBER"
	wait
	[ "$(jq -r .state one two)" = $'fetched\nfetched' ]
	[ "$(gets 6.12.1)" = 1 ]
}

@test "Ctrl-C leaves no process, no tree and no lock, and the part for later" {
	records 6.12.1 6.12.2
	fault gate
	setsid env --default-signal=INT "$FETCH" <in >out 2>err 3>&- &
	pid=$!
	wait_for 10 eval '[ "$(grep -c "downloading " err)" = 2 ]'
	wait_for 10 test -s "$KEPT/linux-6.12.1.tar.xz.part"
	group=$(ps -o pgid= -p $pid | tr -d ' ')
	children=$(pgrep -g "$group")
	kill -INT -- -"$group"
	wait $pid && code=0 || code=$?
	[ "$code" = 130 ]
	for p in $children; do gone "$p"; done
	[ ! -s out ]
	no_tree
	no_holder
	[ -s "$KEPT/linux-6.12.1.tar.xz.part" ]
	[ ! -e "$KEPT/linux-6.12.1.tar.xz" ]
	org_gate "t$BATS_TEST_NUMBER"
	run -0 "$FETCH" <in
	grep -q "GET /+gate@t$BATS_TEST_NUMBER/.*linux-6.12.1.tar.xz 206 [1-9]" "$BATS_FILE_TMPDIR/log"
}

@test "kill -9 ends the downloads it had started" {
	records 6.12.1 6.12.2
	fault gate
	"$FETCH" <in >out 2>err 3>&- &
	pid=$!
	wait_for 10 eval '[ "$(grep -c "downloading " err)" = 2 ]'
	children=$(pgrep -P $pid)
	kill -KILL $pid
	wait $pid || true
	wait_for 10 gone $children
	wait_for 10 no_holder
	org_gate "t$BATS_TEST_NUMBER"
	run -0 --separate-stderr "$FETCH" <in
	[ "$(jq -r .state <<<"$output")" = $'fetched\nfetched' ]
}

@test "no archive writes outside its directory or makes what is no file" {
	for v in 6.1.1 6.1.2 6.1.3 6.1.4 6.1.5 6.1.6 6.1.7 6.1.8; do
		records $v
		run -1 --separate-stderr "$FETCH" <in
		[[ $(jq -r .error.message <<<"$output") == "extract tarball: "* || $(jq -r .error.message <<<"$output") == "tarball contains unexpected top-level entry"* ]]
	done
	[[ $(jq -r .error.message <<<"$output") == *'"linux-6.1.8/h" links to "/etc/passwd", outside the archive' ]]
	no_tree
	[ ! -e /tmp/ktstr-escaped ]
}

@test "an archive of ten gigabytes of nothing is refused before it fills the disk" {
	records 6.2.1
	run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == *'"linux-6.2.1/zero0" has 10240 MiB, more than any file of a kernel tree'* ]]
	fault big
	records 6.12.1
	run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == *"the answer is longer than 2147483648 bytes"* ]]
	no_tree
}

@test "the manifest's signature must be good when there is a keyring" {
	export GNUPGHOME=$BATS_TEST_TMPDIR/gpg
	local pub=org/pub/linux/kernel/v6.x
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-gen-key 'kernel.org test <t@example.org>' ed25519 sign never 2>gpg.err
	gpg --batch --export >ring.gpg
	mkdir -p "$pub"
	cp "$BATS_FILE_TMPDIR/$pub/linux-6.12.1.tar.xz" "$pub"
	(cd "$pub" && sha256sum linux-6.12.1.tar.xz | gpg --batch --clearsign >sha256sums.asc)
	org_serve
	records 6.12.1
	KTSTR_KEYRING=$PWD/ring.gpg run -0 --separate-stderr "$FETCH" <in
	[[ $stderr == *"sha256sums.asc has a good signature by $PWD/ring.gpg"* ]]
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	# a line more than was signed
	sed -i "s/^\([0-9a-f]\{64\}\)  /$(printf '%064d' 0)  /" "$pub/sha256sums.asc"
	KTSTR_KEYRING=$PWD/ring.gpg run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == "the signature of sha256sums.asc is not good by $PWD/ring.gpg: gpgv: BAD signature"* ]]
	# what stands before the signed part counts for nothing
	(cd "$pub" && rm sha256sums.asc && echo "$(printf '%064d' 0)  linux-6.12.1.tar.xz" >forged &&
		sha256sum linux-6.12.1.tar.xz | gpg --batch --clearsign | cat forged - >sha256sums.asc)
	KTSTR_KEYRING=$PWD/ring.gpg run -0 --separate-stderr "$FETCH" <in
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	# none signed at all, and no keyring where one was named
	(cd "$pub" && sha256sum linux-6.12.1.tar.xz >sha256sums.asc)
	KTSTR_KEYRING=$PWD/ring.gpg run -1 "$FETCH" <in
	KTSTR_KEYRING=$PWD/none.gpg run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == "KTSTR_KEYRING $PWD/none.gpg: No such file"* ]]
	gpgconf --kill all
}

@test "TLS is verified, by the roots the environment names" {
	org_certificate
	mkdir dir && cp ca.pem "dir/$(openssl x509 -hash -noout -in ca.pem).0"
	ln -s "$BATS_FILE_TMPDIR/org" .
	org_serve --tls cert.pem key.pem
	unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
	records 6.12.1
	run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == *"SSL certificate"* ]]
	SSL_CERT_FILE=$PWD/ca.pem run -0 "$FETCH" <in
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	SSL_CERT_DIR=$PWD/dir run -0 "$FETCH" <in
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	CURL_CA_BUNDLE=$PWD/ca.pem SSL_CERT_FILE=/dev/null run -0 "$FETCH" <in
	[[ $KTSTR_KERNEL_ORG == https:* ]]
	# through the proxy of the environment, but where NO_PROXY says not to
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	export SSL_CERT_FILE=$PWD/ca.pem
	HTTPS_PROXY=$URL run -0 "$FETCH" <in
	grep -q "^CONNECT ${KTSTR_KERNEL_ORG#https://} 200" "$BATS_FILE_TMPDIR/log"
	rm -r "$KTSTR_CACHE_DIR" "$SRC"
	HTTPS_PROXY=http://127.0.0.1:9 run -1 --separate-stderr "$FETCH" <in
	[[ $(jq -r .error.message <<<"$output") == *"127.0.0.1 port 9"* ]]
	HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1 run -0 "$FETCH" <in
}
