#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What people read of results: the list of runs, the report over one.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	R=$RUNS/6.14.2-3f9c2ab
}

report() {
	"$SIDECAR" read --whole "$R" | "$STATS" report
}

# A result without monitor, programs, stimuli and KVM figures.
plain='.monitor = null | .verifier_stats = [] | .kvm_stats = null | .stimulus_events = []'

@test "list shows runs, results, earliest date and architecture, newest first" {
	put "$RUNS/6.14.2-3f9c2ab/a.ktstr.json" '.host = null'
	put "$RUNS/6.14.2-3f9c2ab/job/b.ktstr.json" '.timestamp = "2026-04-17T00:00:00Z"'
	put "$RUNS/6.15.0-3f9c2ab/a.ktstr.json" '.host = null | .timestamp = ""'
	mkdir -p "$RUNS/empty" "$RUNS/.locks"
	touch -d '2026-04-18 10:00' "$RUNS/6.14.2-3f9c2ab"
	touch -d '2026-04-18 11:00' "$RUNS/empty"
	touch -d '2026-04-18 12:00' "$RUNS/6.15.0-3f9c2ab"
	KTSTR_SIDECAR_DIR=$WORK run -0 --separate-stderr "$RUNS_PROGRAM" list
	[ -z "$stderr" ]
	# a cell ends in a blank, which the mark makes visible
	diff - <(printf '%s|\n' "${lines[@]}") <<-'EOF'
		 RUN             TESTS  DATE                  ARCH   |
		 6.15.0-3f9c2ab  1      -                     -      |
		 empty           0      -                     -      |
		 6.14.2-3f9c2ab  2      2026-04-17T00:00:00Z  x86_64 |
	EOF
}

@test "runs of one age are listed by name, broken results are named" {
	mkdir -p "$RUNS/b" "$RUNS/a"
	echo '{}' >"$RUNS/a/x.ktstr.json"
	touch -d '2026-04-18 10:00' "$RUNS/a" "$RUNS/b"
	run -0 --separate-stderr "$RUNS_PROGRAM" list
	[ "$(awk 'NR > 1 { print $1, $2 }' <<<"$output" | xargs)" = "a 0 b 0" ]
	[[ $stderr == *"ktstr_test: skipping $RUNS/a/x.ktstr.json: missing field"* ]]
}

@test "no runs are told where they were looked for" {
	run -0 --separate-stderr "$RUNS_PROGRAM" list
	[ -z "$output" ]
	[ "$stderr" = "no runs found at $RUNS. Run \`cargo ktstr test\` to generate sidecar data." ]
}

@test "the newest run is the one changed last" {
	put "$RUNS/b-new/a.ktstr.json" '.test_name = "new"'
	put "$RUNS/a-old/a.ktstr.json" '.test_name = "old"'
	touch -d '2026-04-18 10:00' "$RUNS/a-old"
	touch -d '2026-04-18 11:00' "$RUNS/b-new"
	[ "$(rows --newest | jq -r .test)" = new ]
	put "$WORK/fixed/a.ktstr.json" '.test_name = "fixed"'
	[ "$(KTSTR_SIDECAR_DIR=$WORK/fixed rows --newest | jq -r .test)" = fixed ]
	[ "$(KTSTR_SIDECAR_DIR='' rows --newest | jq -r .test)" = new ]
}

@test "no results are a line on stderr and success" {
	export KTSTR_LABEL="cargo ktstr"
	quiet() {
		# shellcheck disable=SC2016
		run -0 --separate-stderr bash -o pipefail -c '"$1" read --newest --whole | "$2" report' _ "$SIDECAR" "$STATS"
		[ -z "$output" ]
		grep -qx 'cargo ktstr: no sidecar data found (skipped)' <<<"$stderr"
	}
	quiet
	mkdir -p "$RUNS/empty"
	quiet
	KTSTR_SIDECAR_DIR=$WORK/none quiet
}

@test "the report of one result has every section in its format" {
	put "$R/a.ktstr.json"
	run -0 --separate-stderr report
	[ -z "$stderr" ]
	diff "$FIXTURES/report-one.txt" <(report)
}

