#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	TOOL="$ROOT/${B:-build}/t/tool/base-tool"
	D="$BATS_TEST_TMPDIR"
}

# hold NAME ARGS...: start a verb that stays until it is released; SAID is
# what it printed, PID its process.
hold() {
	mkfifo "$D/$1.in" "$D/$1.out"
	"$TOOL" "${@:2}" <"$D/$1.in" >"$D/$1.out" 3>&- 8>&- 9>&- &
	PID=$!
	exec 8>"$D/$1.in" 9<"$D/$1.out"
	read -r -t 40 SAID <&9
}

release() {
	exec 8>&- 9<&-
	wait "$PID"
}

# gone PID: true once the process is dead, for at most 20 seconds
gone() {
	local i state

	for ((i = 0; i < 400; i++)); do
		state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
		[[ "$state" != Z* ]] || return 0
		sleep 0.05
	done
	return 1
}

@test "durations follow the humantime grammar" {
	while read -r ns text; do
		run -0 "$TOOL" duration "$text"
		[ "$output" = "$ns" ]
	done <<-'END'
		0 0
		1 1ns
		1500 1.5us
		100000000 100ms
		1000000000 1s
		1001000000 1.001s
		5400000000000 1.5h
		5400000000000 1h 30m
		5400000000000 1h30m
		86400000000000 1 day
		604800000000000 1week
		2630016000000000 1M
		60000000000 1m
		31557600000000000 1year
		9007199254740993 9007199254740993ns
	END
	for bad in "" " " 5 s 1x "1 " -1s +1s 1e3s 0x10s .5s 1.2.3s "1s 5" 1sm 600y1000y infs nans "1s,"; do
		run -1 "$TOOL" duration "$bad"
		[ -z "$output" ]
	done
}

@test "whole numbers have digits only and fit 64 bits" {
	for good in 0 7 18446744073709551615 007; do
		run -0 "$TOOL" u64 "$good"
	done
	for bad in "" -1 +1 " 1" "1 " 1.0 0x1 18446744073709551616 1e3; do
		run -1 "$TOOL" u64 -- "$bad"
	done
}

@test "edit distance and suggestions" {
	[ "$("$TOOL" distance kitten sitting)" = 3 ]
	[ "$("$TOOL" distance "" abc)" = 3 ]
	[ "$("$TOOL" distance same same)" = 0 ]
	[ "$("$TOOL" suggest kernle list kernel shell)" = kernel ]
	[ "$("$TOOL" suggest tset test stats)" = test ]
	run -1 "$TOOL" suggest zebra list kernel
	run -1 "$TOOL" suggest xy ab
}

@test "CRC-32 is zlib's, whole and in parts" {
	[ "$("$TOOL" crc 123456789)" = cbf43926 ]
	[ "$("$TOOL" crc "")" = 00000000 ]
	[ "$("$TOOL" crc a)" = e8b7be43 ]
	text="The quick brown fox jumps over the lazy dog"
	[ "$("$TOOL" crc "$text")" = "$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(sys.argv[1].encode()))' "$text")" ]
}

@test "sizes and times as people read them" {
	[ "$("$TOOL" sizes 900)" = "900 B | 0.9s" ]
	[ "$("$TOOL" sizes 12900000)" = "12.3 MiB | 215m 0s" ]
	[ "$("$TOOL" sizes 83000)" = "81.1 KiB | 1m 23s" ]
}

@test "a table pads to the widest line of a column" {
	run -0 "$TOOL" table 2 A B $'caf\u00e9' $'x\nlonger' z y
	[ "${lines[0]}" = " A     B      " ]
	[ "${lines[1]}" = $' caf\u00e9  x      ' ]
	[ "${lines[2]}" = "       longer " ]
	[ "${lines[3]}" = " z     y      " ]
}

@test "messages leave with control bytes shown as question marks" {
	run -1 "$TOOL" say $'a\e[31mb\rc'
	[ "${lines[0]}" = "base-tool: a?[31mb?c" ]
	[ "${lines[1]}" = "base-tool: warning: a?[31mb?c" ]
	[ "${lines[2]}" = "base-tool: error: wrapped: a?[31mb?c" ]
	[ "${lines[3]}" = "hint: try again" ]
	KTSTR_LABEL="cargo ktstr" run -1 "$TOOL" say x
	[ "${lines[0]}" = "cargo ktstr: x" ]
	[ "${lines[2]}" = "error: wrapped: x" ]
}

