#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# libktstr with nothing doubled: real guests, real schedulers, and the result
# each way out leaves.
bats_require_minimum_version 1.5.0
load lib/vm

setup() {
	setup_vm
	TESTS=$(dirname "$LIBEXEC")/t/tool/sample-tests
	export KTSTR_KERNEL=$IMAGE KTSTR_LIBEXEC=$LIBEXEC NEXTEST=1 NO_COLOR=1
	export CARGO_TARGET_DIR=$BATS_TEST_TMPDIR/target
	mkdir -p "$CARGO_TARGET_DIR/debug"
	overhear vm sidecar
	cp "$ROOT/${B:-build}"/scx/scx_{simple,qmap} "$CARGO_TARGET_DIR/debug"
	cd "$BATS_TEST_TMPDIR" || return
}

# overhear NAME…: what these helpers are told and what they say lands in
# heard/NAME.in and heard/NAME.out.
overhear() {
	local name

	export KTSTR_LIBEXEC=$BATS_TEST_TMPDIR/libexec HEARD=$BATS_TEST_TMPDIR/heard
	mkdir "$HEARD" "$KTSTR_LIBEXEC"
	ln -s "$LIBEXEC"/* "$KTSTR_LIBEXEC"
	for name; do
		rm "$KTSTR_LIBEXEC/ktstr-$name"
		script "$KTSTR_LIBEXEC/ktstr-$name" <<-EOF
			exec > >(exec tee -a "$HEARD/$name.out" 2>/dev/null)
			exec < <(exec tee -a "$HEARD/$name.in" 2>/dev/null)
			exec "$LIBEXEC/ktstr-$name" "\$@"
		EOF
	done
}

# one CODE NAME: run it as nextest does; output and the one result it left. All
# that was said on the way is of share/schema.
one() {
	run --separate-stderr timeout 150 "$TESTS" --exact "$2" --nocapture
	echo "$output" "$stderr"
	[ "$status" = "$1" ]
	RESULT=$(cat "$CARGO_TARGET_DIR"/ktstr/*/*.ktstr.json)
	[ "$(jq -s length <<<"$RESULT")" = 1 ]
	cat "$HEARD"/{vm.in,vm.out,sidecar.in} | records
}

# said TYPE…: records of these types were among it
said() {
	local type

	for type; do
		echo "$type"
		cat "$HEARD"/* | grep -q "^{\"type\":\"$type\""
	done
}

result() {
	jq -e "$1" <<<"$RESULT"
}

@test "a scheduler that is attached is named by the guest, and garbage on stdout harms nothing" {
	one 0 ktstr/under_simple
	result '.outcome == "pass" and .sched_ext.ops == "simple" and .sched_ext.state == "enabled"'
	said vm boot init payload sched sched_log deadline stimulus result payload_exit exit
	result '.stats.total_workers == 4 and .stats.total_iterations > 0 and .topology == "1n2l2c1t"'
}

@test "cpusets of two LLCs keep their workers apart" {
	one 0 ktstr/cpusets_hold
	result '.outcome == "pass" and (.stats.cgroups | length) == 2 and all(.stats.cgroups[]; .num_cpus <= 2)'
}

@test "steps follow one another, each with its cgroups" {
	one 0 ktstr/two_steps
	result '(.stimulus_events | length) == 2 and (.stats.cgroups | length) == 3'
}

@test "a gauntlet variant boots its preset's topology" {
	# the body wants two CPUs, and this preset has four
	one 1 gauntlet/boots/tiny-1llc
	result '.topology == "1n1l4c1t"'
}

@test "a scheduler that is killed is a failure that says so" {
	one 1 ktstr/scheduler_dies_unexpectedly
	[[ $stderr == *"scheduler process died"* ]]
	result '.outcome == "fail" and .passed == false'
}

@test "the same is a pass where it is expected" {
	one 0 ktstr/scheduler_dies
	result '.outcome == "pass" and .passed'
}

@test "a scheduler that reports an error ends the test at once with the kernel's words" {
	one 1 ktstr/scheduler_errors
	[[ $stderr == *"scheduler process died"* ]]
	[[ $stderr == *"sched_ext: BPF scheduler \"qmap\""* || $stderr == *"EXIT: "* ]]
	result '.outcome == "fail" and .duration_ms < 60000'
}

@test "a scheduler that stalls is caught by the kernel's watchdog and named" {
	one 1 ktstr/scheduler_stalls
	[[ $stderr == *stall* ]]
	result '.outcome == "fail"'
}

@test "a body that hangs is a timeout" {
	one 1 ktstr/body_hangs
	[[ $stderr == *"timed out"* ]]
	result '.outcome == "timeout" and .passed == false'
}

@test "a body that crashes is a crash" {
	one 1 ktstr/body_crashes
	result '.outcome == "crash" and .passed == false'
}

@test "a test that is killed takes its guest with it" {
	"$TESTS" --exact ktstr/body_hangs --nocapture 3>&- &
	pid=$!
	wait_for 30 vm_runs
	kill -KILL "$pid"
	wait_for 10 no_vm
}
