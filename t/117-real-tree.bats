#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A real kernel tree in a real repository, as ktstr-resolve classifies it and as
# ktstr-build sees it before and after a build.

bats_require_minimum_version 1.5.0
load lib/common

# One tree for all tests, each of which puts back what it changes; so they run
# one after the other. The code of drivers and the like is left out for time's
# sake; all of Kconfig is there.
export BATS_NO_PARALLELIZE_WITHIN_FILE=true

setup_file() {
	local tarball=${KTSTR_TEST_TARBALL:-/usr/src/linux-source-6.12.tar.xz}

	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	mkdir "$BATS_FILE_TMPDIR/linux"
	xz -dcT0 "$tarball" | tar -x --strip-components=1 -C "$BATS_FILE_TMPDIR/linux" --exclude='*/tools' \
		--exclude='*/drivers/*.[chS]' --exclude='*/sound/*.[chS]' --exclude='*/arch/[!x]*.[chS]' \
		--exclude='*/arch/[!x]*.dts*' --exclude='*/Documentation/[!K]*'
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

# The real kbuild configures the tree and makes its release string, which looks
# at the tree by git, too. Compiling is left out: DURING is run in its place.
real_make() {
	cat >GNUmakefile <<-'EOF'
		.RECIPEPREFIX = >
		all:
		> @$(MAKE) -f Makefile include/config/kernel.release
		> @sh -ec "$$DURING"
		> @mkdir -p arch/x86/boot arch/arm64/boot
		> @cp include/config/kernel.release arch/x86/boot/bzImage
		> @cp include/config/kernel.release arch/arm64/boot/Image
		%config: FORCE
		> @$(MAKE) -f Makefile $@
		bzImage Image: all
		vmlinux:
		> @cp Makefile $@
		compile_commands.json:
		> @echo '[]' >$@
		FORCE:
		GNUmakefile: ;
	EOF
	export KTSTR_BYPASS_LLC_LOCKS=1
}

build() {
	"$LIBEXEC/ktstr-build" <"$BATS_TEST_TMPDIR/record"
}

@test "changed before the build, during it, or not at all: only the last is stored" {
	real_make
	record=$BATS_TEST_TMPDIR/record
	"$RESOLVE" ./ >"$record"
	key=$(jq -r .key "$record")
	# an edit and a commit while it is built
	DURING='echo >>kernel/sched/ext.c' run -0 --separate-stderr build
	[[ $stderr == *"source tree changed during build ("*"); skipping cache store"* ]]
	[ "$(jq -r '[.state, .dir] | join(" ")' <<<"$output")" = "built $PWD" ]
	[[ $(jq -r .label <<<"$output") == path_linux_*_dirty ]]
	git checkout -q kernel/sched/ext.c
	DURING='git commit -q --allow-empty -m during' run -0 --separate-stderr build
	[[ $stderr == *"source tree changed during build ("* ]]
	git reset -q --soft "$HASH"
	[ -z "$("$LIBEXEC/ktstr-cache" list --jq '.entries[].key' 2>/dev/null)" ]
	# an edit before the lock is held
	echo >>kernel/sched/ext.c
	run -0 --separate-stderr build
	[[ $stderr == *"source tree $PWD became dirty; rebuilding to capture your local edits"* ]]
	[[ $(cat arch/*/boot/bzImage) == *-dirty* ]]
	git checkout -q kernel/sched/ext.c
	# none: stored under the key of the tree as it was found
	rm .config
	run -0 --separate-stderr build
	[ "$(jq -r '[.state, .key] | join(" ")' <<<"$output")" = "cached $key" ]
	[[ $(cat "$KTSTR_CACHE_DIR/$key"/*Image) != *-dirty* ]]
	grep -qx CONFIG_SCHED_CLASS_EXT=y .config
	[ "$("$RESOLVE" ./ 2>/dev/null | jq -r .state)" = cached ]
	# a moved HEAD is built under its own key
	git commit -q --allow-empty -m next
	run -0 --separate-stderr build
	[[ $stderr == *"source tree $PWD moved to $(git rev-parse HEAD | cut -c1-7); rebuilding for the new commit"* ]]
	[[ $(jq -r .key <<<"$output") == local-$(git rev-parse HEAD | cut -c1-7)-* ]]
	git reset -q --soft "$HASH"
	rm -r GNUmakefile .config arch/x86/boot/bzImage
}

@test "through ccache the real kbuild compiles with a header that names no version" {
	real_make
	git add -f GNUmakefile
	git commit -qm 'make without a compiler'
	export SEEN=$BATS_TEST_TMPDIR/seen DURING='cp include/generated/autoconf.h include/config/auto.conf "$SEEN"'
	mkdir "$SEEN"
	"$RESOLVE" --lean "git+$PWD#$(git branch --show-current)" | "$LIBEXEC/ktstr-fetch" >"$BATS_TEST_TMPDIR/record"
	git reset -q "$HASH"
	rm GNUmakefile
	KTSTR_CC_PREFIX=ccache run -0 --separate-stderr build
	[ "$(jq -r .state <<<"$output")" = cached ]
	# kconfig gives all it writes the same heading
	grep -q 'Linux/.* 6\.12.* Kernel Configuration' "$SEEN/auto.conf"
	! grep -q 'Kernel Configuration' "$SEEN/autoconf.h" || false
	grep -qx '#define CONFIG_SCHED_CLASS_EXT 1' "$SEEN/autoconf.h"
	# and make saw no reason to write it again
	! grep SYNC "$KTSTR_CACHE_DIR"/.logs/*.log || false
}
