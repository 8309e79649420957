#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Comparing two sides of a pool: what is taken, what pairs up, what is said.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	export KTSTR_LABEL="cargo ktstr"
	unset KTSTR_KERNEL
	ROWS=$WORK/rows
	: >"$ROWS"
}

# row KERNEL [JQ [COUNT]]: results of one test on one kernel, in which .i counts up from 0
row() {
	jq -nc --arg k "$1" --argjson n "${3:-1}" 'range($n) as $i | {type: "row", run: ($k + "-3f9c2ab"), file: "t.ktstr.json",
		test: "cgroup_steady", topology: "1n2l4c2t", scheduler: "scx_rusty", work_type: "SpinWait", kernel: $k,
		project_commit: "3f9c2ab", kernel_commit: null, run_source: "local", passed: true, skipped: false,
		timestamp: "2026-04-18T10:22:31Z", run_id: "20260418T102150Z-\($i)", host: null, metrics: {worst_spread: 8.25},
		ext: {}, payload: []} | '"${2:-.}" >>"$ROWS"
}

compare() {
	{ cat "$ROWS"; echo '{"type":"pool","files":1,"rows":1,"corrupt":0,"unreadable":0}'; } | "$COMPARE" "$@"
}

# The usual two sides.
AB=(--a-kernel 6.14 --b-kernel 6.15)

# said TEXT: a line of the output or of stderr has it
said() {
	grep -qF -- "$1" <<<"$output"$'\n'"${stderr-}" || { printf 'not said: %s\n%s\n%s\n' "$1" "$output" "${stderr-}"; return 1; }
}

unsaid() {
	! said "$1" >/dev/null || { printf 'said: %s\n' "$1"; return 1; }
}

# field JQ: of the comparison as JSON
field() {
	jq -c "$1" <<<"$output"
}

# --- layout -----------------------------------------------------------------

@test "the layout is the original's, what is ours stands behind it" {
	row 6.14 '.' 12
	row 6.15 '.metrics.worst_spread = 19.75' 12
	row 6.14 '.test = "preempt_storm" | .work_type = "Bursty"' 6
	row 6.15 '.test = "preempt_storm" | .work_type = "Bursty" | .passed = ($i < 0)' 6
	row 6.15 '.test = "numa_spread" | .topology = "2n4l4c1t"' 3
	echo '{"type":"host","id":"h1","context":{"kernel_release":"6.11.0","arch":"x86_64"}}' >>"$ROWS"
	echo '{"type":"host","id":"h2","context":{"kernel_release":"6.12.1","arch":"x86_64"}}' >>"$ROWS"
	row 6.14 '.test = "z" | .host = "h1" | .metrics = {}'
	row 6.15 '.test = "z" | .host = "h2" | .metrics = {}'
	run -1 --separate-stderr compare "${AB[@]}"
	[ -z "$stderr" ]
	# a cell ends in a blank, which the mark makes visible; the first six columns are fixed
	awk '/^ TEST/ { n = index($0, " CHANGE") } /^ (TEST|cgroup|preempt)/ { $0 = substr($0, 1, n - 1) "|" } 1' \
		<<<"$output" >shown
	diff - shown <<-'EOF'
		slicing dimensions: kernel
		pairing on: scenario, scheduler, topology, work-type, project-commit, kernel-commit, run-source
		averaged across 19 runs (6.14) and 22 runs (6.15)
		 TEST                                                      METRIC        6.14    6.15   DELTA     VERDICT    |
		 cgroup_steady/scx_rusty/1n2l4c2t/SpinWait/3f9c2ab//local  worst_spread  8.25    19.75  +11.50%   REGRESSION |
		 preempt_storm/scx_rusty/1n2l4c2t/Bursty/3f9c2ab//local    pass_rate     100.00  0.00   -100.00%  REGRESSION |

		summary: 2 regressions, 0 improvements, 0 unchanged
		  1 pairing-key row pair(s) skipped because one or both sides failed

		per-group pass counts (passes_observed/total_observed):
		  cgroup_steady/1n2l4c2t/SpinWait: 6.14=12/12 6.15=12/12
		  numa_spread/2n4l4c1t/SpinWait: 6.14=- 6.15=3/3
		  preempt_storm/1n2l4c2t/Bursty: 6.14=6/6 6.15=0/6
		  z/1n2l4c2t/SpinWait: 6.14=1/1 6.15=1/1
		  1 row(s) new in '6.15' (no matching key in '6.14')

		host delta ('6.14' → '6.15'):
		  kernel_release: 6.11.0 → 6.12.1
	EOF
}

