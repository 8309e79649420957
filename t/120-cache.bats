#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-cache and the lookup side of lib/kernel/cache.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache

setup() {
	setup_paths
	CACHE=$LIBEXEC/ktstr-cache
	KERNEL=${LIBEXEC%/libexec}/t/tool/kernel
	cd "$BATS_TEST_TMPDIR" || return
}

# What is on stderr, without the word that no release index is stored.
said() {
	grep -v '^kernel list: ' <<<"$stderr"
}

# corrupt REASON-GLOB KIND: what the listing says of the only entry, k
corrupt() {
	run -0 --separate-stderr "$CACHE" list --json
	reason=$(jq -r '.entries[0].error' <<<"$output")
	# shellcheck disable=SC2053 # a pattern
	[[ $reason == $1 ]] || { echo "$reason"; return 1; }
	[ "$(jq -r '.entries[0].error_kind' <<<"$output")" = "$2" ] || { echo "$output"; return 1; }
	[ "$(jq -c '.entries[0] | keys' <<<"$output")" = '["error","error_kind","key","path"]' ]
	run -1 --separate-stderr "$CACHE" find k
	[[ $stderr == *"cache key k not found: "$1* ]]
}

@test "no verb, an unknown one and too many words are usage errors" {
	run -2 "$CACHE"
	run -2 --separate-stderr "$CACHE" frob
	[[ $stderr == *"unrecognized subcommand 'frob'"* ]]
	run -2 "$CACHE" find
	run -2 "$CACHE" list extra
	run -2 "$CACHE" newest extra
}

@test "a missing cache is an empty cache" {
	run -0 --separate-stderr "$CACHE" list
	[ "$output" = 'no cached kernels. Run `kernel build` to download and build a kernel.' ]
	[ "$stderr" = "cache: $KTSTR_CACHE_DIR" ]
	[ ! -e "$KTSTR_CACHE_DIR" ]
	run -1 --separate-stderr "$CACHE" newest
	[[ $stderr == *"no usable kernel is cached"* ]]
}

@test "an empty cache in JSON" {
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -c 'del(.active_prefixes_fetch_error)' <<<"$output")" = '{"current_ktstr_kconfig_hash":"'"$KC"'","entries":[]}' ]
	[ -z "$stderr" ]
}

@test "rows have their columns and nothing behind them" {
	entry "6.14.2-tarball-$ARCH-kc1"
	entry a-key-that-is-longer-than-forty-eight-characters-is-not-cut \
		'.version = null | .source = {type: "local"} | .built_at = "2026-01-01T00:00:00Z"'
	run -0 --separate-stderr "$CACHE" list
	[ "${lines[0]}" = "$(printf '  %-48s %-12s %-8s %-7s %s' KEY VERSION SOURCE ARCH BUILT)" ]
	[ "${lines[1]}" = "$(printf '  %-48s %-12s %-8s %-7s %s' "6.14.2-tarball-$ARCH-kc1" 6.14.2 tarball "$ARCH" 2026-01-02T03:04:05Z)" ]
	[ "${lines[2]}" = "$(printf '  %-48s %-12s %-8s %-7s %s' a-key-that-is-longer-than-forty-eight-characters-is-not-cut - local "$ARCH" 2026-01-01T00:00:00Z)" ]
	[ "${#lines[@]}" = 3 ]
	[ "$(said)" = "cache: $KTSTR_CACHE_DIR" ]
}

@test "entries come newest first and corrupt ones last" {
	entry old '.built_at = "2025-01-01T00:00:00Z"'
	entry new '.built_at = "2026-06-01T00:00:00Z"'
	entry mid '.built_at = "2026-01-01T00:00:00Z"'
	mkdir "$KTSTR_CACHE_DIR/aaa"
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[].key' <<<"$output" | xargs)" = "new mid old aaa" ]
}

@test "what is no entry is not listed" {
	entry real
	mkdir "$KTSTR_CACHE_DIR/.locks" "$KTSTR_CACHE_DIR/.tmp-x-1" "$KTSTR_CACHE_DIR"/$'bad\377name'
	echo x >"$KTSTR_CACHE_DIR/file"
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[].key' <<<"$output")" = real ]
}

