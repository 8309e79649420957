#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# One metric over the project's commits.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	TREND=$LIBEXEC/ktstr-trend
}

# commits N: that many in the repository here, their names in $c[1..N].
commits() {
	local i

	[ -d .git ] || git init -q
	for ((i = 1; i <= $1; i++)); do
		git commit -q --allow-empty -m "commit $i <&>"
		c[i]=$(git rev-parse --short=7 HEAD)
	done
}

# A series of six commits that steps up at the fifth.
step() {
	rows_of worst_spread <<-EOF
		t scx_a ${c[5]} 20 21 22
		t scx_a ${c[1]} 8 9 8.5
		t scx_a ${c[2]} 9 8 10
		t scx_a ${c[3]} 8.2 9.1 9.9
		t scx_a ${c[6]} 19 21 23
		t scx_a ${c[4]} 8.1 9.2 9.3
	EOF
}

@test "commits stand in git's order, the change is marked" {
	commits 6
	step >rows
	run -0 --separate-stderr "$TREND" worst_spread <rows
	[ -z "$stderr" ]
	[ "${lines[0]}" = "worst_spread in %, lower is better: 18 results of 6 commits in 1 series, oldest commit first" ]
	[ "${lines[1]}" = "t  scx_a  1n2l4c2t  SpinWait  6.14.2" ]
	for i in 1 2 3 4 6; do
		[[ ${lines[i + 2]} == "    ${c[i]}  3 "*" commit $i <&> "* ]]
	done
	[[ ${lines[7]} == " >  ${c[5]}  3 "*" 21 "*" 20 "*" 22 "*█*" commit 5 <&> "* ]]
	[[ ${lines[9]} == " regression at ${c[5]}: 9 -> 21% (+133.3 %), p = 0."* ]]
	[ "${#lines[@]}" = 10 ]
	# what grows is better or worse by the metric
	sed 's/worst_spread/total_iterations/' rows | "$TREND" total_iterations | grep -q "improvement at ${c[5]}: 9 -> 21 (+133.3 %)"
	sed 's/worst_spread/no_polarity/' rows | jq -c 'if .type == "row" then .ext = .metrics | .metrics = {} else . end' |
		"$TREND" no_polarity >out || true
	grep -q " at ${c[5]}: " out
}

@test "no name of a result steers the terminal" {
	commits 1
	printf 't\e[2J s\e %s 8 9\nt s\a c\e[31m 7\n' "${c[1]}" | rows_of worst_spread >rows
	run -0 "$TREND" worst_spread <rows
	[[ $output == *"t?[2J  s?  "* && $output == *"1 result of c?[31m: "* ]]
	[[ $output != *$'\e'* && $output != *$'\a'* ]]
}

@test "JSON has every value, and --jq works on it" {
	commits 6
	step >rows
	"$TREND" worst_spread --json <rows >json
	jq -e --arg c "${c[5]}" '.metric == "worst_spread" and .unit == "%" and .polarity == "LowerBetter" and .alpha == 0.05
		and .results == 18
		and (.series | length == 1)
		and (.series[0] | .test == "t" and .scheduler == "scx_a" and .topology == "1n2l4c2t" and ."work-type" == "SpinWait"
			and .kernel == "6.14.2" and .n == 18 and .enough and .p_adjusted == .p)
		and (.series[0].points[4] | .commit == $c and .values == [20, 21, 22] and .median == 21 and .q1 == 20.5
			and .n == 3 and .subject == "commit 5 <&>" and .dirty == false)
		and (.series[0].changes | length == 1)
		and (.series[0].changes[0] | .commit == $c and .verdict == "regression" and .before == 9 and .after == 21
			and .p < 0.01 and .z > 3)' json
	run -0 "$TREND" worst_spread --jq '.series[].changes[].commit' <rows
	[ "$output" = "${c[5]}" ]
	/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document trend <json
	# a metric with a target: nearer is better
	jq -c 'if .type == "row" then .payload = [{name: "aim", value: .metrics.worst_spread, polarity: {TargetValue: 20}, unit: ""}] else . end' rows |
		"$TREND" aim --json >aim
	jq -e '.polarity == {TargetValue: 20} and .series[0].changes[0].verdict == "improvement"' aim
	/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document trend <aim
	# the same answer every time
	diff json <("$TREND" worst_spread --json <rows)
}

