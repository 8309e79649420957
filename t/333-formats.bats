#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A comparison for programs, spreadsheets, pull requests and CI services; and
# from the command line to the end with real result files.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	export KTSTR_LABEL="cargo ktstr"
	unset KTSTR_KERNEL
}

# Something of everything, with names no format likes.
pool() {
	jq -nc '
		def row(k; t): {type: "row", run: k, file: "f", test: t, topology: "1n2l4c2t", scheduler: "scx_a", work_type: "SpinWait",
			kernel: k, project_commit: "3f9c2ab", kernel_commit: null, run_source: "local", passed: true, skipped: false,
			timestamp: "t", run_id: "r", host: null, metrics: {}, ext: {}, payload: []};
		range(5) as $i | (
			(row("6.14"; "slow") | .metrics = {worst_spread: (10 + $i), total_iterations: 1000, worst_gap_ms: 0}),
			(row("6.15"; "slow") | .metrics = {worst_spread: (50 + $i), total_iterations: (2000 + $i), worst_gap_ms: 900}
				| .project_commit = (if $i == 0 then "3f9c2ab-dirty" else "3f9c2ab" end)),
			(row("6.14"; "a|b <c> & \"d\", `e`_*f*") | .metrics = {worst_spread: 10}),
			(row("6.15"; "a|b <c> & \"d\", `e`_*f*") | .metrics = {worst_spread: 90}),
			(row("6.14"; "line\nbreak\u0001\u007f é\uffff") | .metrics = {worst_spread: 10}),
			(row("6.15"; "line\nbreak\u0001\u007f é\uffff") | .metrics = {worst_spread: 10.5}),
			(row("6.14"; "broken")),
			(row("6.15"; "broken") | .passed = false),
			(row("6.15"; "new"))
		), {type: "pool", files: 1, rows: 1, corrupt: 0, unreadable: 0}'
}

compare() {
	pool | "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 "$@" 2>/dev/null
}

@test "JSON is one document with every figure" {
	compare --format json >out || [ $? = 1 ]
	jq -e '._schema_version == "1" and .slicing == ["kernel"] and .averaged and .alpha == null
		and .pairing == ["scenario", "scheduler", "topology", "work-type", "project-commit", "kernel-commit", "run-source"]
		and .sides.a == {label: "6.14", results: 20, hosts: 0}
		and .summary == {regressions: 4, improvements: 1, unchanged: 1, changed: 0, undecided: 0, pairs_compared: 3,
			pairs_partial: 0, pairs_skipped: 1, new_in_b: 1, removed_from_a: 0, one_sided_metrics: 0, too_few_runs: 0,
			results_on_both_sides: 0}' out
	jq -e '.findings[0] | .verdict == "regression" and .pair == "slow/scx_a/1n2l4c2t/SpinWait/3f9c2ab//local"
		and .scenario == "slow" and .metric == "worst_spread" and .unit == "%" and .polarity == "LowerBetter"
		and .a == {mean: 12, median: 12, n: 5, commit: "3f9c2ab", kernel_commit: null}
		and .b == {mean: 52, median: 52, n: 5, commit: "3f9c2ab+mixed", kernel_commit: null}
		and .delta == 40 and (.change_percent - 333.3333333333333 | fabs < 1e-9) and .enough_runs
		and (.p - 0.007936507936507936 | fabs < 1e-12) and .p_adjusted >= .p
		and (.interval_percent | .[0] < 333 and .[1] > 333)' out
	jq -e '[.findings[] | [.metric, .change_percent]] | index([["worst_gap_ms", null]])' out
	jq -e '.groups[] | select(.scenario == "broken") == {scenario: "broken", topology: "1n2l4c2t", work_type: "SpinWait",
		a: {passed: 5, total: 5}, b: {passed: 0, total: 5}}' out
	jq -e '.host_delta == null' out
	# what did not change is there when asked for
	[ "$(jq '.findings | length' out)" = 5 ]
	compare --json --all >all || [ $? = 1 ]
	[ "$(jq '[.findings[] | select(.verdict == "unchanged" and .interval_percent)] | length' all)" = 1 ]
}

