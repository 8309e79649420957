#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2030,SC2031
# libktstr seen from outside: a test program as nextest and the VM drive it.

bats_require_minimum_version 1.5.0
load lib/common
load lib/cache

setup() {
	setup_paths
	TOOLS=$(dirname "$LIBEXEC")/t/tool
	TESTS=$TOOLS/sample-tests
	UNIT=$TOOLS/runtime
	cd "$BATS_TEST_TMPDIR" || return
	export OUT=$BATS_TEST_TMPDIR/out
	export KTSTR_LIBEXEC=$BATS_TEST_TMPDIR/libexec
	mkdir -p "$OUT" "$KTSTR_LIBEXEC" kernel
	echo image >kernel/bzImage
	script "$KTSTR_LIBEXEC/ktstr-sidecar" <<-'EOF'
		[ "$1" = write ] || exit 2
		cat >>"$OUT/sidecars"
		echo "$OUT/sidecars"
	EOF
	touch "$OUT/sidecars"
	vm_says <<<'echo "no VM was expected" >&2; exit 1'
}

# A double of ktstr-vm: keeps the request, then does what stdin says. Its
# helpers print events.
vm_says() {
	{
		cat <<-'EOF'
			[ "$1" = run ] || exit 2
			IFS= read -r request
			printf '%s\n' "$request" >"$OUT/request"
			say() { printf '%s\n' "$1"; }
			boot() {
				say '{"type":"boot","accel":"tcg","accel_reason":"asked","qemu_pid":1,"kernel":"k","topology":"t","cpus":2,"memory_mb":2048}'
				say '{"type":"console","line":"[    0.1] hello"}'
				say '{"type":"init","kernel_release":"6.12.9","cpus":2,"uptime_ms":900}'
			}
			payload() { boot; say '{"type":"payload","pid":40}'; }
			result() { # PASSED SKIPPED DETAILS
				say "{\"type\":\"result\",\"passed\":$1,\"skipped\":${2:-false},\"details\":[${3-}],\"stats\":{\"cgroups\":[],\"total_workers\":4,\"total_cpus\":2,\"total_migrations\":7,\"worst_spread\":12.5,\"worst_gap_ms\":31}}"
			}
			end() { # REASON CODE DETAIL
				say "{\"type\":\"exit\",\"reason\":\"$1\",\"code\":${2:-null},\"detail\":\"${3-}\",\"wall_ms\":5}"
			}
		EOF
		cat
	} | script "$KTSTR_LIBEXEC/ktstr-vm"
	export KTSTR_KERNEL=$BATS_TEST_TMPDIR/kernel
}

# Two schedulers where the sample's tests look for them.
with_scheduler() {
	script "$BATS_TEST_TMPDIR/sched" <<<'exit 0'
	export KTSTR_SCHEDULER=$BATS_TEST_TMPDIR/sched
}

runs() {
	run --separate-stderr "$TESTS" --exact "$1" --nocapture
}

# The same where the host has no kernel of its own to offer.
runs_without_host_kernel() {
	# shellcheck disable=SC2016
	run --separate-stderr unshare -rm bash -c 'for dir in /boot /lib/modules; do
			[ ! -d $dir ] || mount -t tmpfs none $dir || exit 99
		done
		exec "$@"' _ "$TESTS" --exact "$1" --nocapture
}

# The only sidecar's value of a jq path.
sidecar() {
	[ "$(wc -l <"$OUT/sidecars")" -eq 1 ] || return 1
	jq -r "$1" "$OUT/sidecars"
}

# --- listing ---------------------------------------------------------------

@test "a list has one line a test, in order of registration, and nothing else on stdout" {
	run -0 --separate-stderr "$TESTS" --list --format terse
	[ "${lines[0]}" = "ktstr/boots: test" ]
	[ "${lines[1]}" = "ktstr/under_simple: test" ]
	run ! grep -v ': test$' <<<"$output"
}

@test "the ignored list has the gauntlet and the demo_ tests, no other base tests" {
	export KTSTR_NO_PERF_MODE=1
	run -0 --separate-stderr "$TESTS" --list --format terse --ignored
	grep -qx 'ktstr/demo_slow: test' <<<"$output"
	run ! grep -v -e '^gauntlet/' -e '^ktstr/demo_slow: test$' <<<"$output"
}

@test "the full list holds every line of the ignored one" {
	"$TESTS" --list --format terse 2>/dev/null | sort >all
	"$TESTS" --list --format terse --ignored 2>/dev/null | sort >ignored
	[ -s ignored ]
	[ -z "$(comm -13 all ignored)" ]
}

@test "two kernels double every test that needs one and leave host_only tests alone" {
	"$TESTS" --list --format terse 2>/dev/null >one
	KTSTR_KERNEL_LIST="6.14.2=/a;git_tj_sched_ext_for-next=/b" "$TESTS" --list --format terse 2>/dev/null >two
	hosts=$(grep -c '^ktstr/on_host' one)
	[ "$hosts" -eq 8 ]
	[ "$(grep -c '^ktstr/on_host[a-z_]*: test$' two)" -eq "$hosts" ]
	[ "$(wc -l <two)" -eq $((($(wc -l <one) - hosts) * 2 + hosts)) ]
	grep -qx 'ktstr/boots/kernel_6_14_2: test' two
	grep -qx 'ktstr/boots/kernel_git_tj_sched_ext_for_next: test' two
	run ! grep -Ev '^[a-z]+/[^/]+(/[^/]+)?/kernel_[a-z0-9_]+: test$' <(grep -v on_host two)
}

