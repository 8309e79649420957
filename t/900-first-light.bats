#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The main job from end to end, nothing in it fake: the source tarball of the
# distribution, the cache, cargo-nextest, VMs, scx_simple and scx_qmap, results.
bats_require_minimum_version 1.5.0
load lib/common
load lib/vm

TARBALL=${KTSTR_TEST_TARBALL:-/usr/src/linux-source-6.12.tar.xz}

# One run of the whole example serves every test of this file that only looks.
setup_file() {
	export E2E=$BATS_FILE_TMPDIR/e2e
	mkdir -p "$E2E/cargo" "$E2E/target/debug"
	project "$E2E/share/example"
	cp "$BATS_TEST_DIRNAME/../${B:-build}"/scx/scx_{simple,qmap} "$E2E/target/debug"
	BATS_TEST_TMPDIR=$E2E enter "$E2E/share/example"
	code=0
	cargo ktstr test --lean --kernel "$TARBALL" >"$E2E/out" 2>&1 || code=$?
	echo "$code" >"$E2E/code"
	cargo ktstr stats list >"$E2E/list" 2>&1
	cargo ktstr stats >"$E2E/stats" 2>&1
}

# A copy of the example as a git repository with one commit.
project() {
	local share=$BATS_TEST_DIRNAME/../share

	mkdir -p "$(dirname "$1")"
	cp -R "$share/example" "$1"
	cp -R "$share/cargo" "$(dirname "$1")"
	# the glue looks for the library beside itself, as in the source tree
	ln -sfn "$(realpath "$BATS_TEST_DIRNAME/../${B:-build}")" "$(dirname "$1")/../build"
	ln -sfn "$(realpath "$BATS_TEST_DIRNAME/../lib")" "$(dirname "$1")/../lib"
	git -C "$1" init -q
	git -C "$1" add .
	git -C "$1" -c user.name=t -c user.email=t@example.invalid commit -qm "the example"
}

enter() {
	setup_paths
	export KTSTR_CACHE_DIR=${KTSTR_TEST_CACHE:?set by t/check}
	export CARGO_TARGET_DIR=$E2E/target CARGO_NET_OFFLINE=true NO_COLOR=1
	cd "$1" || return
}

setup() {
	enter "$E2E/share/example"
}

# The cache entry of the tarball.
cached() {
	"$LIBEXEC/ktstr-resolve" --lean "$TARBALL" | jq -r .dir
}

# Processes that still carry this test's TMPDIR, this shell's own left out.
pids_of_test() {
	local pid

	for pid in $(pgrep 'qemu|nextest|ktstr|sharing|cpusets'); do
		! tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "TMPDIR=$TMPDIR" || echo "$pid"
	done
}

