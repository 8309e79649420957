#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kernel clean, checksums, and who may take an entry away from whom.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache

setup() {
	setup_paths
	CACHE=$LIBEXEC/ktstr-cache
	KERNEL=${LIBEXEC%/libexec}/t/tool/kernel
	TTY=$BATS_TEST_DIRNAME/lib/on-tty.py
	cd "$BATS_TEST_TMPDIR"
	mkdir -p "$KTSTR_CACHE_DIR"
}

# five COUNT: entries e1 (oldest) to e5 (newest), and a corrupt one
five() {
	local i

	for i in 1 2 3 4 5; do
		entry "e$i" ".built_at = \"2026-01-0${i}T00:00:00Z\" | .version = \"6.$i\""
	done
	mkdir "$KTSTR_CACHE_DIR/broken"
	echo '{' >"$KTSTR_CACHE_DIR/broken/metadata.json"
}

left() {
	find "$KTSTR_CACHE_DIR" -mindepth 1 -maxdepth 1 ! -name '.*' -printf '%f\n' | sort | xargs
}

@test "an empty cache and one without a match have nothing to clean" {
	run -0 --separate-stderr "$CACHE" clean
	[ "$output" = "nothing to clean" ]
	rmdir "$KTSTR_CACHE_DIR"
	run -0 "$CACHE" clean --force
	[ "$output" = "nothing to clean" ]
	[ ! -e "$KTSTR_CACHE_DIR" ]
	entry k
	run -0 "$CACHE" clean --corrupt-only --force
	[ "$output" = "nothing to clean" ]
	run -0 "$CACHE" clean --keep 1 --force
	[ "$output" = "nothing to clean" ]
	[ "$(left)" = k ]
}

@test "without a terminal there must be --force" {
	five
	run -1 --separate-stderr "$CACHE" clean </dev/null
	[[ $stderr == *"confirmation requires a terminal. Use --force to skip."* ]]
	[ -z "$output" ]
	run -1 "$CACHE" clean --keep 1 </dev/null
	run -1 "$CACHE" clean --corrupt-only </dev/null
	[ "$(left)" = "broken e1 e2 e3 e4 e5" ]
	run -0 --separate-stderr cargo-ktstr ktstr kernel clean --force
	[ "$output" = "removed 6 cached kernel(s)." ]
	[[ $stderr == *" freed"* ]]
	[ -z "$(left)" ]
	no_temps
}

@test "--keep N keeps the N newest valid ones, and no corrupt one" {
	five
	run -0 --separate-stderr "$CACHE" clean --keep 2 --force
	[ "$output" = "removed 4 cached kernel(s)." ]
	[ "$(left)" = "e4 e5" ]
	run -0 "$CACHE" clean --keep 5 --force
	[ "$output" = "nothing to clean" ]
	run -0 "$CACHE" clean --keep 0 --force
	[ -z "$(left)" ]
}

@test "--corrupt-only leaves every valid one, and excludes --keep" {
	five
	rm "$KTSTR_CACHE_DIR/e3/$IMAGE"
	run -0 --separate-stderr "$CACHE" clean --corrupt-only --force
	[ "$output" = "removed 2 cached kernel(s)." ]
	[ "$(left)" = "e1 e2 e4 e5" ]
	run -2 --separate-stderr "$CACHE" clean --corrupt-only --keep 1
	[[ $stderr == *"cannot be used with"* ]]
	run -2 "$CACHE" clean --keep -1
	run -2 "$CACHE" clean extra
}

@test "on a terminal only y removes" {
	five
	for answer in n '' yes N x '\x04'; do
		run -0 "$TTY" --type 'remove 6 entries? [y/N] ' "$answer\n" -- "$CACHE" clean
		[[ $output == *"aborted"* ]]
		[ "$(left)" = "broken e1 e2 e3 e4 e5" ]
	done
	run -0 "$TTY" --type 'remove 1 entries? [y/N] ' 'y\n' -- "$CACHE" clean --corrupt-only
	[[ $output == *"the following entries will be removed:"*"  KEY "*"  broken "*"(corrupt: "*"they take "*"removed 1 cached kernel(s)."* ]]
	run -0 "$TTY" --type '? [y/N] ' 'Y\n' -- cargo-ktstr ktstr kernel clean --keep 4
	[[ $output == *"  e1  "* && $output != *"  e2  "* ]]
	[ "$(left)" = "e2 e3 e4 e5" ]
}