@test "the statistic and its p-value are what they are said to be" {
	commits 2
	# one place for a change: Z is that of the Mann-Whitney test, ties included
	rows_of worst_spread <<<"t s ${c[1]} 1 2 2 3 5 5 8 9
t s ${c[2]} 2 5 6 7 7 9 9 10 11" >two
	"$TREND" worst_spread --json <two >json2
	/usr/bin/python3 - <<-'EOF'
		import json, math
		from scipy.stats import mannwhitneyu, norm
		s = json.load(open("json2"))["series"][0]
		a, b = ([p["values"] for p in s["points"]])
		want = mannwhitneyu(a, b, method="asymptotic", use_continuity=False).pvalue
		exact = s["p"]
		assert abs(exact - mannwhitneyu(a, b, method="asymptotic").pvalue) < 0.03, exact
	EOF
	git commit -q --allow-empty -m 3
	c[3]=$(git rev-parse --short=7 HEAD)
	rows_of worst_spread <<<"t s ${c[1]} 1 2 4
t s ${c[2]} 3 5 7
t s ${c[3]} 6 8 8" >three
	"$TREND" worst_spread --json --alpha 0.9 <three >json3
	/usr/bin/python3 - <<-'EOF'
		import itertools, json, math
		from scipy.stats import mannwhitneyu, norm, rankdata
		s = json.load(open("json3"))["series"][0]
		v = [x for p in s["points"] for x in p["values"]]
		def z(v, i):
		    return norm.isf(mannwhitneyu(v[:i], v[i:], method="asymptotic", use_continuity=False).pvalue / 2)
		seen = max((3, 6), key=lambda i: z(v, i))
		top = s["changes"]
		best = next(c for c in top if abs(c["z"] - z(v, seen)) < 1e-9)
		# all orders of the values: the exact p
		r = list(rankdata(v)); mean = 5; sd = {i: math.sqrt(i * (9 - i) * sum((x - mean) ** 2 for x in r) / (9 * 8)) for i in (3, 6)}
		def largest(r):
		    return max(abs(sum(r[:i]) - mean * i) / sd[i] for i in (3, 6))
		limit = largest(r) - 1e-9
		assert abs(limit - best["z"]) < 1e-6
		hits = n = 0
		for left in itertools.combinations(range(9), 3):
		    rest = [i for i in range(9) if i not in left]
		    for mid in itertools.combinations(rest, 3):
		        order = [r[i] for i in left + mid + tuple(i for i in rest if i not in mid)]
		        hits += largest(order) >= limit; n += 1
		assert abs(s["p"] - hits / n) < 0.02 + 0.15 * hits / n, (s["p"], hits / n)
	EOF
}

@test "two changes are two, noise has none" {
	commits 12
	python3 - "${c[@]}" >lines <<-'EOF'
		import random, sys
		c = sys.argv[1:]
		random.seed(11)
		for t in range(100):
		    for i in range(12):
		        base = 50 + (20 if t == 0 and i >= 4 else 0) - (35 if t == 0 and i >= 9 else 0)
		        print(f"t{t:03d} s {c[i]}", *(round(random.gauss(base, 3), 3) for _ in range(4)))
	EOF
	rows_of worst_spread <lines | "$TREND" worst_spread --json >json
	[ "$(jq '.series | length' json)" = 100 ]
	# the series with changes is first; no other has one
	jq -e --arg a "${c[5]}" --arg b "${c[10]}" '.series[0].test == "t000"
		and [.series[0].changes[] | .commit, .verdict] == [$a, "regression", $b, "improvement"]
		and ([.series[1:][].changes[]] | length == 0)' json
}

@test "too few runs are said, not guessed from" {
	commits 3
	rows_of worst_spread <<<"t s ${c[1]} 1 1 1
t s ${c[2]} 9 9 9 9
one s ${c[1]} 1 2 3 4 5 6 7 8 9
odd s ${c[1]} 1 2 3 4 5 6 7
odd s ${c[2]} 99" >rows
	run -0 "$TREND" worst_spread <rows
	grep -qx ' too few runs to find a change: 7, where 8 are needed' <<<"$output"
	grep -qx ' one commit only: nothing to compare it with' <<<"$output"
	[[ $output != *" regression"* ]]
	# a side of one result is no side
	grep -q ' no change found, p = 1' <<<"$output"
	"$TREND" worst_spread --jq '.series[] | select(.test == "t") | .enough' <rows | grep -qx false
}

