#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Git sources: real bare repositories over git://, file:// and paths.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-tree

# One repository for all tests, which none of them changes: three commits, a
# branch of each, tags, and a pull request.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	export GIT_CONFIG_GLOBAL=$BATS_FILE_TMPDIR/gitconfig GIT_CONFIG_NOSYSTEM=1
	git config --file gitconfig user.name a
	git config --file gitconfig user.email a@b
	git_kernel_tree work
	(
		cd work || exit
		echo '/* second */' >>init/main.c
		git commit -qam second
		git branch for-next
		git branch sched_ext/for-next
		git tag -a v6.14 -m 'a release'
		git tag light
		echo '/* third */' >>init/main.c
		git commit -qam third
		git tag both HEAD
		git branch both HEAD~1
		git update-ref refs/pull/7/head HEAD
		git tag -a tree -m 'no commit' 'HEAD^{tree}'
	)
	mkdir -p srv/tj
	git clone -q --mirror work srv/tj/sched_ext.git
	serve "$BATS_FILE_TMPDIR/srv" "$BATS_FILE_TMPDIR/daemon"
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/daemon.pid")"
}

# serve DIR NAME: a git daemon over DIR; its port goes to NAME.port.
serve() {
	local try

	for try in {1..20}; do
		echo $((20000 + (RANDOM + $$) % 30000)) >"$2.port"
		git daemon --reuseaddr --export-all --enable=upload-pack --base-path="$1" --listen=127.0.0.1 \
			--port="$(cat "$2.port")" --pid-file="$2.pid" --verbose >"$2.log" 2>&1 3>&- &
		wait_for 5 sh -c "grep -q 'Ready to rumble' '$2.log' || ! kill -0 $! 2>/dev/null"
		! grep -q 'Ready to rumble' "$2.log" || return 0
	done
	return 1
}

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL
	RESOLVE=$LIBEXEC/ktstr-resolve
	FETCH=$LIBEXEC/ktstr-fetch
	BUILD=$LIBEXEC/ktstr-build
	BARE=$BATS_FILE_TMPDIR/srv/tj/sched_ext.git
	URL=git://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/daemon.port")/tj/sched_ext.git
	TAIL=$(uname -m)-$("$RESOLVE" 6.14.2 | jq -r .key | sed 's/.*-kc/kc/')
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ ! -s "$BATS_TEST_TMPDIR/sshd.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/sshd.pid")"
}

id() {
	git -C "$BARE" rev-parse "$1^{commit}"
}

pipeline() {
	"$RESOLVE" "$@" >resolved && "$FETCH" <resolved >fetched && "$BUILD" <fetched
}

field() {
	jq -r "$1" <<<"$output"
}

# A repository of this test's own, which may change.
own_repository() {
	git clone -q --mirror "$BARE" own.git
	git clone -q own.git clone
}

@test "a branch, tags, and refs of other kinds are found by one listing" {
	while read -r ref refname commit; do
		run -0 --separate-stderr "$RESOLVE" "git+$URL#$ref"
		[ "$(field '[.kind, .state, .url, .ref, .refname, .commit] | join(" ")')" = \
			"git missing $URL $ref $refname $(id "$commit")" ] || { echo "$ref: $output"; return 1; }
	done <<-'EOF'
		for-next refs/heads/for-next for-next
		sched_ext/for-next refs/heads/sched_ext/for-next for-next
		refs/heads/main refs/heads/main main
		heads/both refs/heads/both main~1
		tags/both refs/tags/both main
		v6.14 refs/tags/v6.14 for-next
		light refs/tags/light for-next
		pull/7/head refs/pull/7/head main
		HEAD HEAD main
	EOF
}

@test "the key has the ref, its slashes escaped, and seven digits of the commit" {
	run -0 "$RESOLVE" "git+$URL#sched_ext/for-next"
	h=$(id for-next)
	[ "$(field .key)" = "sched_ext%2Ffor-next-git-${h:0:7}-$TAIL" ]
	[ "$(field .label)" = git_tj_sched_ext_sched_ext/for-next ]
	run -0 "$RESOLVE" "git+$URL#v6.14"
	[ "$(field .key)" = "v6.14-git-${h:0:7}-$TAIL" ]
	[ "$(field .label)" = git_tj_sched_ext_v6.14 ]
}

