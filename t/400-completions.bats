#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Completion: each script in its real shell on a terminal, the values it asks
# for, and what cargo had before.

bats_require_minimum_version 1.5.0
load lib/common

KEY=6.12.9-tarball-x86_64-kc00000000

setup() {
	setup_paths
	export KTSTR_LIBEXEC=$LIBEXEC
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$bin" "$KTSTR_CACHE_DIR/$KEY" "$KTSTR_CACHE_DIR/6.13.1-tarball-x86_64-kc00000000"
	# what runs in the end says what the line became
	script "$bin/cargo" <<<'echo "RAN:$*"'
	script "$bin/other" <<<'echo "RAN:$*"'
	export PATH=$bin:$PATH
	cd "$BATS_TEST_TMPDIR"
	runs=target/ktstr/6.12.9-abc1234
	mkdir -p "$runs"
	sed 's/"scx_rusty"/"scx_lavd"/' "$ROOT/t/fixtures/result/golden.json" >"$runs/cgroup_steady-0123456789abcdef.ktstr.json"
	export CARGO_TARGET_DIR=$PWD/target
	# the words behind "test" are its
	script "$bin/cargo-nextest" <<-'OUTER'
		[ "$*" = "nextest run -h" ] || exit 3
		cat <<-'EOF'
			Build and run tests

			Usage: cargo nextest run [OPTIONS] [FILTERS]...

			Options:
			  -v, --verbose  Verbose output [env: NEXTEST_VERBOSE=]

			Runner options:
			      --retries <N>         Number of retries [default: none]
			      --timings[=<FMTS>]    Timing output formats: html, with
			                            --not-an-option in its second line
			      --cargo-quiet...      Less
		EOF
	OUTER
	script "$bin/cargo-llvm-cov" <<-'OUTER'
		cat <<-'EOF'
			USAGE:
			    cargo llvm-cov [SUBCOMMAND] [OPTIONS]

			OPTIONS:
			        --lcov
			            Export coverage data in "lcov" format

			SUBCOMMANDS:
			    report
			            Generate coverage report
			    show-env
			            Output the environment
		EOF
	OUTER
}

# tab SHELL LINE...: the words cargo is run with after Tab
tab() {
	/usr/bin/python3 "$ROOT/t/lib/tab.py" run "$@"
}
list() {
	/usr/bin/python3 "$ROOT/t/lib/tab.py" list "$@"
}

setup_bash() {
	{
		echo "PS1='READY> '; bind 'set enable-bracketed-paste off'; bind 'set page-completions off'"
		echo "$1"
		cargo-ktstr completions bash
		cargo-ktstr completions bash --binary other
	} >"$HOME/.bashrc"
}
setup_zsh() {
	export ZDOTDIR=$HOME
	mkdir -p "$HOME/.zfunc" "$HOME/.others"
	cargo-ktstr completions zsh >"$HOME/.zfunc/_cargo-ktstr"
	cargo-ktstr completions zsh --binary other >"$HOME/.zfunc/_other"
	cat >"$HOME/.zshrc" <<-'EOF'
		PROMPT='READY> '
		unsetopt prompt_sp
		fpath=(~/.zfunc ~/.others $fpath)
		autoload -U compinit
		compinit -u -d ~/.zcompdump
	EOF
}
setup_fish() {
	export XDG_CONFIG_HOME=$HOME/.config
	mkdir -p "$XDG_CONFIG_HOME/fish/conf.d"
	cargo-ktstr completions fish >"$XDG_CONFIG_HOME/fish/conf.d/cargo-ktstr.fish"
	cargo-ktstr completions fish --binary other >"$XDG_CONFIG_HOME/fish/conf.d/other.fish"
	echo "function fish_prompt; echo 'READY> '; end; set -g fish_greeting; set -g fish_autosuggestion_enabled 0" \
		>"$XDG_CONFIG_HOME/fish/config.fish"
}
setup_elvish() {
	export XDG_CONFIG_HOME=$HOME/.config XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
	mkdir -p "$XDG_CONFIG_HOME/elvish"
	cat >"$XDG_CONFIG_HOME/elvish/rc.elv" <<-'EOF'
		set edit:prompt = { put 'READY> ' }
		set edit:rprompt = { }
		set edit:completion:arg-completer[cargo] = {|@words| put build-from-before }
		eval (cargo-ktstr completions elvish | slurp)
		eval (cargo-ktstr completions elvish --binary other | slurp)
	EOF
}

