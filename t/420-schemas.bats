#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the programs print, held against share/schema.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org
load lib/kernel-tree
load lib/result

KEY=6.12.9-tarball-x86_64-kc00000000

# a kernel.org with one small release
setup_file() {
	local pub=$BATS_FILE_TMPDIR/org/pub/linux/kernel/v6.x

	mkdir -p "$pub"
	cd "$BATS_FILE_TMPDIR"
	kernel_tree linux-6.12.8
	tar cJf "$pub/linux-6.12.8.tar.xz" linux-6.12.8
	jq -n '{releases: [{moniker: "longterm", version: "6.12.8", iseol: false}]}' >org/releases.json
	org_serve
}

teardown_file() {
	org_stop
}

setup() {
	result_paths
	export KTSTR_LIBEXEC=$LIBEXEC
	MAN=${LIBEXEC%/*}/man
	mkdir -p "$RUNS/6.12.9-abc1234"
	put "$RUNS/6.12.9-abc1234/cgroup_steady-8ed0b7a3dc7e922d.ktstr.json"
}

# Hold the documents on stdin against one schema.
document() {
	/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document "$1"
}

# a valid kernel and one that is not, in the cache
fill_cache() {
	mkdir -p "$KTSTR_CACHE_DIR/$KEY" "$KTSTR_CACHE_DIR/broken"
	echo image | tee "$KTSTR_CACHE_DIR/$KEY/bzImage" >"$KTSTR_CACHE_DIR/$KEY/Image"
	jq -n --arg arch "$(uname -m)" '{version:"6.12.9", source:{type:"tarball"}, arch:$arch,
		image_name:(if $arch == "aarch64" then "Image" else "bzImage" end), config_hash:null,
		built_at:"2026-01-01T00:00:00Z", ktstr_kconfig_hash:"0123abcd", extra_kconfig_hash:null, has_vmlinux:false,
		vmlinux_stripped:false, source_vmlinux_size:null, source_vmlinux_mtime_secs:null}' \
		>"$KTSTR_CACHE_DIR/$KEY/metadata.json"
}

@test "the schemas are schemas" {
	/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" check
}

@test "what is no such record is refused" {
	run ! document kernel <<<'{"type":"kernel","index":0,"total":1,"spec":"x","state":"lost","label":"x","key":"y"}'
	run ! document kernel <<<'{"type":"kernel","index":0,"total":1,"spec":"x","state":"error"}'
	run ! document kernel <<<'{"type":"kernel","index":0,"total":1,"spec":"x","state":"missing","label":"x","key":"y","new":1}'
	run ! records <<<'{"type":"nosuch"}'
	run ! records </dev/null
}

@test "every example of ktstr-records(7) is such a record, and every type has one" {
	grep -h '^{"type":' "$MAN/man7/ktstr-records.7" | sed 's/\\e/\\/g' >examples
	records <examples
	for schema in "$ROOT"/share/schema/*.json; do
		type=$(jq -r '.properties.type.const // empty' "$schema")
		[ -z "$type" ] || { echo "$type" && grep -q "^{\"type\":\"$type\"" examples; }
	done
}

@test "kernel records of every stage and their errors" {
	fill_cache
	"$LIBEXEC/ktstr-resolve" "$KEY" | records
	"$LIBEXEC/ktstr-resolve" "$KEY" 6.12.10 ./nosuch nosuch-key 2>/dev/null >out || true
	records <out
	[ "$(jq -s length out)" = 4 ]
	KTSTR_KERNEL_ORG=http://127.0.0.1:1 "$LIBEXEC/ktstr-fetch" <out >fetched 2>/dev/null || true
	records <fetched
	[ "$(jq -r 'select(.version == "6.12.10").error.stage' fetched)" = fetch ]
	mkdir tree && cp -r "$ROOT/t/fixtures/linux/." tree
	"$LIBEXEC/ktstr-resolve" ./tree >out 2>/dev/null
	records <out
}

@test "kernel build --json writes the records that came out" {
	fill_cache
	cargo-ktstr kernel build "$KEY" --json >out 2>/dev/null
	records <out
	[ "$(jq -r .state out)" = cached ]
}

@test "a kernel from its name to the cache: each stage's records and progress" {
	KTSTR_KERNEL_ORG=$(cat "$BATS_FILE_TMPDIR/url")
	export KTSTR_KERNEL_ORG KTSTR_PROGRESS_FD=9
	exec 9>progress
	"$LIBEXEC/ktstr-resolve" 6.12.8 >resolved
	"$LIBEXEC/ktstr-fetch" <resolved >fetched
	"$LIBEXEC/ktstr-build" <fetched >built
	exec 9>&-
	[ "$(cat resolved fetched built | jq -r .state | tr '\n' ' ')" = "missing fetched cached " ]
	cat resolved fetched built | records
	records <progress
	[ "$(jq -r .state progress | sort -u | tr '\n' ' ')" = "end run " ]
	cargo-ktstr kernel list --range 6.12.0..6.13.0 --json | document range
	"$LIBEXEC/ktstr-releases" --json 6.12 | records
	document cache_metadata <"$KTSTR_CACHE_DIR/$(jq -r .key built)/metadata.json"
	cargo-ktstr kernel list --json | document kernel_list
}

@test "the cache: list, find, newest, metadata" {
	fill_cache
	cargo-ktstr kernel list --json | document kernel_list
	[ "$(cargo-ktstr kernel list --jq '.entries | length')" = 2 ]
	"$LIBEXEC/ktstr-cache" find "$KEY" | document cache_entry
	"$LIBEXEC/ktstr-cache" verify --json "$KEY" | document cache_verify
	document cache_metadata <"$KTSTR_CACHE_DIR/$KEY/metadata.json"
}

@test "results: files, records, problems" {
	document result_file <"$GOLDEN"
	result | "$SIDECAR" write >path
	document result_file <"$(cat path)"
	echo '{' >"$RUNS/6.12.9-abc1234/bad-0123456789abcdef.ktstr.json"
	"$SIDECAR" read 2>/dev/null >out
	records <out
	[ "$(jq -rs 'map(.type) | unique | join(" ")' out)" = "host pool problem row" ]
	"$SIDECAR" read --whole 2>/dev/null | records
	result | records
}

@test "stats: metrics, runs, values, the host, why fields are empty" {
	cargo-ktstr stats list-metrics --json | document metrics
	put "$RUNS/6.13.1-abc1234/cgroup_steady-8ed0b7a3dc7e922d.ktstr.json" '.host = null | .kernel_commit = null'
	echo '{' >"$RUNS/6.13.1-abc1234/bad-0123456789abcdef.ktstr.json"
	cargo-ktstr stats list --json | document runs
	cargo-ktstr stats list-values --json | document values
	cargo-ktstr stats show-host --run 6.12.9-abc1234 --json | document host_context
	cargo-ktstr stats explain-sidecar --run 6.13.1-abc1234 --json | document explain
}

@test "stats: a comparison with findings, and a trend" {
	repo "$WORK"
	commit=$(git rev-parse --short=7 HEAD)
	for k in 6.12.9 6.13.1; do
		for i in 1 2 3 4 5; do
			put "$RUNS/$k-abc1234/t-000000000000000$i.ktstr.json" ".kernel_version = \"$k\" | .host.online_cpus = ${k:3:1} |
				.project_commit = \"$commit\" | .stats.worst_spread = ${k:3:1}$i"
		done
	done
	cargo-ktstr stats compare --a-kernel 6.12.9 --b-kernel 6.13.1 --alpha 0.2 --json >found || [ $? -eq 1 ]
	document comparison <found
	[ "$(jq '.findings | length > 0' found)" = true ]
	cargo-ktstr stats compare --a-kernel 6.12.9 --b-kernel 6.13.1 --all --json >found || [ $? -eq 1 ]
	document comparison <found
	cargo-ktstr stats trend worst_spread --json >found
	document trend <found
	[ "$(jq '.series | length > 0' found)" = true ]
}

@test "the host: context, locks with a holder, what it can do, CPUs that were reserved" {
	export KTSTR_LOCK_DIR=$BATS_TEST_TMPDIR/locks
	mkdir -p "$KTSTR_LOCK_DIR"
	cargo-ktstr show-host --json | document host_context
	"$LIBEXEC/ktstr-budget" --cpu-cap 1 cargo-ktstr locks --json 2>/dev/null >locks
	document locks <locks
	[ "$(jq '[.. | .holders? // empty | .[]] | length > 0' locks)" = true ]
	cargo-ktstr doctor --json >checks || true
	document doctor <checks
	"$LIBEXEC/ktstr-budget" --cpu-cap 1 --json 2>/dev/null | records
}

@test "the model's status" {
	cargo-ktstr model status --json >status || true
	document model <status
}

@test "releases that cannot be looked up" {
	KTSTR_KERNEL_ORG=http://127.0.0.1:1 "$LIBEXEC/ktstr-releases" --json 6.12 >out 2>/dev/null || true
	records <out
}

# Whoever adds --json to a command adds it here.
@test "every command that prints JSON is held against a schema here" {
	while read -r cmd; do
		# shellcheck disable=SC2086
		if cargo-ktstr $cmd --dump-opts | grep -q '"option":"json"'; then
			echo "$cmd"
			grep -q "cargo-ktstr $cmd .*--json" "$BATS_TEST_FILENAME"
		fi
	done < <(cargo-ktstr --list-cmds)
}

@test "options of every program and command" {
	{
		for p in "$LIBEXEC"/ktstr-*; do
			[[ $p == */ktstr-init || ! -x $p ]] || "$p" --dump-opts </dev/null
		done
		while read -r cmd; do
			# shellcheck disable=SC2086
			cargo-ktstr $cmd --dump-opts
		done < <(cargo-ktstr --list-cmds)
	} | document option
}