@test "options: every form of a value, -- ends them, -h and -V answer" {
	[ "$("$TOOL" --level 3 values)" = "- 3 0 0" ]
	[ "$("$TOOL" --level=3 --ratio=2.5 --wait 1.5s --colour red values)" = "red 3 2.5 1500000000" ]
	[ "$("$TOOL" -l3 values)" = "- 3 0 0" ]
	[ "$("$TOOL" -gl 3 -- values)" = "- 3 0 0" ]
	[ "$("$TOOL" -V)" = "base-tool 0.1.0" ]
	run -0 "$TOOL" --help
	[[ "$output" == *"--colour <COLOUR>"*"[red|green]"* ]]
	run -0 "$TOOL" --dump-opts
	jq -se 'any(.option == "level" and .letter == "l" and .type == "int")' <<<"$output"
}

@test "options: each mistake is named, exit 2" {
	try() {
		local want="$1"

		shift
		run -2 "$TOOL" "$@"
		[[ "$output" == *"$want"* ]]
	}
	try "invalid value '10' for '--level <N>': 10 is not in 1..=9" --level 10 values
	try "not a whole number" --level x values
	try "not a finite number" --level 1 --ratio inf values
	try "expected a duration" --wait 5 values
	try "[possible values: red, green]" --colour blue values
	try "cannot be used multiple times" -l 1 --level 2 values
	try "a value is required for '--level <N>'" --level
	try "a value is required for '--level <N>'" --level -g values
	try "it takes none" --group=1 values
	try "not provided" --ratio 1 values
	try "cannot be used with" --null --keep values
	try "not provided" -g
	try "no such verb" nonsense
}

@test "a file appears whole, with the umask applied, or not at all" {
	cd "$D"
	(umask 027 && "$TOOL" write f text)
	[ "$(cat f)" = text ]
	[ "$(stat -c %a f)" = 640 ]
	"$TOOL" write f other
	[ "$(cat f)" = other ]
	run -1 "$TOOL" write missing/f x
	[[ "$output" == *"write missing/f: No such file or directory" ]]
	mkdir d && run -1 "$TOOL" write d x
	[ "$(find . -name '*.tmp.*')" = "" ]
}

@test "where no file can be without a name, one that is swept before it is locked is made again" {
	cd "$D"
	# the first open is refused, as a filesystem without nameless files does; the lock of the named one comes late
	nth=$(strace -qq -e trace=openat "$TOOL" write f text 2>&1 | grep -n O_TMPFILE | cut -d: -f1)
	rm f
	strace -qq -o calls -e trace=openat,flock -e "inject=openat:error=EOPNOTSUPP:when=$nth" \
		-e inject=flock:delay_enter=5000000:when=1 "$TOOL" write f text 3>&- &
	wait_for 10 eval 'ls f.tmp.*'
	"$TOOL" sweep-files .
	[ -z "$(ls -A f.tmp.* 2>/dev/null)" ]
	wait $!
	[ "$(cat f)" = text ]
	[ "$(grep -c 'O_CREAT|O_EXCL' calls)" = 2 ]
	[ -z "$(find . -name '*.tmp.*')" ]
}

@test "a copy has the bytes and never overwrites" {
	cd "$D"
	head -c 700000 /dev/urandom >a
	"$TOOL" copy a b
	cmp a b
	run -1 "$TOOL" copy a b
	[[ "$output" == *"write b: File exists" ]]
	run -1 "$TOOL" copy "$D" c
	[ ! -e c ]
}

@test "directories are made with their parents, and a file in the way is named" {
	cd "$D"
	"$TOOL" mkdirs a/b//c/
	[ -d a/b/c ]
	"$TOOL" mkdirs a/b/c
	"$TOOL" mkdirs /
	touch file
	run -1 "$TOOL" mkdirs file/x
	[[ "$output" == *"make directory file"* ]]
	run -1 "$TOOL" mkdirs ""
	[[ "$output" == *"make directory : "* ]]
}

@test "a removal goes on behind what somebody else has removed meanwhile" {
	cd "$D"
	mkdir -p t/{a,b,c}/d
	strace -qq -o calls -e trace=getdents64 -e inject=getdents64:delay_exit=5000000:when=2 "$TOOL" remove t 3>&- &
	wait_for 10 eval '[ "$(wc -l <calls)" = 2 ]'
	rm -r t/?
	wait $!
	[ ! -e t ]
}

@test "a directory that goes away while it is made is made again" {
	cd "$D"
	mkdir -p a/b
	for gone in a/b a; do
		rm -f calls
		strace -qq -o calls -e trace=mkdir -e inject=mkdir:delay_exit=5000000:when=1 "$TOOL" mkdirs a/b 3>&- &
		wait_for 10 grep -q EEXIST calls
		rm -r "$gone"
		wait $!
		[ -d a/b ]
	done
	ln -s nowhere dangling
	run -1 "$TOOL" mkdirs dangling/x
	[[ "$output" == *"make directory dangling"* ]]
}