@test "a full commit id needs no listing, a short one is looked for among the tips" {
	run -0 "$RESOLVE" "git+git://127.0.0.1:1/x#$(id main~2 | tr a-f A-F)"
	[ "$(field '.refname, .commit' | xargs)" = "null $(id main~2)" ]
	h=$(id for-next)
	run -0 "$RESOLVE" "git+$URL#${h:0:12}"
	[ "$(field '.refname, .commit' | xargs)" = "null $h" ]
	[ "$(field .key)" = "${h:0:12}-git-${h:0:7}-$TAIL" ]
	h=$(id main~2)
	run -0 "$RESOLVE" "git+$URL#${h:0:12}"
	[ "$(field '.refname, .commit' | xargs)" = "null ${h:0:12}" ]
}

@test "a name that a branch and a tag share is refused with both spellings" {
	run -1 --separate-stderr "$RESOLVE" "git+$URL#both"
	[[ $stderr == *"error: resolve git+$URL#both: both is a branch and a tag, of different commits"* ]]
	[[ $stderr == *"write heads/both or tags/both"* ]]
}

@test "what is not there and what cannot be a ref is told" {
	run -1 --separate-stderr "$RESOLVE" "git+$URL#nowhere"
	[[ $stderr == *"resolve git+$URL#nowhere: no branch, tag or commit nowhere"* ]]
	run -1 --separate-stderr "$RESOLVE" "git+$URL#abcdef"
	[[ $stderr == *"a commit id needs 7 digits or more"* ]]
	for ref in 'main~1' 'v6.14^{}' -x 'a..b' 'a b' 'x.lock' '/x' 'a:b'; do
		run -1 --separate-stderr "$RESOLVE" "git+git://127.0.0.1:1/x#$ref"
		[[ $stderr == *"cannot be a branch, a tag or a commit"* ]] || { echo "$ref: $stderr"; return 1; }
	done
}

@test "a server that is not there and a URL that is none" {
	run -1 --separate-stderr "$RESOLVE" 'git+git://127.0.0.1:1/x.git#main'
	[[ $stderr == *"error: resolve git+git://127.0.0.1:1/x.git#main: list the refs of git://127.0.0.1:1/x.git: "* ]]
	[ "$(field '.state, .error.stage' | xargs)" = "error resolve" ]
	run -1 --separate-stderr "$RESOLVE" 'git+--upload-pack=touch x#main'
	[[ $stderr == *"is no URL of a git repository"* ]]
	run -1 --separate-stderr "$RESOLVE" 'git+nowhere#main'
	[[ $stderr == *"git repository nowhere: No such file or directory"* ]]
	run -1 --separate-stderr "$RESOLVE" 'https://example.com/r.git#v6.14'
	[[ $stderr == *"a git source is written git+https://example.com/r.git#v6.14"* ]]
	run -1 --separate-stderr env PATH=/nowhere "$RESOLVE" "git+$URL#main"
	[[ $stderr == *"git is not installed"* ]]
}

@test "labels have owner, repository and ref, whatever the URL looks like" {
	while read -r url label; do
		[ "$("$LIBEXEC/../t/tool/kernel" label-git "$url" for-next)" = "git_${label}_for-next" ] || { echo "$url"; return 1; }
	done <<-'EOF'
		https://github.com/tj/sched_ext tj_sched_ext
		https://github.com/tj/sched_ext.git/ tj_sched_ext
		ssh://git@github.com:22/tj/sched_ext tj_sched_ext
		git@github.com:tj/sched_ext.git tj_sched_ext
		host:x.git x
		file:///srv/linux.git srv_linux
		https://example.com/r.git r
		../linux linux
		/srv/./linux linux
		/srv/a:b/linux a:b_linux
	EOF
	[ "$("$LIBEXEC/../t/tool/kernel" label-git /srv/tj/x 'a;b=/tmp')" = git_tj_x_a_b_/tmp ]
	[ "$("$LIBEXEC/../t/tool/kernel" label-key "sched_ext%2Ffor-next-git-deadbee-$TAIL")" = sched_ext/for-next ]
}

@test "a branch over git:// is fetched one commit deep, built and stored with its origin" {
	run -0 --separate-stderr pipeline "git+$URL#sched_ext/for-next"
	h=$(id for-next)
	[[ $stderr == *"cloning $URL (ref: sched_ext/for-next, depth: 1)"* ]]
	dir=$(field .dir)
	[ "$dir" = "$KTSTR_CACHE_DIR/sched_ext%2Ffor-next-git-${h:0:7}-$TAIL" ]
	[ "$(jq -c '[.version, .source]' "$dir/metadata.json")" = \
		'[null,{"type":"git","git_hash":"'"${h:0:7}"'","ref":"sched_ext/for-next","url":"'"$URL"'","commit":"'"$h"'"}]' ]
	# the source has done its work
	[ -z "$(find "$TMPDIR" -name init)" ]
}