@test "one kernel in the list changes no name, and neither do broken segments" {
	"$TESTS" --list --format terse 2>/dev/null >none
	KTSTR_KERNEL_LIST=" 6.14.2 = /a ;;=x;y=;" "$TESTS" --list --format terse 2>/dev/null >one
	cmp none one
}

@test "plain cargo test mode lists no variants and no kernels" {
	export KTSTR_CARGO_TEST_MODE=1 KTSTR_NO_PERF_MODE=1 KTSTR_KERNEL_LIST="a=/a;b=/b"
	run -0 --separate-stderr "$TESTS" --list --format terse
	run ! grep -e gauntlet/ -e kernel_ <<<"$output"
}

@test "a name registered twice is warned about once and the first one runs" {
	run -0 --separate-stderr "$TESTS" --list --format terse
	[ "$(grep -c "warning: ktstr_test: duplicate test name 'on_host'" <<<"$stderr")" -eq 1 ]
	[ "$(grep -cx 'ktstr/on_host: test' <<<"$output")" -eq 1 ]
	runs ktstr/on_host
	[ "$status" -eq 0 ]
}

@test "listing needs no kernel and no time" {
	unset KTSTR_KERNEL
	mkdir -p "$KTSTR_CACHE_DIR"
	chmod 000 "$KTSTR_CACHE_DIR"
	run -0 --separate-stderr bash -c 'ulimit -t 1; exec "$0" --list --format terse' "$TESTS"
	chmod 700 "$KTSTR_CACHE_DIR"
}

@test "every listed name is a name that runs" {
	export KTSTR_KERNEL_LIST="6.14.2=/a;6.15=/b" KTSTR_NO_PERF_MODE=1
	while read -r name; do
		run --separate-stderr "$TESTS" --exact "${name%: test}" --nocapture
		[[ $stderr != *"unknown"* && $stderr != *"malformed"* && $stderr != *"suffix"* ]]
	done < <("$TESTS" --list --format terse 2>/dev/null | grep -v on_host)
}

@test "the schedulers are one line of JSON" {
	run -0 --separate-stderr "$TESTS" --ktstr-list-schedulers
	[ "${#lines[@]}" -eq 1 ]
	[ "$(jq -r '.[0] | .name + " " + .binary_kind.kind + " " + .binary_kind.value' <<<"$output")" = \
		"scx_simple discover scx_simple" ]
	[ "$(jq -r '.[0].topology.num_llcs' <<<"$output")" = 2 ]
	[ "$(jq -r '.[] | select(.name == "tuned") | .sched_args[0]' <<<"$output")" = -v ]
}

