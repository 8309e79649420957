#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016
# Reading pools: what a row says, what is wrong with files, the index.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	POOL=$BATS_TEST_TMPDIR/pool
	R=$POOL/6.14.2-3f9c2ab
	TOOL=$ROOT/${B:-build}/t/tool/pool-tool
}

# Results are indexed once they are older than a clock's tick.
settled() {
	sleep 0.2
}

read_pool() {
	"$SIDECAR" read --pool "$POOL"
}

@test "a row has what comparisons need, in the result's own digits" {
	put "$R/job/a.ktstr.json"
	rows --pool "$POOL" >row
	jq -S 'del(.host)' row >found
	jq -S '{type: "row", run: "6.14.2-3f9c2ab", file: "job/a.ktstr.json", test: .test_name, topology, scheduler, work_type,
		kernel: .kernel_version, project_commit, kernel_commit, run_source, passed, skipped, timestamp, run_id,
		metrics: ((.stats | del(.cgroups, .ext_metrics, .total_workers, .total_cpus, .worst_gap_cpu, .worst_page_locality))
			+ {max_imbalance_ratio: .monitor.max_imbalance_ratio, max_dsq_depth: .monitor.max_local_dsq_depth,
			stuck_count: 0, total_fallback: .monitor.event_deltas.total_fallback,
			total_keep_last: .monitor.event_deltas.total_dispatch_keep_last}),
		ext: .stats.ext_metrics, payload: [.metrics[].metrics[] | del(.source, .stream)]}' "$GOLDEN" >want
	diff want found
	[ "$(jq -c keys_unsorted row)" = '["type","run","file","test","topology","scheduler","work_type","kernel","project_commit","kernel_commit","run_source","passed","skipped","timestamp","run_id","host","metrics","ext","payload"]' ]
	grep -q '"worst_spread":8.25,' row
	# a digit that no double has is kept
	sed 's/"worst_spread": 8.25/"worst_spread": 8.2500000000000000000000001/' "$GOLDEN" >"$R/job/a.ktstr.json"
	grep -q '"worst_spread":8.2500000000000000000000001,' <(read_pool)
}

# has JQ: the metrics of the example changed by a jq program, one word a line
has() {
	put "$R/a.ktstr.json" "$1"
	rows "$R" | jq -r '.metrics | keys[]'
}

@test "a metric that the result does not have is not in its row" {
	[ "$(has . | wc -l)" = 18 ]
	run ! grep -E 'imbalance|dsq|stuck|fallback|keep_last' <(has '.monitor = null')
	[ "$(has '.monitor = null' | wc -l)" = 13 ]
	run ! grep -E 'fallback|keep_last' <(has 'del(.monitor.event_deltas)')
	[ "$(has 'del(.monitor.event_deltas)' | wc -l)" = 16 ]
	run ! grep tail_ratio <(has '.stats.total_iterations = 99')
	has '.stats.total_iterations = 100' | grep -q tail_ratio
	run ! grep locality <(has .)
	has '.stats.worst_page_locality = 0.5' | grep -q locality
}

@test "an extension may stand in for a registered metric, and else stands apart" {
	put "$R/a.ktstr.json" '.monitor = null | .stats.ext_metrics = {"max_dsq_depth": 7, "worst_spread": 3, "own": 1.5,
		"__walk_json_leaves_truncated": 1}'
	rows "$R" | jq -e '.metrics.max_dsq_depth == 7 and .metrics.worst_spread == 8.25
		and .ext == {"worst_spread": 3, "own": 1.5}'
}

@test "a stalled clock is a count of one, a skip is no pass" {
	put "$R/a.ktstr.json" '.monitor.stuck_detected = true | .skipped = true'
	rows "$R" | jq -e '.metrics.stuck_count == 1 and .passed == false and .skipped == true'
}

@test "each host comes once, before its first row, without what differs from run to run" {
	put "$R/a.ktstr.json"
	put "$R/b.ktstr.json" '.host.heap_state.active_bytes = 1'
	put "$R/c.ktstr.json" '.host.online_cpus = 4'
	put "$R/d.ktstr.json" '.host = null'
	put "$R/e.ktstr.json"
	put "$POOL/other/a.ktstr.json"
	read_pool >out
	[ "$(jq -r .type out | xargs)" = "host row row host row row row row pool" ]
	jq -se '(map(select(.type == "host").id)) as $ids | map(select(.type == "row").host)
		== [$ids[0], $ids[0], $ids[1], null, $ids[0], $ids[0]]' out
	jq -se --slurpfile g "$GOLDEN" '.[0].context == ($g[0].host | del(.heap_state)) and .[3].context.online_cpus == 4' out
}