@test "what has no place in the order is listed apart" {
	commits 2
	rows_of worst_spread <<<"t s ${c[1]} 1 x s
t s ${c[2]} 2
t s ${c[2]}-dirty 3
t s fffffff 4 5
t s fffffff-dirty 4
t s unknown 6
t s - 7 8" >rows
	rows_of total_iterations <<<"t s ${c[1]} 1" | head -n1 >>rows
	run -0 "$TREND" worst_spread <rows
	grep -qE "^ +${c[2]} +1 +2 " <<<"$output"
	grep -qE "^ +${c[2]}-dirty +1 +3 " <<<"$output"
	sed -n '/^not shown/,$p' <<<"$output" >apart
	diff - apart <<-'EOF'
		not shown:
		 2 results of fffffff: not in this repository
		 1 result of fffffff-dirty: not in this repository
		 1 result of unknown: no commit's name
		 2 results without a commit
		 1 result that failed
		 1 result that were skipped
		 1 result without this metric
	EOF
	"$TREND" worst_spread --json --by kernel-commit,run-source <rows | /usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document trend
	"$TREND" worst_spread --jq '.not_shown | .commits[0].results, .no_commit, .failed, .skipped, .no_value' <rows |
		xargs | grep -qx '2 2 1 1 1'
}

@test "branches are in order too, and a shallow or bare clone is as good" {
	commits 2
	git branch side
	git commit -q --allow-empty -m main
	c[3]=$(git rev-parse --short=7 HEAD)
	git checkout -q side
	git commit -q --allow-empty -m side
	c[4]=$(git rev-parse --short=7 HEAD)
	git checkout -q -
	git merge -q --no-edit side
	c[5]=$(git rev-parse --short=7 HEAD)
	for i in 5 4 3 2 1; do
		echo "t s ${c[i]} $i"
	done | rows_of worst_spread >rows
	order() {
		"$TREND" worst_spread --jq '[.series[].points[].values[0]] | map(tostring) | join(" ")' <"$WORK/rows"
	}
	run -0 order
	[[ $output == "1 2 3 4 5" || $output == "1 2 4 3 5" ]]
	git clone -q --bare . ../bare
	[ "$(cd ../bare && order)" = "$output" ]
	git clone -q --depth 1 "file://$PWD" ../shallow
	run -0 bash -c 'cd ../shallow && "$0" worst_spread --jq "[.series[].points[].values[0]], [.not_shown.commits[].commit] | length" <../work/rows' "$TREND"
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = 4 ]
}

@test "a commit is behind its parents whatever the clocks said" {
	git init -q
	for t in 2026-01-05 2026-01-01 2025-06-01 2026-01-03 2026-01-02; do
		GIT_COMMITTER_DATE="${t}T00:00:00Z" git commit -q --allow-empty -m "$t"
		c+=("$(git rev-parse --short=7 HEAD)")
	done
	for i in 3 0 4 1 2; do
		echo "t s ${c[i]} $i"
	done | rows_of worst_spread >rows
	run -0 "$TREND" worst_spread --jq '[.series[].points[].values[0]] | map(tostring) | join(" ")' <rows
	[ "$output" = "0 1 2 3 4" ]
	# a stretch in the middle
	for i in 3 1 2; do
		echo "t s ${c[i]} $i"
	done | rows_of worst_spread >rows
	run -0 "$TREND" worst_spread --jq '[.series[].points[].values[0]] | map(tostring) | join(" ")' <rows
	[ "$output" = "1 2 3" ]
}