# The same lines in every shell, each beside what it has to become.
lines() {
	local typed=() wanted=() line

	while IFS='|' read -r line want; do
		typed+=("$line")
		wanted+=("$want END")
	done <<-EOF
		cargo ktstr ker|ktstr kernel
		cargo ktstr kernel li|ktstr kernel list
		cargo ktstr cost|ktstr costume
		cargo ktstr help show-h|ktstr help show-host
		cargo ktstr kernel clean --cor|ktstr kernel clean --corrupt-only
		cargo ktstr test --accel k|ktstr test --accel kvm
		cargo ktstr completions z|ktstr completions zsh
		cargo ktstr test --kernel 6.12.9-t|ktstr test --kernel $KEY
		cargo ktstr stats show-host --run 6.|ktstr stats show-host --run 6.12.9-abc1234
		cargo ktstr stats compare --a-scheduler scx|ktstr stats compare --a-scheduler scx_lavd
		cargo ktstr export cgr|ktstr export cgroup_steady
		cargo +nightly ktstr kernel li|+nightly ktstr kernel list
		cargo ktstr test -- cgr|ktstr test -- cgroup_steady
		cargo ktstr test cgr|ktstr test cgroup_steady
		cargo ktstr test --lean -- --retr|ktstr test --lean -- --retries
		cargo ktstr test --retr|ktstr test --retries
		cargo ktstr nextest x --cargo-q|ktstr nextest x --cargo-quiet
		cargo ktstr coverage -- --lc|ktstr coverage -- --lcov
		cargo ktstr llvm-cov show|ktstr llvm-cov show-env
		cargo ktstr stats trend -- worst_sp|ktstr stats trend -- worst_spread
		other kernel li|kernel list
	EOF
	# elvish would quote the word and shows it to choose, see below
	if [ "$1" != elvish ]; then
		typed+=('cargo ktstr test --lean --kernel=6.13.1-')
		wanted+=('ktstr test --lean --kernel=6.13.1-tarball-x86_64-kc00000000 END')
	fi
	diff <(printf '%s\n' "${wanted[@]}") <(tab "$1" "${typed[@]}")
}

@test "bash: commands, options, choices and values" {
	setup_bash ''
	lines bash
	list bash 'cargo ktstr ' coverage llvm-cov show-thresholds completions help
	list bash 'cargo ktstr stats compare --a-' --a-kernel --a-work-type
}

@test "zsh: commands, options, choices and values" {
	setup_zsh
	lines zsh
	list zsh 'cargo ktstr ' coverage 'Build the kernel' llvm-cov show-thresholds
	list zsh 'cargo ktstr stats compare --a-' --a-kernel 'Side A: kernel version'
}

@test "fish: commands, options, choices and values" {
	setup_fish
	lines fish
	list fish 'cargo ktstr ' coverage llvm-cov show-thresholds
	list fish 'cargo ktstr stats compare --a-' --a-kernel 'Side A: kernel version'
}

@test "elvish: commands, options, choices and values" {
	setup_elvish
	lines elvish
	list elvish 'cargo ktstr test --kernel=6.13.1-' tarball-x86_64-kc00000000 'cached kernel'
	list elvish 'cargo ktstr ' coverage llvm-cov show-thresholds
	list elvish 'cargo ktstr stats compare --a-' --a-kernel 'Side A: kernel version'
}

# It writes words with "=" in quotes, so that nothing can be added to what was
# typed; what is chosen with Enter takes its place.
@test "elvish: a value behind = is taken with Enter" {
	setup_elvish
	TAB_SHOWS=COMPLETING run -0 tab elvish 'cargo ktstr test --lean --kernel=6.13.1-'
	[ "$output" = "ktstr test --lean --kernel=6.13.1-tarball-x86_64-kc00000000 END" ]
}

@test "bash: cargo's own completion goes on working" {
	setup_bash '_cargo() { COMPREPLY=($(compgen -W "build-from-before bench" -- "$2")); }; complete -F _cargo cargo'
	[ "$(tab bash 'cargo buil' 'cargo kts' 'cargo ktstr kernel li' 'cargo run kernel be')" = \
		$'build-from-before END\nktstr END\nktstr kernel list END\nrun kernel bench END' ]
}

@test "zsh: cargo's own completion goes on working, and finds ours" {
	setup_zsh
	cat >"$HOME/.others/_cargo" <<-'EOF'
		#compdef cargo
		_arguments -C '1: :(build-from-before ktstr)' '*::arg:->args'
		[[ $state != args ]] || _call_function ret _cargo-$words[1]
	EOF
	[ "$(tab zsh 'cargo buil' 'cargo kts' 'cargo ktstr kernel li')" = $'build-from-before END\nktstr END\nktstr kernel list END' ]
	sed -i 's|~/.zfunc ~/.others|~/.others ~/.zfunc|' "$HOME/.zshrc"
	rm -f "$HOME/.zcompdump"
	[ "$(tab zsh 'cargo buil' 'cargo ktstr kernel li' 'cargo ktstr stats show-host --run 6.')" = \
		$'build-from-before END\nktstr kernel list END\nktstr stats show-host --run 6.12.9-abc1234 END' ]
}