@test "results of another directory come from an archive, others from where they say" {
	put "$R/a.ktstr.json"
	put "$R/b.ktstr.json" '.run_source = null'
	put "$R/c.ktstr.json" '.run_source = "a\"rch\\ive"'
	for _ in cold warm; do
		[ "$(rows --dir "$POOL" | jq -c .run_source | xargs)" = "archive archive archive" ]
		[ "$(rows --pool "$POOL" | jq -c .run_source | tr '\n' ' ')" = '"local" null "a\"rch\\ive" ' ]
		settled
	done
	[ "$(rows "$R" | jq -r .run_source | head -n1)" = local ]
	run -2 "$SIDECAR" read --dir "$POOL" "$R"
	run -2 "$SIDECAR" read --dir "$POOL" --newest
}

# One of each kind of bad file, and one good one.
bad_files() {
	local r=$1

	put "$r/good.ktstr.json"
	: >"$r/empty.ktstr.json"
	head -c 700 "$GOLDEN" >"$r/cut.ktstr.json"
	printf ' \n' >"$r/blank.ktstr.json"
	echo '[]' >"$r/list.ktstr.json"
	put "$r/missing.ktstr.json" 'del(.topology)'
	put "$r/missing-deep.ktstr.json" 'del(.monitor.event_deltas.fallback_rate)'
	put "$r/null.ktstr.json" '.test_name = null'
	put "$r/kind.ktstr.json" '.passed = "yes"'
	put "$r/host.ktstr.json" '.host = []'
	put "$r/cgroup.ktstr.json" '.stats.cgroups[0].spread = "x"'
	put "$r/map.ktstr.json" '.stats.ext_metrics.x = null'
	put "$r/vcpu.ktstr.json" '.kvm_stats.per_vcpu[0].exits = -1'
	put "$r/args.ktstr.json" '.kargs = [1]'
	put "$r/variant.ktstr.json" '.metrics[0].metrics[0].stream = "Stdin"'
	put "$r/polarity.ktstr.json" '.metrics[0].metrics[0].polarity = "Better"'
	put "$r/exit.ktstr.json" '.metrics[0].exit_code = 2147483648'
	put "$r/wide.ktstr.json" '.verifier_stats[0].verified_insns = 4294967296'
	put "$r/fraction.ktstr.json" '.stats.worst_gap_ms = 20.5'
	sed 's/"worst_gap_ms": 41/"worst_gap_ms": 18446744073709551616/' "$GOLDEN" >"$r/beyond.ktstr.json"
	sed 's/"total_fallback": 7/"total_fallback": 9223372036854775808/' "$GOLDEN" >"$r/beyond-signed.ktstr.json"
	sed 's/"worst_spread": 8.25/"worst_spread": 1e400/' "$GOLDEN" >"$r/huge.ktstr.json"
	sed '2s/^/"test_name": "twice",/' "$GOLDEN" >"$r/twice.ktstr.json"
	sed 's/"worst_spread": 8.25/"worst_spread": 1, "worst_spread": 8.25/' "$GOLDEN" >"$r/twice-deep.ktstr.json"
	cat "$GOLDEN" "$GOLDEN" >"$r/behind.ktstr.json"
	sed 's/scx_rusty/scx_\xff/' "$GOLDEN" >"$r/bytes.ktstr.json"
	{
		printf '{"deep":'
		head -c 10000 /dev/zero | tr '\0' '['
		head -c 10000 /dev/zero | tr '\0' ']'
		printf '}'
	} >"$r/deep.ktstr.json"
	mkdir -p "$r/job/dir.ktstr.json" "$r/top.ktstr.json"
	put "$r/top.ktstr.json/inside.ktstr.json"
	ln -s nowhere "$r/link.ktstr.json"
	ln -s loop.ktstr.json "$r/loop.ktstr.json"
	mkfifo "$r/fifo.ktstr.json"
}