@test "Ctrl-C at the question removes nothing" {
	five
	run -130 "$TTY" --type '? [y/N] ' '\x03' -- "$CACHE" clean
	[ "$(left)" = "broken e1 e2 e3 e4 e5" ]
}

@test "an entry in use stays, and who uses it is said" {
	five
	mkfifo go
	"$KERNEL" hold e2 cat go 3>&- &
	wait_for 5 grep -qzx cat "/proc/$!/cmdline"
	run -0 --separate-stderr "$CACHE" clean --force
	echo >go
	[ "$output" = "removed 5 cached kernel(s)." ]
	[[ $stderr == *"kept e2: in use by pid=$! cmd=cat go"* ]]
	[ "$(left)" = e2 ]
	wait $!
	run -0 "$CACHE" clean --force
	[ -z "$(left)" ]
}

@test "a test run's kernels are held until its last process ends, across exec" {
	entry e1
	printf '{"type":"kernel","index":0,"total":1,"spec":"x","label":"x","key":"e1","state":"cached","dir":"%s"}\n' \
		"$KTSTR_CACHE_DIR/e1" >in
	mkfifo go
	"$LIBEXEC/ktstr-exec" -- bash -c 'cat go & exit' <in 3>&- >out &
	wait $!
	run -0 --separate-stderr "$CACHE" clean --force
	[ "$output" = "removed 0 cached kernel(s)." ]
	[[ $stderr == *"kept e1: in use by "* ]]
	echo >go
	wait_for 5 flock -xn "$KTSTR_CACHE_DIR/.locks/e1.lock" true
	run -0 "$CACHE" clean --force
	[ -z "$(left)" ]
}

@test "a kernel that went or broke after it was found runs no test" {
	entry e1
	printf '{"type":"kernel","index":0,"total":1,"spec":"x","label":"x","key":"e1","state":"cached","dir":"%s"}\n' \
		"$KTSTR_CACHE_DIR/e1" >in
	rm "$KTSTR_CACHE_DIR/e1/$IMAGE"
	run -1 --separate-stderr "$LIBEXEC/ktstr-exec" -- touch ran <in
	[[ $stderr == *"no test was run: cached kernel "*"image file $IMAGE missing"* ]]
	"$CACHE" clean --force
	run -1 --separate-stderr "$LIBEXEC/ktstr-exec" -- touch ran <in
	[[ $stderr == *"metadata.json missing"*"run again"* ]]
	[ ! -e ran ]
}

@test "what is no kernel is neither listed nor removed, in a shared directory" {
	five
	mkdir -p "$KTSTR_CACHE_DIR/models/deep" "$KTSTR_CACHE_DIR/disk_templates" "$KTSTR_CACHE_DIR/notes" "$KTSTR_CACHE_DIR/mine"
	echo x >"$KTSTR_CACHE_DIR/models/deep/m.gguf"
	echo x >"$KTSTR_CACHE_DIR/disk_templates/a.img"
	echo x >"$KTSTR_CACHE_DIR/notes/$IMAGE.txt"
	echo '{"name": "a model"}' >"$KTSTR_CACHE_DIR/mine/metadata.json"
	echo x >"$KTSTR_CACHE_DIR/mine/weights"
	echo x >"$KTSTR_CACHE_DIR/file"
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[].key' <<<"$output" | sort | xargs)" = "broken e1 e2 e3 e4 e5 mine" ]
	run -0 --separate-stderr "$CACHE" clean --force
	[ "$output" = "removed 6 cached kernel(s)." ]
	[[ $stderr == *"kept mine: it holds weights, which is no part of a kernel; remove it by hand"* ]]
	[ "$(left)" = "disk_templates file mine models notes" ]
	[ "$(find "$KTSTR_CACHE_DIR" -type f ! -path '*/.locks/*' | wc -l)" = 6 ]
}

@test "links in the cache are removed, not what they lead to" {
	mkdir real
	entry k
	mv "$KTSTR_CACHE_DIR/k" real/k
	ln -s "$PWD/real/k" "$KTSTR_CACHE_DIR/k"
	entry b
	mkdir secret
	echo x >secret/file
	ln -s "$PWD/secret" "$KTSTR_CACHE_DIR/b/vmlinux.btf"
	run -0 "$CACHE" clean --force
	[ -z "$(left)" ]
	[ -f real/k/metadata.json ] && [ -f secret/file ]
}