@test "no name of a result or a run steers the terminal" {
	local run=$'6.14.2-3f9c2ab\e[31m'

	put "$RUNS/$run/a.ktstr.json" '.test_name = "a\u001b[2J" | .topology = "1n\u0007" | .scheduler = "s\u001b"'
	for command in "stats list" "stats" "stats list-values" "stats explain-sidecar --run 6.14.2-3f9c2ab?[31m" \
		"stats compare --a-kernel 6.14 --b-kernel 6.14.2 --all"; do
		# shellcheck disable=SC2086
		cargo-ktstr ktstr $command >out 2>&1 || true
		! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' out || { echo "$command"; cat -v out; return 1; }
	done
}

@test "scenarios are summed up, worst first, failures by kind" {
	put "$R/a.ktstr.json" "$plain"' | .test_name = "calm" | .stats.worst_spread = 2'
	put "$R/b.ktstr.json" "$plain"' | .test_name = "wild" | .stats.worst_spread = 20 | .passed = false'
	put "$R/c.ktstr.json" "$plain"' | .test_name = "wild" | .passed = false | .outcome = "crash" | .stats.worst_spread = 30'
	put "$R/d.ktstr.json" "$plain"' | .test_name = "wild" | .passed = false | .outcome = "timeout" | .stats.worst_spread = 25'
	put "$R/e.ktstr.json" "$plain"' | .test_name = "wild" | .skipped = true | .work_type = "skipped" | .stats.worst_spread = 25
		| .stats.worst_gap_ms = 0'
	put "$R/f.ktstr.json" "$plain"' | .test_name = "calm" | .topology = "1n1l1c1t" | .stats.worst_spread = 4'
	diff - <(report) <<-'EOF'

		=== GAUNTLET ANALYSIS ===

		No outliers detected.

		By scenario (worst first):
		  wild                      0/4 passed (1 skipped, 3 failed)  avg_spread=25.0%  avg_gap=31ms  crash=1  timeout=1
		  calm                      2/2 passed (0 skipped, 0 failed)  avg_spread=3.0%  avg_gap=41ms

		By topology:
		  1n2l4c2t                  1/5 passed (1 skipped, 3 failed)  avg_spread=20.4%  avg_gap=33ms  crash=1  timeout=1
		  1n1l1c1t                  1/1 passed (0 skipped, 0 failed)  avg_spread=4.0%  avg_gap=41ms

		By work_type:
		  skipped                   0/1 passed (1 skipped, 0 failed)  avg_spread=25.0%  avg_gap=0ms
		  SpinWait                  2/5 passed (0 skipped, 3 failed)  avg_spread=16.2%  avg_gap=41ms  crash=1  timeout=1
	EOF
}

@test "a scenario two deviations above the mean is an outlier, with where" {
	for i in {1..9}; do
		put "$R/t$i.ktstr.json" "$plain | .test_name = \"t$i\" | .stats.worst_gap_ms = 10"
	done
	put "$R/x.ktstr.json" "$plain"' | .test_name = "storm" | .stats.worst_gap_ms = 820 | .topology = "1n4l4c2t"'
	report | grep -A3 Outliers >found
	diff - found <<-'EOF'
		Outliers detected:
		  storm: gap_ms 820.0 (overall avg 91.0, +2.8σ)
		    worst on: 1n4l4c2t

	EOF
}

@test "steps show how many there were, when, and the workers' pace" {
	events='.stimulus_events = [
		{"elapsed_ms":1500,"label":"StepStart[1]","op_kind":null,"detail":null,"total_iterations":1200},
		{"elapsed_ms":500,"label":"StepStart[0]","op_kind":null,"detail":null,"total_iterations":null}]'
	put "$R/a.ktstr.json" "$plain | $events"
	put "$R/b.ktstr.json" "$plain | $events | .stimulus_events[0].total_iterations = 2200 | .stimulus_events[1].elapsed_ms = 700"
	report | sed -n '/cross-tab/,$p' >found
	diff - found <<-'EOF'
		Stimulus cross-tab:
		  scenario                 work_type    step             events  median_ms   iterations/s
		  cgroup_steady            SpinWait     StepStart[0]          2        600         1975.0
		  cgroup_steady            SpinWait     StepStart[1]          2       1500              -
	EOF
}