@test "tags and their legends" {
	entry stale '.ktstr_kconfig_hash = "00000000" | .extra_kconfig_hash = "11111111"'
	run -0 --separate-stderr "$CACHE" list
	[[ ${lines[1]} == *"2026-01-02T03:04:05Z (stale kconfig) (extra kconfig)" ]]
	[[ $stderr == *$'\n'"warning: entries marked (stale kconfig)"* ]]
	[[ $stderr != *"(untracked kconfig)"* ]]
	rm -r "$KTSTR_CACHE_DIR/stale"
	entry untracked '.ktstr_kconfig_hash = null'
	run -0 --separate-stderr "$CACHE" list
	[[ ${lines[1]} == *" (untracked kconfig)" ]]
	[[ $stderr == *$'\n'"(untracked kconfig) marks entries"* ]]
	[[ $stderr != *"(stale kconfig)"* ]]
}

@test "an extra fragment alone has no legend" {
	entry extra '.extra_kconfig_hash = "11111111"'
	run -0 --separate-stderr "$CACHE" list
	[[ ${lines[1]} == *"Z (extra kconfig)" ]]
	[ "$(said)" = "cache: $KTSTR_CACHE_DIR" ]
}

@test "legends come in their order, corrupt entries last" {
	entry a '.ktstr_kconfig_hash = "00000000"'
	entry b 'del(.ktstr_kconfig_hash)'
	mkdir "$KTSTR_CACHE_DIR/c" "$KTSTR_CACHE_DIR/d"
	run -0 --separate-stderr "$CACHE" list
	[ "${lines[3]}" = "$(printf '  %-48s (corrupt: metadata.json missing)' c)" ]
	mapfile -t err <<<"$(said)"
	[[ ${err[1]} == "(untracked kconfig) marks entries"* ]]
	[[ ${err[2]} == "warning: entries marked (stale kconfig)"* ]]
	[ "${err[3]}" = '2 corrupt entries. Run `cargo ktstr kernel clean --corrupt-only` to remove.' ]
	[[ ${err[4]} == "warning: entries marked (corrupt) cannot be used"*"$KTSTR_CACHE_DIR"* ]]
	for c in 'kernel clean --corrupt-only --force' 'kernel clean --force' 'kernel clean --keep N --force'; do
		[[ ${err[4]} == *"$c"* ]]
	done
}

@test "one corrupt entry is counted as one, below the header" {
	mkdir -p "$KTSTR_CACHE_DIR/c"
	run -0 --separate-stderr "$CACHE" list
	[[ ${lines[0]} == "  KEY "* ]]
	[[ $stderr == *'1 corrupt entry. Run `cargo ktstr kernel clean'* ]]
}

# index VERSION…: the release index as it is stored, five minutes old
index() {
	jq -nc --arg at "$(($(date +%s) - 300))" '{url: "https://www.kernel.org/releases.json", checked: ($at | tonumber), probes: [],
		releases: [$ARGS.positional[] | {moniker: "stable", version: ., iseol: false}]}' --args "$@" \
		>"$KTSTR_CACHE_DIR/.releases.json"
}

@test "series that are not listed any more are marked, by the stored index" {
	entry old '.version = "6.10.3"'
	entry new '.version = "6.14.2" | .built_at = "2026-02-01T00:00:00Z"'
	entry rc '.version = "6.1-rc3" | .built_at = "2026-03-01T00:00:00Z"'
	entry none '.version = null'
	index 6.14.9 6.1 6.12.80
	# neither a tree of linux-next nor a row that says so itself keeps a series alive
	jq -c '.releases += [{moniker: "linux-next", version: "6.10-rc2-next-20260101", iseol: false},
		{moniker: "longterm", version: "6.10.9", iseol: true}]' "$KTSTR_CACHE_DIR/.releases.json" >rows
	mv rows "$KTSTR_CACHE_DIR/.releases.json"
	run -0 --separate-stderr "$CACHE" list
	[[ ${lines[1]} == *Z && ${lines[2]} == *Z && ${lines[3]} == *Z && ${lines[4]} == *" (EOL)" ]]
	[[ $stderr == "cache: $KTSTR_CACHE_DIR"$'\n'"(EOL) marks entries"*" of 5m"*" ago." ]]
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -c '[.active_prefixes_fetch_error, (.entries | map({key, value: .eol}) | from_entries)]' <<<"$output")" = \
		'[null,{"rc":false,"new":false,"none":false,"old":true}]' ]
	[ -z "$stderr" ]
	run -0 "$CACHE" list --jq '.entries[] | select(.eol).key'
	[ "$output" = old ]
}