@test "the JSON is what its schema says" {
	judge() {
		/usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document comparison <out
	}
	for more in "" "--all" "--no-average -E nothing" "--alpha 0.01"; do
		# shellcheck disable=SC2086
		if [[ $more == --no* ]]; then pool | jq -c 'select(.type != "row" or .test == "new")' >rows; else pool >rows; fi
		# shellcheck disable=SC2086
		"$COMPARE" --a-kernel 6.14 --b-kernel 6.15 --format json $more rows >out 2>/dev/null || [ $? = 1 ]
		[ ! -s out ] || judge
	done
	put "$RUNS/6.14.2-3f9c2ab/1.ktstr.json"
	put "$RUNS/6.15.0-3f9c2ab/1.ktstr.json" '.kernel_version = "6.15.0" | .host.arch = "aarch64" | .metrics[0].metrics[1].value = 5e4'
	"$SIDECAR" read --pool | "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 --all --json >out 2>/dev/null || [ $? = 1 ]
	judge
	jq -e '.host_delta[0].field == "arch" and ([.findings[] | select(.metric == "rps").polarity] == [{TargetValue: 15000}])' out
	# what separates the sides is neither's
	"$SIDECAR" read --pool | sed '/"6.15.0"/s/"scx_rusty"/"scx_b"/' |
		"$COMPARE" --a-scheduler scx_rusty --b-scheduler scx_b --a-kernel 6.14 --b-kernel 6.15 --all --json >out 2>/dev/null || [ $? = 1 ]
	judge
	jq -e '.findings[0] | .scheduler == null and .topology == "1n2l4c2t"' out
	# a document that is none is told
	jq '.extra = 1' out >more
	run ! /usr/bin/python3 "$ROOT/t/lib/schema.py" "$ROOT/share/schema" document comparison <more
}

@test "the largest numbers there are leave every format whole" {
	for k in 6.14 6.15; do
		for v in 1.7e308 1.7e308 -1.7e308 1e-320; do
			jq -nc --arg k $k --argjson v "$v" '{type: "row", run: $k, file: "f", test: "t", topology: "t", scheduler: "s",
				work_type: "w", kernel: $k, project_commit: null, kernel_commit: null, run_source: null, passed: true, skipped: false,
				timestamp: "t", run_id: "r", host: null, metrics: {}, ext: {big: 1.5e308, low: -1.5e308}, payload: []}
				| if $k == "6.15" then .ext = {big: $v, low: 1.7e308} else . end'
		done
	done >rows
	echo '{"type":"pool","files":8,"rows":8,"corrupt":0,"unreadable":0}' >>rows
	for format in table json csv markdown junit; do
		run -1 --separate-stderr "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 --all --format $format rows
		[[ $output != *nan* ]]
	done
	"$COMPARE" --a-kernel 6.14 --b-kernel 6.15 --all --json rows | jq -e '.findings | length == 2'
}

@test "--jq picks from the JSON and keeps the exit code" {
	run -1 compare --jq '.findings[].metric'
	[ "${lines[0]}" = worst_spread ]
	[ "${#lines[@]}" = 5 ]
}

@test "CSV reads back in another program, whatever names have in them" {
	compare --format csv --all >out || [ $? = 1 ]
	compare --format json --all >json || [ $? = 1 ]
	/usr/bin/python3 - <<-'EOF'
		import csv, json
		with open("out", newline="") as f: rows = list(csv.DictReader(f))
		want = json.load(open("json"))["findings"]
		assert len(rows) == len(want) == 6, len(rows)
		for row, f in zip(rows, want):
		    assert None not in row and None not in row.values(), row
		    assert row["verdict"].lower() == f["verdict"] and row["scenario"] == f["scenario"] and row["metric"] == f["metric"]
		    for key, value in (("a", f["a"]["mean"]), ("b", f["b"]["mean"]), ("delta", f["delta"]), ("p", f["p"]),
		                       ("p_adjusted", f["p_adjusted"]), ("n_a", f["a"]["n"]), ("change_percent", f["change_percent"])):
		        got = row[key]
		        if key.startswith("p") and not f["enough_runs"] or value is None: assert got == "", (key, row)
		        else: assert float(got) == value, (key, got, value)
		    assert row["commit_b"] == (f["b"]["commit"] or "")
	EOF
}