@test "a tree is removed with links left alone and read-only directories opened" {
	cd "$D"
	for remove in remove remove-large; do
		mkdir -p t/a/b t/c/d/e keep && touch t/f t/a/b/f t/c/d/e/{1..99} keep/f
		ln -s ../keep t/link && ln -s nowhere t/dead && ln -s ../../keep t/c/link
		chmod 0555 t/a/b && chmod 0000 t/a
		"$TOOL" "$remove" t
		[ ! -e t ] && [ -e keep/f ]
		"$TOOL" "$remove" t
		mkdir real && ln -s real sym && "$TOOL" "$remove" sym
		[ ! -L sym ] && [ -d real ]
		rmdir real
	done
}

@test "a held directory lives as long as its holder" {
	mkdir "$D/p"
	hold one held "$D/p" work-
	[ -d "$SAID" ]
	"$TOOL" sweep "$D/p" work-
	[ -d "$SAID" ]
	mkdir "$D/p/work-stale" "$D/p/other"
	"$TOOL" sweep "$D/p" work-
	[ ! -e "$D/p/work-stale" ] && [ -d "$D/p/other" ]
	release
	[ ! -e "$SAID" ]
}

@test "what a killed holder left is swept by the next one" {
	mkdir "$D/p"
	hold one held "$D/p" work-
	left="$SAID"
	touch "$left/file"
	kill -9 "$PID"
	run release
	[ -d "$left" ]
	"$TOOL" sweep "$D/p" work-
	[ ! -e "$left" ]
}

@test "a temporary directory lies in TMPDIR and goes with its process" {
	mkdir "$D/temps" "$D/temps/ktstr-tmp-dead"
	TMPDIR="$D/temps" hold one temp
	[[ "$SAID" == "$D/temps/ktstr-tmp-"* ]]
	[ "$(stat -c %a "$SAID")" = 700 ]
	[ ! -e "$D/temps/ktstr-tmp-dead" ]
	release
	[ -z "$(ls "$D/temps")" ]
}

@test "an exclusive lock keeps others out and says who holds it" {
	hold one lock "$D/sub/l" exclusive 0
	[ "$SAID" = held ]
	run -3 "$TOOL" lock "$D/sub/l" shared 0
	[[ "$output" == *"flock LOCK_SH on the thing timed out after 0s (lockfile $D/sub/l, holders:   pid=$PID cmd=$TOOL lock"* ]]
	run -3 "$TOOL" lock "$D/sub/l" exclusive 200
	release
	run -0 "$TOOL" lock "$D/sub/l" exclusive 0 </dev/null
	[ "$output" = held ]
	[ "$(stat -c %a "$D/sub/l")" = 666 ]
	[ "$("$TOOL" holders "$D/sub/l")" = "<none recorded>" ]
}

@test "shared locks go together, and a killed holder lets go" {
	hold one lock "$D/l" shared 0
	run -0 "$TOOL" lock "$D/l" shared 0 </dev/null
	run -3 "$TOOL" lock "$D/l" exclusive 0
	kill -9 "$PID"
	run release
	run -0 "$TOOL" lock "$D/l" exclusive forever </dev/null
}

@test "a waiting lock is taken as soon as it is free" {
	hold one lock "$D/l" exclusive 0
	"$TOOL" lock "$D/l" exclusive 10000 </dev/null >"$D/got" 3>&- 8>&- 9>&- &
	waiter=$!
	sleep 0.2
	[ ! -s "$D/got" ]
	release
	wait "$waiter"
	[ "$(cat "$D/got")" = held ]
}

@test "a signal just before a wait for a lock ends that wait" {
	cd "$D"
	hold one lock l exclusive 0
	strace -qq -o calls -e trace=write,fstat,newfstatat -e inject=write:delay_exit=1500000 "$TOOL" patient l 2>said 3>&- 8>&- 9>&- &
	wait_for 10 grep -q waiting said
	waiter=$(pgrep -P $!)
	kill -TERM "$waiter"
	gone "$waiter"
	wait $! && code=0 || code=$?
	[ "$code" = 143 ]
	grep -q "interrupted while waiting for l" said
	release
}

@test "exit codes and signals of a child" {
	for code in 0 1 42 255; do
		[ "$("$TOOL" run sh -c "exit $code")" = "exit $code" ]
	done
	[ "$("$TOOL" run sh -c 'kill -9 $$')" = "exit 137" ]
	[ "$("$TOOL" run sh -c 'kill -15 $$')" = "exit 143" ]
}

@test "an exit code gets through when SIGCHLD came in ignored" {
	run -0 python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])' \
		"$TOOL" run sh -c "exit 5"
	[ "$output" = "exit 5" ]
}