@test "whatever is wrong with a file, it is named and counted, and the others are read" {
	bad_files "$R"
	timeout 20 "$SIDECAR" read --pool "$POOL" >out 2>said
	[ "$(tail -n1 out)" = '{"type":"pool","files":32,"rows":2,"corrupt":25,"unreadable":5}' ]
	[ "$(jq -r 'select(.type == "row").file' out | xargs)" = "good.ktstr.json top.ktstr.json/inside.ktstr.json" ]
	[ "$(grep -c '^ktstr_test: skipping ' said)" = 25 ]
	[ "$(grep -c '^ktstr_test: cannot read ' said)" = 5 ]
	[ "$(wc -l <said)" = 30 ]
	told() {
		grep -qF "$R/$1.ktstr.json: $2" said
	}
	told beyond 'invalid value: `18446744073709551616`'
	told beyond-signed 'invalid value: `9223372036854775808`'
	told huge 'number out of range at line'
	told deep 'nested more than 256 deep'
	told twice-deep 'duplicate field `worst_spread`'
	told missing-deep 'missing field `fallback_rate`'
	told link 'No such file or directory'
	told loop 'Too many levels of symbolic links'
	told bytes 'stream did not contain valid UTF-8'
	# the same words on each of the ways to read
	"$SIDECAR" read --whole "$R" 2>&1 >/dev/null | diff said -
	"$SIDECAR" read --pool "$POOL" 2>&1 >/dev/null | diff said -
	KTSTR_SHARE=$ROOT/share "$RUNS_PROGRAM" explain --run "${R##*/}" --dir "$POOL" 2>&1 >/dev/null | diff said -
	CARGO_TARGET_DIR=$BATS_TEST_TMPDIR
	ln -s pool "$BATS_TEST_TMPDIR/ktstr"
	"$RUNS_PROGRAM" list 2>&1 >/dev/null | sed "s:$BATS_TEST_TMPDIR/ktstr:$POOL:" | diff said -
}

@test "a name that would move the terminal's cursor is shown without" {
	mkdir -p "$R"
	: >"$R"/$'a\e[2Jb.ktstr.json'
	"$SIDECAR" read "$R" 2>said >out
	grep -qF "ktstr_test: skipping $R/a?[2Jb.ktstr.json: EOF" said
	# the record has it whole, escaped
	[ "$(jq -r 'select(.type == "problem").path' out)" = "$R/"$'a\e[2Jb.ktstr.json' ]
}

@test "a hundred megabytes are read, and more than a record holds is no whole record" {
	mkdir -p "$R"
	{
		head -n1 "$GOLDEN"
		printf '"blob": "'
		head -c 100000000 /dev/zero | tr '\0' x
		printf '",\n'
		tail -n +2 "$GOLDEN"
	} >"$R/big.ktstr.json"
	put "$R/small.ktstr.json"
	[ "$(rows "$R" | jq -r .file | xargs)" = "big.ktstr.json small.ktstr.json" ]
	run -0 --separate-stderr whole "$R"
	[ "${#lines[@]}" = 1 ]
	[[ $stderr == *"cannot read $R/big.ktstr.json: larger than a record may be"* ]]
}

@test "a file that may not be read is told, whatever the index knows of it" {
	put "$R/a.ktstr.json"
	put "$R/b.ktstr.json"
	chmod 000 "$R/b.ktstr.json"
	settled
	plain=("$SIDECAR")
	if [ "$(id -u)" = 0 ]; then
		# one who may read everything has made the index
		[ "$(read_pool | grep -c '"row"')" = 2 ]
		plain=(setpriv "--bounding-set=-dac_override,-dac_read_search" "$SIDECAR")
	fi
	run -0 --separate-stderr "${plain[@]}" read --pool "$POOL"
	[[ ${lines[-1]} == *'"rows":1,"corrupt":0,"unreadable":1}' ]]
	[[ $stderr == *"cannot read $R/b.ktstr.json: Permission denied"* ]]
}

