#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The CPU budget: which CPUs a build gets, side by side with others.

bats_require_minimum_version 1.5.0
load lib/common
load lib/host
load lib/kernel-tree

setup() {
	setup_paths
	BUDGET=$LIBEXEC/ktstr-budget
	HOST=$BATS_TEST_TMPDIR/host
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
}

# plan OPTION…: the CPUs that would be reserved on $HOST.
plan() {
	"$BUDGET" --root "$HOST" --json "$@" 2>err | jq -r '[.cpus, .set, .llcs, .nodes] | map(tostring) | join(" ")'
}

# hold NAME OPTION…: reserve on $HOST until the test ends; the CPUs are in NAME.
hold() {
	local name=$1

	shift
	"$BUDGET" --root "$HOST" --json "$@" -- sleep 60 >"$name" 2>"$name.err" 3>&- &
	echo $! >"$name.pid"
	wait_for 10 test -s "$name"
}

# let_go NAME: end what hold started.
let_go() {
	kill -TERM "$(cat "$1.pid")"
	wait_for 5 gone "$(cat "$1.pid")"
}

@test "30 % of the allowed CPUs, rounded up, at least one" {
	two_llcs "$HOST"
	[ "$(plan)" = "3 0-2 0 0" ]
	two_llcs "$HOST" 1
	[ "$(plan)" = "1 1 0 0" ]
	two_llcs "$HOST" 0-3
	[ "$(plan)" = "2 0-1 0 0" ]
}

@test "a cap is met exactly: whole LLCs, the last one in part" {
	two_llcs "$HOST"
	[ "$(plan --cpu-cap 4)" = "4 0-3 0 0" ]
	[ "$(plan --cpu-cap 6)" = "6 0-5 0-1 0" ]
	[ "$(plan --cpu-cap 8)" = "8 0-7 0-1 0" ]
	[ "$(KTSTR_CPU_CAP=5 plan)" = "5 0-4 0-1 0" ]
	[ "$(KTSTR_CPU_CAP=5 plan --cpu-cap 2)" = "2 0-1 0 0" ]
	[ "$(KTSTR_CPU_CAP='' plan)" = "3 0-2 0 0" ]
}

@test "only LLCs of the allowed CPUs count, under their own numbers" {
	two_llcs "$HOST" 5-7
	[ "$(plan --cpu-cap 2)" = "2 5-6 1 0" ]
	[ -e "$KTSTR_LOCK_DIR/ktstr-llc-1.lock" ]
	[ ! -e "$KTSTR_LOCK_DIR/ktstr-llc-0.lock" ]
	two_llcs "$HOST" 3,5-7
	[ "$(plan --cpu-cap 3)" = "3 5-7 1 0" ]
	[ "$(plan --cpu-cap 4)" = "4 3,5-7 0-1 0" ]
}

@test "offline CPUs are not planned with" {
	two_llcs "$HOST"
	host_online "$HOST" 0-1,4-7 0
	[ "$(plan --cpu-cap 4)" = "4 4-7 1 0" ]
	run -1 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 7
	[[ $stderr == *"8-CPU allowed set"*"6 of them are online"* ]]
}

@test "a thread of each idle core first, then the second threads" {
	four_cores_smt "$HOST"
	[ "$(plan --cpu-cap 3)" = "3 0-2 0 0" ]
	[ "$(plan --cpu-cap 6)" = "6 0-5 0 0" ]
	hold one --cpu-cap 2
	[ "$(jq -r .set one)" = 0-1 ]
	# cores 0 and 1 are in use: 2 and 3 are idle, and their own second threads come next
	[ "$(plan --cpu-cap 3)" = "3 2-3,6 0 0" ]
}

@test "siblings numbered side by side are cores all the same" {
	host_tree "$HOST" 0-3
	for c in 0 1; do host_cpu "$HOST" $c 0 0-3 0-1; done
	for c in 2 3; do host_cpu "$HOST" $c 0 0-3 2-3; done
	host_online "$HOST" 0-3 0
	[ "$(plan --cpu-cap 2)" = "2 0,2 0 0" ]
}

@test "what does not fit on one node goes to the nearest, and says so" {
	three_nodes "$HOST"
	[ "$(plan --cpu-cap 2)" = "2 0-1 0 0" ]
	[ "$(plan --cpu-cap 4)" = "4 0-1,4-5 0,2 0,2" ]
	grep -q 'reserving LLCs \[0 (node 0), 2 (node 2)\] across 2 NUMA nodes' err
}