@test "the header stands without findings, and nothing is coloured in a pipe" {
	row 6.14
	row 6.15
	run -0 --separate-stderr compare "${AB[@]}"
	[[ ${lines[3]} == " TEST  METRIC  6.14  6.15  DELTA  VERDICT  CHANGE  95%_INTERVAL  P  N  COMMIT  KERNEL_COMMIT " ]]
	said "summary: 0 regressions, 0 improvements, 1 unchanged"
	unsaid $'\033'
}

@test "a terminal gets red and green" {
	row 6.14 '.metrics = {worst_spread: 10, total_iterations: 1000}'
	row 6.15 '.metrics = {worst_spread: 20, total_iterations: 2000}'
	echo '{"type":"pool","files":1,"rows":2,"corrupt":0,"unreadable":0}' >>"$ROWS"
	run env -u NO_COLOR TERM=xterm script -qec "$COMPARE --a-kernel 6.14 --b-kernel 6.15 $ROWS" /dev/null
	[[ $output == *$'\033[38;5;9m REGRESSION '* ]]
	[[ $output == *$'\033[38;5;10m improvement '* ]]
	run env NO_COLOR=1 TERM=xterm script -qec "$COMPARE --a-kernel 6.14 --b-kernel 6.15 $ROWS" /dev/null
	[[ $output != *$'\033['* ]]
}

# --- sides ------------------------------------------------------------------

@test "a kernel of two numbers stands for its series, any other for itself" {
	for k in 6.12 6.12.0 6.12.5 6.12-rc3 6.120 6.1 6.14.2 6.14.20 6.15-rc3; do
		row "$k"
	done
	took() {
		run -0 --separate-stderr compare --a-kernel "$1" --b-scheduler scx_rusty --format json
		[ "$(field .sides.a.results)" = "$2" ] || { echo "$1: $(field .sides.a.results), not $2"; return 1; }
	}
	took 6.12 4
	took 6.1 1
	took 6.14.2 1
	took 6.15-rc3 1
	run -1 compare --a-kernel 6 --b-kernel 6.12
	said "no rows match filter A"
	run -1 compare --a-kernel 6.12 --b-kernel 6.16
	said "no rows match filter B"
}

@test "each dimension has a flag for both sides and one for each, the side's own wins" {
	row 6.14 '.'
	row 6.15 '.scheduler = "scx_alpha" | .topology = "1n1l1c1t" | .work_type = "Bursty" | .project_commit = "fedcba2"
		| .kernel_commit = "abcdef1" | .run_source = "ci"'
	while read -r name a b; do
		run -0 --separate-stderr compare "--$name" none "--a-$name" "$a" "--b-$name" "$b" --format json
		[ "$(field '[.sides[].label, .slicing[]]')" = "[\"$a\",\"$b\",\"$name\"]" ]
		[ "$(field '[.sides[].results]')" = "[1,1]" ]
	done <<-'EOF'
		kernel 6.14 6.15
		scheduler scx_rusty scx_alpha
		topology 1n2l4c2t 1n1l1c1t
		work-type SpinWait Bursty
		project-commit 3f9c2ab fedcba2
		run-source local ci
	EOF
	row 6.15 '.kernel_commit = "1111111"'
	run -0 --separate-stderr compare --a-kernel-commit 1111111 --b-kernel-commit abcdef1 --format json
	[ "$(field '[.sides[].results]')" = "[1,1]" ]
	# a shared one narrows both, values of one dimension are alternatives
	run -0 --separate-stderr compare "${AB[@]}" --scheduler scx_rusty --scheduler scx_alpha --work-type SpinWait --format json
	[ "$(field '[.sides[].results]')" = "[1,1]" ]
}