@test "a budget lists a part in the same order and says how much it is" {
	export KTSTR_NO_PERF_MODE=1
	"$TESTS" --list --format terse 2>/dev/null >all
	KTSTR_BUDGET_SECS=60 run -0 --separate-stderr "$TESTS" --list --format terse
	[ "${#lines[@]}" -gt 1 ]
	[ "${#lines[@]}" -lt "$(wc -l <all)" ]
	[ "$(grep -Fxf <(printf '%s\n' "${lines[@]}") all)" = "$output" ]
	[[ $stderr =~ ktstr\ budget:\ ${#lines[@]}/$(wc -l <all)\ tests,\ [0-9]+/60s\ used,\ [0-9]+/[0-9]+\ configurations\ covered ]]
}

@test "the first choice of a budget is what covers most in a second" {
	# 3 s buy one host_only test of 1 s: 2 s of overhead and the test's own
	KTSTR_BUDGET_SECS=3 run -0 --separate-stderr "$TESTS" --list --format terse
	[ "$output" = "ktstr/on_host: test" ]
	[[ $stderr == *" tests, 3/3s used, "* ]]
	KTSTR_BUDGET_SECS=1 run -0 --separate-stderr "$TESTS" --list --format terse
	[ -z "$output" ]
}

@test "a budget that is no time is ignored with a warning" {
	"$TESTS" --list --format terse 2>/dev/null >all
	for bad in -5 0 soon 1x nan; do
		KTSTR_BUDGET_SECS=$bad run -0 --separate-stderr "$TESTS" --list --format terse
		[ "$output" = "$(cat all)" ]
		[[ $stderr == *"ignoring"* ]]
	done
	KTSTR_BUDGET_SECS=-5 run -0 --separate-stderr "$TESTS" --list --format terse
	[[ $stderr == *"must be positive, ignoring"* ]]
}

# --- names and presets -----------------------------------------------------

@test "kernel labels become words of a test name" {
	run -0 "$UNIT" label 6.14.2 6.15-rc3 git_tj_sched_ext_for-next path_linux_a3f2b1 --Odd--
	[ "${lines[0]}" = kernel_6_14_2 ]
	[ "${lines[1]}" = kernel_6_15_rc3 ]
	[ "${lines[2]}" = kernel_git_tj_sched_ext_for_next ]
	[ "${lines[3]}" = kernel_path_linux_a3f2b1 ]
	[ "${lines[4]}" = kernel_odd ]
}

@test "a topology is four numbers with their letters and nothing else" {
	run -0 "$UNIT" topology 2n4l8c2t
	[ "$output" = 64 ]
	for bad in "" 1n2l4c 1n2l4c2t1 0n1l1c1t 1l1n1c1t 1n1l1c-1t 1n1l1c99999999999t; do
		run -1 "$UNIT" topology "$bad"
		[[ $output == *"invalid --ktstr-topo format '$bad' (expected NnNlNcNt, e.g. 1n2l4c2t)"* ]]
	done
	run -1 "$UNIT" topology 2n3l1c1t
	[[ $output == *"invalid topology '2n3l1c1t': llcs (3) must be divisible by numa_nodes (2)"* ]]
	run -1 "$UNIT" topology 2s4c2t
	[[ $output == *"invalid --ktstr-topo format '2s4c2t'"* ]]
}

@test "constraints choose presets" {
	[ "$(uname -m)" = x86_64 ] || skip "presets with threads are x86"
	run -0 "$UNIT" presets min_llcs=2 smt=1
	[ "${lines[*]}" = "smt-2llc smt-3llc medium-4llc medium-8llc large-4llc large-8llc" ]
	run -0 "$UNIT" presets
	[ "${#lines[@]}" -eq 15 ]
	run -0 "$UNIT" presets max_numa=4294967295 max_llcs=4294967295 max_cpus=4294967295
	[ "${#lines[@]}" -eq 24 ]
	[ "${lines[23]}" = numa4-12llc ]
}

@test "the host limits presets by CPUs, LLCs and their width, or by CPUs alone without performance mode" {
	run -0 "$UNIT" presets cpus=16 llcs=2 width=8
	[ "${lines[*]}" = "tiny-1llc tiny-2llc smt-2llc" ] || [ "${lines[*]}" = "tiny-1llc tiny-2llc" ]
	run -0 "$UNIT" presets cpus=4 llcs=1 width=4
	[ "${lines[*]}" = "tiny-1llc" ]
	run -0 "$UNIT" presets cpus=4 llcs=1 width=4 no_perf=1
	[ "${lines[*]}" = "tiny-1llc tiny-2llc" ]
}

@test "sets of CPUs are read and written as ranges" {
	run -0 "$UNIT" cpus 3,0-1,5-7,2
	[ "$output" = "0-3,5-7 7" ]
	for bad in 1- -1 a 3-1 1,,2 99999; do
		run -1 "$UNIT" cpus "$bad"
	done
}

@test "names that name nothing are errors" {
	while IFS='|' read -r name text; do
		runs "$name"
		[ "$status" -eq 1 ]
		[[ $stderr == *"$text"* ]]
	done <<-'EOF'
		ktstr/nope|unknown test: nope
		nope|unknown test: nope
		gauntlet/nope/tiny-1llc|unknown test: nope
		gauntlet/boots/nope|unknown gauntlet preset: nope
		gauntlet/boots|invalid gauntlet test name
		gauntlet/on_host/tiny-1llc|invalid gauntlet test name
		ktstr/|malformed
		gauntlet/|malformed
		verifier/a/b/c|unknown test
	EOF
	runs ktstr/boot
	[[ $stderr == *"did you mean 'boots'"* ]]
	[ ! -s "$OUT/sidecars" ]
}

@test "--exact without a name and no role at all say what is wanted" {
	run -1 --separate-stderr "$TESTS" --exact
	[[ $stderr == *"--exact requires a test name"* ]]
	run -1 --separate-stderr "$TESTS"
	[[ $stderr == *"usage: sample-tests --list --format terse [--ignored]"* ]]
	[ -z "$output" ]
}

@test "with several kernels a name picks one, and host_only names need none" {
	vm_says <<<'payload; result true; end done 0'
	mkdir other
	echo image >other/bzImage
	export KTSTR_KERNEL_LIST="6.14.2=$PWD/kernel;6.15=$PWD/other"
	runs ktstr/boots/kernel_6_15
	[ "$status" -eq 0 ]
	[ "$(jq -r .kernel "$OUT/request")" = "$PWD/other" ]
	[ "$(sidecar .kernel_label)" = 6.15 ]
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"has no recognised kernel suffix (KTSTR_KERNEL_LIST carries 2 kernels)"* ]]
	runs ktstr/on_host_skips
	[ "$status" -eq 0 ]
}

@test "a variant's kernel is not replaced by KTSTR_TEST_KERNEL" {
	vm_says <<<'payload; result true; end done 0'
	mkdir other
	echo image >other/bzImage
	export KTSTR_KERNEL_LIST="6.14.2=$PWD/kernel;6.15=$PWD/other" KTSTR_TEST_KERNEL=$PWD/kernel/bzImage
	runs ktstr/boots/kernel_6_15
	[ "$(jq -r .kernel "$OUT/request")" = "$PWD/other" ]
}

# --- thresholds and checks -------------------------------------------------

@test "thresholds merge the test's over the scheduler's" {
	run -0 --separate-stderr "$TESTS" --ktstr-show-thresholds=under_simple
	[ "${lines[0]}" = "Test: under_simple" ]
	[ "${lines[1]}" = "Scheduler: scx_simple" ]
	[ "${lines[2]}" = "Resolved assertion thresholds:" ]
	[ "${lines[3]}" = "  not_starved                           : true" ]
	[ "${lines[5]}" = "  max_gap_ms                            : 2500" ]
	[ "${lines[6]}" = "  max_spread_pct                        : 80" ]
	[ "${lines[21]}" = "  max_slow_tier_ratio                   : none" ]
	[ "${#lines[@]}" -eq 22 ]
}

@test "thresholds of an unknown test suggest the nearest" {
	run -1 --separate-stderr "$TESTS" --ktstr-show-thresholds=under_simpel
	# shellcheck disable=SC2016
	[[ $stderr == *'no registered ktstr test named '"'under_simpel'"'. Did you mean `under_simple`? Run `cargo nextest list` to see the available test names'* ]]
	run -1 --separate-stderr "$TESTS" --ktstr-show-thresholds=zzzzzzzzzzzzzzzzzzzzzz
	[[ $stderr != *"Did you mean"* ]]
}

# check WORKERS ARGS…: the details, a line each
check() {
	local workers=$1

	shift
	printf '%b' "$workers" | "$UNIT" check "$@" >result.json
	jq -r '.details[].message' result.json
}

@test "a worker without work units is starved" {
	run -0 check 'tid=7 work=0\ntid=8\n' not_starved=on
	[ "$output" = "tid 7 starved (0 work units)" ]
	[ "$(jq -r '.details[0].kind, .passed' result.json)" = $'Starved\nfalse' ]
}

@test "nothing is checked that was not asked for, but the figures are kept" {
	run -0 check 'tid=7 work=0 gap_ms=9000 migrations=3\n'
	[ -z "$output" ]
	[ "$(jq -r '.passed, .stats.worst_gap_ms, .stats.total_migrations' result.json)" = $'true\n9000\n3' ]
}

@test "spread is the difference of off-CPU shares, with one limit for debug and one for release" {
	two='tid=1 off_ms=100 on=0\ntid=2 off_ms=300 on=1\n'
	run -0 check "$two" not_starved=on
	[ -z "$output" ]
	run -0 check "$two" not_starved=on release=1
	[ "$output" = "unfair cgroup: spread=20% (10-30%) 2 workers on 2 cpus (threshold 15%)" ]
	run -0 check "$two" not_starved=on max_spread_pct=19.5
	[[ $output == *"(threshold 20%)" || $output == *"(threshold 19%)" ]]
	run -0 check 'off_ms=900\n' not_starved=on
	[ -z "$output" ]
	[ "$(jq -r '.stats.cgroups[0].avg_off_cpu_pct' result.json)" = 90.0 ] ||
		[ "$(jq -r '.stats.cgroups[0].avg_off_cpu_pct' result.json)" = 90 ]
}

@test "a long gap is a stuck worker, 3 s in debug and 2 s in release builds" {
	worker='tid=5 gap_ms=2500 gap_cpu=3 gap_at_ms=4000\n'
	run -0 check "$worker" not_starved=on
	[ -z "$output" ]
	run -0 check "$worker" not_starved=on release=1
	[ "$output" = "tid 5 stuck 2500ms on cpu3 at +4000ms (threshold 2000ms)" ]
	run -0 check "$worker" not_starved=on max_gap_ms=500
	[ "$output" = "tid 5 stuck 2500ms on cpu3 at +4000ms (threshold 500ms)" ]
	run -0 check "$worker" max_gap_ms=500
	[ -z "$output" ]
}

@test "a worker outside its cpuset breaks isolation" {
	run -0 check 'tid=5 on=1-2\ntid=6 on=1\n' isolation=on cpuset=0-1
	[ "$output" = "tid 5 ran on cpu 2 outside the cpuset 0-1 of cgroup cell" ]
	run -0 check 'tid=5 on=1-2\n' isolation=on
	[ -z "$output" ]
}

@test "rates are per CPU second and per wall second, variation is stddev over mean" {
	run -0 check 'tid=1 work=1000 cpu_ms=500 iterations=50 wall_ms=2000\n' min_work_rate=2001 min_iteration_rate=26
	[ "${lines[0]}" = "tid 1 work rate 2000.0/cpu_s below floor 2001.0" ]
	[ "${lines[1]}" = "tid 1 iteration rate 25.0/s below floor 26.0" ]
	run -0 check 'work=1000 cpu_ms=1000\nwork=3000 cpu_ms=1000\n' max_throughput_cv=0.49
	[[ $output == "throughput CV 0.5000 "* ]]
	run -0 check 'work=1000 cpu_ms=1000\nwork=3000 cpu_ms=1000\n' max_throughput_cv=0.51
	[ -z "$output" ]
	run -0 check 'cpu_ms=0\n' max_throughput_cv=9
	[[ $output == *"undefined"* ]]
}

@test "the migration ratio is migrations per iteration" {
	run -0 check 'migrations=30 iterations=100\nmigrations=20 iterations=100\n' max_migration_ratio=0.2
	[[ $output == "migration ratio 0.2500 "* ]]
	run -0 check 'migrations=30 iterations=100\nmigrations=20 iterations=100\n' max_migration_ratio=0.3
	[ -z "$output" ]
}

@test "a limit nothing is measured for yet is named, not passed in silence" {
	run -0 "$TESTS" --ktstr-test-fn on_host_with_limits
	[[ $output == *"max_p99_wake_latency_ns=5000 is not evaluated by this version"* ]]
	[[ $output != *"max_gap_ms"* ]]
}

@test "a worker that gave no report fails the test" {
	run -0 check 'tid=9 lost=137\n'
	[[ $output == *"tid 9"*"gave no report (exit code 137)" ]]
}

# --- host_only -------------------------------------------------------------

@test "a host_only test works its workers here and leaves its figures" {
	runs ktstr/on_host
	[ "$status" -eq 0 ]
	[ "$(sidecar '.outcome, .passed, .stats.total_workers, .stats.ext_metrics.answer')" = $'pass\ntrue\n2\n42' ] ||
		[ "$(sidecar '.stats.ext_metrics.answer')" = 42.0 ]
	[ "$(sidecar '.stats.total_iterations > 1000')" = true ]
	[ "$(sidecar '.stimulus_events | length')" -eq 1 ]
	[ "$(sidecar '.stimulus_events[0] | has("type")')" = false ]
	[ "$(sidecar '.stimulus_events[0].detail')" = "2 cgroups, 2 workers" ]
	[ ! -e "$OUT/request" ]
}

@test "workers end when their test is killed" {
	"$TESTS" --exact ktstr/on_host 3>&- &
	test=$!
	wait_for 5 eval '[ "$(pgrep -cP "$test")" = 2 ]'
	mapfile -t workers < <(pgrep -P "$test")
	kill -9 "$test"
	wait_for 5 gone "${workers[@]}"
}

@test "a failing host_only test says why" {
	runs ktstr/on_host_fails
	[ "$status" -eq 1 ]
	[ "$stderr" = $'ktstr_test \'on_host_fails\' failed:\n  two and two are 5' ]
	[ "$(sidecar .outcome)" = fail ]
	[[ $(sidecar .failure) == *"two and two are 5"* ]]
}

@test "a test that skips itself passes without the banner" {
	runs ktstr/on_host_skips
	[ "$status" -eq 0 ]
	[[ $stderr != *"ktstr: SKIP: "* && $stderr == *"nothing to see"* ]]
	[ "$(sidecar '.outcome, .passed, .skipped')" = $'skip\ntrue\ntrue' ]
}

@test "what needs a cgroup is an error on the host" {
	runs ktstr/on_host_wants_weight
	[ "$status" -eq 1 ]
	[[ $stderr == *"step 0 failed: cgroup a: host_only tests have no cgroups"* ]]
}

@test "a worker that does not get the CPUs it was to have is a failure" {
	runs ktstr/on_host_elsewhere
	[ "$status" -eq 1 ]
	[[ $stderr == *"of cgroup a could not be kept on its CPUs: Invalid argument"* ]]
}

@test "an expected error is a pass and a missing one a failure" {
	runs ktstr/on_host_expects_error
	[ "$status" -eq 0 ]
	[ "$(sidecar .outcome)" = pass ]
	: >"$OUT/sidecars"
	runs ktstr/on_host_misses_error
	[ "$status" -eq 1 ]
	[[ $stderr == *"expected error but test passed"* ]]
}

@test "a sidecar that cannot be written only warns" {
	script "$KTSTR_LIBEXEC/ktstr-sidecar" <<<'exit 1'
	runs ktstr/on_host_skips
	[ "$status" -eq 0 ]
	[[ $stderr == *"skip-sidecar write failed for on_host_skips"* ]]
	rm "$KTSTR_LIBEXEC/ktstr-sidecar"
	runs ktstr/on_host_expects_error
	[ "$status" -eq 0 ]
	[[ $stderr == *"sidecar write failed for on_host_expects_error"* ]]
}

# --- in front of the VM ----------------------------------------------------

@test "without a kernel a test is skipped, with or without --no-skip-mode" {
	unset KTSTR_KERNEL
	export KTSTR_NO_SKIP_MODE=
	runs_without_host_kernel ktstr/boots
	[ "$status" -eq 0 ]
	[[ $stderr == "ktstr: SKIP: harness not configured: "* ]]
	[ "$(sidecar '.outcome, .work_type')" = $'skip\nskipped' ]
}

@test "a kernel that was named and is not there is a failure" {
	for kernel in "$PWD/nowhere" "$PWD/libexec" 6.99.1; do
		KTSTR_KERNEL=$kernel runs ktstr/boots
		[ "$status" -eq 1 ]
		[[ $stderr == *"KTSTR_KERNEL=$kernel "* ]]
	done
	for kernel in 6.12..6.14 6.12..=6.14 'git+https://h/r.git#v6.14'; do
		KTSTR_KERNEL=$kernel runs ktstr/boots
		[ "$status" -eq 1 ]
		[[ $stderr == *"KTSTR_KERNEL=$kernel: multi-kernel specs (ranges, git sources) are not supported in env-var form"* ]]
	done
}

@test "the newest cache entry is used when nothing names a kernel, or the one of a version" {
	vm_says <<<'payload; result true; end done 0'
	unset KTSTR_KERNEL
	for v in 6.12.9 6.14.2; do
		entry $v ".version = \"$v\" | .built_at = \"2026-01-02T00:${v#*.}:00Z\" | .has_vmlinux = true"
		guest_vmlinux "$KTSTR_CACHE_DIR/$v/vmlinux"
	done
	KTSTR_KERNEL=6.12.9 runs ktstr/boots
	[ "$status" -eq 0 ]
	[ "$(jq -r .kernel "$OUT/request")" = "$KTSTR_CACHE_DIR/6.12.9" ]
	runs ktstr/boots
	[ "$status" -eq 0 ]
	[ "$(jq -r .kernel "$OUT/request")" = "$KTSTR_CACHE_DIR/6.14.2" ]
}

@test "a cached kernel without a usable vmlinux is passed over for an older one, and for trees nearby" {
	vm_says <<<'payload; result true; end done 0'
	unset KTSTR_KERNEL
	mkdir -p here/linux linux/arch/x86/boot linux/arch/arm64/boot
	echo image | tee "here/linux/$IMAGE" linux/arch/x86/boot/bzImage >linux/arch/arm64/boot/Image
	entry newer '.built_at = "2026-01-02T00:00:00Z"'
	entry older '.built_at = "2026-01-01T00:00:00Z" | .has_vmlinux = true'
	guest_vmlinux "$KTSTR_CACHE_DIR/older/vmlinux"
	cd here
	# each is taken until it is gone
	for kernel in "$KTSTR_CACHE_DIR/older" "$PWD/linux" "${PWD%/*}/linux"; do
		runs ktstr/boots
		[ "$status" -eq 0 ]
		[ "$(jq -r .kernel "$OUT/request")" = "$kernel" ]
		[[ $stderr == *"warning: skipping cached kernel with unusable vmlinux: newer: it has none"* ]]
		rm -rf "$kernel"
	done
	# named, it is good enough
	KTSTR_KERNEL=newer runs ktstr/boots
	[ "$(jq -r .kernel "$OUT/request")" = "$KTSTR_CACHE_DIR/newer" ]
	: >"$OUT/sidecars"
	runs_without_host_kernel ktstr/boots
	[[ $stderr == *"warning: skipping cached kernel with unusable vmlinux: newer"*"ktstr: SKIP: harness not configured: no kernel found"* ]]
	[ "$(sidecar .outcome)" = skip ]
}

@test "performance mode is skipped where it is off or does not fit" {
	KTSTR_NO_PERF_MODE=1 runs ktstr/isolated
	[ "$status" -eq 0 ]
	[ "$stderr" = "ktstr: SKIP: isolated: test requires performance_mode but --no-perf-mode or KTSTR_NO_PERF_MODE is active" ]
	[ "$(sidecar '.outcome, .passed, .skipped, .work_type')" = $'skip\ntrue\ntrue\nskipped' ]
	runs ktstr/isolated
	[ "$status" -eq 0 ]
	[[ $stderr == "ktstr: SKIP: resource contention: performance_mode: need 251 CPUs"* ]]
	KTSTR_NO_SKIP_MODE='' runs ktstr/isolated
	[ "$status" -eq 1 ]
	[[ $stderr == "ktstr: FAIL: resource contention under --no-skip-mode: "* ]]
}

@test "more CPUs than a VM can have is a topology skip, or a failure with --no-skip-mode" {
	runs ktstr/too_wide
	[ "$status" -eq 0 ]
	[[ $stderr == "ktstr: SKIP: host topology insufficient: need 512 CPUs"* ]]
	: >"$OUT/sidecars"
	KTSTR_NO_SKIP_MODE='' runs ktstr/too_wide
	[ "$status" -eq 1 ]
	[[ $stderr == "ktstr: FAIL: host topology insufficient under --no-skip-mode: "* ]]
	[ "$(sidecar .outcome)" = fail ]
}

@test "a declaration that contradicts itself fails with the contradiction" {
	runs ktstr/crooked
	[ "$status" -eq 1 ]
	[[ $stderr == *"3 LLCs cannot be split over 2 NUMA nodes"* ]]
}

@test "a scheduler that is nowhere fails, expected error or not" {
	runs ktstr/unplaced
	[ "$status" -eq 1 ]
	[[ $stderr == *"scheduler not found: /nowhere/tuned"* ]]
	runs ktstr/scheduler_dies
	[ "$status" -eq 1 ]
	[[ $stderr == *"scheduler 'scx_simple' not found. Set KTSTR_SCHEDULER or place it next to the test binary or in target/{debug,release}/"* ]]
}

@test "a scheduler is found in KTSTR_SCHEDULER, beside the test, above deps and in target" {
	vm_says <<<'payload; result true; end done 0'
	found() {
		"$1" --exact ktstr/under_simple || return
		jq -r '.files[] | select(.guest == "/scheduler").host' "$OUT/request"
	}
	mkdir -p target/release custom/debug build/deps
	script target/release/scx_simple <<<'exit 0'
	run -0 found "$TESTS"
	[ "$output" = "$PWD/target/release/scx_simple" ]
	script custom/debug/scx_simple <<<'exit 0'
	CARGO_TARGET_DIR=custom run -0 found "$TESTS"
	[ "$output" = "$PWD/custom/debug/scx_simple" ]
	cp "$TESTS" build/deps/copy
	script build/scx_simple <<<'exit 0'
	run -0 found build/deps/copy
	[ "$output" = "$PWD/build/scx_simple" ]
	script build/deps/scx_simple <<<'exit 0'
	run -0 found build/deps/copy
	[ "$output" = "$PWD/build/deps/scx_simple" ]
	with_scheduler
	run -0 found build/deps/copy
	[ "$output" = "$PWD/sched" ]
}

# --- the VM ----------------------------------------------------------------

@test "the request names kernel, topology, memory, files and the test" {
	vm_says <<<'payload; result true; end done 0'
	with_scheduler
	runs ktstr/under_simple
	[ "$status" -eq 0 ]
	jq -e '.type == "vm" and .topology == "1n2l2c1t" and .memory_mb == 2048' "$OUT/request"
	[ "$(jq -r .kernel "$OUT/request")" = "$KTSTR_KERNEL" ]
	[ "$(jq -r '.argv | join(" ")' "$OUT/request")" = \
		"/bin/sample-tests --ktstr-test-fn under_simple --ktstr-topo=1n2l2c1t" ]
	[ "$(jq -r '.files[0] | .host + " " + .guest' "$OUT/request")" = "$(realpath "$TESTS") /bin/sample-tests" ]
}

@test "a variant runs with its preset's topology and memory, and its sidecar says so" {
	vm_says <<<'payload; result true; end done 0'
	runs gauntlet/boots/large-8llc-nosmt
	[ "$status" -eq 0 ]
	jq -e '.topology == "1n8l16c1t" and .memory_mb == 8192' "$OUT/request"
	[ "$(sidecar '.test_name + " " + .topology')" = "boots 1n8l16c1t" ]
}

@test "--ktstr-topo outside of a VM boots one of that topology" {
	vm_says <<<'payload; result true; end done 0'
	run -0 "$TESTS" --ktstr-test-fn boots --ktstr-topo=1n2l4c2t
	jq -e '.topology == "1n2l4c2t"' "$OUT/request"
	run -1 "$TESTS" --ktstr-test-fn boots --ktstr-topo=2s4c
	[[ $output == *"invalid --ktstr-topo format '2s4c'"* ]]
	run -1 "$TESTS" --ktstr-test-fn nope --ktstr-topo=1n2l4c2t
}

@test "a pass leaves one sidecar with what the guest reported" {
	vm_says <<-'EOF'
		payload
		say '{"type":"sched","state":"attached","ops":"simple","scx_state":"enabled","pid":44}'
		say '{"type":"stimulus","elapsed_ms":5,"label":"StepStart[0]","op_kind":"ops=2","detail":"2 cgroups, 4 workers","total_iterations":null}'
		result true
		end done 0
	EOF
	with_scheduler
	runs ktstr/under_simple
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(sidecar '.outcome, .scheduler, .sched_ext.ops, .sched_ext.state, .stats.total_migrations')" = \
		$'pass\nscx_simple\nsimple\nenabled\n7' ]
	[ "$(sidecar '.stimulus_events[0].label')" = "StepStart[0]" ]
	[ "$(sidecar '.kernel')" = "$KTSTR_KERNEL" ]
	[ "$(sidecar '.cleanup_duration_ms >= 0')" = true ]
}

@test "a failure shows the details, the figures, the timeline and the scheduler's log" {
	vm_says <<-'EOF'
		payload
		say '{"type":"sched","state":"attached","ops":"simple","scx_state":"enabled","pid":44}'
		say '{"type":"stimulus","elapsed_ms":5,"label":"StepStart[0]","op_kind":"ops=1","detail":"1 cgroups, 2 workers","total_iterations":null}'
		say '{"type":"sched_log","line":"local=1 global=2"}'
		say '{"type":"sched_log","line":"EXIT: runnable task stall"}'
		result false false '{"kind":"Starved","message":"tid 5 starved (0 work units)"}'
		end done 1
	EOF
	with_scheduler
	runs ktstr/under_simple
	[ "$status" -eq 1 ]
	[[ $stderr == "EXIT: runnable task stall
ktstr_test 'under_simple' [sched=scx_simple] [topo=1n2l2c1t] failed:
  tid 5 starved (0 work units)

--- stats ---
4 workers, 2 cpus, 7 migrations, worst_spread=12.5%, worst_gap=31ms
"* ]]
	[[ $stderr == *"--- timeline ---"*"+5ms StepStart[0] 1 cgroups, 2 workers"* ]]
	[[ $stderr == *"--- scheduler log ---
  local=1 global=2"* ]]
	[ "$(sidecar .outcome)" = fail ]
}

@test "an expected error is a pass when the scheduler died, and no pass when the VM did not come up" {
	with_scheduler
	vm_says <<-'EOF'
		payload
		say '{"type":"sched","state":"died","ops":"simple","scx_state":"disabled","pid":44,"code":137}'
		result false false '{"kind":"SchedulerDied","message":"scheduler process died unexpectedly during workload (1.0s into test)"}'
		end done 1
	EOF
	runs ktstr/scheduler_dies
	[ "$status" -eq 0 ]
	[ "$(sidecar '.outcome, .failure')" = $'pass\nnull' ]
	vm_says <<<'boot; end no_init null "no message from the guest"'
	runs ktstr/scheduler_dies
	[ "$status" -eq 1 ]
	vm_says <<<'payload; result true; end done 0'
	runs ktstr/scheduler_dies
	[ "$status" -eq 1 ]
	[[ $stderr == *"expected error but test passed"* ]]
}

@test "a body that skips in the guest is a skip" {
	vm_says <<<'payload; result true true "{\"kind\":\"Skip\",\"message\":\"needs 2 LLCs\"}"; end done 0'
	runs ktstr/boots
	[ "$status" -eq 0 ]
	[ "$(sidecar '.outcome, .skipped')" = $'skip\ntrue' ]
}

@test "a VM that runs out of time is a timeout" {
	vm_says <<<'payload; end timeout null "deadline passed"; exit 1'
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"ktstr_test 'boots' [topo=1n1l2c1t] timed out (no result via bulk port or COM2)"* ]]
	[[ $stderr == *"--- watchdog ---"* ]]
	[ "$(sidecar '.outcome, .passed')" = $'timeout\nfalse' ]
}

@test "a panic shows the console and is a crash" {
	vm_says <<-'EOF'
		payload
		say '{"type":"console","line":"[    2.5] Kernel panic - not syncing: oops"}'
		end panic null "Kernel panic - not syncing: oops"
		exit 1
	EOF
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"guest crashed: Kernel panic - not syncing: oops"* ]]
	[[ $stderr == *"[    0.1] hello"* ]]
	[ "$(sidecar '.outcome')" = crash ]
}

@test "of a guest that was run once more only the second run counts" {
	local stimulus='{"type":"stimulus","elapsed_ms":5,"label":"StepStart[0]","op_kind":"ops=1","detail":"1 cgroups, 2 workers","total_iterations":null}'
	for second in 'result true' ''; do
		: >"$OUT/sidecars"
		vm_says <<-EOF
			payload
			say '$stimulus'
			say '{"type":"sched","state":"died","ops":"simple","scx_state":"disabled","pid":44,"code":137}'
			result false false '{"kind":"SchedulerDied","message":"of the first"}'
			payload
			say '$stimulus'
			$second
			end done 0
		EOF
		runs ktstr/boots
		[ "$(sidecar '.stimulus_events | length')" = 1 ]
		[[ $stderr != *"of the first"* ]]
		[ "$status" = "$([ "$second" ]; echo $?)" ]
	done
}

@test "each stage a guest can get stuck in has its text" {
	vm_says <<<'end qemu_died 1 "qemu: exit code 1"; exit 1'
	runs ktstr/boots
	[[ $stderr == *"stage: init script never started (kernel or mount failure)"* ]]
	vm_says <<<'boot; end init_died null ""; exit 1'
	runs ktstr/boots
	[[ $stderr == *"stage: init started but payload never ran (cgroup/scheduler setup failed)"* ]]
	vm_says <<<'payload; say "{\"type\":\"payload_exit\",\"code\":139}"; end done 139; exit 139'
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"test function produced no output (no test result found), exit code 139"* ]]
	[[ $stderr == *"stage: payload started but produced no test result"* ]]
	[ "$(jq -r .outcome "$OUT/sidecars" | uniq)" = crash ]
}