@test "an entry that was replaced since it was listed stays" {
	five
	cp -r "$KTSTR_CACHE_DIR/e5" fresh
	# while the question stands, another process replaces the corrupt one and the oldest
	run -0 "$TTY" --do '? [y/N] ' 'cd "$KTSTR_CACHE_DIR"; rm -r broken e1; cp -r ../fresh broken; cp -r ../fresh e1' \
		--type '' 'y\n' -- "$CACHE" clean --keep 3
	[[ $output == *"removed 1 cached kernel(s)."* ]]
	[[ $output == *"kept broken: it changed meanwhile"* && $output == *"kept e1: it changed meanwhile"* ]]
	[ "$(left)" = "broken e1 e3 e4 e5" ]
}

@test "sizes and checksums tell damage" {
	summed_entry k
	run -0 "$CACHE" verify
	[ "$output" = "k: ok" ]
	entry old
	run -0 "$CACHE" verify old
	[ "$output" = "old: ok, without checksums" ]
	run -1 --separate-stderr "$CACHE" verify other
	[[ $stderr == *"cache key other not found"* ]]
	damage "$KTSTR_CACHE_DIR/k/vmlinux" 777
	run -1 --separate-stderr "$CACHE" verify
	[[ $output == *"k: file vmlinux has other bytes than were stored (crc32 "* ]]
	[[ $stderr == *"1 corrupt entry"* ]]
	run -1 --separate-stderr "$CACHE" verify --jq '[.key, .checksums, (.error // "good" | .[:15])] | join(" ")'
	[ "$(sort <<<"$output")" = $'k true file vmlinux ha\nold false good' ]
	run -2 "$CACHE" clean --json --force
}

@test "a file that lost its bytes, or is gone, makes the entry corrupt at once" {
	summed_entry k
	: >"$KTSTR_CACHE_DIR/k/$IMAGE"
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[0] | .error_kind + " " + .error' <<<"$output")" = "damaged file $IMAGE has 0 bytes, 6 were stored" ]
	run -1 "$CACHE" find k
	summed_entry k
	rm "$KTSTR_CACHE_DIR/k/vmlinux"
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[0].error' <<<"$output")" = "file vmlinux missing from entry directory" ]
	entry j '.files = {"../x": {size: 1, crc32: "00000000"}}'
	entry i '.files = {a: {size: 1, crc32: "xyz"}}'
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '[.entries[] | select(.error_kind == "schema_drift").key] | sort | join(" ")' <<<"$output")" = "i j" ]
}

@test "clean on a cache that cannot be written says so and harms nothing" {
	five
	unshare -rm bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && "$2" clean --force >out 2>err
		echo $? >code; "$2" list --json >list' _ "$KTSTR_CACHE_DIR" "$CACHE"
	[ "$(cat code)" = 1 ]
	grep -q "removed 0 of 6 entries; remove .*Read-only file system" err
	[ "$(jq '.entries | length' list)" = 6 ]
	[ "$(left)" = "broken e1 e2 e3 e4 e5" ]
}

@test "a read-only cache can be used and its entries be held" {
	summed_entry k
	unshare -rm bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && "$2" hold k echo held >out 2>&1
		"$3" find k >found; "$3" verify >>found' _ "$KTSTR_CACHE_DIR" "$KERNEL" "$CACHE"
	[ "$(cat out)" = held ]
	grep -q '"key":"k"' found
	grep -qx 'k: ok' found
	mkdir "$KTSTR_CACHE_DIR/.locks"
	touch "$KTSTR_CACHE_DIR/.locks/k.lock"
	unshare -rm bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
		"$2" hold k bash -c "flock -xn \"\$0\" true || echo locked" "$1/.locks/k.lock" >out 2>&1' _ "$KTSTR_CACHE_DIR" "$KERNEL"
	[ "$(cat out)" = locked ]
}

# on_fuse SHELL-LINE: with the cache below a mount of bindfs, a filesystem whose locks do not count
on_fuse() {
	unshare -rm bash -c 'mkdir fuse; bindfs -f "$KTSTR_CACHE_DIR" fuse 3>&- & mount=$!
		until [[ $(stat -f -c %t fuse) == 65735546 ]]; do sleep 0.05; done
		export KTSTR_CACHE_DIR=$PWD/fuse
		bash -c "$1"; code=$?
		kill $mount; wait; exit $code' _ "$1"
}