@test "without an index nothing is marked, that is said, and the network is not asked" {
	entry old '.version = "6.10.3"'
	run -0 --separate-stderr unshare -rn "$CACHE" list
	[[ ${lines[1]} == *Z ]]
	[[ $stderr == "kernel list: no release index of kernel.org has been fetched yet; EOL annotation disabled for this run"$'\n'* ]]
	run -0 --separate-stderr unshare -rn "$CACHE" list --json
	[ "$(jq -c '[.active_prefixes_fetch_error, .entries[0].eol]' <<<"$output")" = \
		'["no release index of kernel.org has been fetched yet",false]' ]
	echo '{"url": "https://www.kernel.org/releases.json", "releases": [' >"$KTSTR_CACHE_DIR/.releases.json"
	run -0 --separate-stderr strace -f -qq -e trace=network,execve -o calls "$CACHE" list
	[ "$(wc -l <calls)" = 1 ]
	[[ $stderr == "kernel list: no release index"* ]]
}

@test "JSON has every key, sorted at every level" {
	entry local '.source = {type: "local", source_tree_path: "/srv/linux", git_hash: "deadbee"} | .has_vmlinux = true'
	entry git '.source = {type: "git", git_hash: "deadbee", ref: "for-next"} | .built_at = "2025"'
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -c '.entries[0] | keys_unsorted' <<<"$output")" = '["arch","built_at","config_hash","eol","extra_kconfig_hash","has_vmlinux","image_name","image_path","kconfig_status","key","ktstr_kconfig_hash","path","source","version","vmlinux_stripped"]' ]
	[ "$(jq -c '.entries[0].source' <<<"$output")" = '{"git_hash":"deadbee","source_tree_path":"/srv/linux","type":"local"}' ]
	[ "$(jq -c '.entries[1].source' <<<"$output")" = '{"git_hash":"deadbee","ref":"for-next","type":"git"}' ]
	[ "$(jq -r '.entries[0] | .path, .image_path, .kconfig_status, .eol' <<<"$output" | xargs)" = "$KTSTR_CACHE_DIR/local $KTSTR_CACHE_DIR/local/$IMAGE matches false" ]
	[[ $output == $'{\n  "active_prefixes_fetch_error": '* ]]
}

@test "the fragment of ktstr 0.5.2 matches ours" {
	entry a '.ktstr_kconfig_hash = "33431046"'
	run -0 --separate-stderr "$CACHE" list --json
	[ "$(jq -r '.entries[0].kconfig_status' <<<"$output")" = matches ]
}

@test "unknown keys and absent optional ones are fine" {
	entry k 'del(.version, .config_hash, .ktstr_kconfig_hash, .extra_kconfig_hash, .source_vmlinux_size,
		.source_vmlinux_mtime_secs) | .future = {"a": [1, {"b": null}]} | .source.more = 1'
	run -0 "$CACHE" find k
	[ "$(jq -r '.version, .kconfig_status' <<<"$output" | xargs)" = "null untracked" ]
}

@test "metadata that is missing or cannot be read" {
	mkdir -p "$KTSTR_CACHE_DIR/k"
	corrupt 'metadata.json missing' missing
	mkdir "$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json unreadable: *' unreadable
	rmdir "$KTSTR_CACHE_DIR/k/metadata.json"
	printf '{"version": "\377"}' >"$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json unreadable: *UTF-8*' unreadable
	rm "$KTSTR_CACHE_DIR/k/metadata.json"
	ln -s metadata.json "$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json unreadable: *' unreadable
	rm "$KTSTR_CACHE_DIR/k/metadata.json"
	mkfifo "$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json unreadable: it is no file' unreadable
}

@test "metadata that ends early is truncated at every length" {
	entry k
	cp "$KTSTR_CACHE_DIR/k/metadata.json" whole
	size=$(jq -j . whole | wc -c)
	for ((n = 0; n < size - 1; n += 9)); do
		head -c "$n" whole >"$KTSTR_CACHE_DIR/k/metadata.json"
		corrupt 'metadata.json truncated: *' truncated || { echo "$n"; return 1; }
	done
}