@test "an absent value matches no filter" {
	row 6.14 '.kernel = null | .run_source = null'
	row 6.15
	run -1 compare --a-kernel unknown --b-kernel 6.15
	said "no rows match filter A"
	run -1 compare --a-run-source "" --b-kernel 6.15
	said "no rows match filter A"
}

@test "sides that nothing separates are refused" {
	row 6.14
	for flags in "" "--kernel 6.14" "--a-kernel 6.14 --b-kernel 6.14" "--a-kernel 6.14 --a-kernel 6.15 --b-kernel 6.15 --b-kernel 6.14"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr compare $flags
		[ -z "$output" ]
		said "error: stats compare: A and B select identical rows. Specify at least one per-side filter (e.g. --a-kernel 6.14 --b-kernel 6.15) to define what dimension separates the two sides."
	done
}

@test "slicing on several dimensions is said" {
	row 6.14
	row 6.15 '.scheduler = "scx_alpha"'
	run -0 --separate-stderr compare --a-kernel 6.14 --a-scheduler scx_rusty --b-kernel 6.15 --b-scheduler scx_alpha
	said "warning: slicing on 2 dimensions; results compress multiple axes into a single A/B contrast"
	said "[kernel, scheduler]"
	[ "${lines[0]}" = "slicing dimensions: kernel, scheduler" ]
	said "(6.14:scx_rusty)"
}

@test "labels name up to three values" {
	for k in 1.1 1.2 1.3 1.4 2.1; do row $k; done
	run -0 --separate-stderr compare --a-kernel 1.3 --a-kernel 1.1 --a-kernel 1.2 --b-kernel 2.1 --format json
	[ "$(field .sides.a.label)" = '"1.1|1.2|1.3"' ]
	run -0 --separate-stderr compare --a-kernel 1.3 --a-kernel 1.1 --a-kernel 1.2 --a-kernel 1.4 --b-kernel 2.1 --format json
	[ "$(field .sides.a.label)" = '"A"' ]
	run -0 --separate-stderr compare --a-kernel 1.1 --b-scheduler scx_rusty --format json
	[ "$(field '[.sides[].label]')" = '["1.1:A","B:scx_rusty"]' ]
}

@test "results on both sides are warned of" {
	row 6.14.1
	row 6.14.2
	run -0 --separate-stderr compare --a-kernel 6.14 --b-kernel 6.14.2
	said "warning: 1 result(s) are on both sides"
}

# --- pairing ----------------------------------------------------------------

@test "what is not sliced on keeps pairs apart; -dirty does not" {
	row 6.14
	row 6.15 '.project_commit = "3f9c2ab-dirty"'
	row 6.15 '.scheduler = "scx_alpha"'
	run -0 --separate-stderr compare "${AB[@]}" --format json
	[ "$(field '[.summary.pairs_compared, .summary.new_in_b, .summary.removed_from_a]')" = "[1,1,0]" ]
	run -0 --separate-stderr compare --a-kernel 6.15 --b-kernel 6.14 --format json
	[ "$(field '[.summary.pairs_compared, .summary.new_in_b, .summary.removed_from_a]')" = "[1,0,1]" ]
}

@test "slicing on the kernel does not split pairs by the kernel's commit" {
	row 6.14 '.kernel_commit = "1111111"'
	row 6.15 '.kernel_commit = "2222222" | .metrics.worst_spread = 30'
	run -1 --separate-stderr compare "${AB[@]}"
	said "pairing on: scenario, scheduler, topology, work-type, project-commit, run-source"
	said "cgroup_steady/scx_rusty/1n2l4c2t/SpinWait/3f9c2ab/local"
	said "1111111 → 2222222"
	# slicing on anything else does
	row 6.14 '.run_source = "ci" | .kernel_commit = "3333333"'
	run -0 --separate-stderr compare --a-run-source local --b-run-source ci --kernel 6.14 --format json
	[ "$(field .summary.pairs_compared)" = 0 ]
}

