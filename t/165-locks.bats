#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-locks: whose locks there are, without touching any.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	LOCKS=$LIBEXEC/ktstr-locks
	cd "$BATS_TEST_TMPDIR"
	export CARGO_TARGET_DIR=$PWD/target
	RUNS=$CARGO_TARGET_DIR/ktstr/.locks
	mkdir -p "$KTSTR_LOCK_DIR" "$KTSTR_CACHE_DIR/.locks" "$RUNS"
}

teardown() {
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
}

# hold FILE [-s]: lock it until the test ends.
hold() {
	flock "${2:--x}" "$1" sh -c 'echo $PPID >"$0.holder"; exec sleep 60' "$1" 3>&- &
	wait_for 10 test -s "$1.holder"
}

# wait_on FILE [-s]: wait for the lock; its pid is in $waiter.
wait_on() {
	flock "${2:--x}" "$1" true 3>&- &
	waiter=$!
	wait_for 10 grep -q -- "-> FLOCK .* $waiter " /proc/locks
}

@test "nothing there: four empty sections, and no file is made" {
	rm -r "$KTSTR_LOCK_DIR" "$KTSTR_CACHE_DIR" target
	run -0 --separate-stderr "$LOCKS"
	[ "$output" = 'LLC locks:
  (none)

Per-CPU locks:
  (none)

Cache-entry locks:
  (none)

Run-dir locks:
  (none)' ]
	run -0 --separate-stderr "$LOCKS" --json
	[ "$(jq -c . <<<"$output")" = '{"llcs":[],"cpus":[],"cache":[],"run_dirs":[]}' ]
	[ ! -e "$KTSTR_LOCK_DIR" ] && [ ! -e "$KTSTR_CACHE_DIR" ] && [ ! -e target ]
}

@test "all four roots, in order, held or not" {
	touch "$KTSTR_LOCK_DIR"/ktstr-llc-{10,2,0}.lock "$KTSTR_LOCK_DIR"/ktstr-cpu-{1,0}.lock
	touch "$KTSTR_LOCK_DIR"/ktstr-llc-x.lock "$KTSTR_LOCK_DIR"/ktstr-cpu-1x.lock "$KTSTR_LOCK_DIR"/other.lock "$KTSTR_LOCK_DIR"/ktstr-cpu-.lock
	touch "$KTSTR_CACHE_DIR/.locks"/{b,a,source-1234abcd}.lock "$RUNS/6.14-abc1234.lock" "$RUNS/6.14-abc1234.run"
	run -0 --separate-stderr "$LOCKS" --json
	[ "$(jq -c '[.llcs[].llc_idx], [.cpus[].cpu], [.cache[].cache_key], [.run_dirs[].run_key]' <<<"$output" | xargs)" = \
		'[0,2,10] [0,1] [a,b,source-1234abcd] [6.14-abc1234]' ]
	[ "$(jq -r '.llcs[0] | keys_unsorted | join(" ")' <<<"$output")" = "llc_idx numa_node lockfile holders waiters" ]
	[ "$(jq -r '.cache[0] | keys_unsorted | join(" ")' <<<"$output")" = "cache_key lockfile holders waiters" ]
	[ "$(jq -r 'keys_unsorted | join(" ")' <<<"$output")" = "llcs cpus cache run_dirs" ]
	[ "$(jq -r '.llcs[0].lockfile' <<<"$output")" = "$KTSTR_LOCK_DIR/ktstr-llc-0.lock" ]
	[ "$(jq -r '.cpus[0].numa_node' <<<"$output")" = 0 ]
	[ "$(jq -r '.llcs[2].numa_node' <<<"$output")" = null ]
	[[ $output == $'{\n  "llcs": [\n    {\n      "llc_idx": 0,'* ]]
}

@test "holders with their mode, and who waits" {
	hold "$KTSTR_LOCK_DIR/ktstr-llc-0.lock" -s
	hold "$KTSTR_CACHE_DIR/.locks/k1.lock"
	wait_on "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
	run -0 --separate-stderr "$LOCKS" --json
	[ "$(jq -c '.llcs[0] | [.holders[0].mode, .waiters[0].mode, .waiters[0].pid]' <<<"$output")" = "[\"READ\",\"WRITE\",$waiter]" ]
	[ "$(jq -c '.cache[0].holders[0] | [.pid, .mode]' <<<"$output")" = "[$(cat "$KTSTR_CACHE_DIR/.locks/k1.lock.holder"),\"WRITE\"]" ]
	[[ $(jq -r '.cache[0].holders[0].cmdline' <<<"$output") == "flock -x $KTSTR_CACHE_DIR/.locks/k1.lock sh -c"* ]]
	[ "$(jq -r '.cache[0].holders[0].cmdline | length' <<<"$output")" -le 101 ]
	run -0 --separate-stderr "$LOCKS"
	pid=$(cat "$KTSTR_LOCK_DIR/ktstr-llc-0.lock.holder")
	[[ $output =~ (^|$'\n')" LLC  NODE  LOCKFILE "\ *" HOLDERS " ]]
	[[ $output == *"ktstr-llc-0.lock  $pid (flock -s "*") READ"*$'\n'*"  $waiter (flock -x "*") waits for WRITE"* ]]
	[[ $output == *" k1 "*"k1.lock  $(cat "$KTSTR_CACHE_DIR/.locks/k1.lock.holder") (flock -x "*") WRITE"* ]]
}

@test "several holders of one lock are all named" {
	f=$KTSTR_LOCK_DIR/ktstr-llc-0.lock
	hold "$f" -s
	one=$(cat "$f.holder")
	rm "$f.holder"
	hold "$f" -s
	run -0 --separate-stderr "$LOCKS" --json
	[ "$(jq -c '[.llcs[0].holders[].pid] | sort' <<<"$output")" = "$(jq -nc "[$one,$(cat "$f.holder")] | sort")" ]
}

@test "the same inode number on another filesystem is another file" {
	unshare -rm bash -c '
		mount -t tmpfs none "$KTSTR_LOCK_DIR" && mount -t tmpfs none "$KTSTR_CACHE_DIR" || exit 3
		mkdir "$KTSTR_CACHE_DIR/.locks"
		touch "$KTSTR_LOCK_DIR/ktstr-llc-0.lock" "$KTSTR_CACHE_DIR/.locks/k.lock"
		n=1
		while [ "$(stat -c %i "$KTSTR_LOCK_DIR/ktstr-llc-0.lock")" != "$(stat -c %i "$KTSTR_CACHE_DIR/.locks/k.lock")" ]; do
			rm "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
			touch "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
			n=$((n + 1))
			[ $n -lt 50 ] || exit 4
		done
		flock -x "$KTSTR_CACHE_DIR/.locks/k.lock" "$1" --json >out' _ "$LOCKS"
	[ "$(jq -c '[(.llcs[0].holders | length), (.cache[0].holders | length)]' out)" = "[0,1]" ]
}

@test "bind mounts and mounts over mounts are seen through" {
	unshare -rm bash -c '
		mkdir real
		mount -t tmpfs hidden "$KTSTR_LOCK_DIR" && mount -t tmpfs seen "$KTSTR_LOCK_DIR" && mount --bind "$KTSTR_LOCK_DIR" real || exit 3
		touch real/ktstr-cpu-0.lock
		flock -x real/ktstr-cpu-0.lock "$1" --json >out' _ "$LOCKS"
	[ "$(jq '.cpus[0].holders | length' out)" = 1 ]
}

@test "an overlay's files are found, whose device number is nobody's" {
	unshare -rm bash -c '
		mkdir lower upper work
		touch lower/ktstr-cpu-0.lock
		mount -t tmpfs none work && mkdir work/u work/w || exit 3
		mount -t overlay none -o lowerdir=lower,upperdir=work/u,workdir=work/w "$KTSTR_LOCK_DIR" || exit 3
		exec 9<"$KTSTR_LOCK_DIR/ktstr-cpu-0.lock"
		flock -x 9
		"$1" --json >out' _ "$LOCKS"
	[ "$(jq '.cpus[0].holders | length' out)" = 1 ]
}

@test "no lock is taken and none is in the way" {
	hold "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
	run -0 strace -f -o trace "$LOCKS"
	run ! grep -E 'flock\(|F_SETLK|ktstr-llc-0.lock", O' trace
	[ "$(grep -c '"/proc/locks"' trace)" = 1 ]
	[ "$(grep -c '"/proc/self/mountinfo"' trace)" = 1 ]
}

@test "a thousand lock files cost one reading of the tables" {
	for ((i = 0; i < 1000; i++)); do : >"$KTSTR_LOCK_DIR/ktstr-cpu-$i.lock"; done
	hold "$KTSTR_LOCK_DIR/ktstr-cpu-500.lock"
	run -0 strace -o trace "$LOCKS" --json
	[ "$(grep -c '"/proc/locks"' trace)" = 1 ]
	run -0 --separate-stderr "$LOCKS" --json
	[ "$(jq -c '[.cpus | length, (.[500].holders | length)]' <<<"$output")" = "[1000,1]" ]
}

@test "a process name with control bytes does no harm" {
	f=$KTSTR_LOCK_DIR/ktstr-cpu-0.lock
	touch "$f"
	exec 9<"$f"
	flock -x 9
	(exec -a $'\033[2Jevil\nname\xff' sleep 60 3>&- 9<&-) &
	flock -u 9
	flock -x "$f" bash -c 'echo $PPID >held; exec -a "$0" sleep 60' $'\033[2Jevil' 3>&- 9<&- &
	wait_for 10 test -s held
	run -0 "$LOCKS"
	[[ $output != *$'\033'* ]]
	run -0 "$LOCKS" --json
	jq -e '.cpus[0].holders[0].pid' <<<"$output"
}

@test "--watch redraws on a terminal's terms, --json writes a line a time" {
	touch "$KTSTR_LOCK_DIR/ktstr-cpu-0.lock"
	"$LOCKS" --watch 50ms >frames 3>&- &
	"$LOCKS" --watch 50ms --json >lines 3>&- &
	# shellcheck disable=SC2016
	wait_for 10 bash -c '[ "$(grep -c LLC frames)" -ge 3 ] && [ "$(wc -l <lines)" -ge 3 ]'
	[ "$(head -c 7 frames)" = $'\033[2J\033[H' ]
	[ "$(head -n 1 lines | jq -c '[keys_unsorted, (.cpus | length)]')" = '[["llcs","cpus","cache","run_dirs"],1]' ]
}

@test "Ctrl-C ends --watch at once with 0, however long the interval" {
	for json in '' --json; do
		# shellcheck disable=SC2086
		env --default-signal=INT "$LOCKS" --watch 1h $json >first 3>&- &
		pid=$!
		wait_for 10 test -s first
		kill -INT $pid
		wait_for 2 gone $pid
		wait $pid
		rm first
	done
}

@test "Ctrl-C ends --watch even when nobody reads" {
	for ((i = 0; i < 2000; i++)); do : >"$KTSTR_LOCK_DIR/ktstr-cpu-$i.lock"; done
	mkfifo pipe
	exec 7<>pipe
	env --default-signal=INT "$LOCKS" --watch 10ms >pipe 3>&- 7<&- &
	pid=$!
	full() { ! dd if=/dev/zero of=pipe oflag=nonblock bs=1 count=1 status=none 2>/dev/null; }
	wait_for 10 full
	kill -INT $pid
	wait_for 2 gone $pid
	wait $pid
}

@test "--watch 0 does not spin; nonsense is a usage error" {
	timeout -s INT 1 strace -c -o calls "$LOCKS" --watch 0 >frames || true
	[ "$(grep -c 'LLC locks' frames)" -le 120 ]
	for bad in nope 5 -1s 1parsec ''; do
		run -2 "$LOCKS" --watch="$bad"
	done
}

@test "the command runs it" {
	hold "$KTSTR_LOCK_DIR/ktstr-llc-0.lock"
	run -0 --separate-stderr cargo-ktstr ktstr locks --json
	[ "$(jq '.llcs[0].holders | length' <<<"$output")" = 1 ]
	run -0 cargo-ktstr ktstr locks
	[[ $output == "LLC locks:"* ]]
}

@test "--jq picks from the snapshot, also while watching" {
	touch "$KTSTR_LOCK_DIR/ktstr-cpu-3.lock"
	run -0 --separate-stderr "$LOCKS" --jq '.cpus[].cpu'
	[ "$output" = 3 ]
	"$LOCKS" --watch 50ms --jq '.cpus | length' >lines 3>&- &
	# shellcheck disable=SC2016
	wait_for 10 bash -c '[ "$(wc -l <lines)" -ge 3 ]'
	[ "$(sort -u lines)" = 1 ]
}
