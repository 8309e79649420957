#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# cargo-ktstr: commands, help, recipes, the wiring of stages.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	fake_libexec
}

# Three stages that run until something ends them, and note their pids.
fake_sleepers() {
	for s in resolve fetch build exec; do
		fake $s <<-'EOF'
			echo $$ >"$OUT/pid.$(basename "$0")"
			exec sleep 60
		EOF
	done
	fake_cargo </dev/null
}

all_started() {
	[ -s "$OUT/pid.ktstr-resolve" ] && [ -s "$OUT/pid.ktstr-fetch" ] &&
		[ -s "$OUT/pid.ktstr-build" ] && [ -s "$OUT/pid.ktstr-exec" ]
}

@test "root help lists every command in its order, with the aliases" {
	want="test coverage llvm-cov stats kernel model verifier funify completions show-host show-thresholds export locks shell doctor help"
	run -0 --separate-stderr cargo-ktstr ktstr --help
	[ -z "$stderr" ]
	got=$(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$output" | xargs)
	[ "$got" = "$want" ]
	[[ $output == *"[aliases: nextest]"* ]]
	[[ $output == *"[aliases: costume]"* ]]
	[[ $output == *"Usage: cargo ktstr [OPTIONS] <COMMAND>"* ]]
}

@test "the plugin's name is dropped once, and only in front" {
	run -0 cargo-ktstr ktstr test -h
	with=$output
	run -0 cargo-ktstr test -h
	[ "$output" = "$with" ]
	run -2 cargo-ktstr ktstr ktstr test -h
}

@test "help, -h and --help answer at every level on stdout" {
	while read -r name; do
		# shellcheck disable=SC2086 # a name may be two words
		run -0 --separate-stderr cargo-ktstr ktstr $name --help
		[[ $output == *"Usage: cargo ktstr "* ]]
		[ -z "$stderr" ]
		long=$output
		# shellcheck disable=SC2086
		run -0 --separate-stderr cargo-ktstr ktstr help $name
		[ "$output" = "$long" ]
		# shellcheck disable=SC2086
		run -0 cargo-ktstr ktstr $name -h
		[ ${#output} -le ${#long} ]
	done < <(cargo-ktstr --list-cmds)
	run -0 cargo-ktstr ktstr kernel help build
	[[ $output == *"--source <PATH>"* ]]
}

@test "-h is shorter than --help where there is more to say" {
	for name in test "kernel build" "stats compare"; do
		# shellcheck disable=SC2086
		[ "$(cargo-ktstr $name -h | wc -l)" -lt "$(cargo-ktstr $name --help | wc -l)" ]
	done
	run -0 cargo-ktstr test -h
	[[ $output == *"Print help (see more with '--help')"* ]]
	run -0 cargo-ktstr test --help
	[[ $output == *"Print help (see a summary with '-h')"* ]]
}

@test "-V and --version print the version" {
	run -0 cargo-ktstr ktstr -V
	[[ $output =~ ^cargo\ ktstr\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	one=$output
	run -0 cargo-ktstr --version
	[ "$output" = "$one" ]
}

@test "--list-cmds names every command and alias, and help does not show it" {
	run -0 cargo-ktstr --list-cmds
	for name in test nextest "kernel build" "stats compare" "model fetch" costume shell; do
		grep -qx "$name" <<<"$output"
	done
	run -0 cargo-ktstr --help
	[[ $output != *list-cmds* ]]
}

@test "no command prints help on stderr and exits 2" {
	for args in "ktstr" "" "ktstr kernel" "ktstr model"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr cargo-ktstr $args
		[ -z "$output" ]
		[[ $stderr == *"Commands:"* ]]
	done
}

@test "a mistyped command or option gets a suggestion and exit 2" {
	run -2 --separate-stderr cargo-ktstr ktstr tset
	[ -z "$output" ]
	[[ $stderr == "error: unrecognized subcommand 'tset'"* ]]
	[[ $stderr == *"  tip: a similar subcommand exists: 'test'"* ]]
	[[ $stderr == *"For more information, try '--help'." ]]
	run -2 cargo-ktstr ktstr nextst
	[[ $output == *"exists: 'nextest'"* ]]
	run -2 cargo-ktstr ktstr kernel bild
	[[ $output == *"  tip: a similar subcommand exists: 'build'"* ]]
	run -2 cargo-ktstr ktstr help kernal
	[[ $output == *"exists: 'kernel'"* ]]
	run -2 cargo-ktstr ktstr kernel build --forse
	[[ $output == *"  tip: a similar argument exists: '--force'"* ]]
	[[ $output == *"Usage: cargo ktstr kernel build [OPTIONS] [VERSION]"* ]]
	run -2 cargo-ktstr ktstr --expain test
	[[ $output == *"  tip: a similar argument exists: '--explain'"* ]]
	run -2 cargo-ktstr ktstr llvm_cov
	[[ $output == *"exists: 'llvm-cov'"* ]]
}

@test "every bad command line exits 2 and starts no stage" {
	for s in resolve fetch build exec cache sidecar compare vm completions locks show-thresholds; do
		# shellcheck disable=SC2016
		fake $s <<<'touch "$OUT/ran"'
	done
	while read -r line; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr cargo-ktstr ktstr $line
		[ -z "$output" ]
		[[ $stderr == error:* ]]
		[ ! -e "$OUT/ran" ]
	done <<-'EOF'
		nosuchcommand
		verifier --no-such
		verifier extra
		stats compare --policy p --threshold 5
		stats compare --threshold abc
		stats compare stray
		stats show-host
		stats lits
		kernel build --git https://example.com/r.git
		kernel build --ref v6.14
		kernel build 6.14 --source ../linux
		kernel build 6.14 --git https://example.com/r.git --ref v6.14
		kernel build --cpu-cap 0
		kernel build --force --force
		kernel build 6.14 6.15
		kernel clean --corrupt-only --keep 3
		shell --cpu-cap 2
		shell --memory-mb 64
		shell --memory-mb -1
		locks --watch nope
		completions noshell
		completions
		show-thresholds
		show-thresholds one two
		test --accel warp
		test --kernel
		show-host extra
	EOF
}

@test "explain prints one line that gives the same when pasted" {
	fake_cargo <<<'exit 0'
	# shellcheck disable=SC2016 # a word the shell must not touch
	words=(--kernel ../linux --kernel "it's 1" -- -E 'test(a) and $x')
	run -0 --separate-stderr cargo-ktstr ktstr test --explain "${words[@]}"
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 1 ]
	[ ! -e "$OUT/cargo" ]
	[ "$output" = "ktstr-resolve ../linux 'it'\\''s 1' | ktstr-fetch | ktstr-build | ktstr-exec -- cargo nextest run -E 'test(a) and \$x'" ]
	line=$output
	cargo-ktstr ktstr test "${words[@]}"
	mv "$OUT/cargo" "$OUT/cargo.run"
	mv "$OUT/records" "$OUT/records.run"
	PATH=$KTSTR_LIBEXEC:$PATH bash -c "$line"
	cmp "$OUT/cargo" "$OUT/cargo.run"
	cmp "$OUT/records" "$OUT/records.run"
}

@test "explain says to who reads it at a terminal where the shell finds the helpers" {
	run -0 env script -qec 'cargo-ktstr ktstr --explain stats list' /dev/null
	[[ ${lines[0]} == "ktstr-runs list"* ]]
	[[ ${lines[1]} == "cargo ktstr: the shell finds these programs after: PATH=\"$KTSTR_LIBEXEC:\$PATH\""* ]]
	fake runs </dev/null
	PATH=$KTSTR_LIBEXEC:$PATH run -0 env script -qec 'cargo-ktstr ktstr --explain stats list' /dev/null
	[ "${#lines[@]}" -eq 1 ]
}

@test "explain works in front of the command and inside a group" {
	run -0 cargo-ktstr ktstr --explain test --kernel 6.14.2
	[ "$output" = "ktstr-resolve 6.14.2 | ktstr-fetch | ktstr-build | ktstr-exec -- cargo nextest run" ]
	run -0 cargo-ktstr ktstr kernel --explain list
	[ "$output" = "ktstr-cache list" ]
	run -0 cargo-ktstr ktstr --explain stats
	[ "$output" = "ktstr-sidecar read --newest --whole | ktstr-stats report" ]
}

@test "options become variables of every stage, shown by explain" {
	run -0 cargo-ktstr --explain test --lean --no-perf-mode --accel tcg --kernel 6.14.2
	env="KTSTR_LEAN=1 KTSTR_NO_PERF_MODE=1 KTSTR_ACCEL=tcg"
	[ "$output" = "$env ktstr-resolve 6.14.2 | $env ktstr-fetch | $env ktstr-build | $env ktstr-exec -- cargo nextest run" ]
	# shellcheck disable=SC2016
	fake resolve <<<'echo "$KTSTR_LEAN:$KTSTR_NO_SKIP_MODE" >"$OUT/resolve"'
	# shellcheck disable=SC2016
	fake_cargo <<<'echo "$KTSTR_LEAN:$KTSTR_NO_SKIP_MODE" >"$OUT/env"'
	cargo-ktstr test --lean --no-skip-mode --kernel x
	[ "$(cat "$OUT/env")" = 1:1 ]
	[ "$(cat "$OUT/resolve")" = 1:1 ]
}

@test "stages know the label, libexec and share" {
	# shellcheck disable=SC2016
	fake_cargo <<<'echo "$KTSTR_LABEL|$KTSTR_LIBEXEC|$KTSTR_SHARE|$KTSTR_PROGRESS_FD" >"$OUT/env"'
	cd "$BATS_TEST_TMPDIR"
	KTSTR_PROGRESS_FD=9 KTSTR_LIBEXEC=libexec cargo-ktstr test --kernel x
	[ "$(cat "$OUT/env")" = "cargo ktstr|$BATS_TEST_TMPDIR/libexec|$ROOT/share|" ]
}

@test "without a kernel exec alone is run, in the dispatcher's place" {
	# shellcheck disable=SC2016
	fake_cargo <<<'echo $$ >"$OUT/pid"'
	bash -c 'echo $$ >"$OUT/dispatcher"; exec cargo-ktstr test --lib'
	[ "$(cat "$OUT/pid")" = "$(cat "$OUT/dispatcher")" ]
	[ "$(xargs <"$OUT/cargo")" = "nextest run --lib" ]
	run -0 cargo-ktstr nextest --explain
	[ "$output" = "ktstr-exec --no-kernel -- cargo nextest run" ]
}

@test "everything from the first unknown word goes to nextest as it is" {
	fake_cargo </dev/null
	cargo-ktstr ktstr test --retries 2 --kernel X
	[ "$(xargs <"$OUT/cargo")" = "nextest run --retries 2 --kernel X" ]
	cargo-ktstr ktstr test -- -E f -- -h
	[ "$(xargs <"$OUT/cargo")" = "nextest run -E f -- -h" ]
	cargo-ktstr ktstr test --release --kernel=6.14.2 name --help
	[ "$(xargs <"$OUT/cargo")" = "nextest run --cargo-profile release name --help" ]
	[ "$(jq -r .spec "$OUT/records")" = 6.14.2 ]
}

@test "coverage, llvm-cov and verifier run their cargo commands" {
	fake_cargo </dev/null
	cargo-ktstr ktstr coverage --release -- --workspace
	[ "$(xargs <"$OUT/cargo")" = "llvm-cov nextest --cargo-profile release --workspace" ]
	cargo-ktstr ktstr llvm-cov --kernel 6.14.2 report --lcov
	[ "$(xargs <"$OUT/cargo")" = "llvm-cov report --lcov" ]
	cargo-ktstr ktstr llvm-cov --release
	[ "$(xargs <"$OUT/cargo")" = "llvm-cov --release" ]
	run -0 cargo-ktstr ktstr --explain verifier --raw
	[ "$output" = "KTSTR_VERIFIER_RAW=1 ktstr-exec --no-kernel -- cargo nextest run -E 'test(/^verifier/)'" ]
}

@test "kernel build wires its sources and keeps records to itself" {
	run -0 --separate-stderr cargo-ktstr ktstr kernel build 6.14.2
	[ -z "$output" ]
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --json 6.14.2
	[ "$(jq -r .spec <<<"$output")" = 6.14.2 ]
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --json --source linux
	[ "$(jq -r .spec <<<"$output")" = ./linux ]
	run -0 cargo-ktstr ktstr --explain kernel build --json --git https://h/r.git --ref v6.14
	[[ $output == "ktstr-resolve 'git+https://h/r.git#v6.14' | "* ]]
	run -0 cargo-ktstr ktstr --explain kernel build 6.14.2
	[ "$output" = "ktstr-resolve --series 6.14.2 | ktstr-fetch | ktstr-build --report >/dev/null" ]
	run -0 cargo-ktstr ktstr --explain kernel build
	[ "$output" = "ktstr-resolve --latest | ktstr-fetch | ktstr-build --report >/dev/null" ]
	# an unset variable of a script is not the current directory
	run -2 --separate-stderr cargo-ktstr ktstr kernel build --source ''
	[[ $stderr == *"a value is required for '--source <PATH>' but none was supplied"* ]]
}

@test "what is in the table and not in this version is refused before anything starts" {
	for words in "shell" "verifier" "export a_test" "show-thresholds a_test"; do
		# shellcheck disable=SC2086
		run -1 cargo-ktstr ktstr $words
		[ "$output" = "error: cargo ktstr ${words% *} is not available in this version" ]
	done
	[ ! -e "$OUT/records" ]
}

@test "a mistyped option in front of cargo's words is passed on with a warning" {
	fake_cargo </dev/null
	run -0 cargo-ktstr ktstr test --kernl 6.14
	[[ $output == *"warning: '--kernl' and what follows is passed on as it is; a similar option here is '--kernel'"* ]]
	[ "$(xargs <"$OUT/cargo")" = "nextest run --kernl 6.14" ]
	run -0 cargo-ktstr ktstr test --workspace --retries 2
	[ -z "$output" ]
}

@test "a kernel that is all blank is an error, a blank one among others is not" {
	fake_cargo </dev/null
	run -1 cargo-ktstr ktstr test --kernel "  " --kernel ""
	[[ $output == "error: --kernel: every supplied value parsed to empty / whitespace"* ]]
	[ ! -e "$OUT/cargo" ]
	run -0 cargo-ktstr ktstr --explain test --kernel " " --kernel 6.14.2
	[[ $output == "ktstr-resolve 6.14.2 |"* ]]
}

@test "a value that looks like an option reaches its stage as an operand" {
	run -0 cargo-ktstr ktstr --explain test --kernel=--force
	[[ $output == "ktstr-resolve -- --force |"* ]]
}

@test "a missing tool is named before anything starts" {
	mkdir -p "$BATS_TEST_TMPDIR/empty"
	bin=$(command -v cargo-ktstr)
	run -1 env PATH="$BATS_TEST_TMPDIR/empty" "$bin" ktstr coverage --kernel x
	[ "${lines[0]}" = "error: missing required tool(s):" ]
	[ "${lines[1]}" = "  - cargo-nextest" ]
	[ "${lines[2]}" = "  - cargo-llvm-cov" ]
	[[ $output == *$'\n\ninstall with: '*"cargo install"* ]]
	[ ! -e "$OUT/records" ]
}

@test "a helper that is not installed is named" {
	run -1 cargo-ktstr ktstr model fetch
	[ "$output" = "error: 'cargo ktstr model fetch' needs ktstr-model, which is not installed in $KTSTR_LIBEXEC" ]
	rm "$KTSTR_LIBEXEC/ktstr-build"
	fake_cargo </dev/null
	run -1 cargo-ktstr ktstr test --kernel x
	[[ $output == "error: 'cargo ktstr test' needs ktstr-build, "* ]]
	[ ! -e "$OUT/records" ]
}

@test "an unknown command runs ktstr-NAME of libexec, then of PATH" {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# shellcheck disable=SC2016
	script "$BATS_TEST_TMPDIR/bin/ktstr-foo" <<<'echo "path $* $KTSTR_LABEL"; exit 7'
	run -7 cargo-ktstr ktstr foo --help 'a b'
	[ "$output" = "path --help a b cargo ktstr" ]
	# shellcheck disable=SC2016
	fake foo <<<'echo "libexec $*"'
	run -0 cargo-ktstr ktstr foo x
	[ "$output" = "libexec x" ]
	run -0 cargo-ktstr ktstr --explain foo 'a b'
	[ "$output" = "ktstr-foo 'a b'" ]
	run -2 cargo-ktstr ktstr ../bin/ktstr-foo
}

@test "KTSTR_TRACE prints the line on stderr and runs it" {
	fake_cargo <<<'echo ran'
	KTSTR_TRACE=1 run -0 --separate-stderr cargo-ktstr ktstr test --kernel x
	[ "$output" = ran ]
	[ "$stderr" = "ktstr-resolve x | ktstr-fetch | ktstr-build | ktstr-exec -- cargo nextest run" ]
	KTSTR_TRACE=1 run -0 --separate-stderr cargo-ktstr ktstr test
	[ "$stderr" = "ktstr-exec --no-kernel -- cargo nextest run" ]
}

@test "the acting stage's exit code is ours" {
	for code in 0 4 100; do
		fake_cargo <<<"exit $code"
		run -$code cargo-ktstr ktstr test --kernel x
		[ -z "$output" ]
		run -$code cargo-ktstr ktstr test
	done
	# shellcheck disable=SC2016
	fake_cargo <<<'kill -SEGV $$'
	run -139 cargo-ktstr ktstr test --kernel x
}

@test "failed stages are named, and the exit code is 1" {
	fake fetch <<<'cat; echo "error: no route to host" >&2; exit 1'
	fake build <<<'cat; exit 3'
	fake exec <<<'cat <&3; exit 9'
	fake_cargo </dev/null
	run -1 --separate-stderr cargo-ktstr ktstr test --kernel x
	[ "$(grep -c . <<<"$stderr")" -eq 3 ]
	[[ $stderr == *"error: no route to host"* ]]
	[[ $stderr == *"error: stage ktstr-fetch failed (exit 1)"$'\n'"error: stage ktstr-build failed (exit 3)" ]]
	# shellcheck disable=SC2016
	fake build <<<'kill -KILL $$'
	fake fetch <<<'exec cat'
	run -1 cargo-ktstr ktstr test --kernel x
	[[ $output == *"error: stage ktstr-build failed (killed by SIGKILL)" ]]
}

@test "a failed stage fails the run although the acting one was content" {
	fake resolve <<<'exit 1'
	fake_cargo <<<'exit 0'
	run -1 cargo-ktstr ktstr test --kernel x
	[ "$output" = "error: stage ktstr-resolve failed (exit 1)" ]
}

@test "a stage killed by SIGPIPE counts only if nothing behind it failed" {
	fake resolve <<<'exec yes "{}"'
	fake fetch <<<'head -n1 >/dev/null; exit 5'
	fake exec <<<'cat <&3; exit 1'
	fake_cargo </dev/null
	run -1 cargo-ktstr ktstr test --kernel x
	[ "$output" = "error: stage ktstr-fetch failed (exit 5)" ]
	fake fetch <<<'head -n1 >/dev/null'
	fake exec <<<'cat <&3'
	run -1 cargo-ktstr ktstr test --kernel x
	[ "$output" = "error: stage ktstr-resolve failed (killed by SIGPIPE)" ]
}

@test "kernel build without an acting stage reports its failures" {
	fake build <<<'cat; exit 1'
	run -1 cargo-ktstr ktstr kernel build 6.14.2
	[ "$output" = "error: stage ktstr-build failed (exit 1)" ]
}

@test "the acting stage has the user's stdin, the first none" {
	fake resolve <<<'cat; echo "{}"'
	fake_cargo <<<'cat'
	run -0 bash -c 'echo hello | cargo-ktstr ktstr test --kernel x'
	[ "$output" = hello ]
	[ "$(cat "$OUT/records")" = "{}" ]
}

@test "the comparison reads the results on its stdin" {
	fake sidecar <<<'echo "{\"words\":\"$*\"}"'
	# shellcheck disable=SC2016
	fake stats <<<'echo "$*" "[$KTSTR_RECORDS_FD]"; cat'
	run -0 cargo-ktstr ktstr stats
	[ "${lines[0]}" = "report []" ]
	[ "${lines[1]}" = '{"words":"read --newest --whole"}' ]
	run -0 cargo-ktstr ktstr --explain stats compare --a-kernel 6.14 --b-kernel 6.15 -E steady --dir /archive
	[ "$output" = "ktstr-sidecar read --pool --dir=/archive | ktstr-compare --dir=/archive --filter=steady --a-kernel=6.14 --b-kernel=6.15" ]
	fake runs <<<'echo "{\"words\":\"$*\"}"'
	run -0 cargo-ktstr ktstr stats list
	[ "$output" = '{"words":"list"}' ]
}

@test "closed standard descriptors do not end up as pipes" {
	# shellcheck disable=SC2016
	fake_cargo <<<'readlink /proc/$$/fd/0 >"$OUT/in"; readlink /proc/$$/fd/1 >"$OUT/out"'
	cargo-ktstr ktstr test --kernel x <&- >&-
	[ "$(cat "$OUT/in" "$OUT/out")" = $'/dev/null\n/dev/null' ]
}

@test "a signal to the dispatcher ends every stage, and the dispatcher by it" {
	for sig in TERM HUP INT; do
		fake_sleepers
		rm -f "$OUT"/pid.*
		env --default-signal=INT cargo-ktstr ktstr test --kernel x 3>&- &
		pid=$!
		wait_for 10 all_started
		mapfile -t pids < <(cat "$OUT"/pid.*)
		kill -$sig $pid
		code=0
		wait $pid || code=$?
		[ "$(kill -l $code)" = $sig ]
		gone "${pids[@]}"
	done
}

@test "a signal that was ignored when the dispatcher started is ignored by the stages too" {
	for sig in HUP INT QUIT; do
		fake_sleepers
		rm -f "$OUT"/pid.*
		env --ignore-signal=$sig cargo-ktstr ktstr test --kernel x 3>&- &
		pid=$!
		wait_for 10 all_started
		mapfile -t pids < <(cat "$OUT"/pid.*)
		kill -$sig "$pid" "${pids[@]}"
		sleep 0.2
		kill -0 "$pid" "${pids[@]}"
		kill -TERM $pid
		wait $pid || true
		gone "${pids[@]}"
	done
}

@test "who waits for a stage to clean up after a signal says so" {
	fake_sleepers
	fake fetch <<-'EOF'
		trap 'until [ -e "$OUT/seen" ]; do sleep 0.1; done; exit 0' TERM
		echo $$ >"$OUT/pid.$(basename "$0")"
		while :; do sleep 0.1; done
	EOF
	cargo-ktstr ktstr test --kernel x 3>&- 2>"$OUT/err" &
	pid=$!
	wait_for 10 all_started
	kill -TERM $pid
	wait_for 10 grep -qx "cargo ktstr: interrupted; waiting for ktstr-fetch to clean up" "$OUT/err"
	touch "$OUT/seen"
	wait $pid || true
}

@test "a stage that ignores the signal is waited for" {
	fake_sleepers
	fake exec <<-'EOF'
		trap 'sleep 0.5; touch "$OUT/cleaned"; exit 0' TERM
		echo $$ >"$OUT/pid.ktstr-exec"
		while :; do sleep 0.1; done
	EOF
	cargo-ktstr ktstr test --kernel x 3>&- &
	pid=$!
	wait_for 10 all_started
	kill $pid
	code=0
	wait $pid || code=$?
	[ $code -eq 143 ]
	[ -e "$OUT/cleaned" ]
}

@test "Ctrl-C reaches each stage once, and stays the reason" {
	fake exec <<-'EOF'
		trap 'echo int >>"$OUT/ints"' INT
		echo $$ >"$OUT/pid"
		for _ in {1..15}; do sleep 0.1; done
		exit 0
	EOF
	fake_cargo </dev/null
	# shellcheck disable=SC2016
	run -130 bash -c '
		{ until [ -s "$OUT/pid" ]; do sleep 0.05; done; printf "\003"; } |
			script -qec "cargo-ktstr ktstr test --kernel x" /dev/null'
	[ "$(cat "$OUT/ints")" = int ]
}

@test "under nohup a hangup ends nothing" {
	fake exec <<-'EOF'
		echo $$ >"$OUT/pid"
		for _ in {1..600}; do [ ! -e "$OUT/hung_up" ] || break; sleep 0.1; done
	EOF
	fake_cargo </dev/null
	(trap '' HUP && exec cargo-ktstr ktstr test --kernel x) 3>&- &
	pid=$!
	wait_for 10 test -s "$OUT/pid"
	kill -HUP $pid "$(cat "$OUT/pid")"
	touch "$OUT/hung_up"
	wait $pid
}

@test "the others end when the acting stage refuses early" {
	fake fetch <<<'exec sleep 60'
	fake exec <<<'echo "error: broken stream" >&2; exit 6'
	fake_cargo </dev/null
	start=$SECONDS
	run -6 cargo-ktstr ktstr test --kernel x
	[ "$output" = "error: broken stream" ]
	[ $((SECONDS - start)) -lt 50 ]
}

@test "a stage that fails early ends those before it, and those behind it go on" {
	fake resolve <<<'echo "{}"; exec sleep 60'
	fake fetch <<<'echo "{}"; exec sleep 60'
	fake build <<<'head -n 1 >"$OUT/built"; echo "error: no compiler" >&2; exit 1'
	fake exec <<<'cat <&3; sleep 1; echo went on'
	fake_cargo </dev/null
	start=$SECONDS
	run -1 --separate-stderr cargo-ktstr ktstr test --kernel x
	[ "$output" = "went on" ]
	[ "$stderr" = "error: no compiler"$'\n'"error: stage ktstr-build failed (exit 1)" ]
	run -1 --separate-stderr cargo-ktstr ktstr kernel build 6.14.2
	[ "$stderr" = "error: no compiler"$'\n'"error: stage ktstr-build failed (exit 1)" ]
	[ $((SECONDS - start)) -lt 50 ]
}

@test "kill -9 of the dispatcher ends every stage" {
	fake_sleepers
	cargo-ktstr ktstr test --kernel x 3>&- &
	pid=$!
	wait_for 10 all_started
	mapfile -t pids < <(cat "$OUT"/pid.*)
	kill -9 $pid
	wait_for 5 gone "${pids[@]}"
}

@test "progress off a terminal: a line when a step is long, a line when it ends" {
	fake fetch <<-'EOF'
		say() { printf '{"type":"progress","stage":"fetch","label":"k%s","text":"%s","state":"%s","elapsed_ms":%s}\n' "$@" >&"$KTSTR_PROGRESS_FD"; }
		say 1 Downloading run 0
		say 2 Downloading run 0
		say 2 Downloaded end 400
		for _ in {1..500}; do ! grep -q k1 "$OUT/err" || break; sleep 0.02; done
		say 1 Downloaded end 1500
		say 3 "" end 10
		cat
	EOF
	fake_cargo <<<'echo cargo >&2'
	cargo-ktstr ktstr test --kernel x 2>"$OUT/err"
	[ "$(cat "$OUT/err")" = "cargo ktstr: k2: Downloaded (0.4s)
cargo ktstr: k1: Downloading
cargo ktstr: k1: Downloaded (1.5s)
cargo" ]
}

# The beginning of a stage that waits until the screen shows what it has to.
seen() {
	cat <<-'EOF'
		# seen TEXT [LINE]: TEXT is on the screen, below LINE
		seen() {
			[ "$TERM" != dumb ] || { sleep 0.3; return; }
			for _ in {1..500}; do
				! sed -n "/${2:-^}/,\$p" "$OUT/screen" | grep -qF -- "$1" || return 0
				sleep 0.02
			done
		}
	EOF
	cat
}

# on_screen LINE: what a terminal shows while the shell line runs
on_screen() {
	run -0 env script -qefc "$1" "$OUT/screen"
}

@test "progress on a terminal is redrawn in place and gone before the tests" {
	seen <<-'EOF' | fake build
		for i in 1 2 3; do
			printf '{"type":"progress","stage":"build","label":"k1","text":"Building","done":%d,"total":3,"unit":"objects","state":"run"}\n' $i >&"$KTSTR_PROGRESS_FD"
			seen "($i of 3 objects)"
		done
		echo "a line of its own" >&2
		seen Building 'a line of its own'
		cat
	EOF
	fake_cargo <<<'echo cargo-is-here'
	TERM=xterm on_screen 'cargo-ktstr ktstr test --kernel x'
	[[ $output == *$'\e[1mk1\e[0m: Building  33% (1 of 3 objects)'* ]]
	[[ $output == *$'\e[1A\r\e[J'* ]]
	[[ $output == *$'\e[Ja line of its own\r\n'* ]]
	[[ $output == *$'\e[1A\r\e[Jcargo-is-here'* ]]
	TERM=xterm NO_COLOR=1 on_screen 'cargo-ktstr ktstr test --kernel x'
	[[ $output != *$'\e[1mk1'* ]]
	[[ $output == *'k1: Building  33%'* ]]
}

# One step of a kernel with a long name; half way the terminal may become narrower.
fake_long_step() {
	seen <<-'EOF' | fake build
		for i in 1 2 3 4; do
			printf '{"type":"progress","stage":"build","label":"path_linux-source-6.12.tar.xz_8f5b16","text":"Building","done":%d,"total":4,"unit":"objects","state":"run"}\n' $i >&"$KTSTR_PROGRESS_FD"
			seen "$((25 * i))% ("
			[ -s "$OUT/resize" ] && [ $i = 2 ] || continue
			stty -F "$(cat "$OUT/resize")" cols 20
			seen '[4A'
			break
		done
		cat
	EOF
	fake_cargo <<<'echo cargo-is-here'
}

@test "on a narrow terminal the label is cut, how far it is stays" {
	fake_long_step
	TERM=xterm NO_COLOR=1 on_screen 'stty cols 40; cargo-ktstr ktstr test --kernel x'
	[[ $output == *$'path_linux-…: Building  25% (1 of 4 obj\r\n'* ]]
}

@test "a terminal that became narrower has wrapped the board, and loses all of it" {
	fake_long_step
	# shellcheck disable=SC2016
	TERM=xterm NO_COLOR=1 on_screen 'stty cols 80; tty >"$OUT/resize"; cargo-ktstr ktstr test --kernel x'
	# 79 columns on a terminal of 20 take four rows
	[[ $output == *$'\e[4A\r\e[J'* ]]
}

@test "on a dumb terminal nothing is drawn over" {
	fake_long_step
	TERM=dumb on_screen 'cargo-ktstr ktstr test --kernel x'
	[[ $output == *cargo-is-here* ]]
	[[ $output != *$'\e'* ]]
}

@test "garbage on the progress pipe is ignored" {
	# shellcheck disable=SC2016
	fake fetch <<<'printf "no json\n{\"type\":\"x\"}\n[]\n{\"type\":\"progress\",\"done\":-1}\nlast" >&$KTSTR_PROGRESS_FD; cat'
	fake_cargo </dev/null
	run -0 cargo-ktstr ktstr test --kernel x
	[ -z "$output" ]
}

@test "large streams pass through all stages" {
	# shellcheck disable=SC2016
	fake resolve <<<'for i in {1..20000}; do echo "{\"type\":\"x\",\"i\":$i}"; done; echo noise >&2'
	fake_cargo </dev/null
	run -0 cargo-ktstr ktstr test --kernel x
	[ "$output" = noise ]
	[ "$(wc -l <"$OUT/records")" -eq 20000 ]
}