@test "text that is no JSON is malformed" {
	entry k
	for text in 'hello' '{"a" 1}' "{'a': 1}" '{"a": 01}' '{} {}' '{"a": 1,}' '[1 2]' $'{"a": "\001"}' '{"a": "\x"}' '{"a": +1}'; do
		printf %s "$text" >"$KTSTR_CACHE_DIR/k/metadata.json"
		corrupt 'metadata.json malformed: *' malformed || { echo "$text"; return 1; }
	done
}

@test "JSON of another shape is schema drift" {
	for edit in '[]' '"text"' 'null' '1' '{}' 'del(.source)' 'del(.arch)' 'del(.image_name)' 'del(.built_at)' \
		'del(.has_vmlinux)' 'del(.vmlinux_stripped)' '.source = "tarball"' '.source = {}' \
		'.source = {type: "zip"}' '.source = {type: 1}' '.arch = null' '.arch = 1' '.image_name = {}' \
		'.has_vmlinux = "yes"' '.built_at = 5' '.version = 6.14' '.source_vmlinux_size = -1' \
		'.source_vmlinux_size = 1.5' '.source_vmlinux_size = 1e30' '.source_vmlinux_mtime_secs = "x"'; do
		entry k "$edit"
		corrupt 'metadata.json schema drift: *' schema_drift || { echo "$edit"; return 1; }
	done
	entry k 'del(.arch)'
	corrupt 'metadata.json schema drift: missing field `arch`*' schema_drift
	entry k '.source = {type: "zip"}'
	corrupt 'metadata.json schema drift: unknown variant `zip`, expected one of `tarball`, `git`, `local`*' schema_drift
}

@test "a key given twice is refused" {
	entry k
	sed -i 's/"arch"/"arch": "a", "arch"/' "$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json schema drift: duplicate field `arch`*' schema_drift
}

@test "an image name that leaves the entry is refused" {
	echo secret >"$BATS_TEST_TMPDIR/secret"
	for name in ../../secret /etc/passwd .. . '' 'a\\b' 'a..b'; do
		entry k ".image_name = \"$name\""
		corrupt 'metadata.json schema drift: *is no image name*' schema_drift || { echo "$name"; return 1; }
	done
}

@test "an image that is not there or no file" {
	entry k
	rm "$KTSTR_CACHE_DIR/k/$IMAGE"
	corrupt "image file $IMAGE missing from entry directory" image_missing
	mkdir "$KTSTR_CACHE_DIR/k/$IMAGE"
	corrupt "image file $IMAGE missing from entry directory" image_missing
}

@test "metadata nested deeply or huge ends in an answer" {
	entry k
	printf '[%.0s' {1..100000} >"$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json malformed: nested more than *' malformed
	head -c 20000000 /dev/zero | tr '\0' ' ' >"$KTSTR_CACHE_DIR/k/metadata.json"
	corrupt 'metadata.json truncated: *' truncated
}

@test "control bytes of hostile metadata do not reach the terminal as they are" {
	entry k '.version = "\u001b[31mred"'
	run -0 --separate-stderr "$CACHE" list
	[[ $output != *$'\033'* ]]
}

@test "find prints one line, and fails for what is not there" {
	entry k
	run -0 "$CACHE" find k
	[ "${#lines[@]}" = 1 ]
	[ "$(jq -r '.key, .image_path' <<<"$output" | xargs)" = "k $KTSTR_CACHE_DIR/k/$IMAGE" ]
	run -1 --separate-stderr "$CACHE" find other
	[ -z "$output" ]
	[[ $stderr == *"error: cache key other not found"* ]]
}

@test "keys that would leave the cache are a miss" {
	entry k
	mkdir "$BATS_TEST_TMPDIR/outside"
	cp -r "$KTSTR_CACHE_DIR/k/." "$BATS_TEST_TMPDIR/outside"
	for key in ../outside 'a/b' 'a\b' . .. .tmp-x .hidden 'a..b' ' ' ''; do
		run -1 --separate-stderr "$CACHE" find "$key"
		[[ $stderr == *"warning: cache key"* ]]
		run -1 "$KERNEL" key-check "$key"
	done
	run -0 "$KERNEL" key-check 6.14.2-tarball-x86_64-kc33431046
}