@test "no repository, a broken one, no such metric, nothing to show" {
	rows_of worst_spread <<<"t s 1234567 1" >rows
	run -1 --separate-stderr "$TREND" worst_spread <rows
	[ -z "$output" ]
	[[ $stderr == *"error: open the project's repository: "* ]]
	commits 1
	run -1 --separate-stderr "$TREND" worst_spred <rows
	[[ $stderr == *"no metric is called 'worst_spred'; did you mean 'worst_spread'?"* ]]
	run -1 --separate-stderr "$TREND" qqqqqqqqqqqqqqqqq <rows
	[[ $stderr == *"'cargo ktstr stats list-metrics' lists them"* ]]
	run -1 --separate-stderr "$TREND" worst_spread --scheduler other <rows
	[[ $stderr == *"no results to show: nothing matches the filters"* ]]
	run -1 --separate-stderr "$TREND" worst_spread < <(tail -n1 rows)
	[[ $stderr == *"no results to show"* ]]
	run -2 "$TREND" <rows
	run -2 "$TREND" worst_spread --alpha 1.5 <rows
	run -2 --separate-stderr "$TREND" worst_spread --by test,colour <rows
	[[ $stderr == *"'colour' in --by"* ]]
	# an object that is not there
	rm -r .git/objects/??
	run -0 "$TREND" worst_spread <rows
	[[ $output == *"not in this repository"* ]]
	echo '[broken' >.git/config
	run -1 --separate-stderr "$TREND" worst_spread <rows
	[[ $stderr == *"error: open the project's repository: "* ]]
}

@test "series are made by what --by says, filters take their part" {
	commits 2
	rows_of worst_spread <<<"a scx_a ${c[1]} 1
a scx_b ${c[1]} 2
b scx_a ${c[2]} 3
b scx_b ${c[2]} 4" >rows
	count() {
		"$TREND" worst_spread "$@" --jq '[.series[].n] | map(tostring) | join(" ")' <"$WORK/rows"
	}
	[ "$(count)" = "1 1 1 1" ]
	[ "$(count --by scheduler)" = "2 2" ]
	[ "$(count --by test,scheduler)" = "1 1 1 1" ]
	[ "$(count --by kernel)" = 4 ]
	[ "$(count --by '')" = 4 ]
	[ "$(count --scheduler scx_a --by kernel)" = 2 ]
	[ "$(count --scheduler scx_a --scheduler scx_b --by kernel)" = 4 ]
	[ "$(count --kernel 6.14 --by kernel)" = 4 ]
	[ "$(count -E scx_b --by kernel)" = 2 ]
	"$TREND" worst_spread --by '' <rows | grep -qx 'all results'
	"$TREND" worst_spread --by scheduler <rows | grep -qx 'scx_a'
}

@test "the drawing is one SVG with marks, names escaped" {
	commits 6
	step | sed 's/"t"/"<t> \\u0026 \\"q\\""/' >rows
	run -0 "$TREND" worst_spread --plot out.svg <rows
	python3 - "${c[5]}" <<-'EOF'
		import sys, xml.etree.ElementTree as E
		ns = "{http://www.w3.org/2000/svg}"
		root = E.parse("out.svg").getroot()
		assert root.tag == ns + "svg" and float(root.get("height")) > 100 and root.get("viewBox").split()[:2] == ["0", "0"]
		texts = ["".join(t.itertext()) for t in root.iter(ns + "text")]
		assert any('<t> & "q"' in t for t in texts), texts
		assert f"regression at {sys.argv[1]}, +133.3 %" in texts
		assert len(list(root.iter(ns + "circle"))) == 18
		assert sum(l.get("class") == "mark" for l in root.iter(ns + "line")) == 1
		assert "20%" in texts and "n=18" in texts
		assert not list(root.iter(ns + "script")) and "http" not in open("out.svg").read().replace("http://www.w3.org/2000/svg", "")
	EOF
	mkdir dir
	run -1 --separate-stderr "$TREND" worst_spread --plot dir <rows
	[[ $stderr == *"dir"* ]]
}

@test "cargo ktstr stats trend reads the pool" {
	commits 2
	put "$RUNS/6.14.2-${c[1]}/a.ktstr.json" ".project_commit = \"${c[1]}\""
	put "$RUNS/6.14.2-${c[2]}/a.ktstr.json" ".project_commit = \"${c[2]}\""
	run -0 --separate-stderr cargo-ktstr stats trend worst_spread
	[[ $output == *"2 results of 2 commits in 1 series"* ]]
	run -0 cargo-ktstr stats trend worst_spread --dir "$RUNS" --jq '.series[0].points[1].commit'
	[ "$output" = "${c[2]}" ]
}