@test "an unchanged tip is a hit after one listing and without a clone" {
	# a daemon of its own: other tests use the common one at the same time
	own_repository
	serve "$PWD" mine
	pipeline "git+git://127.0.0.1:$(cat mine.port)/own.git#for-next"
	before=$(grep -c 'Request upload-pack' mine.log)
	run -0 --separate-stderr pipeline "git+git://127.0.0.1:$(cat mine.port)/own.git#for-next"
	kill "$(cat mine.pid)"
	[ "$(field .state)" = cached ]
	[[ $stderr == *"cache hit for git+git://"*"#for-next (for-next-git-"* && $stderr != *cloning* ]]
	[ "$(grep -c 'Request upload-pack' mine.log)" = $((before + 1)) ]
}

@test "offline, the hint is not to check the network" {
	KTSTR_OFFLINE=1 run -1 --separate-stderr "$RESOLVE" git+https://nowhere.invalid/r#main
	[[ $stderr == *"KTSTR_OFFLINE is set"*"hint: run once without KTSTR_OFFLINE"* ]]
}

@test "a repository that is gone: the hint names what was built of it last" {
	own_repository
	serve "$PWD" mine
	u=git://127.0.0.1:$(cat mine.port)/own.git
	run -0 --separate-stderr pipeline "git+$u#for-next"
	key=$(field .key)
	kill "$(cat mine.pid)"
	wait_for 5 gone "$(cat mine.pid)"
	run -1 --separate-stderr "$RESOLVE" "git+$u#for-next"
	[[ $stderr == *"is cached: --kernel $key"* ]]
	run -0 "$RESOLVE" "$key"
	# offline it is not even asked; what is on this machine is
	KTSTR_OFFLINE=1 run -1 --separate-stderr strace -f -qq -e trace=connect -o calls "$RESOLVE" "git+$u#for-next"
	[[ $stderr == *"list the refs of $u: KTSTR_OFFLINE is set"*"is cached: --kernel $key"* ]]
	run ! grep AF_INET calls
	KTSTR_OFFLINE=1 run -0 "$RESOLVE" "git+$PWD/own.git#for-next"
}

@test "a moved tip is another kernel, and the old one stays" {
	own_repository
	run -0 --separate-stderr pipeline 'git+./own.git#for-next'
	first=$(field .dir)
	git -C clone checkout -q for-next
	echo '/* fourth */' >>clone/init/main.c
	git -C clone commit -qam fourth
	git -C clone push -q origin for-next
	run -0 --separate-stderr pipeline 'git+./own.git#for-next'
	[ "$(field .dir)" != "$first" ]
	[[ $(field .key) == for-next-git-$(git -C clone rev-parse --short=7 HEAD)-* ]]
	[ -f "$first/metadata.json" ]
}