@test "a missing QEMU is told by its message and is no pass for anyone" {
	with_scheduler
	vm_says <<<'end qemu_missing null "qemu-system-x86_64 not found: install qemu-system-x86"; exit 1'
	for name in boots scheduler_dies; do
		runs "ktstr/$name"
		[ "$status" -eq 1 ]
		[[ $stderr == *"failed: qemu-system-x86_64 not found: install qemu-system-x86"* ]]
	done
}

@test "garbage among the events changes nothing" {
	vm_says <<-'EOF'
		say 'not JSON'
		payload
		say '{"type":'
		say '[]'
		say '{"type":"result"'
		say '{"type":"stdout","line":"{\"type\":\"result\",\"passed\":false}"}'
		say '{"type":"stdout","line":null}'
		printf '\xff\xfe\n\n'
		say '{"type":"nobody knows this","passed":false}'
		result true
		end done 0
		printf 'cut short'
	EOF
	runs ktstr/boots
	[ "$status" -eq 0 ]
	[[ $output == *'{"type":"result","passed":false}'* ]]
	[ "$(sidecar .outcome)" = pass ]
}

@test "the last result counts, and the end of the VM cannot take it back" {
	vm_says <<<'payload; result false; result true; end qemu_died null ""; exit 1'
	runs ktstr/boots
	[ "$status" -eq 0 ]
}