results() {
	cat "$CARGO_TARGET_DIR"/ktstr/*/*.ktstr.json
}

@test "cargo ktstr test runs the example's tests in VMs and they pass" {
	cat "$E2E/out"
	[ "$(cat "$E2E/code")" = 0 ]
	grep -E '[0-9]+ tests run: [0-9]+ passed' "$E2E/out"
	run ! grep -q ' SKIP ' "$E2E/out"
}

@test "the kernel is a cache hit, nothing is built again" {
	grep -F "cargo ktstr: cache hit for $TARBALL (local-" "$E2E/out"
	run ! grep -q 'Building kernel' "$E2E/out"
}

@test "tests ran under scx_simple and scx_qmap: the guest's sched_ext says so" {
	results | jq -s -e 'map(select(.scheduler == "scx_simple" and .outcome == "pass" and .sched_ext.ops == "simple")) | length > 0'
	results | jq -s -e 'map(select(.scheduler == "scx_qmap" and .outcome == "pass" and .sched_ext.ops == "qmap")) | length > 0'
	results | jq -s -e 'map(select(.scheduler == "eevdf" and .outcome == "pass")) | length > 0'
}

@test "every test of the run left one result, with the topology it really had" {
	ran=$(grep -cE '^ +PASS ' "$E2E/out")
	[ "$(results | jq -s length)" = "$ran" ]
	results | jq -e -s 'map(select(.test_name | startswith("cpusets_hold"))) | length > 0 and all(.topology | test("^[0-9]+n2l"))'
}

@test "results name the kernel, the commit and the workers' figures" {
	commit=$(git rev-parse --short=7 HEAD)
	results | jq -e -s --arg c "$commit" 'all(.project_commit == $c or .project_commit == $c + "-dirty")'
	results | jq -e -s 'map(select(.test_name == "two_cgroups_share_under_simple"))[0] | .kernel_version == "6.12.117" or (.kernel_version | test("^6\\.12\\."))'
	results | jq -e -s 'map(select(.test_name == "two_cgroups_share_under_simple"))[0].stats | .total_workers > 0 and .total_iterations > 0 and (.cgroups | length) == 2'
}

@test "the test whose scheduler dies passed because it expects that" {
	grep -E 'PASS .*a_killed_scheduler_is_an_error' "$E2E/out"
	results | jq -e -s 'map(select(.test_name == "a_killed_scheduler_is_an_error"))[0] | .passed and .outcome == "pass"'
}

@test "stats list shows the run, stats its analysis" {
	head -1 "$E2E/list" | grep -E '^ RUN +TESTS +DATE +ARCH'
	ran=$(grep -cE '^ +PASS ' "$E2E/out")
	sed -n 2p "$E2E/list" | grep -E "^ 6\.12\.[0-9]+-[0-9a-f]{7}(-dirty)? +$ran "
	grep -F '=== GAUNTLET ANALYSIS ===' "$E2E/stats"
	grep -E '^  two_cgroups_share_under_qmap +1/1 passed' "$E2E/stats"
}

@test "a second run clears the first one's results, and only those" {
	mkdir "$BATS_TEST_TMPDIR/t"
	cp -R "$CARGO_TARGET_DIR/debug" "$BATS_TEST_TMPDIR/t"
	export CARGO_TARGET_DIR=$BATS_TEST_TMPDIR/t
	cargo ktstr test --kernel "$TARBALL" --lean -- -E 'binary(host)'
	first=$(results | jq -s -c 'map(.run_id) | sort')
	cargo ktstr test --kernel "$TARBALL" --lean -- -E 'binary(host)'
	second=$(results | jq -s -c 'map(.run_id) | sort')
	[ "$first" != "$second" ]
	[ "$(jq length <<<"$first")" = "$(jq length <<<"$second")" ]
}

@test "without --kernel the newest entry of the cache is used" {
	run cargo ktstr test -- -E 'test(=ktstr/two_cgroups_share_under_eevdf)'
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"1 test run: 1 passed"* ]]
}

@test "a failing test gives nextest's exit code and the reasons on stderr" {
	copy=$BATS_TEST_TMPDIR/share/example
	BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR project "$copy"
	cat >"$copy/tests/host.c" <<-'EOF'
		#include <ktstr.h>

		KTSTR_TEST(two_is_three, .host_only = true)
		{
			return KTSTR_CHECK(t, 2 == 3);
		}
	EOF
	cd "$copy"
	run cargo ktstr test -- -E 'binary(host)'
	echo "$output"
	[ "$status" = 100 ]
	[[ $output == *"ktstr_test 'two_is_three'"*"failed:"* ]]
	[[ $output == *"2 == 3"* ]]
}

@test "without QEMU the test fails and names the package" {
	KTSTR_QEMU=/nonexistent/qemu run cargo ktstr test -- -E 'test(=ktstr/two_cgroups_share_under_eevdf)'
	echo "$output"
	[ "$status" = 100 ]
	[[ $output == *"qemu-system-x86"* ]]
}

@test "the pipeline by hand does what the command does" {
	PATH=$LIBEXEC:$PATH
	run bash -o pipefail -c "ktstr-resolve --lean $TARBALL | ktstr-fetch | ktstr-build | ktstr-exec -- env"
	[ "$status" = 0 ]
	dir=$(sed -n 's/^KTSTR_KERNEL=//p' <<<"$output")
	[ -s "$dir/bzImage" ]
	[ -s "$dir/vmlinux" ]
}

@test "what --explain prints runs when it is pasted" {
	line=$(cargo ktstr --explain test --lean --kernel "$TARBALL" -- -E 'binary(host)')
	PATH=$LIBEXEC:$PATH run bash -c "$line"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"2 tests run: 2 passed"* ]]
}

@test "two kernels in one run: every VM test twice, the host's once" {
	PATH=$LIBEXEC:$PATH
	# a tarball and its cache key name one directory by two labels
	list=$(ktstr-resolve --lean "$TARBALL" "$(basename "$(cached)")" | ktstr-exec -- cargo nextest list 2>/dev/null)
	echo "$list"
	[ "$(grep -c 'ktstr/two_cgroups_share_under_eevdf/kernel_' <<<"$list")" = 2 ]
	[ "$(grep -c 'vtime_order_survives_the_wrap' <<<"$list")" = 1 ]
	run cargo ktstr test --lean --kernel "$TARBALL" --kernel "$(basename "$(cached)")" -- \
		-E 'test(/^ktstr.two_cgroups_share_under_eevdf/)'
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"fanning gauntlet across 2 kernels"*"2 tests run: 2 passed"* ]]
}

@test "an interrupted run leaves no VM, no process and no lock behind" {
	env --default-signal=INT cargo ktstr test --lean --kernel "$TARBALL" -- -E 'test(two_cgroups)' \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	wait_for 60 vm_runs
	kill -INT "$pid"
	wait "$pid" && code=0 || code=$?
	[ "$code" = 130 ]
	wait_for 15 no_vm
	wait_for 5 eval '[ -z "$(pids_of_test)" ]'
	# tests beside this one may hold the same entry
	for pid in $("$LIBEXEC/ktstr-locks" --json | jq '.. | .pid? // empty'); do
		! tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "TMPDIR=$TMPDIR" || false
	done
}

@test "a killed dispatcher takes stages, tests and VMs with it" {
	cargo ktstr test --lean --kernel "$TARBALL" -- -E 'test(two_cgroups)' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	wait_for 60 vm_runs
	kill -KILL "$pid"
	wait "$pid" || true
	wait_for 15 no_vm
}

@test "make install gives a cargo ktstr that works from any directory" {
	prefix=$BATS_TEST_TMPDIR/usr
	make -s -C "$ROOT" B="${B:-build}" PREFIX="$prefix" install >"$BATS_TEST_TMPDIR/log" 2>&1 || { cat "$BATS_TEST_TMPDIR/log"; false; }
	[ -x "$prefix/bin/cargo-ktstr" ]
	[ -x "$prefix/libexec/ktstr/ktstr-vm" ]
	[ -s "$prefix/lib/libktstr.a" ]
	[ -s "$prefix/include/ktstr.h" ]
	[ -s "$prefix/share/man/man1/cargo-ktstr-test.1" ]
	[ -s "$prefix/share/man/man7/ktstr-records.7" ]
	[ -s "$prefix/share/ktstr/schema/kernel.json" ]
	[ "$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --variable=cargodir ktstr)" = "$prefix/share/ktstr/cargo/ktstr" ]
	unset KTSTR_SHARE
	PATH=$prefix/bin:$PATH
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	cd "$BATS_TEST_TMPDIR/elsewhere"
	cp -R "$E2E/share/example" p
	cd p
	sed -i "s|path = .*|path = \"$prefix/share/ktstr/cargo/ktstr\" }|" Cargo.toml
	run cargo ktstr test --lean --kernel "$TARBALL" -- -E 'test(=ktstr/the_scheduler_is_attached) + binary(host)'
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"3 tests run: 3 passed"* ]]
	make -s -C "$ROOT" B="${B:-build}" PREFIX="$prefix" uninstall
	[ -z "$(find "$prefix" -type f)" ]
}