@test "JUnit is XML with a case for every metric" {
	compare --format junit >out || [ $? = 1 ]
	/usr/bin/python3 - <<-'EOF'
		import xml.etree.ElementTree as et
		top = et.parse("out").getroot()
		suite = top[0]
		cases = suite.findall("testcase")
		assert top.tag == "testsuites" and len(top) == 1 and suite.tag == "testsuite"
		assert suite.get("name") == "ktstr stats compare: 6.14 -> 6.15", suite.get("name")
		failed = [c for c in cases if c.find("failure") is not None]
		assert (int(suite.get("tests")), int(suite.get("failures")), int(suite.get("skipped"))) == (7, 4, 1), suite.attrib
		assert len(cases) == 7 and len(failed) == 4 and sum(c.find("skipped") is not None for c in cases) == 1
		assert cases[0].get("classname") == "slow/scx_a/1n2l4c2t/SpinWait/3f9c2ab//local" and cases[0].get("name") == "worst_spread"
		f = failed[0].find("failure")
		assert f.get("message") == "worst_spread 12.00% -> 52.00%, +333.33%" and f.get("type") == "regression", f.attrib
		assert "95 % interval" in f.text and "5 and 5 runs" in f.text
		names = [c.get("classname") for c in cases]
		assert any(n.startswith('a|b <c> & "d", `e`_*f*/') for n in names), names
	EOF
}

@test "labels with any bytes leave the XML well-formed and the Markdown plain" {
	pool | jq -c 'if .kernel == "6.14" then .kernel = "\u0002<&\ud83d\ude00" else . end' >rows
	"$COMPARE" --a-kernel $'\002<&\U1F600' --b-kernel $'6.15' --b-kernel $'\xff' --format junit rows >out 2>/dev/null || [ $? = 1 ]
	/usr/bin/python3 -c 'import xml.etree.ElementTree as e; e.parse("out")'
	"$COMPARE" --a-kernel $'\002<&\U1F600' --b-kernel 6.15 --format markdown rows >out 2>/dev/null || [ $? = 1 ]
	grep -qF '###  \<\&😀 ' out
	! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' out
}

@test "Markdown is a table as GitHub draws it, and its names mean themselves" {
	compare --format markdown >out || [ $? = 1 ]
	cmark-gfm -e table -e strikethrough -e autolink -e tagfilter --unsafe out >html
	/usr/bin/python3 - <<-'EOF'
		import html.parser
		class Tables(html.parser.HTMLParser):
		    def __init__(self): super().__init__(); self.tables = []; self.cell = None; self.tags = set()
		    def handle_starttag(self, tag, attrs):
		        self.tags.add(tag)
		        if tag == "table": self.tables.append([])
		        elif tag == "tr": self.tables[-1].append([])
		        elif tag in ("td", "th"): self.cell = ""
		    def handle_endtag(self, tag):
		        if tag in ("td", "th"): self.tables[-1][-1].append(self.cell); self.cell = None
		    def handle_data(self, data):
		        if self.cell is not None: self.cell += data
		t = Tables(); t.feed(open("html").read())
		findings, groups = t.tables
		assert findings[0][:5] == ["verdict", "test", "metric", "6.14", "6.15"], findings[0]
		assert len(findings) == 6 and all(len(row) == 11 for row in findings), findings
		assert findings[1][0].endswith("REGRESSION") and findings[1][5] == "+333.33%", findings[1]
		assert findings[1][9] == "3f9c2ab → 3f9c2ab+mixed", findings[1]
		assert any('a|b <c> & "d", `e`_*f*' in row[1] for row in findings), findings
		assert len(groups) == 6 and all(len(row) == 3 for row in groups), groups
		assert not t.tags & {"c", "em", "code", "del"}, t.tags
		assert "details" in t.tags
	EOF
	grep -q '^\*\*4 regression(s)\*\*, 1 improvement(s), 1 unchanged' out
	# nothing to tell is told
	pool | "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 -E "line" --format markdown >out 2>/dev/null
	grep -qx 'Nothing changed beyond its threshold.' out
}

@test "every format ends alike: 1 on a regression, 0 without" {
	for format in table json csv markdown junit; do
		run -1 compare --format "$format"
		[ -n "$output" ]
		run -0 compare --format "$format" -E line
		[ -n "$output" ]
	done
	run -1 bash -c '"$0" --a-kernel 6.14 --b-kernel 6.15 >/dev/full' "$COMPARE" < <(pool)
}

# --- the manual ---------------------------------------------------------------

