#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016
# Runs packed into a file, and old runs removed.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	R=$RUNS/6.14.2-3f9c2ab
	ARCHIVE=$LIBEXEC/ktstr-archive
}

# Runs named by their age, the newest last.
runs() {
	for name; do
		put "$RUNS/$name/a.ktstr.json"
		touch -d "2026-04-$((++day + 10))" "$RUNS/$name"
	done
}

# keep: the runs that are there
there() {
	find "$RUNS" -mindepth 1 -maxdepth 1 -name '[^.]*' -printf '%f\n' | sort | xargs
}

@test "an archive holds the whole run, and is a pool when unpacked" {
	put "$R/a.ktstr.json"
	put "$R/job/b.ktstr.json" '.test_name = "b"'
	echo dump >"$R/t.failure-dump.json"
	head -c 300000 /dev/urandom >"$R/job/big.log"
	: >"$R/job/empty"
	touch -d '2026-04-18 10:00' "$R"
	for suffix in tar.zst tar.gz tgz tar.xz tar; do
		run -0 --separate-stderr "$ARCHIVE" "${R##*/}" -o "run.$suffix"
		[ "$output" = "run.$suffix" ]
		[[ $stderr == "run.$suffix: 5 file(s) packed and read back" ]]
		rm -rf pool
		mkdir pool
		tar -xf "run.$suffix" -C pool
		diff -r "$R" "pool/${R##*/}"
		[ "$(stat -c %Y "pool/${R##*/}")" = "$(stat -c %Y "$R")" ]
	done
	[ "$(file -b --mime-type run.tar.zst 2>/dev/null || echo application/zstd)" = application/zstd ]
	[ "$("$SIDECAR" read --dir pool | jq -r 'select(.type == "row") | .test + " " + .run_source' | xargs)" = "cgroup_steady archive b archive" ]
	[ -d "$R" ]
	[ "$(find . -name '*.tmp.*')" = "" ]
}

@test "the archive's name is the run's unless it is given; what is there stays" {
	put "$R/a.ktstr.json"
	run -0 --separate-stderr "$ARCHIVE" "${R##*/}"
	[ "$output" = 6.14.2-3f9c2ab.tar.zst ]
	sum=$(sha256sum <"$output")
	run -1 --separate-stderr "$ARCHIVE" "${R##*/}"
	[[ $stderr == *"6.14.2-3f9c2ab.tar.zst is there already"* ]]
	[ "$(sha256sum <6.14.2-3f9c2ab.tar.zst)" = "$sum" ]
	run -2 --separate-stderr "$ARCHIVE" "${R##*/}" -o run.zip
	[[ $stderr == *"'run.zip' ends with none of .tar.zst"* ]]
	run -1 --separate-stderr "$ARCHIVE" 6.14.2-3f9c2aa
	[[ $stderr == *"not found under $RUNS. Did you mean \`6.14.2-3f9c2ab\`?"* ]]
	run -1 --separate-stderr "$ARCHIVE" ../x
	run -1 --separate-stderr "$ARCHIVE" "${R##*/}" -o none/run.tar
	[[ $stderr == *"write none/run.tar: No such file"* ]]
}

@test "a run is removed only after its archive has been read back" {
	put "$R/a.ktstr.json"
	mkdir full
	run -1 unshare -rm bash -c 'mount -t tmpfs -o size=64k none full; head -c 60000 /dev/zero >full/ballast
		"$1" "$2" --remove -o full/run.tar; code=$?; ls full; exit $code' _ "$ARCHIVE" "${R##*/}"
	[ "${lines[-1]}" = ballast ]
	[ -e "$R/a.ktstr.json" ]
	"$SIDECAR" read >/dev/null
	run -0 "$ARCHIVE" "${R##*/}" --remove
	[ ! -e "$R" ]
	[ ! -e "$RUNS/.locks/removed" ]
	mkdir pool
	tar -xf 6.14.2-3f9c2ab.tar.zst -C pool
	cmp <(jq . "$GOLDEN") pool/6.14.2-3f9c2ab/a.ktstr.json
}

@test "a run that is written to while it is packed is no archive" {
	put "$R/a.ktstr.json"
	mkdir -p "$RUNS/.locks"
	exec 8>"$RUNS/.locks/${R##*/}.lock"
	flock 8
	"$ARCHIVE" "${R##*/}" >out 2>said 8>&- 3>&- &
	pid=$!
	sleep 0.3
	[ ! -e 6.14.2-3f9c2ab.tar.zst ]
	kill -0 "$pid"
	flock -u 8
	wait "$pid"
	[ -e 6.14.2-3f9c2ab.tar.zst ]
}

@test "an archive that was interrupted leaves nothing behind" {
	put "$R/a.ktstr.json"
	truncate -s 20G "$R/long.log"
	mkdir here
	cd here
	"$ARCHIVE" "${R##*/}" 3>&- &
	pid=$!
	wait_for 10 eval 'readlink /proc/$pid/fd/* | grep -q long.log'
	kill -TERM $pid
	wait $pid && code=0 || code=$?
	[ "$code" = 143 ]
	[ -z "$(ls -A)" ]
	[ "$(there)" = "${R##*/}" ]
}

@test "prune keeps the newest runs" {
	runs a-oldest b-old c-new d-newest
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 2 --dry-run
	[ "$output" = $'would remove b-old\nwould remove a-oldest' ]
	[ "$stderr" = "2 run(s) to remove, 2 kept" ]
	[ "$(there)" = "a-oldest b-old c-new d-newest" ]
	rows >/dev/null
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 2
	[ "$output" = $'removed b-old\nremoved a-oldest' ]
	[ "$stderr" = "2 run(s) removed, 2 kept" ]
	[ "$(there)" = "c-new d-newest" ]
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 5
	[ "$output" = "" ]
	[ "$(there)" = "c-new d-newest" ]
	run -0 "$RUNS_PROGRAM" prune --keep 0 --dir "$RUNS"
	[ "$(there)" = "" ]
	[ -z "$(find "$RUNS" -name '*.ktstr.json' -o -name '*.rows')" ]
	run -0 "$RUNS_PROGRAM" prune --keep 0 --dir "$WORK/none"
	run -2 "$RUNS_PROGRAM" prune
	run -2 "$RUNS_PROGRAM" prune --keep=-1
}

@test "a run that is being written to stays" {
	runs a-oldest b-old c-new
	mkdir -p "$RUNS/.locks"
	exec 8>"$RUNS/.locks/a-oldest.lock"
	flock 8
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 1
	[ "$output" = "removed b-old" ]
	[[ $stderr == *"a-oldest is being written to and stays"* ]]
	[[ $stderr == *"1 run(s) removed, 2 kept" ]]
	[ "$(there)" = "a-oldest c-new" ]
	flock -u 8
	run -0 "$RUNS_PROGRAM" prune --keep 1
	[ "$(there)" = "c-new" ]
}

# going WORDS...: under a runner that WORDS start, write one result, make the
# file "written", wait until "go" is there, write another.
going() {
	result '.test_name = "early"' >early
	result '.test_name = "late"' >late
	"$@" bash -c '"$SIDECAR" write <early && : >written
		until [ -e go ]; do sleep 0.05; done
		"$SIDECAR" write <late' >/dev/null 2>&1 3>&- &
	going=$!
	wait_for 10 test -e written
}

@test "a run that goes on stays, between two of its writes too" {
	going "$LIBEXEC/ktstr-exec" --no-kernel
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 0 --dry-run
	[ "$output" = "" ]
	[[ $stderr == *"unknown-unknown is still going on and would stay (pid=$going cmd=bash -c "* ]]
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 0
	[ "$output" = "" ]
	[[ $stderr == *"unknown-unknown is still going on and stays (pid=$going cmd="*"0 run(s) removed, 1 kept" ]]
	run -1 --separate-stderr "$ARCHIVE" unknown-unknown --remove
	[[ $stderr == *"unknown-unknown is still going on (pid=$going"*"leave --remove out"* ]]
	run -0 --separate-stderr "$ARCHIVE" unknown-unknown
	[[ $stderr == *"the archive has what is there now"* ]]
	: >go
	wait "$going"
	[ "$(rows | jq -r .test | sort | xargs)" = "early late" ]
	run -0 "$RUNS_PROGRAM" prune --keep 0
	[ "$(there)" = "" ]
}

@test "a run of nextest alone goes on as long as nextest, through any wrapper" {
	unset KTSTR_RUN_ID
	# nextest's place: it has not the variable that its tests have
	going bash -c 'NEXTEST_RUN_ID=n-1 "$@"; sleep 0.01' nextest env A=1 bash -c '"$@"; true' wrapper
	run -0 --separate-stderr "$RUNS_PROGRAM" prune --keep 0
	[[ $stderr == *"is still going on and stays (pid=$going cmd=bash -c NEXTEST_RUN_ID="* ]]
	: >go
	wait "$going"
	[ "$(rows | wc -l)" = 2 ]
	run -0 "$RUNS_PROGRAM" prune --keep 0
	[ "$(there)" = "" ]
}

@test "a run whose process was killed goes on no more" {
	going "$LIBEXEC/ktstr-exec" --no-kernel
	kill -KILL "$going"
	wait "$going" || true
	run -0 "$RUNS_PROGRAM" prune --keep 0
	[ "$(there)" = "" ]
}

@test "a writer whose run is pruned under it loses no result" {
	result '.test_name = "t"' >in
	for _ in 1 2; do
		for _ in {1..200}; do
			[ ! -e over ] || break
			"$RUNS_PROGRAM" prune --keep 0 2>>pruned || :
		done >/dev/null 3>&- &
	done
	for _ in {1..4}; do
		for _ in {1..25}; do
			"$SIDECAR" write <in 2>>said || :
		done >/dev/null 3>&- &
		writers+=($!)
	done
	wait "${writers[@]}"
	: >over
	wait
	run ! grep -i error pruned
	run ! grep -i error said
	result '.test_name = "last"' | "$SIDECAR" write >/dev/null 2>&1
	rows | jq -r .test | grep -qx last
}

@test "a run that somebody else removed is no error of prune" {
	runs a b
	strace -qq -o calls -e trace=flock -e inject=flock:delay_exit=5000000:when=1 \
		"$RUNS_PROGRAM" prune --keep 1 >out 2>said 3>&- &
	wait_for 10 grep -q LOCK_EX calls
	rm -r "$RUNS/a"
	wait $!
	[ ! -s out ]
	[ "$(tail -n 1 said)" = "0 run(s) removed, 1 kept" ]
	[ "$(there)" = b ]
}

@test "what a killed pruner left goes with the next, and no reader sees it" {
	runs a b
	mkdir -p "$RUNS/.locks/removed"
	cp -r "$RUNS/a" "$RUNS/.locks/removed/x.1"
	[ "$(rows | wc -l)" = 2 ]
	"$RUNS_PROGRAM" prune --keep 1
	[ ! -e "$RUNS/.locks/removed" ]
	[ "$(rows | wc -l)" = 1 ]
}

@test "a killed pruner that had the same process id in another container is in nobody's way" {
	runs a
	run -0 --separate-stderr bash -c 'mkdir -p "$0/.locks/removed/a.$$/left" && exec "$1" prune --keep 0' \
		"$RUNS" "$RUNS_PROGRAM"
	[ "$output" = "removed a" ]
	[ ! -e "$RUNS/.locks/removed" ]
	[ "$(there)" = "" ]
}

@test "a run that is pruned while the pool is read is no reason to talk" {
	runs a b
	strace -f -qq -o calls -P "$RUNS/b" -e trace=newfstatat,openat -e inject=newfstatat:delay_exit=5000000:when=2 \
		"$SIDECAR" read >out 2>said 3>&- &
	wait_for 10 eval '[ "$(wc -l <calls)" = 2 ]'
	rm -r "$RUNS/b"
	wait $!
	grep -q 'ENOENT' calls
	[ ! -s said ]
	[ "$(tail -n 1 out | jq -c '[.files, .rows]')" = "[1,1]" ]
}

@test "the newest run is another one when it is pruned before it is read" {
	runs a b
	strace -f -qq -o calls -P "$RUNS/b" -e trace=newfstatat,openat -e inject=newfstatat:delay_exit=5000000:when=2 \
		"$SIDECAR" read --newest >out 2>said 3>&- &
	wait_for 10 eval '[ "$(wc -l <calls)" = 2 ]'
	rm -r "$RUNS/b"
	wait $!
	[ ! -s said ]
	[ "$(jq -r 'select(.type == "row").run' out)" = a ]
}

@test "a run that is removed while its lock is waited for is no archive, and not found" {
	runs a
	mkdir -p "$RUNS/.locks"
	exec 8>"$RUNS/.locks/a.lock"
	flock 8
	"$ARCHIVE" a >out 2>said 8>&- 3>&- &
	wait_for 10 eval 'readlink /proc/$!/fd/* | grep -q a.lock'
	rm -r "$RUNS/a"
	exec 8>&-
	wait $! && code=0 || code=$?
	[ "$code" = 1 ]
	grep -q "error: run 'a' not found under $RUNS" said
	[ ! -e a.tar.zst ]
}

@test "both are commands" {
	runs a b
	export PATH=$ROOT/${B:-build}/bin:$PATH
	run -0 --separate-stderr cargo-ktstr ktstr stats prune --keep 1 --dry-run
	[ "$output" = "would remove a" ]
	run -0 --separate-stderr cargo-ktstr ktstr stats archive b -o b.tar --remove
	[ "$output" = b.tar ]
	[ "$(there)" = a ]
	run -0 cargo-ktstr ktstr stats list-values --json --dir "$RUNS"
	run -0 cargo-ktstr ktstr stats show-host --run a
	run -0 cargo-ktstr ktstr stats explain-sidecar --run a --json --dir "$RUNS"
}