@test "a VM program that cannot run or dies without a word is a failure" {
	vm_says <<<'echo "broken pipe of dreams" >&2; exit 3'
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"broken pipe of dreams"* ]]
	[ "$(sidecar .outcome)" = crash ]
	rm "$KTSTR_LIBEXEC/ktstr-vm"
	runs ktstr/boots
	[ "$status" -eq 1 ]
	[[ $stderr == *"ktstr-vm: No such file or directory"* ]]
}

@test "killing the test ends its VM program" {
	for signal in TERM KILL; do
		vm_says <<-'EOF'
			boot
			echo $$ >"$OUT/vm.pid"
			while :; do sleep 0.1; done
		EOF
		rm -f "$OUT/vm.pid"
		"$TESTS" --exact ktstr/boots >/dev/null 2>&1 3>&- &
		test=$!
		wait_for 10 test -s "$OUT/vm.pid"
		kill -"$signal" "$test"
		wait_for 5 gone "$(cat "$OUT/vm.pid")"
	done
}

@test "sysctls, kernel words and include files reach the request, the first two the sidecar" {
	vm_says <<<'payload; result true; end done 0'
	with_scheduler
	mkdir data
	echo '{}' >dressed.json
	runs ktstr/with_setup
	[ "$status" -eq 0 ]
	[ "$(jq -c .cmdline "$OUT/request")" = '["sysctl.kernel.sched_cfs_bandwidth_slice_us=1000","nosmt"]' ]
	[ "$(sidecar '.sysctls[0], .kargs[0]')" = $'sysctl.kernel.sched_cfs_bandwidth_slice_us=1000\nnosmt' ]
	[ "$(jq -r '.files[2:] | map(.host + " " + .guest) | .[]' "$OUT/request")" = "$PWD/dressed.json /include-files/dressed.json
$PWD/data /include-files/data
$(realpath "$(command -v env)") /include-files/env" ]
}

@test "include files that are not there fail before the VM" {
	with_scheduler
	runs ktstr/with_setup
	[ "$status" -eq 1 ]
	[[ $stderr == *"include file dressed.json: No such file or directory"* ]]
	[ ! -e "$OUT/request" ]
}

# --- inside ----------------------------------------------------------------

@test "in the guest the body's result goes to the host as one line" {
	run -1 bash -c "KTSTR_GUEST_FD=5 $TESTS --ktstr-test-fn on_host_fails --ktstr-topo=1n1l2c1t 5>messages"
	[ "$(jq -r 'select(.type == "result") | .passed, .details[0].kind' messages)" = $'false\nOther' ]
	[ "$(jq -r 'select(.type == "deadline").ms' messages | head -1)" -ge 10000 ]
	[ ! -s "$OUT/sidecars" ]
}

@test "without a host the body alone runs and its exit code tells" {
	run -0 "$TESTS" --ktstr-test-fn on_host_skips
	run -1 "$TESTS" --ktstr-test-fn on_host_fails
	[[ $output == *"two and two are 5"* ]]
}