@test "fish: cargo's own completion goes on working" {
	setup_fish
	mkdir -p "$XDG_CONFIG_HOME/fish/completions"
	echo "complete -c cargo -n __fish_use_subcommand -x -a build-from-before" >"$XDG_CONFIG_HOME/fish/completions/cargo.fish"
	[ "$(tab fish 'cargo buil' 'cargo kts' 'cargo ktstr kernel li')" = $'build-from-before END\nktstr END\nktstr kernel list END' ]
}

@test "elvish: cargo's own completion goes on working" {
	setup_elvish
	[ "$(tab elvish 'cargo buil')" = "build-from-before END" ]
	[ "$(tab elvish 'cargo ktstr kernel li')" = "ktstr kernel list END" ]
}

@test "a file is completed where a file is due" {
	mkdir -p "$BATS_TEST_TMPDIR/fragments"
	: >fragments/extra.kconfig
	setup_bash ''
	setup_zsh
	setup_fish
	for shell in bash zsh fish; do
		echo "$shell"
		[ "$(tab $shell 'cargo ktstr kernel build --extra-kconfig fragments/ex' 'cargo ktstr test -- fragments/ex')" = \
			$'ktstr kernel build --extra-kconfig fragments/extra.kconfig END\nktstr test -- fragments/extra.kconfig END' ]
	done
}

@test "every script has every command, alias and option of the table" {
	for shell in bash elvish fish powershell zsh; do
		echo "$shell"
		cargo-ktstr completions $shell >script
		while read -r cmd; do
			grep -qF "'$cmd'" script
			grep -qE "'${cmd##* }[':	]" script
		done < <(cargo-ktstr --list-cmds)
		cargo-ktstr stats compare --dump-opts | jq -r .option | while read -r o; do
			grep -qF -- "--$o" script
		done
	done
}

@test "every script parses in its shell" {
	cargo-ktstr completions bash | bash -n
	cargo-ktstr completions bash | shellcheck -s bash -
	cargo-ktstr completions zsh >script && zsh -n script
	[ "$(head -n 1 script)" = '#compdef cargo' ]
	for item in "'test:" "'nextest:" "'llvm-cov:" "'kernel:"; do
		grep -qF "$item" script
	done
	cargo-ktstr completions fish >script && fish -n script
	# elvish knows edit: on a terminal only; there it is loaded above
}

# There is no PowerShell to run it in; its grammar is at hand.
@test "powershell: the script parses, and its table has every command" {
	local judge=(/usr/bin/python3 "$ROOT/t/lib/powershell.py")

	cargo-ktstr completions powershell >script
	"${judge[@]}" script >paths
	diff <({ echo; echo help; cargo-ktstr --list-cmds; } | sort) <(sort paths)
	cargo-ktstr completions powershell --binary other | "${judge[@]}" /dev/stdin >/dev/null
	grep -qF "Register-ArgumentCompleter -Native -CommandName 'cargo'" script
	# the judge can say no
	for break in 's/}$//' "s/'cargo'/'cargo/" 's/\$words = @(/&)/' 's/foreach (/foreach /'; do
		echo "$break"
		sed "$break" script >broken
		run ! "${judge[@]}" broken
	done
}

@test "texts with quotes in them stay texts" {
	# "Say why fields of a run's results are empty" has one
	cargo-ktstr completions bash --binary x | bash -n
	cargo-ktstr completions fish | grep -qF "run\\'s"
	cargo-ktstr completions elvish | grep -qF "run''s"
	cargo-ktstr completions powershell | grep -qF "run''s"
	cargo-ktstr completions zsh | grep -qF "run'\\''s"
}

@test "a wrong shell or a name a shell would trip over is a usage error" {
	run -2 --separate-stderr cargo-ktstr completions noshell
	[[ $stderr == *"invalid value 'noshell' for '<SHELL>'"* ]]
	run -2 "$LIBEXEC/ktstr-completions" noshell
	[[ $output == *"[possible values: bash, elvish, fish, powershell, zsh]"* ]]
	for name in '' 'a b' "a'b" 'a;b' '-x'; do
		run -2 "$LIBEXEC/ktstr-completions" bash "--binary=$name"
		[[ $output == *"for '--binary <NAME>'"* ]]
	done
}