@test "nothing paired is said with what keeps the sides apart; --require-pairs makes it a failure" {
	row 6.14 '.project_commit = "1111111"'
	row 6.15 '.project_commit = "2222222"'
	run -0 --separate-stderr compare "${AB[@]}"
	said "  0 pairs compared"
	said "warning: 0 pairs compared: no result of '6.14' has a counterpart in '6.15'"
	said "hint: the sides have nothing in common in: project-commit;"
	said "  1 row(s) new in '6.15' (no matching key in '6.14')"
	said "  1 row(s) removed from '6.14' (no matching key in '6.15')"
	run -1 compare "${AB[@]}" --require-pairs
	row 6.15 '.project_commit = "1111111"'
	run -0 compare "${AB[@]}" --require-pairs
}

@test "-E takes rows by scenario, topology, scheduler or work type, by nothing else" {
	row 6.14
	row 6.15 '.metrics.worst_spread = 30'
	row 6.14 '.test = "other"'
	row 6.14 '.test = "gone"'
	row 6.15 '.test = "other" | .metrics.worst_spread = 30'
	for e in steady "1n2l4c2t scx" "rusty SpinWait" steady; do
		run -1 --separate-stderr compare "${AB[@]}" -E "$e"
		said "cgroup_steady/"
	done
	unsaid gone/scx
	unsaid other/scx
	unsaid removed
	# the counts above and the groups below are of all
	said "averaged across 3 runs (6.14) and 2 runs (6.15)"
	said "  gone/1n2l4c2t/SpinWait: 6.14=1/1 6.15=-"
	for e in Steady 3f9c2ab local 6.15; do
		run -0 --separate-stderr compare "${AB[@]}" -E "$e"
		said "summary: 0 regressions, 0 improvements, 0 unchanged"
		unsaid "new in"
		unsaid removed
	done
}

# --- averaging --------------------------------------------------------------

@test "means are over what passed; whole numbers are rounded, half away from zero" {
	row 6.14 '.metrics = {worst_spread: ([10, 20, 900][$i]), worst_gap_ms: ([1000, 1001, 9][$i])} | .passed = ($i < 2)' 3
	row 6.15 '.metrics = {worst_spread: 40, worst_gap_ms: 3000} | .passed = ($i < 2)' 3
	run -1 --separate-stderr compare "${AB[@]}" --format json
	[ "$(field '[.findings[] | select(.metric != "pass_rate") | [.metric, .a.mean, .b.mean]]')" = \
		'[["worst_spread",15,40],["worst_gap_ms",1001,3000]]' ]
	[ "$(field '[.summary.pairs_compared, .summary.pairs_partial, .summary.pairs_skipped]')" = "[1,1,0]" ]
	run -1 --separate-stderr compare "${AB[@]}"
	said "  1 pair(s) compared by the runs that passed; others failed or were skipped"
	unsaid "one or both sides failed"
}

@test "a group of clean and dirty runs of one commit is marked" {
	row 6.14 '.project_commit = ["3f9c2ab-dirty", "3f9c2ab"][$i] | .kernel_commit = "abcdef1-dirty" | .passed = true' 2
	row 6.15 '.metrics.worst_spread = 30 | .kernel_commit = ["abcdef1", "abcdef1-dirty"][$i]' 2
	run -1 --separate-stderr compare "${AB[@]}"
	said "3f9c2ab+mixed → 3f9c2ab"
	said "abcdef1-dirty → abcdef1+mixed"
	# also where one of the two failed
	: >"$ROWS"
	row 6.14
	row 6.15 '.project_commit = ["3f9c2ab-dirty", "3f9c2ab"][$i] | .passed = ($i == 0)' 2
	run -1 --separate-stderr compare "${AB[@]}"
	said "3f9c2ab → 3f9c2ab+mixed"
}

@test "--no-average keeps results apart and refuses two of one key" {
	row 6.14
	row 6.15 '.metrics.worst_spread = 30'
	run -1 --separate-stderr compare "${AB[@]}" --no-average
	said "summary: 1 regressions"
	unsaid averaged
	unsaid per-group
	row 6.14 '.project_commit = "3f9c2ab-dirty"'
	run -1 --separate-stderr compare "${AB[@]}" --no-average
	[ -z "$output" ]
	said "warning: comparison includes dirty builds:"
	said "duplicate pairing keys"
	said "side A has 2 sidecars with the same pairing key [cgroup_steady/scx_rusty/1n2l4c2t/SpinWait/3f9c2ab//local]"
	said "Either drop --no-average to average them, or add another --a-X filter to disambiguate."
}