@test "files that come and go while they are read are no trouble" {
	for i in {1..40}; do
		put "$R/$i.ktstr.json"
	done
	(
		while [ -d "$R" ] && [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			for i in {1..20}; do
				rm "$R/$i.ktstr.json"
			done
			for i in {1..20}; do
				cp "$GOLDEN" "$R/.new"
				mv "$R/.new" "$R/$i.ktstr.json"
			done
		done
	) 3>&- &
	for _ in {1..40}; do
		read_pool >out 2>said
		[ ! -s said ]
		tail -n1 out | jq -e '.files == .rows and .rows >= 20 and .rows <= 40'
	done
	: >"$BATS_TEST_TMPDIR/enough"
	wait
}

@test "rows come in one order, with one processor and with several, cold and warm" {
	"$TOOL" "$POOL" 3 1500 <"$GOLDEN"
	taskset -c 0 "$SIDECAR" read "$POOL"/* >want
	[ "$(jq -r 'select(.type == "row") | .run + "/" + .file' want | LC_ALL=C sort -c - 2>&1)" = "" ]
	for _ in 1 2 3; do
		"$SIDECAR" read "$POOL"/* | cmp want -
		read_pool | cmp want -
		rm -f "$POOL"/.index/*-abc0000.rows
	done
}

# What process $1 has read so far, its children included, in bytes.
bytes_read() {
	awk '/^rchar/ { print $2 }' "/proc/$1/io"
}

@test "the second read does not read results again, but those that changed" {
	"$TOOL" "$POOL" 2 400 <"$GOLDEN"
	settled
	bytes=$(cat "$POOL"/*/*/*.ktstr.json | wc -c)
	measure() {
		local before me=$BASHPID

		before=$(bytes_read "$me")
		"$SIDECAR" read --pool "$POOL" >"$1"
		READ=$(($(bytes_read "$me") - before))
	}
	measure cold
	((READ > bytes))
	measure warm
	((READ < bytes / 2))
	cmp cold warm
	file=$(find "$POOL" -name '*.ktstr.json' | sort | head -n1)
	sed -i 's/"worst_spread": [0-9.]*/"worst_spread": 77.125/' "$file"
	read_pool | grep -q '"worst_spread":77.125,'
	settled
	measure again
	measure after
	((READ < bytes / 2))
	cmp again after
	[ "$(diff cold after | grep -c '^>')" = 1 ]
}

@test "a result that is replaced, changed in place, added or removed is seen at once" {
	for i in a b c; do
		put "$R/$i.ktstr.json"
	done
	settled
	spreads() {
		rows --pool "$POOL" | jq -c .metrics.worst_spread | xargs
	}
	[ "$(spreads)" = "8.25 8.25 8.25" ]
	# in place, of one size, at one time: only the change time tells
	touch -r "$R/a.ktstr.json" "$BATS_TEST_TMPDIR/time"
	printf '%s' "$(sed 's/"worst_spread": 8.25/"worst_spread": 9.25/' "$R/a.ktstr.json")" | dd of="$R/a.ktstr.json" conv=notrunc status=none
	touch -r "$BATS_TEST_TMPDIR/time" "$R/a.ktstr.json"
	[ "$(spreads)" = "9.25 8.25 8.25" ]
	settled
	[ "$(spreads)" = "9.25 8.25 8.25" ]
	put "$R/0.ktstr.json" '.stats.worst_spread = 1.5'
	[ "$(spreads)" = "1.5 9.25 8.25 8.25" ]
	rm "$R/b.ktstr.json"
	[ "$(spreads)" = "1.5 9.25 8.25" ]
	put "$R/job/x.ktstr.json" '.stats.worst_spread = 2.5'
	[ "$(spreads)" = "1.5 9.25 8.25 2.5" ]
	settled
	echo '{' >"$R/c.ktstr.json"
	[ "$(spreads 2>/dev/null)" = "1.5 9.25 2.5" ]
	rm -r "$R"
	[ "$(spreads)" = "" ]
	[ ! -e "$POOL/.index/${R##*/}.rows" ]
}

@test "an index that is missing, damaged, foreign or in the way never changes an answer" {
	"$TOOL" "$POOL" 2 40 <"$GOLDEN"
	bad_files "$POOL/bad"
	settled
	"$SIDECAR" read --pool "$POOL" >want 2>/dev/null
	index=$(echo "$POOL"/.index/6.10*.rows)
	other=$(echo "$POOL"/.index/6.11*.rows)
	cp "$index" good
	size=$(stat -c %s good)
	same() {
		"$SIDECAR" read --pool "$POOL" 2>/dev/null | cmp want -
		cp good "$index"
	}
	same
	for n in 0 1 23 24 25 80 104 500 1500 $((size - 1)) $((size / 2)); do
		head -c "$n" good >"$index"
		same
	done
	for ((at = 0; at < size; at += size / 60)); do
		cp good "$index"
		printf '\xa5' | dd of="$index" bs=1 seek="$at" conv=notrunc status=none
		same
	done
	# lengths that lead out of the file
	for at in 36 40 44; do
		printf '\xff\xff\xff\xff' | dd of="$index" bs=1 seek="$at" conv=notrunc status=none
		same
	done
	cat good good >"$index"
	same
	cp "$other" "$index"
	same
	head -c 100000 /dev/urandom >"$index"
	same
	rm "$index"
	mkdir "$index"
	"$SIDECAR" read --pool "$POOL" 2>/dev/null | cmp want -
	rmdir "$index"
	mkfifo "$index"
	timeout 10 "$SIDECAR" read --pool "$POOL" 2>/dev/null | cmp want -
	rm -rf "$POOL/.index"
	: >"$POOL/.index"
	"$SIDECAR" read --pool "$POOL" 2>/dev/null | cmp want -
}

@test "a pool that is copied with its index, or mounted read-only, reads the same" {
	"$TOOL" "$POOL" 2 40 <"$GOLDEN"
	settled
	read_pool >want
	cp -a "$POOL" "$BATS_TEST_TMPDIR/copy"
	"$SIDECAR" read --pool "$BATS_TEST_TMPDIR/copy" | cmp want -
	read_only() {
		unshare -rm bash -ec 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; ! touch "$1/x" 2>/dev/null
			exec "$2" read --pool "$1"' _ "$POOL" "$SIDECAR"
	}
	read_only | cmp want -
	rm -r "$POOL/.index"
	run -0 --separate-stderr read_only
	[ -z "$stderr" ]
	cmp want <(echo "$output")
	[ ! -e "$POOL/.index" ]
}

@test "two writers and ten readers at once: no half results, no lost ones" {
	writer() {
		for i in {1..15}; do
			result ".test_name = \"w$1-$i\"" | "$SIDECAR" write >/dev/null 2>&1
		done
	}
	reader() {
		local had=0 n

		while [ ! -e "$BATS_TEST_TMPDIR/written" ]; do
			"$SIDECAR" read >"r$1" 2>"e$1" || return 1
			[ ! -s "e$1" ] || return 1
			n=$(tail -n1 "r$1" | jq 'if .corrupt + .unreadable > 0 then 0 else .rows end')
			((n >= had)) || return 1
			had=$n
		done
	}
	result | "$SIDECAR" write >/dev/null 2>&1
	pids=()
	for i in {1..10}; do
		reader "$i" 3>&- &
		pids+=($!)
	done
	writer 1 3>&- &
	one=$!
	writer 2 3>&- &
	wait "$one" "$!"
	: >"$BATS_TEST_TMPDIR/written"
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(rows | jq -r .test | sort -u | wc -l)" = 31 ]
	# and no index of a half-written pool stands in the way
	settled
	[ "$("$SIDECAR" read | tail -n1)" = '{"type":"pool","files":31,"rows":31,"corrupt":0,"unreadable":0}' ]
	[ "$("$SIDECAR" read | tail -n1)" = '{"type":"pool","files":31,"rows":31,"corrupt":0,"unreadable":0}' ]
	[ -z "$(find "$RUNS" -name '*.tmp.*')" ]
}

@test "two hundred writers at once lose no result" {
	result >in
	mkdir out
	for i in {1..200}; do
		jq -c ".test_name = \"t$i\"" in >"in$i"
	done
	for i in {1..200}; do
		"$SIDECAR" write <"in$i" >"out/$i" 2>/dev/null 3>&- &
	done
	wait
	[ "$(cat out/* | sort -u | wc -l)" = 200 ]
	rows >all
	[ "$(jq -r .test all | sort -u | wc -l)" = 200 ]
	[ "$(jq -r .run_id all | sort -u | wc -l)" = 200 ]
	[ -z "$(find "$RUNS" -name '*.tmp.*')" ]
}

@test "what a killed reader leaves of an index goes with the next one" {
	"$TOOL" "$POOL" 1 20 <"$GOLDEN"
	mkdir "$POOL/.index"
	echo half >"$POOL/.index/6.10.0-abc0000.rows.tmp.999999999.x"
	echo other >"$POOL/.index/gone.rows"
	echo "not ours" >"$POOL/.index/README"
	settled
	read_pool >/dev/null
	[ "$(find "$POOL/.index" -type f -printf '%f\n' | sort | xargs)" = "6.10.0-abc0000.rows README" ]
}

@test "a pool's directory that is not there is a warning" {
	run -0 --separate-stderr "$SIDECAR" read --dir "$BATS_TEST_TMPDIR/none"
	[ "$output" = '{"type":"pool","files":0,"rows":0,"corrupt":0,"unreadable":0}' ]
	[[ $stderr == *"warning: read directory $BATS_TEST_TMPDIR/none"* ]]
}
