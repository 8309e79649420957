# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Making results for tests. Load behind lib/common.

result_paths() {
	setup_paths
	export FIXTURES=$ROOT/t/fixtures/result
	export GOLDEN=$FIXTURES/golden.json
	export SIDECAR=$LIBEXEC/ktstr-sidecar
	export RUNS_PROGRAM=$LIBEXEC/ktstr-runs
	export COMPARE=$LIBEXEC/ktstr-compare
	export STATS=$LIBEXEC/ktstr-stats
	export GIT_CONFIG_GLOBAL=$BATS_TEST_TMPDIR/gitconfig GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	# a repository around the build tree is not this test's
	export WORK=$BATS_TEST_TMPDIR/work
	export GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR
	export CARGO_TARGET_DIR=$BATS_TEST_TMPDIR/target
	export KTSTR_RUN_ID=run-1
	export RUNS=$CARGO_TARGET_DIR/ktstr
	mkdir -p "$WORK"
	cd "$WORK" || return 1
}

# The smallest result a test program sends, changed by a jq program.
result() {
	jq -c "${1:-.}" <<-'EOF'
		{"type":"result","outcome":"pass","test_name":"t","topology":"1n1l1c1t","scheduler":"eevdf",
		 "passed":true,"skipped":false,"stats":{},"work_type":"SpinWait"}
	EOF
}

# put FILE [JQ]: the example result as a file, changed by a jq program.
put() {
	mkdir -p "${1%/*}"
	jq "${2:-.}" "$GOLDEN" >"$1"
}

# whole [ARGS...]: the whole results that are there.
whole() {
	"$SIDECAR" read --whole "$@" | jq -c 'select(.type == "sidecar")'
}

# rows [ARGS...]: the rows of the results that are there.
rows() {
	"$SIDECAR" read "$@" | jq -c 'select(.type == "row")'
}

repo() {
	mkdir -p "$1"
	git -C "$1" init -q
	echo one >"$1/file"
	git -C "$1" add file
	git -C "$1" commit -qm one
}

# rows_of METRIC: a whole record stream. Each line of stdin is
# TEST SCHEDULER COMMIT VALUE…, with - for no commit; a value of x is a
# failure, one of s a skip.
rows_of() {
	jq -Rc --arg m "$1" 'split(" ") as [$t, $s, $c] | split(" ")[3:] | to_entries[]
		| {type: "row", run: "6.14.2-\($c)", file: "\($t)-\(.key).ktstr.json", test: $t, topology: "1n2l4c2t",
			scheduler: $s, work_type: "SpinWait", kernel: "6.14.2",
			project_commit: (if $c == "-" then null else $c end), kernel_commit: null, run_source: "local",
			passed: (.value != "x" and .value != "s"), skipped: (.value == "s"),
			timestamp: "2026-04-18T10:22:31Z", run_id: "20260418T102150Z-0", host: null,
			metrics: (if .value | test("^[xs]$") then {} else {($m): (.value | tonumber)} end),
			ext: {}, payload: []}'
	echo '{"type":"pool","files":0,"rows":0,"corrupt":0,"unreadable":0}'
}