# --- verdicts ---------------------------------------------------------------

verdict() { # A B METRIC [OPTION...]: the verdict on one metric
	local a=$1 b=$2 m=$3
	shift 3
	: >"$ROWS"
	row 6.14 ".metrics = {} | $m = $a"
	row 6.15 ".metrics = {} | $m = $b"
	run --separate-stderr compare "${AB[@]}" --all --format json "$@"
	[ -n "$output" ] || { echo "$stderr"; return 1; }
	field '.findings[0].verdict'
}

@test "a difference counts when it reaches both thresholds, in the metric's direction" {
	while read -r a b m want; do
		[ "$(verdict "$a" "$b" ".metrics.$m")" = "$want" ] || { echo "$m: $a -> $b is not $want"; return 1; }
	done <<-'EOF'
		10 14.9 worst_spread "unchanged"
		10 15 worst_spread "regression"
		15 10 worst_spread "improvement"
		40 49.9 worst_spread "unchanged"
		40 50 worst_spread "regression"
		1000 899 total_iterations "regression"
		1000 901 total_iterations "unchanged"
		1000 1100 total_iterations "improvement"
		0 5 worst_spread "regression"
		0 4.9 worst_spread "unchanged"
		0 1 stuck_count "regression"
		1 0 stuck_count "improvement"
		0 10000 total_fallback "regression"
		0 0 worst_spread null
	EOF
	[ "$(verdict 0 5 .metrics.worst_spread >/dev/null; field '.findings[0].change_percent')" = null ]
}

@test "thresholds can be one for all, or a file of them" {
	[ "$(verdict 100 110 .metrics.worst_spread)" = '"unchanged"' ]
	[ "$(verdict 100 110 .metrics.worst_spread --threshold 10)" = '"regression"' ]
	[ "$(verdict 100 110 .metrics.worst_spread --threshold 10.1)" = '"unchanged"' ]
	# the absolute one stays
	[ "$(verdict 10 14 .metrics.worst_spread --threshold 0)" = '"unchanged"' ]
	echo '{"default_percent": 50, "per_metric_percent": {"worst_spread": 5.0}}' >policy
	[ "$(verdict 100 110 .metrics.worst_spread --policy policy)" = '"regression"' ]
	[ "$(verdict 100 140 .metrics.worst_mean_run_delay_us --policy policy)" = '"unchanged"' ]
	for text in '{}' '{"default_percent": null}' '{"per_metric_percent": {}}'; do
		echo "$text" >policy
		[ "$(verdict 100 126 .metrics.worst_spread --policy policy)" = '"regression"' ]
		[ "$(verdict 100 124 .metrics.worst_spread --policy policy)" = '"unchanged"' ]
	done
}

@test "a policy that is wrong in any way is an error that says how" {
	row 6.14
	row 6.15
	wrong() {
		printf '%s' "$1" >policy
		run -1 --separate-stderr compare "${AB[@]}" --policy policy
		[ -z "$output" ]
		said "$2"
	}
	wrong '{"default_percent": -10}' "validate comparison policy from policy: ComparisonPolicy: default_percent must be non-negative; got -10"
	wrong '{"per_metric_percent": {"worst_spread": -1}}' 'ComparisonPolicy: per_metric_percent["worst_spread"] must be non-negative; got -1'
	# shellcheck disable=SC2016
	wrong '{"per_metric_percent": {"x": 1}}' 'ComparisonPolicy: per_metric_percent contains unknown metric `x`'
	said "worst_spread, worst_gap_ms, total_migrations"
	wrong '{"defaultpercent": 1}' "parse comparison policy from policy: unknown field"
	wrong '{"default_percent": 1, "default_percent": 2}' "parse comparison policy from policy: duplicate field"
	for text in '' '[]' 'null' '{' '{} {}' '{"default_percent": "1"}' '{"default_percent": 1e400}' '{"default_percent": NaN}' \
		'{"per_metric_percent": null}' '{"per_metric_percent": {"worst_spread": null}}' $'{"default_percent": 1\xff}'; do
		wrong "$text" "parse comparison policy from policy: "
	done
	wrong "$(printf '[%.0s' {1..10000})" "parse comparison policy from policy: "
	wrong "{\"per_metric_percent\": {\"$(head -c 100000 /dev/zero | tr '\0' x)\": 1}}" "validate comparison policy from policy: "
	run -1 --separate-stderr compare "${AB[@]}" --policy missing
	said "read comparison policy from missing: No such file or directory"
	run -1 --separate-stderr compare "${AB[@]}" --policy .
	said "read comparison policy from .: Is a directory"
	run -1 --separate-stderr compare "${AB[@]}" --threshold=-10
	said "ComparisonPolicy: default_percent must be non-negative; got -10"
}