@test "tags, old commits and beginnings of ids are built by file:// too" {
	h=$(id main~2)
	for ref in v6.14 light "$h" "${h:0:10}" pull/7/head; do
		run -0 --separate-stderr "$RESOLVE" "git+file://$BARE#$ref"
		"$FETCH" <<<"$output" >fetched
		[ "$(jq -r .state fetched)" = fetched ]
		src=$(jq -r .src fetched)
		case $ref in
		v6.14 | light) want=$(id for-next) ;;
		pull/*) want=$(id main) ;;
		*) want=$h ;;
		esac
		[ "$(git -C "$src" rev-parse HEAD)" = "$want" ]
		[ "$(git -C "$src" rev-list --count HEAD)" = 1 ]
		[ -z "$(git -C "$src" status --porcelain)" ]
	done
	[ -z "$(find "$TMPDIR" -name history)" ]
}

@test "a short id is known in the cache without the commit being looked for" {
	h=$(id main~2)
	run -0 --separate-stderr pipeline "git+$URL#${h:0:9}"
	[[ $stderr == *"looking for commit ${h:0:9} in the history"* ]]
	[ "$(jq -r .source.commit "$(field .dir)/metadata.json")" = "$h" ]
	run -0 --separate-stderr pipeline "git+$URL#${h:0:9}"
	[ "$(field .state)" = cached ]
	[[ $stderr != *"looking for"* ]]
}

@test "an id that leads nowhere is an error that names it" {
	run -1 --separate-stderr pipeline "git+$URL#0123456789abcdef0123456789abcdef01234567"
	[[ $(jq -r .error.message fetched) == "clone $URL: "*"0123456789abcdef0123456789abcdef01234567"* ]]
	run -1 --separate-stderr pipeline "git+$URL#0123456789"
	[[ $(jq -r .error.message fetched) == "clone $URL: commit 0123456789: "* ]]
	[ -z "$(find "$TMPDIR" -mindepth 2 -not -name '.lock*')" ]
}

@test "a tag of something that is no commit" {
	run -1 --separate-stderr pipeline "git+$URL#tree"
	[[ $(jq -r .error.message fetched) == *"clone $URL: "* ]]
}

@test "an entry of seven equal digits but another commit is not taken for it" {
	run -0 --separate-stderr pipeline "git+$URL#for-next"
	meta=$(field .dir)/metadata.json
	sed -i 's/"commit": ".*"/"commit": "'"$(id for-next | cut -c1-7)"'000000000000000000000000000000000"/' "$meta"
	run -0 --separate-stderr pipeline "git+$URL#for-next"
	[[ $stderr == *"is of another commit"* && $stderr == *cloning* ]]
	[ "$(jq -r .source.commit "$meta")" = "$(id for-next)" ]
}

@test "an entry of ktstr 0.5.2, which knows neither URL nor full id, is a hit" {
	run -0 --separate-stderr pipeline "git+$URL#for-next"
	meta=$(field .dir)/metadata.json
	jq '.source |= {type, git_hash, ref} | del(.compiler)' "$meta" >new
	mv new "$meta"
	run -0 --separate-stderr pipeline "git+$URL#for-next"
	[ "$(field .state)" = cached ]
}

@test "servers that give away only tips, and no history in parts, serve old commits all the same" {
	git config --file old protocol.version 0
	h=$(id main~2)
	GIT_CONFIG_GLOBAL=$PWD/old run -0 --separate-stderr pipeline "git+$URL#$h"
	[[ $stderr == *"gives away only whole histories"* ]]
	[ "$(jq -r .source.commit "$(field .dir)/metadata.json")" = "$h" ]
}

# serve_ssh: an sshd of our own on a port that is free now, which lets us in by
# a key of ours; SSH_PORT is the port, GIT_SSH_COMMAND knows its way.
serve_ssh() {
	local sshd try

	sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f user
	for try in {1..20}; do
		SSH_PORT=$((20000 + (RANDOM + $$) % 30000))
		cat >sshd_config <<-CONF
			ListenAddress 127.0.0.1:$SSH_PORT
			HostKey $PWD/host
			AuthorizedKeysFile $PWD/user.pub
			PidFile $PWD/sshd.pid
			StrictModes no
			UsePAM no
			PasswordAuthentication no
		CONF
		# root's sshd wants a directory that a service manager makes
		if ((EUID == 0)) && [ ! -d /run/sshd ]; then
			unshare -m sh -c 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"' - "$sshd" -D -e -f "$PWD/sshd_config" 2>sshd.log 3>&- &
		else
			"$sshd" -D -e -f "$PWD/sshd_config" 2>sshd.log 3>&- &
		fi
		wait_for 5 sh -c "grep -qs 'Server listening' sshd.log || ! kill -0 $! 2>/dev/null" || true
		kill -0 $! 2>/dev/null && break
	done
	echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 host.pub)" >known_hosts
	export GIT_SSH_COMMAND="ssh -F none -i $PWD/user -o IdentitiesOnly=yes -o UserKnownHostsFile=$PWD/known_hosts -o BatchMode=yes"
}

@test "over ssh, by ssh:// and scp-style, a branch, an old commit and a host that is not known" {
	serve_ssh
	u=ssh://$(whoami)@127.0.0.1:$SSH_PORT$BARE
	run -0 --separate-stderr pipeline "git+$u#for-next"
	[[ $(field .key) == for-next-git-$(id for-next | cut -c1-7)-* ]]
	[ "$(jq -r .source.url "$(field .dir)/metadata.json")" = "$u" ]
	run -0 --separate-stderr pipeline "git+$u#for-next"
	[[ $stderr == *"cache hit for git+$u#for-next"* && $stderr != *cloning* ]]
	run -0 --separate-stderr pipeline "git+$u#$(id main~2)"
	[ "$(field .state)" = cached ]
	# the port of an scp-style address is the configuration's
	export GIT_SSH_COMMAND="$GIT_SSH_COMMAND -p $SSH_PORT"
	run -0 --separate-stderr pipeline "git+127.0.0.1:$BARE#v6.14"
	[ "$(field .state)" = cached ]
	[ "$(field .label)" = git_tj_sched_ext_v6.14 ]
	: >known_hosts
	run -1 --separate-stderr "$RESOLVE" "git+$u#main"
	[[ $stderr == *"list the refs of $u: "*"(Host key verification failed"* ]]
}

@test "a dumb HTTP server will do" {
	cp -r "$BARE" own.git
	git -C own.git update-server-info
	/usr/bin/python3 -u -m http.server --bind 127.0.0.1 0 >http.log 2>&1 3>&- &
	wait_for 10 grep -q 'port [0-9]' http.log
	port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' http.log)
	run -0 --separate-stderr pipeline "git+http://127.0.0.1:$port/own.git#v6.14"
	kill $!
	[ "$(field .state)" = cached ]
	[[ $stderr == *"gives away only whole histories"* ]]
}

@test "paths are repositories, from wherever the stages run" {
	git clone -q "$BARE" linux
	git clone -q "$BARE" "$HOME/linux"
	# shellcheck disable=SC2088 # it is the program that expands it
	for url in ./linux linux '~/linux'; do
		run -0 "$RESOLVE" "git+$url#main"
		(cd / && "$FETCH") <<<"$output" >fetched
		[ "$(jq -r .state fetched)" = fetched ]
	done
	[ "$(field .url)" = "$(realpath "$HOME/linux")" ]
}

@test "a password in a URL is shown to nobody and written nowhere" {
	run -0 --separate-stderr "$LIBEXEC/../t/tool/kernel" git-url-public 'https://me:secret@example.com/r.git'
	[ "$output" = https://me@example.com/r.git ]
	run -0 "$LIBEXEC/../t/tool/kernel" git-url-public 'ssh://git@example.com/r.git'
	[ "$output" = ssh://git@example.com/r.git ]
	run -1 --separate-stderr "$RESOLVE" 'git+http://me:secret@127.0.0.1:1/r.git#main'
	[[ $stderr == *"list the refs of http://me@127.0.0.1:1/r.git"* ]]
}

@test "a repository with SHA-256 ids" {
	git -c init.defaultBranch=main init -q --object-format=sha256 big
	kernel_tree big
	git -C big add -A
	git -C big commit -qm one
	run -0 --separate-stderr pipeline 'git+./big#main'
	[ "$(jq -r .source.commit "$(field .dir)/metadata.json")" = "$(git -C big rev-parse HEAD)" ]
}

@test "SIGTERM while a repository is fetched leaves no process and no source" {
	own_repository
	"$RESOLVE" 'git+./own.git#for-next' >resolved
	mkdir bin
	cat >bin/git <<-EOF
		#!/bin/sh
		for w; do [ "\$w" != fetch ] || { echo \$\$ >$PWD/git.pid; exec sleep 30; }; done
		exec $(command -v git) "\$@"
	EOF
	chmod +x bin/git
	PATH=$PWD/bin:$PATH "$FETCH" <resolved >fetched 2>err 3>&- &
	wait_for 10 test -s git.pid
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" = 143 ]
	gone "$(cat git.pid)"
	[ -z "$(find "$TMPDIR" -name linux)" ]
}

@test "kernel build --git is the same source" {
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --json --git "$URL" --ref sched_ext/for-next
	[ "$(field .state)" = cached ]
	run -0 --separate-stderr cargo-ktstr ktstr kernel build --json --git "$URL" --ref sched_ext/for-next
	[[ $stderr == *"cargo ktstr: cache hit for git+$URL#sched_ext/for-next"* ]]
}

@test "forms mix, and two refs of one repository are listed once" {
	own_repository
	serve "$PWD" mine
	git_kernel_tree linux
	u=git://127.0.0.1:$(cat mine.port)/own.git
	run -0 "$RESOLVE" "git+$u#for-next" 6.14.2 ./linux "git+$u#v6.14" "git+$u#for-next"
	kill "$(cat mine.pid)"
	[ "$(jq -r '.kind' <<<"$output" | xargs)" = "git version path git" ]
	[ "$(grep -c 'Request upload-pack' mine.log)" = 1 ]
}
