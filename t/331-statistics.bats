#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The figures beside the verdicts, judged by scipy and by benchstat's examples.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
}

judge() {
	/usr/bin/python3 "$ROOT/t/lib/statistics.py" "$COMPARE" "$@"
}

@test "p, adjusted p and interval are scipy's, over samples of all sizes, ties included" {
	run -0 judge scipy
	[[ $output == *"p-values"* ]]
}

@test "the p of pass rates is Fisher's" {
	run -0 judge fisher
}

@test "19 of 20 intervals hold the truth" {
	run -0 judge coverage
}

@test "medians, change, p and n of benchstat's published examples come out" {
	run -0 judge benchstat "$FIXTURES/benchstat.json"
	[ "$output" = "41 benchmarks" ]
}
