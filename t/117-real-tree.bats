#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A real kernel tree in a real repository, as ktstr-resolve classifies it.

bats_require_minimum_version 1.5.0
load lib/common

# One tree for all tests, each of which puts back what it changes; so they run
# one after the other. Drivers and the like are left out for time's sake.
export BATS_NO_PARALLELIZE_WITHIN_FILE=true

setup_file() {
	local tarball=${KTSTR_TEST_TARBALL:-/usr/src/linux-source-6.12.tar.xz}

	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	mkdir "$BATS_FILE_TMPDIR/linux"
	xz -dcT0 "$tarball" | tar -x --strip-components=1 -C "$BATS_FILE_TMPDIR/linux" --exclude='*/drivers' \
		--exclude='*/Documentation' --exclude='*/sound' --exclude='*/tools' --exclude='*/arch/[!x]*'
	cd "$BATS_FILE_TMPDIR/linux" || return
	git -c init.defaultBranch=main init -q
	# the package's .gitignore leaves nothing
	git -c core.looseCompression=0 -c gc.auto=0 add -A -f
	git -c gc.auto=0 commit -qm 'linux 6.12'
	git status -uno >/dev/null
}

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
	RESOLVE=$LIBEXEC/ktstr-resolve
	cd "$BATS_FILE_TMPDIR/linux" || return
	HASH=$(git rev-parse HEAD)
}

# What resolve says, which must be what git says.
state() {
	local changed

	run -0 --separate-stderr "$RESOLVE" ./
	changed=$(git --no-optional-locks status --porcelain -uno --ignore-submodules=all)
	if [ -n "$changed" ]; then
		[ "$(jq -r '[.dirty, .is_git, .git_hash] | map(tostring) | join(" ")' <<<"$output")" = "true true null" ] || return
		[[ $(jq -r .key <<<"$output") == local-unknown-* ]] && echo dirty
	else
		HASH=$(git rev-parse HEAD)
		[ "$(jq -r '[.dirty, .is_git, .git_hash] | map(tostring) | join(" ")' <<<"$output")" = "false true ${HASH:0:7}" ] || return
		[[ $(jq -r .key <<<"$output") == local-${HASH:0:7}-* ]] && echo clean
	fi
}

@test "a fresh checkout is clean, and a build's leavings keep it so" {
	[ "$(git ls-files | wc -l)" -gt 10000 ]
	[ "$(state)" = clean ]
	echo junk >vmlinux
	echo junk >kernel/sched/core.o
	[ "$(state)" = clean ]
	rm vmlinux kernel/sched/core.o
	printf 'CONFIG_FOO=y\n' >.config
	run -0 "$RESOLVE" ./
	[[ $(jq -r .key <<<"$output") == local-${HASH:0:7}-*-cfg2ce4027e-kc* ]]
	rm .config
}

@test "every kind of change anywhere in the tree is seen, and its undoing too" {
	local file

	git ls-files | grep -v '^\.' | shuf -n 6 --random-source=<(yes) >files
	mapfile -t some <files
	rm files
	file=${some[0]} && echo >>"$file" && [ "$(state)" = dirty ] && git checkout -q "$file" && [ "$(state)" = clean ]
	file=${some[1]} && rm "$file" && [ "$(state)" = dirty ] && git checkout -q "$file" && [ "$(state)" = clean ]
	file=${some[2]} && chmod +x "$file" && [ "$(state)" != '' ] && git checkout -q "$file" && [ "$(state)" = clean ]
	file=${some[3]} && touch "$file" && [ "$(state)" = clean ]
	file=${some[4]} && git rm -q --cached "$file" && [ "$(state)" = dirty ] && git reset -q && [ "$(state)" = clean ]
	git mv "${some[5]}" moved && [ "$(state)" = dirty ] && git mv moved "${some[5]}" && [ "$(state)" = clean ]
}

@test "a moved HEAD is another key, and going back the first one" {
	first=$("$RESOLVE" ./ | jq -r .key)
	echo '/* change */' >>kernel/sched/ext.c
	git -c gc.auto=0 commit -qam change
	[ "$(state)" = clean ]
	[ "$("$RESOLVE" ./ | jq -r .key)" != "$first" ]
	git reset -q --hard HEAD~1
	[ "$("$RESOLVE" ./ | jq -r .key)" = "$first" ]
	# the same files under another commit are another state, too
	git reset -q --soft "$(git commit-tree -m other 'HEAD^{tree}')"
	[ "$(state)" = clean ]
	[ "$("$RESOLVE" ./ | jq -r .key)" != "$first" ]
	git reset -q --soft "$HASH"
	[ "$("$RESOLVE" ./ | jq -r .key)" = "$first" ]
}

@test "a linked worktree and a tree below another repository" {
	git worktree add -q --no-checkout ../linked HEAD
	git -C ../linked sparse-checkout set kernel 2>/dev/null
	git -C ../linked checkout -q
	run -0 --separate-stderr "$RESOLVE" ../linked
	[ "$(jq -r '[.dirty, .git_hash] | map(tostring) | join(" ")' <<<"$output")" = "false ${HASH:0:7}" ]
	mkdir -p sub/linux/kernel
	cp Makefile Kconfig sub/linux
	run -0 --separate-stderr "$RESOLVE" ./sub/linux
	[ "$(jq -r '[.dirty, .is_git, .git_hash] | map(tostring) | join(" ")' <<<"$output")" = "true false null" ]
	rm -r sub
}
