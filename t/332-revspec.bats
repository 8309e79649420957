#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Commits of a comparison as git knows them.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	export KTSTR_LABEL="cargo ktstr"
	unset KTSTR_KERNEL
	TREE=$WORK/tree
}

# Four commits, the last checked out; C[0] is the first.
history() {
	repo "$1"
	for i in 2 3 4; do
		git -C "$1" commit -q --allow-empty -m "$i"
	done
	mapfile -t C < <(git -C "$1" log --reverse --format=%H)
}

# meant OPTION VALUE: what the value becomes, as the sorted commits that match
meant() {
	local c side=${1%%commit}
	: >rows
	for c in "${ALL[@]}"; do
		for k in a b; do
			jq -nc --arg c "$c" --arg k "$k" '{type: "row", run: "r", file: $c, test: $c, topology: "t", scheduler: "s", work_type: "w",
				kernel: $k, project_commit: $c, kernel_commit: $c, run_source: "local", passed: true, skipped: false,
				timestamp: "t", run_id: "r", host: null, metrics: {worst_spread: 1}, ext: {}, payload: []}' >>rows
		done
	done
	echo '{"type":"pool","files":0,"rows":0,"corrupt":0,"unreadable":0}' >>rows
	( cd "${TREE_AT:-$TREE}" && "$COMPARE" --a-kernel a --b-kernel b "--$1" "$2" --format json --all "$WORK/rows" ) >out 2>err || {
		cat err
		return 1
	}
	jq -r '[.groups[].scenario] | join(" ")' out
}

short() {
	printf '%.7s' "$1"
}

@test "a commit, a branch, tags, a range and X^! become seven digits" {
	history "$TREE"
	git -C "$TREE" tag light HEAD~1
	git -C "$TREE" tag -a -m annotated heavy HEAD~1
	git -C "$TREE" branch side HEAD~2
	ALL=("${C[@]:0:4}")
	for i in "${!ALL[@]}"; do ALL[i]=$(short "${ALL[i]}"); done
	sorted() { printf '%s\n' "$@" | sort | xargs; }
	while read -r value want; do
		want=$(for i in $want; do echo "${ALL[$i]}"; done | sort | xargs)
		[ "$(meant project-commit "$value")" = "$want" ] || { echo "$value is not $want"; cat err; return 1; }
		[ ! -s err ] || { cat err; return 1; }
	done <<-EOF
		HEAD 3
		HEAD~1 2
		light 2
		heavy 2
		side 1
		heavy^! 2
		${C[1]} 1
		${C[1]^^} 1
		${C[0]:0:12} 0
		HEAD~2..HEAD 2 3
		${C[0]}..side 1
		HEAD~3..heavy 1 2
		heavy.. 3
	EOF
}

@test "what is checked out gets -dirty with changes, what is typed as hex is taken literally" {
	history "$TREE"
	h=$(short "${C[3]}")
	ALL=("$h" "$h-dirty")
	[ "$(meant project-commit HEAD)" = "$h" ]
	echo change >"$TREE/file"
	[ "$(meant project-commit HEAD)" = "$h-dirty" ]
	[ "$(meant project-commit "$h")" = "$h" ]
	[ "$(meant project-commit "$h-dirty")" = "$h-dirty" ]
	[ "$(meant project-commit "${C[3]}-dirty")" = "$h-dirty" ]
	# a range names commits, not the tree
	[ "$(meant project-commit HEAD~1..HEAD)" = "$h" ]
}

@test "a branch whose name could be a commit is not asked for" {
	history "$TREE"
	git -C "$TREE" branch abcdef1 HEAD~1
	ALL=("$(short "${C[2]}")" abcdef1)
	[ "$(meant project-commit abcdef1)" = abcdef1 ]
}

@test "an empty range is an error, not everything" {
	history "$TREE"
	ALL=("$(short "${C[3]}")")
	run -1 meant a-project-commit HEAD..HEAD
	[[ $output == "error: stats compare: --a-project-commit range 'HEAD..HEAD' holds no commits"* ]]
	[[ $output == *"hint: A..B means what B has and A has not"* ]]
	run -1 meant project-commit HEAD..HEAD~1
	[[ $output == *"'HEAD..HEAD~1' holds no commits"* ]]
}

@test "what is no commit stays as it is, with a note that says why" {
	history "$TREE"
	blob=$(git -C "$TREE" rev-parse HEAD:file)
	git -C "$TREE" tag blob "$blob"
	for v in nonsense v9.9 "a b" HEAD~9 blob HEAD:file no..HEAD '@{u}'; do
		ALL=("$v")
		[ "$(meant project-commit "$v")" = "$v" ]
		grep -qxF "cargo ktstr: --project-commit '$v' did not resolve as a revspec; using as literal filter" err || { cat err; return 1; }
	done
	for v in ^HEAD HEAD~2...HEAD HEAD^@; do
		ALL=("$v")
		[ "$(meant project-commit "$v")" = "$v" ]
		grep -q "^cargo ktstr: --project-commit '$v' uses an unsupported revspec form (" err
		grep -q "; using as literal filter$" err
	done
	ALL=("blob..HEAD")
	[ "$(meant project-commit blob..HEAD)" = blob..HEAD ]
	grep -q "^cargo ktstr: --project-commit range 'blob..HEAD' could not be expanded: .*; using as literal filter$" err
	# hex that is no commit of this repository needs no note
	ALL=(1234567)
	[ "$(meant project-commit 1234567)" = 1234567 ]
	[ ! -s err ]
}