@test "the manual's examples run" {
	for k in 6.14.2 6.15.0; do
		for i in 1 2 3 4; do
			put "$RUNS/$k-3f9c2ab/$i.ktstr.json" ".kernel_version = \"$k\" | .project_commit = \"3f9c2ab\""
		done
	done
	put "$RUNS/6.15.0-3f9c2ab/ci.ktstr.json" '.run_source = "ci"'
	repo project
	cd project
	git branch -M main
	git commit -q --allow-empty -m two
	put "$RUNS/main/1.ktstr.json" ".project_commit = \"$(git rev-parse --short=7 HEAD~1)\""
	put "$RUNS/head/1.ktstr.json" ".project_commit = \"$(git rev-parse --short=7 HEAD)\""
	# what would be another machine
	script "$TMPDIR/ssh" <<<'shift; exec "$@"'
	export PATH=$TMPDIR:$LIBEXEC:$PATH
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl //p' "$ROOT/share/man/ktstr-compare.1.in" >examples
	[ "$(wc -l <examples)" = 3 ]
	while read -r line; do
		run --separate-stderr bash -o pipefail -c "$line"
		[ "$status" -le 1 ] && [ -n "$output" ] || { echo "$line: $stderr"; return 1; }
	done <examples
}

# --- from files to exit code ------------------------------------------------

@test "cargo ktstr stats compare reads the pool, --dir another one" {
	for i in 1 2 3 4; do
		put "$RUNS/6.14.2-3f9c2ab/$i.ktstr.json" '.metrics = [] | .project_commit = "3f9c2ab"'
		put "$RUNS/6.15.0-3f9c2ab/$i.ktstr.json" '.metrics = [] | .project_commit = "3f9c2ab" | .kernel_version = "6.15.0"
			| .stats.worst_spread = 20 | .host.kernel_release = "6.12.1" | .host.heap_state = null'
	done
	echo '{' >"$RUNS/6.15.0-3f9c2ab/corrupt.ktstr.json"
	run -1 --separate-stderr cargo-ktstr ktstr stats compare --a-kernel 6.14 --b-kernel 6.15 --scheduler scx_rusty
	[ "${lines[2]}" = "averaged across 4 runs (6.14) and 4 runs (6.15)" ]
	[[ ${lines[4]} == " cgroup_steady/scx_rusty/1n2l4c2t/SpinWait/3f9c2ab//local  worst_spread  8.25  20.00  +11.75%  REGRESSION "* ]]
	[[ $output == *$'\nhost delta (\'6.14\' → \'6.15\'):\n  kernel_release: 6.11.0 → 6.12.1' ]]
	[[ $stderr == *"ktstr_test: skipping $RUNS/6.15.0-3f9c2ab/corrupt.ktstr.json"* ]]
	# the records are a stream like any other
	"$SIDECAR" read --pool >rows 2>/dev/null
	diff <("$COMPARE" --a-kernel 6.14 --b-kernel 6.15 rows) <("$COMPARE" --a-kernel 6.14 --b-kernel 6.15 <rows)
	"$SIDECAR" read --pool --whole >whole 2>/dev/null
	diff <("$COMPARE" --a-kernel 6.14 --b-kernel 6.15 rows) <("$COMPARE" --a-kernel 6.14 --b-kernel 6.15 whole)
	mv "$RUNS" "$WORK/archived"
	run -1 --separate-stderr cargo-ktstr ktstr stats compare --a-kernel 6.14 --b-kernel 6.15 --dir "$WORK/archived" --run-source archive --json
	[ "$(jq -c '[.sides[].results]' <<<"$output")" = "[4,4]" ]
	run -1 --separate-stderr cargo-ktstr ktstr stats compare --a-kernel 6.14 --b-kernel 6.15
	[[ $stderr == *"error: stats compare: no sidecar data found under $RUNS. "* ]]
	run -1 --separate-stderr cargo-ktstr ktstr stats compare --a-kernel 6.14 --b-kernel 6.15 --dir "$WORK/none"
	[[ $stderr == *"no sidecar data found under $WORK/none. "* ]]
	run -2 cargo-ktstr ktstr stats compare --a-kernel 6.14 --b-kernel 6.15 --threshold x
	run -1 --separate-stderr cargo-ktstr ktstr stats compare
	[[ $stderr == *"Specify at least one per-side filter"* ]]
}

@test "a stream that is cut or is none is said, not compared in silence" {
	pool >rows
	head -c -40 rows >cut
	run -1 "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 cut
	[[ $output == *"cut short"* ]]
	echo nonsense >bad
	run -1 "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 bad
	[[ $output == *"line 1 of the record stream"* ]]
	run -1 "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 missing
	[[ $output == *"open missing: No such file"* ]]
	run -1 "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 .
	# the last record says that all is there
	sed '$d' rows >short
	run -1 --separate-stderr "$COMPARE" --a-kernel 6.14 --b-kernel 6.15 short
	[ -n "$stderr" ]
}