@test "mistakes in the command line are exit 2" {
	for flags in "--threshold nan" "--threshold inf" "--threshold x" "--threshold -5" "--threshold 1 --policy p" "--bogus" \
		"--threshold 1 --threshold 2" "--no-average --no-average" "--alpha 1" "--alpha=-0.1" "--alpha 0" "--format yaml" "one two"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr compare "${AB[@]}" $flags
		[ -z "$output" ]
	done
}

@test "a metric one side has not is counted, not taken for zero" {
	row 6.14 '.metrics = {max_dsq_depth: 100, worst_page_locality: 0.9}'
	row 6.15 '.metrics = {total_iterations: 5}'
	run -0 --separate-stderr compare "${AB[@]}"
	said "summary: 0 regressions, 0 improvements, 0 unchanged"
	said "  3 metric(s) on one side only, not compared"
}

@test "pass to fail is a regression, fail to pass an improvement, a skip neither" {
	outcome() {
		: >"$ROWS"
		row 6.14 ".passed = $1 | .skipped = $2"
		row 6.15 ".passed = $3 | .skipped = $4"
		run --separate-stderr compare "${AB[@]}" --format json
		field '[.summary.regressions, .summary.improvements, .summary.pairs_skipped]'
	}
	[ "$(outcome true false false false)" = "[1,0,1]" ]
	[ "$(outcome false false true false)" = "[0,1,1]" ]
	[ "$(outcome false false false false)" = "[0,0,1]" ]
	[ "$(outcome true false false true)" = "[0,0,1]" ]
	[ "$(outcome false true false false)" = "[0,0,1]" ]
	: >"$ROWS"
	row 6.14 '.passed = ($i < 9)' 10
	row 6.15 '.passed = ($i < 8)' 10
	run -0 compare "${AB[@]}"
	: >"$ROWS"
	row 6.14 '.passed = ($i < 9)' 10
	row 6.15 '.passed = ($i < 5)' 10
	run -1 compare "${AB[@]}"
	# significance is asked of measurements, not of failures
	run -1 compare "${AB[@]}" --alpha 0.001
}

@test "extension and payload metrics are compared by their polarity" {
	pay() { # POLARITY A B
		: >"$ROWS"
		row 6.14 ".metrics = {} | .payload = [{name: \"rps\", value: $2, polarity: $1, unit: \"op\"}]"
		row 6.15 ".metrics = {} | .payload = [{name: \"rps\", value: $3, polarity: $1, unit: \"op\"}]"
		run --separate-stderr compare "${AB[@]}" --all --format json
		field '.findings[0] | select(.metric == "rps" and .unit == "op").verdict'
	}
	[ "$(pay '"LowerBetter"' 100 200)" = '"regression"' ]
	[ "$(pay '"HigherBetter"' 100 200)" = '"improvement"' ]
	[ "$(pay '"HigherBetter"' 100 101)" = '"unchanged"' ]
	[ "$(pay '"Unknown"' 100 200)" = '"changed"' ]
	run -0 compare "${AB[@]}"
	said "  1 metric(s) changed of which no result says what is better"
	[ "$(pay '{TargetValue: 150}' 100 200)" = '"unchanged"' ]
	[ "$(pay '{TargetValue: 100}' 100 200)" = '"regression"' ]
	[ "$(pay '{TargetValue: 200}' 100 200)" = '"improvement"' ]
	: >"$ROWS"
	row 6.14 '.metrics = {} | .ext = {"jobs.0.read.iops": 5120}'
	row 6.15 '.metrics = {} | .ext = {"jobs.0.read.iops": 2000}'
	run -1 --separate-stderr compare "${AB[@]}" --format json
	[ "$(field '.findings[0] | [.metric, .verdict]')" = '["jobs.0.read.iops","regression"]' ]
}