@test "without a repository, and in a broken one, values stay and the reason is said" {
	mkdir "$TREE"
	ALL=(HEAD abcdef1)
	[ "$(meant project-commit HEAD)" = HEAD ]
	grep -q "'HEAD' did not resolve as a revspec: . is in no git repository; using as literal filter" err
	[ "$(meant project-commit abcdef1)" = abcdef1 ]
	[ ! -s err ]
	# no commit yet
	git -C "$TREE" init -q
	[ "$(meant project-commit HEAD)" = HEAD ]
	grep -q "'HEAD' did not resolve as a revspec" err
	rm -rf "$TREE"
	history "$TREE"
	echo '[core' >"$TREE/.git/config"
	[ "$(meant project-commit HEAD)" = HEAD ]
	grep -q "the git repository at . cannot be read: " err
	rm -rf "$TREE"
	history "$TREE"
	rm -rf "$TREE/.git/objects"/??
	ALL=("HEAD~1")
	[ "$(meant project-commit HEAD~1)" = HEAD~1 ]
	grep -q "did not resolve as a revspec" err
	ALL=("HEAD~1..HEAD")
	[ "$(meant project-commit HEAD~1..HEAD)" = HEAD~1..HEAD ]
	grep -q "using as literal filter" err
}

@test "a bare repository has no changes, a subdirectory is inside, a worktree too" {
	history "$TREE"
	h=$(short "${C[3]}")
	ALL=("$h")
	echo change >"$TREE/file"
	git clone -q --bare "$TREE" "$WORK/bare.git"
	mkdir "$TREE/sub"
	TREE_AT=$WORK/bare.git
	[ "$(meant project-commit HEAD)" = "$h" ]
	git -C "$TREE" checkout -q -- file
	TREE_AT=$TREE/sub
	[ "$(meant project-commit HEAD)" = "$h" ]
	git -C "$TREE" worktree add -q "$WORK/wt" HEAD~1
	ALL=("$(short "${C[2]}")")
	TREE_AT=$WORK/wt
	[ "$(meant project-commit HEAD)" = "${ALL[0]}" ]
}

@test "a shallow clone resolves what it has, and says what it is" {
	history "$TREE"
	git clone -q --depth 2 "file://$TREE" "$WORK/shallow"
	TREE_AT=$WORK/shallow
	h=$(short "${C[3]}")
	ALL=("$h" "$(short "${C[2]}")")
	[ "$(meant project-commit HEAD)" = "$h" ]
	[ "$(meant project-commit HEAD~1..HEAD)" = "$h" ]
	[ ! -s err ]
	ALL=(HEAD~2..HEAD)
	[ "$(meant project-commit HEAD~2..HEAD)" = HEAD~2..HEAD ]
	grep -q "'HEAD~2..HEAD' did not resolve as a revspec; using as literal filter" err
	grep -q "the repository is shallow: \`git fetch --unshallow\`" err
}

@test "kernel commits are those of the tree that KTSTR_KERNEL stands for" {
	history "$TREE"
	h=$(short "${C[2]}")
	ALL=("$h")
	mkdir "$WORK/elsewhere"
	TREE_AT=$WORK/elsewhere
	export KTSTR_KERNEL=$TREE
	[ "$(meant kernel-commit HEAD~1)" = "$h" ]
	[ ! -s err ]
	# a cache entry names its source
	mkdir "$WORK/entry"
	jq -n --arg t "$TREE" '{version: "6.14.2", source: {type: "local", source_tree_path: $t}}' >"$WORK/entry/metadata.json"
	KTSTR_KERNEL=$WORK/entry
	[ "$(meant kernel-commit HEAD~1)" = "$h" ]
	# the tree itself, nothing around it
	mkdir "$TREE/sub"
	KTSTR_KERNEL=$TREE/sub
	ALL=(HEAD)
	[ "$(meant kernel-commit HEAD)" = HEAD ]
	grep -q "$TREE/sub is in no git repository" err
	unset KTSTR_KERNEL
	[ "$(meant kernel-commit HEAD)" = HEAD ]
	grep -q "KTSTR_KERNEL names no kernel tree" err
}

@test "a merge's range is what one side has and the other has not" {
	history "$TREE"
	git -C "$TREE" checkout -q -b topic HEAD~2
	git -C "$TREE" commit -q --allow-empty -m t1
	t1=$(git -C "$TREE" rev-parse HEAD)
	git -C "$TREE" checkout -q -
	git -C "$TREE" merge -q --no-ff -m merge topic
	m=$(git -C "$TREE" rev-parse HEAD)
	ALL=("$(short "$t1")" "$(short "$m")" "$(short "${C[3]}")")
	[ "$(meant project-commit "${C[3]}..HEAD")" = "$(printf '%.7s\n' "$t1" "$m" | sort | xargs)" ]
	# the same in a clone that ends early
	git clone -q --depth 2 "file://$TREE" "$WORK/shallow"
	TREE_AT=$WORK/shallow
	[ "$(meant project-commit "HEAD^1..HEAD")" = "$(printf '%.7s\n' "$t1" "$m" | sort | xargs)" ]
	[ ! -s err ]
}