@test "two builds take different LLCs, a third what is left" {
	two_llcs "$HOST"
	hold one
	hold two
	hold three
	[ "$(jq -r '.set + " " + .llcs' one)" = "0-2 0" ]
	[ "$(jq -r '.set + " " + .llcs' two)" = "4-6 1" ]
	[ "$(jq -r '.set + " " + .llcs' three)" = "3,7 0-1" ]
	let_go two
	[ "$(plan)" = "3 4-6 1 0" ]
}

@test "when every CPU is taken a build waits, says for whom, and goes on" {
	two_llcs "$HOST"
	hold one --cpu-cap 8
	"$BUDGET" --root "$HOST" --json >two 2>two.err 3>&- &
	wait_for 10 grep -q 'waiting for 1 CPU, reserved by others' two.err
	grep -q "  pid=$(cat one.pid) cmd=.*ktstr-budget --root" two.err
	[ ! -s two ]
	let_go one
	wait_for 10 test -s two
	[ "$(jq -r .set two)" = 0-2 ]
}

@test "a cap waits for all its CPUs, and who comes later does not starve it" {
	two_llcs "$HOST"
	hold one --cpu-cap 1
	"$BUDGET" --root "$HOST" --json --cpu-cap 8 -- sleep 60 >all 2>all.err 3>&- &
	all=$!
	wait_for 10 grep -q 'waiting for 8 CPUs' all.err
	"$BUDGET" --root "$HOST" --json >small 2>small.err 3>&- &
	wait_for 10 grep -q 'waiting for' small.err
	[ ! -s small ]
	let_go one
	wait_for 10 test -s all
	[ ! -s small ]
	kill -TERM "$all"
	wait_for 10 test -s small
}

@test "who waits ends at once on SIGTERM and leaves no lock" {
	two_llcs "$HOST"
	hold one --cpu-cap 8
	"$BUDGET" --root "$HOST" >two 2>two.err 3>&- &
	pid=$!
	wait_for 10 grep -q waiting two.err
	kill -TERM $pid
	wait $pid && code=0 || code=$?
	[ "$code" = 143 ]
	let_go one
	[ "$(plan --cpu-cap 8)" = "8 0-7 0-1 0" ]
}

@test "kill -9 frees the CPUs at once" {
	two_llcs "$HOST"
	hold one --cpu-cap 8
	kill -KILL "$(cat one.pid)"
	wait "$(cat one.pid)" 2>/dev/null || true
	[ "$(plan --cpu-cap 8)" = "8 0-7 0-1 0" ]
}

@test "killed at any moment, it leaves nothing reserved" {
	two_llcs "$HOST"
	for i in {1..30}; do
		"$BUDGET" --root "$HOST" --cpu-cap 8 -- sleep 0.05 2>/dev/null 3>&- &
		sleep 0.0$((RANDOM % 4))$((RANDOM % 10))
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		# one that was forked, and has not yet seen that its parent is gone, is waited for
		[ "$(timeout 30 "$BUDGET" --root "$HOST" --json --cpu-cap 8 2>err | jq .cpus)" = 8 ]
	done
}

@test "an LLC a test has to itself is left alone, a shared one is not" {
	two_llcs "$HOST"
	mkdir -p "$KTSTR_LOCK_DIR"
	exec 8>"$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
	flock -x 8
	[ "$(plan)" = "3 4-6 1 0" ]
	flock -s 8
	[ "$(plan --cpu-cap 5)" = "5 0,4-7 0-1 0" ]
	exec 9>"$KTSTR_LOCK_DIR/ktstr-cpu-4.lock"
	flock -x 9
	[ "$(plan)" = "3 5-7 1 0" ]
}

@test "a build waits while tests have every LLC to themselves" {
	two_llcs "$HOST"
	mkdir -p "$KTSTR_LOCK_DIR"
	exec 8>"$KTSTR_LOCK_DIR/ktstr-llc-0.lock" 9>"$KTSTR_LOCK_DIR/ktstr-llc-1.lock"
	flock -x 8
	flock -x 9
	"$BUDGET" --root "$HOST" --json >one 2>one.err 3>&- 8>&- 9>&- &
	wait_for 10 grep -q "waiting for 1 CPU, reserved by others" one.err
	flock -u 9
	wait_for 10 test -s one
	[ "$(jq -r .set one)" = 4-6 ]
}

