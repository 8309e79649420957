# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every test starts with: the built programs and a home of its own.

ROOT="$(cd "$BATS_TEST_DIRNAME/.." && pwd)"

setup_paths() {
	local name

	for name in $(compgen -e KTSTR_); do
		unset "$name"
	done
	export PATH="$ROOT/${B:-build}/bin:$PATH"
	export LIBEXEC="$ROOT/${B:-build}/libexec"
	export KTSTR_SHARE="$ROOT/share"
	export HOME="$BATS_TEST_TMPDIR/home"
	export XDG_CACHE_HOME="$HOME/.cache"
	export KTSTR_CACHE_DIR="$BATS_TEST_TMPDIR/cache"
	mkdir -p "$HOME"
}
