#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016
# What is in a pool: values, hosts, and why fields are empty.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	R=$RUNS/6.14.2-3f9c2ab
}

@test "the values of a pool, a block for each dimension, absent ones first" {
	put "$R/a.ktstr.json"
	put "$R/job/b.ktstr.json" '.kernel_version = "6.9.1" | .kernel_commit = "1a2b3c4" | .scheduler = "eevdf" | .work_type = "Bursty"'
	put "$RUNS/other/c.ktstr.json" '.kernel_version = null | .project_commit = null | .run_source = "ci" | .topology = "1n1l1c1t"'
	run -0 --separate-stderr "$RUNS_PROGRAM" values
	[ -z "$stderr" ]
	diff - <(echo "$output") <<-'EOF'
		kernel:
		  unknown
		  6.14.2
		  6.9.1

		commit:
		  unknown
		  3f9c2ab-dirty

		kernel_commit:
		  unknown
		  1a2b3c4

		source:
		  ci
		  local

		scheduler:
		  eevdf
		  scx_rusty

		topology:
		  1n1l1c1t
		  1n2l4c2t

		work_type:
		  Bursty
		  SpinWait
	EOF
	[ "$("$RUNS_PROGRAM" values --json | jq -c .)" = '{"kernel":[null,"6.14.2","6.9.1"],"commit":[null,"3f9c2ab-dirty"],"kernel_commit":[null,"1a2b3c4"],"source":["ci","local"],"scheduler":["eevdf","scx_rusty"],"topology":["1n1l1c1t","1n2l4c2t"],"work_type":["Bursty","SpinWait"]}' ]
	"$RUNS_PROGRAM" values --json | head -n2 | diff - <(printf '{\n  "kernel": [\n')
	[ "$("$RUNS_PROGRAM" values --json --dir "$RUNS" | jq -c .source)" = '["archive"]' ]
}

@test "two spellings of one text are one value" {
	put "$R/a.ktstr.json" '.scheduler = "é"'
	sed 's/"scx_rusty"/"\\u00e9"/' "$GOLDEN" >"$R/b.ktstr.json"
	[ "$("$RUNS_PROGRAM" values --json | jq -c .scheduler)" = '["é"]' ]
}

@test "an empty pool has no values, and a missing one says so" {
	mkdir -p "$RUNS"
	run -0 --separate-stderr "$RUNS_PROGRAM" values
	[ -z "$stderr" ]
	[ "$(grep -c '^  (no sidecars in pool)$' <<<"$output")" = 7 ]
	run -0 --separate-stderr "$RUNS_PROGRAM" values --json --dir "$WORK/none"
	[ "$(jq -c '[.[]] | unique' <<<"$output")" = '[[]]' ]
	[[ $stderr == *"warning: read directory $WORK/none"* ]]
}

@test "the list of runs as JSON" {
	put "$R/a.ktstr.json"
	mkdir -p "$RUNS/empty"
	touch -d '2026-04-18 10:00' "$R"
	[ "$("$RUNS_PROGRAM" list --json | jq -c .)" = '[{"run":"empty","tests":0,"date":null,"arch":null},{"run":"6.14.2-3f9c2ab","tests":1,"date":"2026-04-18T10:22:31Z","arch":"x86_64"}]' ]
	rm -r "$RUNS"
	[ "$("$RUNS_PROGRAM" list --json 2>/dev/null)" = "[]" ]
}

@test "the host of a run is the first one that a result names" {
	put "$R/a.ktstr.json" '.host = null'
	echo '{' >"$R/b.ktstr.json"
	put "$R/c.ktstr.json" '.host.sched_tunables = {"sched_z": "1", "sched_a": "2"} | .host.cpufreq_governor = {"10": "powersave", "9": "performance"}'
	put "$R/d.ktstr.json" '.host.kernel_release = "other"'
	run -0 --separate-stderr "$RUNS_PROGRAM" host --run "${R##*/}"
	[[ $stderr == "ktstr_test: skipping $R/b.ktstr.json: "* ]]
	diff - <(echo "$output") <<-'EOF'
		kernel_name: Linux
		kernel_release: 6.11.0
		arch: x86_64
		cpu_model: AMD EPYC 7B13
		cpu_vendor: AuthenticAMD
		total_memory_kb: 131891048
		hugepages_total: 0
		hugepages_free: 0
		hugepages_size_kb: 2048
		online_cpus: 32
		numa_nodes: 2
		thp_enabled: always [madvise] never
		thp_defrag: always defer defer+madvise [madvise] never
		kernel_cmdline: root=/dev/vda1 ro quiet
		cpufreq_governor:
		  cpu9 = performance
		  cpu10 = powersave
		sched_tunables:
		  sched_a = 2
		  sched_z = 1
		heap_state:
		  allocated_bytes: 8123456
		  active_bytes: 9437184
		  resident_bytes: 15728640
		  mapped_bytes: 20971520
		  narenas: 128
	EOF
	diff <(jq -S .host "$R/c.ktstr.json") <("$RUNS_PROGRAM" host --json --run "${R##*/}" --dir "$RUNS" 2>/dev/null | jq -S .)
}

