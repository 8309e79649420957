# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernel trees in small (t/fixtures/linux), and records that speak of them.

kernel_tree() {
	mkdir -p "$1"
	cp -r "$BATS_TEST_DIRNAME/fixtures/linux/." "$1"
	printf '.config*\n*.o\ninclude/\nvmlinux\narch/\ncompile_commands.json\nunmet\n' >"$1/.gitignore"
}

# For DURING: a build that says it has started by the file ./started, and goes
# on once there is ./go, or after a minute.
until_go() {
	# shellcheck disable=SC2016 # for the shell that make runs
	printf 'touch %s/started; for i in $(seq 1200); do [ ! -e %s/go ] || break; sleep 0.05; done' "$PWD" "$PWD"
}

# The same as a clean git worktree.
git_kernel_tree() {
	kernel_tree "$1"
	git -C "$1" -c init.defaultBranch=main init -q
	git -C "$1" add -A
	git_commit "$1" "first"
}

git_commit() {
	git -C "$1" -c user.name=a -c user.email=a@b commit -qam "$2" "${@:3}"
}

# kernel_record KEY…: a record on stdout; further words are "k":v members.
kernel_record() {
	local key=$1 more

	shift
	more=$(printf ',%s' "$@")
	printf '{"type":"kernel","index":0,"total":1,"spec":"x","kind":"version","label":"x","key":"%s","lean":false%s}\n' \
		"$key" "${more%,}"
}

# version_record VERSION: a release that is not there yet.
version_record() {
	kernel_record "$1-tarball-x86_64-kc0" "\"version\":\"$1\"" '"state":"missing"'
}