# --- significance -----------------------------------------------------------

@test "with few runs it says so instead of guessing" {
	row 6.14 '.metrics.worst_spread = 10 + $i / 10' 3
	row 6.15 '.metrics.worst_spread = 30 + $i / 10' 3
	run -1 --separate-stderr compare "${AB[@]}"
	grep -q 'worst_spread .*REGRESSION .* - .* too few runs .* 3+3 ' <<<"$output"
	said "  1 of 1 metric(s) have too few runs to tell change from chance; 4 a side would do"
	# asked for significance, there is none to be had
	run -0 --separate-stderr compare "${AB[@]}" --alpha 0.05
	said "summary: 0 regressions, 0 improvements, 0 unchanged"
	said "  1 metric(s) undecided: too few runs for --alpha 0.05"
	row 6.14 '.metrics.worst_spread = 10.9'
	row 6.15 '.metrics.worst_spread = 30.9'
	run -1 --separate-stderr compare "${AB[@]}" --alpha 0.05
	grep -q 'worst_spread .*REGRESSION .* 0.029 .* 4+4 ' <<<"$output"
	run -0 --separate-stderr compare "${AB[@]}" --alpha 0.01
	said "; 5 a side would do"
}

@test "--alpha takes back what may be chance, and only that" {
	row 6.14 '.metrics = {worst_spread: ([1, 90, 2, 80, 3, 70][$i]), worst_run_delay_us: (1000 + $i)}' 6
	row 6.15 '.metrics = {worst_spread: ([95, 2, 85, 99, 75, 3][$i]), worst_run_delay_us: (2000 + $i)}' 6
	run -1 --separate-stderr compare "${AB[@]}" --format json
	[ "$(field '[.findings[].metric]')" = '["worst_spread","worst_run_delay_us"]' ]
	run -1 --separate-stderr compare "${AB[@]}" --alpha 0.05 --format json
	[ "$(field '[.findings[].metric]')" = '["worst_run_delay_us"]' ]
	[ "$(field .alpha)" = 0.05 ]
	[ "$(field .summary.unchanged)" = 1 ]
}

# --- empty and hints --------------------------------------------------------

@test "an empty pool says where it looked" {
	run -1 --separate-stderr compare "${AB[@]}"
	[ -z "$output" ]
	said "error: stats compare: no sidecar data found under $RUNS. Run \`cargo ktstr test\`"
	said "--dir"
	run -1 --separate-stderr compare "${AB[@]}" --dir elsewhere
	said "no sidecar data found under elsewhere."
}

@test "an empty side comes with what might have been meant" {
	row 6.14 '.project_commit = "3f9c2ab-dirty" | .kernel_commit = "abcdef1-dirty"'
	run -1 --separate-stderr compare --a-project-commit 3f9c2ab --b-kernel 6.14
	[ -z "$output" ]
	said "error: stats compare: A side filter matched 0 sidecars in pool (1 pooled)"
	said "no rows match filter A"
	said "cargo ktstr stats list"
	said 'hint: did you mean `--project-commit 3f9c2ab-dirty`?'
	said "list-values"
	unsaid "dirty builds"
	run -1 --separate-stderr compare --a-kernel 6.14 --b-kernel-commit abcdef1
	said "B side filter matched 0 sidecars"
	said 'did you mean `--kernel-commit abcdef1-dirty`?'
	run -1 --separate-stderr compare --a-run-source CI --b-kernel 6.14
	said 'hint: no result has `--run-source CI`; the pool has local (upper and lower case differ)'
	: >"$ROWS"
	row 6.14 '.run_source = null'
	run -1 --separate-stderr compare --a-run-source ci --b-kernel 6.14
	said "run_source is null in the whole pool"
	row 6.14.2
	run -1 --separate-stderr compare --a-kernel 6.20 --a-kernel 6.14 --a-scheduler SCX_RUSTY --b-kernel 6.14
	said 'hint: no result has `--kernel 6.20`; the pool has 6.14, 6.14.2'
	said 'hint: no result has `--scheduler SCX_RUSTY`; the pool has scx_rusty (upper and lower case differ)'
	unsaid '`--kernel 6.14`'
	for i in {1..12}; do
		row "5.$i"
	done
	run -1 --separate-stderr compare --a-kernel 6.20 --b-kernel 6.14
	said 'the pool has 5.1, 5.10, 5.11, 5.12, 5.2, 5.3, 5.4, 5.5 and 6 more'
}