# vmlinux_entry KEY DATE FILE [JQ EDIT]: an entry with that file as its vmlinux
vmlinux_entry() {
	entry "$1" ".has_vmlinux = true | .built_at = \"2026-$2T00:00:00Z\" | ${4:-.}"
	cp "$3" "$KTSTR_CACHE_DIR/$1/vmlinux"
}

@test "newest takes the newest that tests may use" {
	guest_vmlinux good
	vmlinux_entry old 01-01 good
	run -0 "$CACHE" newest
	[ "$(jq -r .key <<<"$output")" = old ]
	vmlinux_entry untracked 01-02 good '.ktstr_kconfig_hash = null'
	run -0 "$CACHE" newest
	[ "$(jq -r .key <<<"$output")" = untracked ]
	vmlinux_entry upstream 01-03 good '.ktstr_kconfig_hash = "33431046"'
	vmlinux_entry stale 02-01 good '.ktstr_kconfig_hash = "00000000"'
	vmlinux_entry foreign 02-01 good '.arch = "riscv64"'
	vmlinux_entry broken 02-01 good
	rm "$KTSTR_CACHE_DIR/broken/$IMAGE"
	run -0 "$CACHE" newest
	[ "$(jq -r .key <<<"$output")" = upstream ]
}

@test "newest passes over a vmlinux that does not say what is in a guest's memory" {
	guest_vmlinux good
	echo 'extern int runqueues; long __per_cpu_offset[2]; int x(void) { return runqueues; }' | gcc -x c -c -o half -
	printf 'not an ELF file, and longer than the header of one would have to be' >text
	strip -o bare good
	: >empty
	entry none '.built_at = "2026-03-01T00:00:00Z"'
	vmlinux_entry good 02-01 good
	run -0 --separate-stderr "$CACHE" newest
	[ "$(jq -r .key <<<"$output")" = good ]
	[ "$stderr" = "ktstr-cache: warning: skipping cached kernel with unusable vmlinux: none: it has none" ]
	for bad in half text bare empty; do
		vmlinux_entry bad 04-01 "$bad"
		run -0 --separate-stderr "$CACHE" newest
		[ "$(jq -r .key <<<"$output")" = good ]
		[[ $stderr == *"skipping 2 cached kernels with unusable vmlinux, the newest of them bad: $KTSTR_CACHE_DIR/bad/vmlinux: it "* ]]
	done
	for n in 10 64 100 200 "$(($(stat -c %s good) - 1))"; do
		head -c "$n" good >"$KTSTR_CACHE_DIR/bad/vmlinux"
		run -0 --separate-stderr "$CACHE" newest
		[ "$(jq -r .key <<<"$output")" = good ]
	done
	rm "$KTSTR_CACHE_DIR/bad/vmlinux"
	mkfifo "$KTSTR_CACHE_DIR/bad/vmlinux"
	run -0 timeout 10 "$CACHE" newest
	vmlinux_entry newer 05-01 good
	run -0 --separate-stderr "$CACHE" newest
	[ "$(jq -r .key <<<"$output") $stderr" = 'newer ' ]
}