@test "a cache on a remote filesystem can be read, and is neither written nor cleaned" {
	summed_entry k
	export CACHE KERNEL
	run -0 on_fuse '"$CACHE" find k && "$CACHE" verify && "$KERNEL" hold k echo used'
	[[ $output == *'"key":"k"'*"k: ok"*used ]]
	printf '{"type":"kernel","index":0,"total":1,"spec":"x","label":"x","key":"k","state":"cached","dir":"%s"}\n' "$PWD/fuse/k" >in
	run -0 --separate-stderr on_fuse '"$LIBEXEC/ktstr-exec" -- printenv KTSTR_KERNEL <in'
	[ "$output" = "$PWD/fuse/k" ]
	[[ $stderr == *"$PWD/fuse/k is on a filesystem that keeps no locks: nothing may clean that cache while this runs"* ]]
	echo image >image
	run -1 on_fuse '"$KERNEL" store n "$PWD/image" -'
	[[ $output == *"cache store failed: $PWD/fuse: filesystem FUSE is not supported for ktstr lockfiles (flock depends on the server behind it)"* ]]
	run -1 on_fuse '"$CACHE" clean --force'
	[[ $output == *"removed 0 of 1 entries; remove k: "*"filesystem FUSE is not supported"* ]]
	[ "$(left)" = k ]
	no_temps
}

@test "leftovers are swept by clean, those of running processes stay" {
	mkdir "$KTSTR_CACHE_DIR/.tmp-k-xAbCdEf" "$KTSTR_CACHE_DIR/.tmp-k-xGhIjKl" "$KTSTR_CACHE_DIR/.logs" \
		"$KTSTR_CACHE_DIR/.tmp-old-999999999" "$KTSTR_CACHE_DIR/.tmp-mine-$$"
	touch "$KTSTR_CACHE_DIR/.digests.tmp.1.000001" "$KTSTR_CACHE_DIR/.logs/counts.tmp.1.000001"
	touch -d '2 days ago' "$KTSTR_CACHE_DIR/.tmp-old-999999999" "$KTSTR_CACHE_DIR/.tmp-mine-$$"
	flock "$KTSTR_CACHE_DIR/.tmp-k-xGhIjKl" sleep 30 3>&- &
	wait_for 5 bash -c '! flock -n "$0" true' "$KTSTR_CACHE_DIR/.tmp-k-xGhIjKl"
	run -0 "$CACHE" clean --force
	kill $!
	[ "$(find "$KTSTR_CACHE_DIR" -name '*.tmp*' -printf '%f\n' | sort | xargs)" = ".tmp-k-xGhIjKl .tmp-mine-$$" ]
}

@test "a sweep removes what our own writers left, and nothing that is only called alike" {
	mkdir -p "$KTSTR_CACHE_DIR"/{.locks,.logs/x.tmp.1.000001,.tmp-mine,.tmp-k-notes}
	for name in notes.tmp.txt a.tmp.1 b.tmp.1.2 c.tmp.1.000001.bak .tmp.1.000001 d.tmp.x.000001 e.tmp.1.00000x; do
		echo mine >"$KTSTR_CACHE_DIR/$name"
		echo mine >"$KTSTR_CACHE_DIR/.logs/$name"
	done
	ln -s notes.tmp.txt "$KTSTR_CACHE_DIR/link.tmp.1.000001"
	mkfifo "$KTSTR_CACHE_DIR/pipe.tmp.1.000001"
	(cd "$KTSTR_CACHE_DIR" && find . | sort) >before
	echo left >"$KTSTR_CACHE_DIR/.logs/a.tmp.b.tmp.4711.1000000"
	run -0 timeout 20 "$CACHE" clean --force
	(cd "$KTSTR_CACHE_DIR" && find . | sort) >after
	diff before after
}

@test "a kernel is held while a guest runs on it" {
	entry k
	{
		head -c 514 /dev/zero
		printf HdrS
		head -c 4000 /dev/zero
	} >"$KTSTR_CACHE_DIR/k/$IMAGE"
	script qemu <<-'EOF'
		case "$*" in *-version*) echo "QEMU emulator version 8.2.0"; exit ;; esac
		flock -xn "$KTSTR_CACHE_DIR/.locks/k.lock" echo free >said || echo held >said
		exit 1
	EOF
	jq -n --arg dir "$KTSTR_CACHE_DIR/k" '{type: "vm", kernel: $dir, topology: "1n1l1c1t", argv: ["/bin/true"]}' >request
	KTSTR_QEMU=$PWD/qemu run "$LIBEXEC/ktstr-vm" run --accel=tcg <request
	echo "$output"
	[ "$(cat said)" = held ]
	flock -xn "$KTSTR_CACHE_DIR/.locks/k.lock" true
}