@test "what a run recorded of this host is what the host shows now" {
	file=$(result | "$SIDECAR" write 2>/dev/null)
	"$RUNS_PROGRAM" host --run unknown-unknown >recorded
	"$LIBEXEC/ktstr-show-host" >live
	# memory that other programs take and give moves
	diff <(grep -v hugepages_free recorded) <(grep -v hugepages_free live)
}

@test "a run without a host, without results, or that is not there" {
	put "$R/a.ktstr.json" '.host = null'
	put "$R/b.ktstr.json" '.host = null'
	mkdir -p "$RUNS/empty"
	while IFS='|' read -r run words; do
		echo "$run -> $words"
		run -1 --separate-stderr "$RUNS_PROGRAM" host --run="$run"
		[ -z "$output" ]
		[[ $stderr == *"$words"* ]]
	done <<-EOF
		6.14.2-3f9c2ab|none of the 2 sidecar(s) of run '6.14.2-3f9c2ab' describes its host
		empty|run 'empty' has no sidecar data
		6.14.2-3f9c2aa|run '6.14.2-3f9c2aa' not found under $RUNS. Did you mean \`6.14.2-3f9c2ab\`? Run \`cargo ktstr stats list\`
		something-else-altogether|run 'something-else-altogether' not found under $RUNS. Run \`cargo ktstr stats list\`
		..|contains pool-root-aliasing or path-traversal components
		./6.14.2-3f9c2ab|contains pool-root-aliasing
		6.14.2-3f9c2ab/../empty|contains pool-root-aliasing
		$RUNS/empty|contains pool-root-aliasing
		|run argument must not be empty
	EOF
	run -2 "$RUNS_PROGRAM" host
}

@test "each empty field of each result has its class, its causes and what to do" {
	put "$R/b.ktstr.json" '.test_name = "b" | .host = null | .monitor = null | .scheduler_commit = null'
	put "$R/a.ktstr.json" '.test_name = "a" | .run_id = "2" | .scheduler_commit = "x" | .kernel_commit = "y"'
	put "$R/z.ktstr.json" '.test_name = "a" | .run_id = "1"
		| del(.project_commit, .payload, .monitor, .kvm_stats, .kernel_version, .kernel_commit, .host,
			.cleanup_duration_ms, .run_source, .scheduler_commit)'
	run -0 --separate-stderr "$RUNS_PROGRAM" explain --run "${R##*/}"
	[ -z "$stderr" ]
	[ "${lines[0]}" = "walked 3 sidecar file(s), parsed 3 valid" ]
	diff - <(sed -n '3,8p' <<<"$output") <<-'EOF'
		test: a
		  topology: 1n2l4c2t
		  scheduler: scx_rusty
		  run_id: 1
		  arch: -
		  populated optional fields (0): <none>
	EOF
	grep -qx '  none fields: <all populated>' <<<"$output"
	grep -qx '  populated optional fields (10): scheduler_commit, project_commit, payload, monitor, kvm_stats, kernel_version, kernel_commit, host, cleanup_duration_ms, run_source' <<<"$output"
	[ "$(grep '^test: ' <<<"$output" | xargs)" = "test: a test: a test: b" ]
	[ "$(grep -c '^      fix: ' <<<"$output")" = 6 ]
	# the catalogue is shown as it is
	jq -r '.kernel_commit | "    kernel_commit [\(.class)]", ("      - " + .causes[]), "      fix: " + .fix' "$ROOT/share/explain/fields.json" >block
	sed -n '/^    kernel_commit/,/fix:/p' <<<"$output" | head -n "$(wc -l <block)" | diff block -
	# a blank line behind every block, the last included
	"$RUNS_PROGRAM" explain --run "${R##*/}" | tail -c2 | od -An -tx1 | xargs | grep -qx '0a 0a'
}

@test "files that could not be read stand at the end, and the exit code says nothing" {
	mkdir -p "$R/job"
	echo '{"test_name":"x"}' >"$R/c.ktstr.json"
	echo '{' >"$R/d.ktstr.json"
	ln -s nowhere "$R/l.ktstr.json"
	mkdir "$R/job/d.ktstr.json"
	run -0 --separate-stderr "$RUNS_PROGRAM" explain --run "${R##*/}"
	[ "$(wc -l <<<"$stderr")" = 4 ]
	drift=$(jq -r '._walk.errors[0].enriched_message' <("$RUNS_PROGRAM" explain --json --run "${R##*/}" 2>/dev/null))
	[[ $drift == "$R/c.ktstr.json: missing field \`topology\` at line 1 column 18"*"run the test again" ]]
	diff - <(echo "$output") <<-EOF
		walked 4 sidecar file(s), parsed 0 valid

		corrupt sidecars (2):
		  $R/c.ktstr.json
		    error: missing field \`topology\` at line 1 column 18
		    enriched: $drift
		  $R/d.ktstr.json
		    error: EOF while parsing an object at line 2 column 1

		io errors (2):
		  $R/job/d.ktstr.json
		    error: Is a directory
		  $R/l.ktstr.json
		    error: No such file or directory
	EOF
}

@test "the same as JSON, over all results" {
	put "$R/a.ktstr.json"
	put "$R/b.ktstr.json" '.run_source = null'
	echo '{"x":1}' >"$R/c.ktstr.json"
	ln -s nowhere "$R/l.ktstr.json"
	run -0 --separate-stderr "$RUNS_PROGRAM" explain --json --run "${R##*/}" --dir "$RUNS"
	jq -e '._schema_version == "1" and (keys_unsorted == ["_schema_version", "_walk", "fields"])' <<<"$output"
	jq -e '._walk | .walked == 4 and .valid == 2 and (.errors | length) == 1 and (.io_errors[0] | keys) == ["error", "path"]
		and (.errors[0] | keys) == ["enriched_message", "error", "path"]' <<<"$output"
	jq -e '.fields | keys_unsorted == (keys_unsorted | sort) and length == 10 and all(.[]; .none_count + .some_count == 2)' <<<"$output"
	jq -e '.fields.run_source | .none_count == 1 and .classification == "actionable" and (.fix | type) == "string"' <<<"$output"
	jq -e '.fields.scheduler_commit | .none_count == 2 and .classification == "expected" and .fix == null' <<<"$output"
	# read as they are: no run source becomes "archive"
	put "$R/d.ktstr.json"
	[ "$("$RUNS_PROGRAM" explain --json --run "${R##*/}" 2>/dev/null | jq '._walk.errors | length')" = 1 ]
	echo '{' >"$R/c.ktstr.json"
	[ "$("$RUNS_PROGRAM" explain --json --run "${R##*/}" 2>/dev/null | jq '._walk.errors[0].enriched_message')" = null ]
}

@test "a file of a newer schema is not told to be old" {
	put "$R/a.ktstr.json" '.schema_version = 9 | del(.topology)'
	drift=$("$RUNS_PROGRAM" explain --json --run "${R##*/}" 2>/dev/null | jq -r '._walk.errors[0].enriched_message')
	[[ $drift == *"missing field \`topology\`"*"has schema version 9, this program knows 1: read it with a newer"* ]]
}

@test "no fix is told for what is expected" {
	jq -e 'all(.[]; .class == "expected" or .class == "actionable") and all(.[]; .class != "expected" or .fix == null)
		and ([.[] | .causes | length] == [1, 3, 1, 3, 2, 2, 5, 2, 2, 1])' "$ROOT/share/explain/fields.json"
}

@test "a run of no results cannot be explained; a damaged catalogue is named" {
	mkdir -p "$R"
	run -1 "$RUNS_PROGRAM" explain --run "${R##*/}"
	[[ $output == *"run '6.14.2-3f9c2ab' has no sidecar data (searched $R)"* ]]
	put "$RUNS/gauntlet/job-1/a.ktstr.json"
	run -0 "$RUNS_PROGRAM" explain --run gauntlet/job-1
	mkdir -p share/explain
	jq 'del(.host)' "$ROOT/share/explain/fields.json" >share/explain/fields.json
	KTSTR_SHARE=$PWD/share run -1 "$RUNS_PROGRAM" explain --run gauntlet/job-1
	[[ $output == *"share/explain/fields.json: missing field \`host\`"* ]]
}