@test "without a usable vmlinux in the cache there is no newest, and why is said" {
	entry none '.built_at = "2026-03-01T00:00:00Z"'
	run -1 --separate-stderr "$CACHE" newest
	[ -z "$output" ]
	[ "$stderr" = "ktstr-cache: warning: skipping cached kernel with unusable vmlinux: none: it has none
ktstr-cache: error: no usable kernel is cached" ]
	# named, it is there all the same
	run -0 "$CACHE" find none
}

@test "the root: KTSTR_CACHE_DIR, XDG_CACHE_HOME, HOME" {
	[ "$("$KERNEL" root)" = "$KTSTR_CACHE_DIR" ]
	unset KTSTR_CACHE_DIR
	[ "$(XDG_CACHE_HOME=/xdg "$KERNEL" root)" = /xdg/ktstr/kernels ]
	[ "$(KTSTR_CACHE_DIR='' XDG_CACHE_HOME=/xdg "$KERNEL" root)" = /xdg/ktstr/kernels ]
	[ "$(XDG_CACHE_HOME='' HOME=/h "$KERNEL" root)" = /h/.cache/ktstr/kernels ]
}

@test "a root that cannot be told names HOME and KTSTR_CACHE_DIR" {
	unset KTSTR_CACHE_DIR XDG_CACHE_HOME
	run -1 --separate-stderr env -u HOME "$CACHE" list
	[[ $stderr == *"error: HOME is unset; "*KTSTR_CACHE_DIR* ]]
	HOME='' run -1 --separate-stderr "$CACHE" list
	[[ $stderr == *"HOME is set to the empty string; "*KTSTR_CACHE_DIR* ]]
	HOME=/ run -1 --separate-stderr "$CACHE" list
	[[ $stderr == *'HOME is `/`; '*/.cache/ktstr*KTSTR_CACHE_DIR* ]]
	HOME=x run -1 --separate-stderr "$CACHE" list
	[[ $stderr == *'HOME="x" is not an absolute path; '*KTSTR_CACHE_DIR* ]]
	KTSTR_CACHE_DIR=$'/a\377' run -1 --separate-stderr "$CACHE" list
	[[ $stderr == *"KTSTR_CACHE_DIR is not valid UTF-8"* ]]
}

@test "a root that is a file is an error" {
	echo x >file
	export KTSTR_CACHE_DIR=$PWD/file
	for verb in list 'list --json' 'find k' newest; do
		# shellcheck disable=SC2086 # the words of a command
		run -1 --separate-stderr "$CACHE" $verb
		[[ $stderr == *"Not a directory (os error 20)"* ]]
	done
}

# while_reading KEY CHANGE CALL…: run the cache with CALL, and the change once it has opened the entry's metadata
while_reading() {
	strace -qq -o calls -P "$KTSTR_CACHE_DIR/$1/metadata.json" -e trace=openat -e inject=openat:delay_exit=5000000:when=1 \
		"$CACHE" "${@:3}" >out 2>said 3>&- &
	wait_for 10 test -s calls
	eval "$2"
	wait $!
}

@test "an entry that is replaced while it is read is one or the other" {
	summed_entry k
	mv "$KTSTR_CACHE_DIR/k" old
	summed_entry k
	mv "$KTSTR_CACHE_DIR/k" new
	head -c 30000 /dev/zero >new/vmlinux
	jq '.version = "6.99" | .files.vmlinux.size = 30000' old/metadata.json >new/metadata.json
	mv old "$KTSTR_CACHE_DIR/k"
	while_reading k 'mv "$KTSTR_CACHE_DIR/k" away; mv new "$KTSTR_CACHE_DIR/k"' find k
	[ "$(jq -r .version out)" = 6.99 ]
	[ ! -s said ]
}

@test "an entry that is removed while the cache is read is not there, and not a broken one" {
	entry a
	entry b
	while_reading b 'rm -r "$KTSTR_CACHE_DIR/b"' list --json
	[ "$(jq -r '.entries[].key' out)" = a ]
	while_reading a 'rm -r "$KTSTR_CACHE_DIR/a"' list --json
	[ "$(jq -r '.entries | length' out)" = 0 ]
}

@test "a held entry is locked shared until the program it was held for ends" {
	entry k
	mkfifo go
	"$KERNEL" hold k cat go 3>&- &
	wait_for 5 test -e "$KTSTR_CACHE_DIR/.locks/k.lock"
	wait_for 5 bash -c '! flock -xn "$0" true' "$KTSTR_CACHE_DIR/.locks/k.lock"
	flock -sn "$KTSTR_CACHE_DIR/.locks/k.lock" true
	echo >go
	wait $!
	flock -xn "$KTSTR_CACHE_DIR/.locks/k.lock" true
}

@test "an entry being replaced cannot be held, and the holder is named" {
	entry k
	mkdir "$KTSTR_CACHE_DIR/.locks"
	flock -Fx "$KTSTR_CACHE_DIR/.locks/k.lock" sleep 30 3>&- &
	wait_for 5 bash -c '! flock -xn "$0" true' "$KTSTR_CACHE_DIR/.locks/k.lock"
	run -1 --separate-stderr "$KERNEL" hold k true
	kill $!
	[[ $stderr == *'flock LOCK_SH on cache entry "k" timed out after 10s (lockfile '*"pid="* ]]
}

@test "a test binary needs only libc for the lookup" {
	run -0 ldd "${KERNEL%/*}/sample-tests"
	[[ $output != *libgit2* && $output != *libcrypto* && $output != *libelf* && $output != *libcurl* ]]
}