@test "values: kernels by directory alone, keys first, then versions" {
	run -0 cargo-ktstr complete kernel
	[ "$output" = $'6.12.9-tarball-x86_64-kc00000000\tcached kernel\n6.13.1-tarball-x86_64-kc00000000\tcached kernel\n6.12.9\tcached version\n6.13.1\tcached version' ]
}

@test "values: what results have, each once, and --dir is heeded" {
	[ "$(cargo-ktstr complete run)" = $'6.12.9-abc1234\trun' ]
	[ "$(cargo-ktstr complete test)" = $'cgroup_steady\ttest' ]
	[ "$(cargo-ktstr complete row.scheduler | cut -f1)" = scx_lavd ]
	[ "$(cargo-ktstr complete row.topology | cut -f1)" = 1n2l4c2t ]
	mkdir -p elsewhere/7.0-fff0000
	cp "$runs"/* elsewhere/7.0-fff0000
	cp "$runs"/cgroup* elsewhere/7.0-fff0000/other-0123456789abcdef.ktstr.json
	[ "$(cargo-ktstr complete run x --dir elsewhere)" = $'7.0-fff0000\trun' ]
	[ "$(cargo-ktstr complete row.scheduler --dir=elsewhere | wc -l)" = 1 ]
}

@test "values: what is built in, and nothing where nothing is" {
	[ "$(cargo-ktstr complete metric | cut -f1)" = "$(cargo-ktstr stats list-metrics --jq '.[].name')" ]
	cargo-ktstr complete preset | grep -q $'^tiny-1llc\t1n1l4c1t$'
	cargo-ktstr complete topology | grep -q $'^1,2,2,2\tsmt-2llc$'
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/none CARGO_TARGET_DIR=$BATS_TEST_TMPDIR/none
	for kind in kernel run test row.kernel; do
		run -0 --separate-stderr cargo-ktstr complete $kind
		[ -z "$output" ]
		[ -z "$stderr" ]
	done
	run -2 cargo-ktstr complete nonsense
}

@test "values: a file that is none and a name with a tab do no harm" {
	echo '{"scheduler": 3' >"$runs/bad-0123456789abcdef.ktstr.json"
	mkdir -p "$KTSTR_CACHE_DIR/a	b"
	[ "$(cargo-ktstr complete row.scheduler | cut -f1)" = scx_lavd ]
	cargo-ktstr complete kernel | { ! grep -q '^a'; }
}

@test "values: the options of the program that gets the words, by its own help" {
	run -0 --separate-stderr cargo-ktstr complete nextest
	[ "$output" = $'-v\tVerbose output\n--verbose\tVerbose output\n--retries\tNumber of retries\n--timings\tTiming output formats: html, with\n--cargo-quiet\tLess\ncgroup_steady\ttest' ]
	run -0 cargo-ktstr complete llvm-cov
	[ "$output" = $'--lcov\tExport coverage data in "lcov" format\nreport\tGenerate coverage report\nshow-env\tOutput the environment' ]
	# of the real one too
	rm "$bin/cargo-nextest"
	cargo-ktstr complete nextest >found
	for option in -E --filterset --retries --run-ignored --no-fail-fast --profile; do
		grep -q "^$option	[A-Z]" found
	done
	# and none where there is none, or one that fails
	script "$bin/cargo-nextest" <<<'echo error >&2; exit 1'
	run -0 --separate-stderr cargo-ktstr complete nextest
	[ "$output$stderr" = $'cgroup_steady\ttest' ]
	run -0 --separate-stderr env PATH="${LIBEXEC%/*}/bin" "$LIBEXEC/ktstr-complete" nextest
	[ "$output$stderr" = $'cgroup_steady\ttest' ]
}

@test "nothing that completion asks is asked over the network" {
	for kind in kernel metric preset run test topology nextest llvm-cov-nextest llvm-cov row.kernel row.scheduler; do
		strace -f -qq -e trace=%network -o net cargo-ktstr complete "$kind" >/dev/null
		echo "$kind" && cat net
		run ! grep AF_INET net
	done
}

@test "every kind of value in the table is one that is known" {
	while read -r cmd; do
		# shellcheck disable=SC2086
		for kind in $(cargo-ktstr $cmd --dump-opts | jq -r '.values // empty'); do
			case $kind in
			file | dir | path) ;;
			*) echo "$cmd: $kind" && cargo-ktstr complete "$kind" ;;
			esac
		done
	done < <(cargo-ktstr --list-cmds)
}