@test "results of uncommitted sources are warned of once, before anything else" {
	row 6.14 '.project_commit = "3f9c2ab-dirty" | .kernel_commit = "1a2b3c4-dirty"' 2
	row 6.15 '.project_commit = "0f9c2ab-dirty"'
	run -0 --separate-stderr compare "${AB[@]}" -E nothing
	diff - <(head -n 4 <<<"$stderr") <<-'EOF'
		warning: comparison includes dirty builds:
		  - kernel source: 1a2b3c4-dirty (working tree may have changed since this run)
		  - project: 0f9c2ab-dirty (working tree may have changed since this run)
		  - project: 3f9c2ab-dirty (working tree may have changed since this run)
	EOF
	[ "$(grep -c '^  [A-Z]' <<<"$stderr")" = 2 ]
}

# --- hosts ------------------------------------------------------------------

host() { # ID JSON
	jq -nc --arg id "$1" --argjson c "$2" '{type: "host", id: $id, context: $c}' >>"$ROWS"
}

@test "hosts that differ are shown field by field" {
	host h1 '{"cpu_model":"X","total_memory_kb":1,"arch":"x86_64","cpufreq_governor":{"10":"performance","9":"powersave"},
		"sched_tunables":{"a":"1","b":"2"},"numa_nodes":1}'
	host h2 '{"cpu_model":"Y","arch":"x86_64","cpufreq_governor":{"10":"powersave"},"sched_tunables":{"b":"3"},"numa_nodes":1}'
	row 6.14 '.host = "h1"'
	row 6.15 '.host = "h2"'
	run -0 --separate-stderr compare "${AB[@]}"
	diff - <(sed -n '/^host/,$p' <<<"$output") <<-'EOF'
		host delta ('6.14' → '6.15'):
		  cpu_model: X → Y
		  total_memory_kb: 1 → (unknown)
		  cpufreq_governor.cpu9: powersave → (absent)
		  cpufreq_governor.cpu10: performance → powersave
		  sched_tunables.a: 1 → (absent)
		  sched_tunables.b: 2 → 3
	EOF
	run -0 --separate-stderr compare "${AB[@]}" --format json
	[ "$(field '.host_delta[0]')" = '{"field":"cpu_model","a":"X","b":"Y"}' ]
}

@test "hosts that are alike, are several, or are missing" {
	host h1 '{"arch":"x86_64","sched_tunables":{"a":"1"}}'
	host h2 '{"arch":"x86_64"}'
	row 6.14 '.host = "h1"'
	row 6.15 '.host = "h1"'
	run -0 --separate-stderr compare "${AB[@]}"
	[ "${lines[-1]}" = "host: identical between '6.14' and '6.15' (arch: x86_64)" ]
	row 6.15 '.host = "h2"'
	run -0 --separate-stderr compare "${AB[@]}"
	[ "${lines[-1]}" = "  (of each side's first host; '6.14' has 1, '6.15' has 2)" ]
	row 6.16
	run -0 --separate-stderr compare --a-kernel 6.14 --b-kernel 6.16
	[ "${lines[-1]}" = "host: captured in '6.14' only, delta unavailable" ]
	row 6.17 '.host = "h2"'
	run -0 --separate-stderr compare --a-kernel 6.14 --b-kernel 6.17
	[ "${lines[-1]}" = "  sched_tunables: (1 entry) → (unknown)" ]
	row 6.13
	run -0 --separate-stderr compare --a-kernel 6.13 --b-kernel 6.16
	unsaid host
}