@test "programs near the verifier's limit are marked and named" {
	put "$R/a.ktstr.json" "$plain"' | .verifier_stats = [{"name":"z","verified_insns":800000},{"name":"a","verified_insns":1}]'
	put "$R/b.ktstr.json" "$plain"' | .verifier_stats = [{"name":"z","verified_insns":10},{"name":"b","verified_insns":750000}]'
	report | sed -n '/VERIFIER/,$p' >found
	diff - found <<-'EOF'
		=== BPF VERIFIER STATS ===

		  program                      verified   limit%
		  ------------------------ ------------ --------
		  a                                   1     0.0%
		  b                              750000    75.0% !
		  z                              800000    80.0% !

		  total verified insns: 1550001

		WARNING: programs near verifier complexity limit:
		  b: 75.0% of 1M limit (750000 verified insns)
		  z: 80.0% of 1M limit (800000 verified insns)
	EOF
}

@test "KVM figures are averaged over CPUs, then over machines" {
	put "$R/a.ktstr.json" "$plain"' | .kvm_stats = {"per_vcpu":[
		{"exits":100,"halt_exits":11,"halt_wait_ns":3000000,"halt_attempted_poll":8,"halt_successful_poll":5,
		 "preemption_reported":2,"signal_exits":4,"hypercalls":7},
		{"exits":201,"halt_exits":10,"preemption_reported":3,"hypercalls":7}]}'
	put "$R/b.ktstr.json" "$plain"' | .kvm_stats = {"per_vcpu":[{"exits":51,"preemption_reported":4,"hypercalls":7}]}'
	put "$R/c.ktstr.json" "$plain"
	report | sed -n '/KVM/,$p' >found
	diff - found <<-'EOF'
		=== KVM STATS (avg across 2 VMs) ===

		  exits/vcpu      100   halt/vcpu         5   halt_wait_ms     0.8
		  poll_ok%      62.5%   preempted/vcpu    3   signal/vcpu        1
		  hypercalls/vcpu    7

		  WARNING: 9 host preemptions detected -- timing results may be unreliable
	EOF
	rm "$R"/*
	put "$R/a.ktstr.json" "$plain"' | .kvm_stats = {"per_vcpu":[{"exits":0}]}'
	run ! grep -q KVM <(report)
}

@test "a broken record stream is an error that names the line" {
	put "$R/a.ktstr.json"
	"$SIDECAR" read --whole "$R" >whole
	head -n1 whole >rows
	head -c 500 whole >>rows
	run -1 --separate-stderr "$STATS" report <rows
	[ -z "$output" ]
	[[ $stderr == *"line 2 of the record stream is cut short"* ]]
	echo '{"type":"sidecar","test_name":"t"}' >rows
	run -1 "$STATS" report <rows
	[[ $output == *"line 1 of the record stream: missing field"* ]]
}

@test "the metrics are listed in their order with their thresholds" {
	run -0 "$STATS" metrics
	[ "${#lines[@]}" = 20 ]
	[ "${lines[0]}" = " NAME                              POLARITY  DEFAULT_ABS  DEFAULT_REL  UNIT " ]
	[ "${lines[1]}" = " worst_spread                      lower     5            0.25         %    " ]
	[ "${lines[13]}" = " total_iterations                  higher    100          0.1               " ]
	"$STATS" metrics --json >json
	[ "$(jq -r '.[].name' json | xargs)" = "$(awk 'NR > 1 { print $1 }' <<<"$output" | xargs)" ]
	jq -e '.[0] == {name: "worst_spread", polarity: "LowerBetter", kind: {Gauge: "Last"}, default_abs: 5,
		default_rel: 0.25, display_unit: "%"}' json
	grep -q '"default_abs": 5.0' json
}

@test "a reader that goes away ends the report quietly" {
	for i in {1..30}; do
		put "$R/$i.ktstr.json"
	done
	# shellcheck disable=SC2016
	run -0 --separate-stderr bash -c '"$1" read "$2" | head -n1 | wc -l' _ "$SIDECAR" "$R"
	[ "$output" = 1 ]
	[ -z "$stderr" ]
}

@test "the metrics that results have, payloads' and extensions' too, are counted" {
	put "$R/a.ktstr.json" '.stats.ext_metrics = {"jobs.0.read.iops": 5, "lat99": 1, "max_imbalance_ratio": 3}'
	put "$R/b.ktstr.json" '.monitor = null | .metrics[0].metrics += [{"name": "worst_spread", "value": 1, "polarity": "Unknown",
		"unit": "", "source": "Json", "stream": "Stdout"}]'
	"$SIDECAR" read --dir "$RUNS" | "$STATS" metrics --found >table
	diff - <(awk 'NR == 1 || NR > 20' table | sed 's/ *$//') <<-'EOF'
		 NAME                              POLARITY       DEFAULT_ABS  DEFAULT_REL  UNIT  RESULTS
		 ext.max_imbalance_ratio           lower          0            0.25               1
		 jobs.0.read.iops                  higher         0            0.25               2
		 lat99                             lower          0            0.25               1
		 payload.lat99                     lower          0            0.25         us    2
		 payload.worst_spread              unknown        0            0.25               1
		 rps                               target(15000)  0            0.25               2
	EOF
	awk '$1 == "worst_spread" { print $NF }' table | grep -qx 2
	awk '$1 == "max_imbalance_ratio" { print $NF }' table | grep -qx 1
	awk '$1 == "worst_page_locality" { print $NF }' table | grep -qx 0
	"$SIDECAR" read --dir "$RUNS" | "$STATS" metrics --found --json >json
	jq -e 'length == 25 and (.[-1] | .name == "rps" and .polarity == {TargetValue: 15000} and .kind == null
		and .registered == false and .results == 2) and (.[0] | .registered and .kind == {Gauge: "Last"})' json
	export PATH=$ROOT/${B:-build}/bin:$PATH
	[ "$(cargo-ktstr ktstr stats list-metrics --pool --jq '.[] | select(.registered | not).name' | wc -l)" = 6 ]
	[ "$(cargo-ktstr ktstr stats list-metrics --dir "$RUNS" | wc -l)" = 26 ]
	[ "$(cargo-ktstr ktstr stats list-metrics | wc -l)" = 20 ]
}

@test "the report as JSON has what the text has" {
	put "$R/a.ktstr.json"
	for i in {1..9}; do
		put "$R/t$i.ktstr.json" "$plain | .test_name = \"t$i\" | .stats.worst_gap_ms = 10"
	done
	put "$R/x.ktstr.json" "$plain"' | .test_name = "storm" | .stats.worst_gap_ms = 820 | .topology = "1n4l4c2t" | .passed = false'
	"$SIDECAR" read --whole "$R" | "$STATS" report --json >json
	jq -e 'keys_unsorted == ["gauntlet", "stimuli", "verifier", "callbacks", "kvm"]' json
	jq -e '.gauntlet | .results == 11 and (.outliers | map(select(.metric == "worst_gap_ms")) | length == 1 and (.[0] | .scenario == "storm"
		and .mean == 820 and .worst_on == ["1n4l4c2t"]))
		and (.scenarios | length) == 11 and (.scenarios[] | select(.name == "storm") | .failed == 1 and .means.worst_gap_ms == 820)
		and (.topologies | map(.total) | add) == 11 and (.work_types | map(.name)) == ["SpinWait"]' json
	jq -e '(.stimuli | length) == 1 and .verifier == [{program: "rusty_enqueue", verified_insns: 18321,
		limit_percent: 1.8321, near_limit: false}] and .callbacks[0].cnt == 40211 and .kvm.exits_per_vcpu == 5021' json
	rm "$R"/*
	"$SIDECAR" read --whole "$R" | "$STATS" report --json | jq -e '.gauntlet.results == 0 and .kvm == null and .stimuli == []'
	put "$R/a.ktstr.json"
	export PATH=$ROOT/${B:-build}/bin:$PATH
	[ "$(cargo-ktstr ktstr stats --jq '.gauntlet.scenarios[].name')" = cgroup_steady ]
	run -0 cargo-ktstr ktstr stats list --json
	[ "$(cargo-ktstr ktstr --explain stats --json)" = "ktstr-sidecar read --newest --whole | ktstr-stats report --json" ]
	run -2 cargo-ktstr ktstr stats --json list
	[[ $output == *"the option '--json' stands before 'list'; it belongs behind it"* ]]
}