@test "a child starts with default signals, but for those that nohup or a script's & ignores" {
	probe='import os, signal, sys
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
for s in (signal.SIGPIPE, signal.SIGINT, signal.SIGHUP):
    signal.signal(s, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])'
	run -0 python3 -c "$probe" "$TOOL" run grep -E '^Sig(Blk|Ign)' /proc/self/status
	[ "${lines[0]}" = $'SigBlk:\t0000000000000000' ]
	# 32 and 33 are libc's own: nobody can set them, and some parents ignore them
	(((16#${lines[1]##*[!0-9a-f]} & 0x7fffffff) == 3))
}

@test "a program that cannot run is an error with the reason, not exit 127" {
	cd "$D"
	run -1 "$TOOL" run no-such-program-here
	[[ "$output" == *"error: run no-such-program-here: No such file or directory" ]]
	run -1 "$TOOL" run ./missing
	[[ "$output" == *"run ./missing: No such file or directory" ]]
	echo text >plain
	run -1 "$TOOL" run ./plain
	[[ "$output" == *"run ./plain: Permission denied" ]]
	printf '\0garbage' >bad && chmod +x bad
	run -1 "$TOOL" run ./bad
	[[ "$output" == *"run ./bad: Exec format error" ]]
	printf '#!/no/such/shell\n' >script && chmod +x script
	run -1 "$TOOL" run ./script
	[[ "$output" == *"run ./script: No such file or directory" ]]
	run -1 "$TOOL" --dir "$D/nowhere" run true
	[[ "$output" == *"run true in $D/nowhere: No such file or directory" ]]
	run -1 "$TOOL" replace ./plain
	[[ "$output" == *"run ./plain: Permission denied" ]]
	[ "$("$TOOL" replace echo replaced)" = replaced ]
}

@test "a child that cannot start leaves no descriptor open" {
	for program in no-such-program-here "$D"; do
		run -0 "$TOOL" leak "$program"
		[ "${lines[1]}" = none ]
	done
}

@test "PATH is searched for executable regular files only" {
	mkdir -p "$D/one/prog" "$D/two" "$D/three"
	echo no >"$D/two/prog"
	printf '#!/bin/sh\necho third\n' >"$D/three/prog" && chmod +x "$D/three/prog"
	PATH="$D/one:$D/two:$D/three:$PATH" run -0 "$TOOL" run prog
	[ "${lines[0]}" = third ]
}

@test "a child has the descriptors it was given and no others" {
	echo three >"$D/three"
	run -0 bash -c 'exec 7<"$2" 8<"$2" 3>&-; "$1" collect bash -c "ls /proc/\$\$/fd; :"' - "$TOOL" "$D/three"
	[ "$(tr '\n' ' ' <<<"$output")" = "exit 0 0 1 2 " ]
	run -0 bash -c 'exec 7<"$2" 8<"$2" 3>&-; "$1" --keep --third "$2" collect bash -c "ls /proc/\$\$/fd; cat <&3 <&7"' - "$TOOL" "$D/three"
	[ "$(tr '\n' ' ' <<<"$output")" = "exit 0 0 1 2 3 7 three " ]
}

@test "directory and environment of a child" {
	A=old GONE=x run -0 "$TOOL" --dir "$D" -e A=new=1 -e GONE run sh -c 'pwd; echo "$A,${GONE-unset}"'
	[ "${lines[0]}" = "$D" ]
	[ "${lines[1]}" = "new=1,unset" ]
}

@test "both streams can share one pipe" {
	run -0 "$TOOL" collect sh -c 'echo out; echo err >&2; exit 3'
	[ "$output" = $'exit 3\nout\nerr' ]
}

@test "a child dies with its parent, kill -9 included" {
	hold one stop 1000 sleep 1000
	child="$SAID"
	kill -0 "$child"
	kill -9 "$PID"
	run release
	gone "$child"
}

@test "stopping sends SIGTERM, then SIGKILL to one that will not go" {
	hold one stop 5000 sleep 1000
	child="$SAID"
	release
	gone "$child"
	hold two stop 100 sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	child="$SAID"
	sleep 0.2
	release
	gone "$child"
}

@test "stopping a group takes the grandchildren along" {
	hold one --group stop 2000 sh -c "sleep 1000 & echo \$! >'$D/pid'; wait"
	child="$SAID"
	wait_for 5 test -s "$D/pid"
	release
	gone "$child"
	gone "$(cat "$D/pid")"
}

@test "a write error on standard output is exit 1" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -1 bash -c '"$1" crc x >/dev/full' - "$TOOL"
	[[ "$output" == *"write standard output: No space left on device" ]]
}