@test "ten builds at once share the CPUs: no CPU twice, none forgotten" {
	two_llcs "$HOST"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		"$BUDGET" --root "$HOST" --json -- bash -c 'for c in $(jq -r .set <"$0" | tr , " "); do
			for ((i = ${c%-*}; i <= ${c#*-}; i++)); do mkdir "cpu$i" || echo "$i twice" >>clash; done; done
			sleep 0.2
			for c in $(jq -r .set <"$0" | tr , " "); do for ((i = ${c%-*}; i <= ${c#*-}; i++)); do rmdir "cpu$i"; done; done
			echo done >>finished' "n$i" >"n$i" 2>"n$i.err" 3>&- &
	done
	wait
	[ ! -e clash ]
	[ "$(wc -l <finished)" = 10 ]
}

@test "a cap that cannot be is refused before anything is done" {
	two_llcs "$HOST"
	run -2 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 0
	[[ $stderr == *"--cpu-cap must be ≥ 1 CPU (got 0)"* ]]
	run -1 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 9
	[[ $stderr == *"--cpu-cap N = 9 exceeds the 8 CPUs this process is allowed on"* ]]
	KTSTR_CPU_CAP=x run -1 --separate-stderr "$BUDGET" --root "$HOST"
	[[ $stderr == *'KTSTR_CPU_CAP is not a valid integer: "x"'* ]]
	KTSTR_CPU_CAP=0 run -1 --separate-stderr "$BUDGET" --root "$HOST"
	[[ $stderr == *"must be ≥ 1 CPU (got 0)"* ]]
	KTSTR_BYPASS_LLC_LOCKS=1 run -1 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 1
	[[ $stderr == *"resource contract"* ]]
	[ ! -e "$KTSTR_LOCK_DIR" ]
}

@test "bypass and cargo test mode give every allowed CPU and lock nothing" {
	two_llcs "$HOST" 0-4
	[ "$(KTSTR_BYPASS_LLC_LOCKS=1 plan)" = "5   " ]
	[ "$(KTSTR_CARGO_TEST_MODE=1 plan)" = "5   " ]
	[ ! -e "$KTSTR_LOCK_DIR" ]
}

@test "a host without sysfs: no reservation, and with a cap an error" {
	host_tree "$HOST" 0-3
	rm -r "$HOST/sys"
	[ "$(plan)" = "4   " ]
	grep -q 'no CPUs are reserved: .*/sys/devices/system/cpu/online does not say' err
	run -1 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 2
	[[ $stderr == *"--cpu-cap set but host LLC topology unreadable from sysfs"* ]]
}

@test "CPUs whose caches are not described share one LLC" {
	host_tree "$HOST" 0-3
	for c in 0 1 2 3; do mkdir -p "$HOST/sys/devices/system/cpu/cpu$c"; done
	host_online "$HOST" 0-3 0
	[ "$(plan --cpu-cap 3)" = "3 0-2 0 0" ]
}

@test "lock files are for everybody, whatever the umask, and read-only is enough" {
	two_llcs "$HOST"
	(umask 077 && "$BUDGET" --root "$HOST")
	[ "$(stat -c %a "$KTSTR_LOCK_DIR/ktstr-llc-0.lock" "$KTSTR_LOCK_DIR/ktstr-cpu-0.lock" | sort -u)" = 666 ]
	chmod 444 "$KTSTR_LOCK_DIR"/*
	[ "$(plan)" = "3 0-2 0 0" ]
}

@test "another user reserves from the same lock files" {
	[ "$(id -u)" = 0 ] || return 0
	two_llcs "$HOST"
	mkdir -m 1777 shared
	chmod 755 . .. "$BATS_RUN_TMPDIR"
	export KTSTR_LOCK_DIR=$PWD/shared
	(umask 077 && "$BUDGET" --root "$HOST")
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$BUDGET" --root "$HOST" --json
	[ "$(jq -r .set <<<"$output")" = 0-2 ]
	[[ $stderr != *"no CPUs are reserved"* ]]
}

@test "something else under a lock's name is an error, not a hang" {
	two_llcs "$HOST"
	mkdir -p "$KTSTR_LOCK_DIR"
	mkfifo "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
	[ "$(plan)" = "8   " ]
	grep -q 'no CPUs are reserved: lock .*ktstr-llc-0.lock: it is no regular file' err
	run -1 --separate-stderr "$BUDGET" --root "$HOST" --cpu-cap 2
	[[ $stderr == *"no regular file"* ]]
}

@test "a lock file that was removed and made anew is not held by halves" {
	two_llcs "$HOST"
	hold one --cpu-cap 8
	rm "$KTSTR_LOCK_DIR"/ktstr-*.lock
	# the old files are gone with their locks; the new ones count
	hold two --cpu-cap 8
	"$BUDGET" --root "$HOST" >three 2>three.err 3>&- &
	wait_for 10 grep -q "pid=$(cat two.pid) " three.err
}

@test "what runs inside is kept on the CPUs, we ourselves are not" {
	first=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
	run -0 --separate-stderr "$BUDGET" --cpu-cap 1 -- bash -c 'taskset -cp $$; taskset -cp $PPID; sh -c "nproc"'
	[[ ${lines[0]} == *": $first" ]]
	[ "${lines[1]##*: }" = "$(taskset -cp $$ | sed 's/.*: //')" ]
	[ "${lines[2]}" = 1 ]
	[[ $stderr == *"using 1 of "*" CPUs: $first (LLC "* ]]
}

@test "the command's exit code is ours, and a missing one is an error" {
	run -7 "$BUDGET" -- sh -c 'exit 7'
	run -1 --separate-stderr "$BUDGET" -- /nowhere
	[[ $stderr == *"run /nowhere: No such file"* ]]
}

@test "make runs on the budget's CPUs, -j says how many, and only while it runs" {
	git_kernel_tree linux
	mkdir bin
	script bin/make <<<'echo "$@" >>"$BATS_TEST_TMPDIR/args"; exec /usr/bin/make "$@"'
	export PATH=$PWD/bin:$PATH
	DURING='nproc >../nproc
		flock -n $KTSTR_LOCK_DIR/ktstr-cpu-0.lock true && echo free >../cpu0 || echo held >../cpu0'
	export DURING
	"$LIBEXEC/ktstr-resolve" ./linux >resolved
	run -0 --separate-stderr taskset -c 0 "$LIBEXEC/ktstr-build" --cpu-cap 1 <resolved
	[ "$(cat nproc)" = 1 ]
	grep -q '^-j1 KCFLAGS' args
	[ "$(cat cpu0)" = held ]
	[[ $stderr == *"using 1 of 1 CPUs: 0 (LLC 0)"* ]]
	flock -n "$KTSTR_LOCK_DIR/ktstr-cpu-0.lock" true
}

@test "two builds at once run on different CPUs" {
	git_kernel_tree linux
	cp -r linux other
	"$LIBEXEC/ktstr-resolve" ./linux >one.in
	"$LIBEXEC/ktstr-resolve" ./other >two.in
	export DURING='taskset -cp $$ | sed "s/.*: //" >../${PWD##*/}.cpus
		[ "${PWD##*/}" = other ] || until [ -e ../go ]; do sleep 0.05; done'
	"$LIBEXEC/ktstr-build" --cpu-cap 1 <one.in >one 2>one.err 3>&- &
	wait_for 10 test -s linux.cpus
	if [ "$(nproc)" = 1 ]; then
		"$LIBEXEC/ktstr-build" --cpu-cap 1 <two.in >two 2>two.err 3>&- &
		wait_for 10 grep -q "waiting for 1 CPU" two.err
	else
		run -0 "$LIBEXEC/ktstr-build" --cpu-cap 1 <two.in
		[ "$(cat linux.cpus)" != "$(cat other.cpus)" ]
	fi
	touch go
	wait
	[ "$(jq -r .state one)" = cached ]
}

@test "KTSTR_CPU_CAP reaches builds of the whole pipeline, a bad one ends it" {
	git_kernel_tree linux
	KTSTR_CPU_CAP=none run -1 --separate-stderr cargo-ktstr ktstr kernel build --source ./linux
	[[ $stderr == *'KTSTR_CPU_CAP is not a valid integer: "none"'* ]]
	KTSTR_CPU_CAP=1 run -0 --separate-stderr cargo-ktstr ktstr kernel build --source ./linux
	[[ $stderr == *"using 1 of "* ]]
	KTSTR_BYPASS_LLC_LOCKS=1 run -1 --separate-stderr cargo-ktstr ktstr kernel build --cpu-cap 1 --source ./linux
	[[ $stderr == *"resource contract"* ]]
}

@test "a build waits for its source before it reserves any CPU" {
	git_kernel_tree linux
	"$LIBEXEC/ktstr-resolve" ./linux >resolved
	touch wait
	DURING='touch ../started; while [ -e ../wait ]; do sleep 0.05; done' "$LIBEXEC/ktstr-build" --cpu-cap 1 <resolved >one 2>err1 3>&- &
	wait_for 10 test -e started
	"$LIBEXEC/ktstr-build" <resolved >two 2>err2 3>&- &
	wait_for 10 grep -q 'is locked by a concurrent' err2
	run ! grep -q 'using\|waiting for 1 CPU' err2
	rm wait
	wait
}
