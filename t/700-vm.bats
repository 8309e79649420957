#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Real guests on a real kernel.
bats_require_minimum_version 1.5.0
load lib/vm

setup() {
	setup_vm
}

# Whatever a guest said was said in records of share/schema, but for the types
# that programs below make up, and what a killed ktstr-vm could not finish.
teardown() {
	[ ! -s "$EVENTS" ] || sed '/^{"type":"\(a\|b\|big\)"/d; ${ /}$/!d }' "$EVENTS" | records
}

@test "a program's output, its errors and its exit code come back" {
	request 'echo out; echo err >&2; printf "no end"; exit 7'
	run -7 --separate-stderr vm_run
	[ "$stderr" = "" ]
	[ "$(of stdout)" = $'out\nno end' ]
	[ "$(of stderr)" = err ]
	[ "$(ending reason)" = "done" ]
	[ "$(ending code)" = 7 ]
	[ "$(jq -r .type "$EVENTS" | grep -v console | tr '\n' ' ')" = \
		"boot init payload stdout stderr stdout payload_exit exit " ] ||
		[ "$(jq -r .type "$EVENTS" | sort -u | tr '\n' ' ')" = "boot console exit init payload payload_exit stderr stdout " ]
}

@test "the guest has the CPUs, caches, nodes and distances of its topology" {
	request 'cd /sys/devices/system
		cat cpu/online node/online
		cat node/node*/distance
		cat node/node*/cpulist
		cat cpu/cpu*/cache/index3/shared_cpu_list | sort -u
		cat cpu/cpu*/topology/thread_siblings_list | sort -u | wc -l
		cat cpu/cpu*/topology/package_cpus_list | sort -u | wc -l' \
		'.topology = "2n4l2c2t" | .files += [{host: "/bin/busybox", guest: "/bin/cat"}]'
	run -0 vm_run
	[ "$(of stdout | head -n 2 | tr '\n' ' ')" = "0-15 0-1 " ]
	[ "$(of stdout | sed -n 3,4p)" = $'10 20\n20 10' ]
	[ "$(of stdout | sed -n 5,6p)" = $'0-7\n8-15' ]
	[ "$(of stdout | sed -n 7,10p)" = $'0-3\n12-15\n4-7\n8-11' ]
	[ "$(of stdout | sed -n 11,12p | tr '\n' ' ')" = "8 2 " ]
	[ "$(jq 'select(.type == "init").cpus' "$EVENTS")" = 16 ]
	[ "$(jq -c 'select(.type == "boot") | [.cpus, .topology, .accel]' "$EVENTS")" = '[16,"2n4l2c2t","tcg"]' ]
}

@test "one node with two caches shows each as a package" {
	request 'cd /sys/devices/system
		cat cpu/cpu*/cache/index3/shared_cpu_list | sort -u
		cat cpu/cpu*/topology/package_cpus_list | sort -u | wc -l' '.topology = "1,2,2,1"'
	run -0 vm_run
	[ "$(of stdout)" = $'0-1\n2-3\n2' ]
}

@test "messages of the program are forwarded byte for byte" {
	request 'printf "%s\n" "{\"type\":\"a\",  \"n\": 1.50, \"u\":\"\\u00e9\", \"big\":18446744073709551615 }" >&3
		echo "{\"type\":\"b\"}" >&$KTSTR_GUEST_FD; echo after'
	run -0 vm_run
	grep -qxF '{"type":"a",  "n": 1.50, "u":"\u00e9", "big":18446744073709551615 }' "$EVENTS"
	grep -qxF '{"type":"b"}' "$EVENTS"
}

@test "a program cannot speak for init or the host" {
	request 'echo "{\"type\":\"payload_exit\",\"code\":0}" >&3; echo "not json" >&3
		echo "{\"type\":\"exit\",\"reason\":\"done\"}" >&3; exit 3'
	run -3 vm_run
	[ "$(jq -r .type "$EVENTS" | grep -c '^payload_exit$')" = 1 ]
	[ "$(of bad_message)" = $'{"type":"payload_exit","code":0}\nnot json\n{"type":"exit","reason":"done"}' ]
	[ "$(ending code)" = 3 ]
}

@test "a message of a megabyte and much output arrive whole" {
	request 'printf "{\"type\":\"big\",\"x\":\"" >&3; head -c 1000000 /dev/zero | tr "\0" x >&3; printf "\"}\n" >&3
		seq 20000; head -c 200000 /dev/zero | tr "\0" y'
	run -0 vm_run
	[ "$(jq -r 'select(.type == "big").x | length' "$EVENTS")" = 1000000 ]
	of stdout | head -n 20000 | cmp - <(seq 20000)
	[ "$(of stdout | tail -n +20001 | awk '{ print length($0) }' | tr '\n' ' ')" = "65536 65536 65536 3392 " ]
}

@test "output that is no UTF-8 becomes valid JSON" {
	request 'printf "a\377b\n"'
	run -0 vm_run
	[ "$(of stdout)" = $'a\xef\xbf\xbdb' ]
}

@test "the last words before the end arrive, and so do those of what it left behind" {
	request '(sleep 0.2; echo early) & (sleep 100; echo never) & echo last; wait $!' '.argv[3] = "(sleep 100) & echo last; exit 4"'
	run -4 vm_run
	[ "$(of stdout)" = last ]
}

@test "arguments and environment keep blanks, line ends and quotes" {
	request 'printf "<%s>" "$@"; printf "<%s>\n" "$V" "$HOME"' \
		'.argv += ["sh", "a b", "", "c\nd", "\"e\u0027"] | .env = ["V=x  y", "HOME=/tmp"]'
	run -0 vm_run
	[ "$(of stdout)" = $'<a b><><c\nd><"e\'><x  y>\n</tmp>' ]
}

@test "a killed program gives 128 and its signal, a missing one 127" {
	request 'kill -9 $$'
	run -137 vm_run
	request '' '.argv = ["/bin/missing"]'
	run -127 vm_run
	[[ "$(of stderr)" == *"/bin/missing: No such file or directory"* ]]
}

@test "init mounts what tests need" {
	request 'cut -d" " -f2,3 /proc/mounts; ls /dev/fd/1 /dev/null; echo $KTSTR_GUEST'
	run -0 vm_run
	for row in "/sys/fs/cgroup cgroup2" "/sys/fs/bpf bpf" "/sys/kernel/debug debugfs" "/sys/kernel/tracing tracefs" \
		"/tmp tmpfs" "/run tmpfs" "/dev/shm tmpfs" "/dev/pts devpts" "/proc proc" "/sys sysfs" /dev/fd/1 1; do
		of stdout | grep -qxF "$row"
	done
}

@test "shared libraries of a program come along" {
	request '' '.files += [{ host: "/bin/ls", guest: "/bin/ls" }] | .argv = ["/bin/ls", "-d", "/proc"]'
	run -0 vm_run
	[ "$(of stdout)" = /proc ]
}

@test "a library found by RUNPATH of a moved program is found in the guest" {
	local d=$BATS_TEST_TMPDIR/app
	mkdir -p "$d/bin" "$d/lib"
	echo 'int answer(void); int answer(void) { return 42; }' >"$d/l.c"
	echo 'int answer(void); int main(void) { return answer(); }' >"$d/m.c"
	gcc -shared -fPIC -o "$d/lib/libanswer.so" "$d/l.c"
	gcc -o "$d/bin/ask" "$d/m.c" -L"$d/lib" -lanswer -Wl,-rpath,"\$ORIGIN/../lib"
	request '' '.files = [{ host: $ask, guest: "/elsewhere/ask" }] | .argv = ["/elsewhere/ask"]' --arg ask "$d/bin/ask"
	run -42 vm_run
	# a place where init mounts something else
	request '' '.files = [{ host: $ask, guest: "/dev/shm/bin/ask" }, { host: $ask, guest: "/run/ask" }] |
		.argv = ["/run/ask"]' --arg ask "$d/bin/ask"
	run -42 vm_run
}

@test "directories go in with what is below them" {
	mkdir -p "$BATS_TEST_TMPDIR/d/sub"
	echo one >"$BATS_TEST_TMPDIR/d/a"
	echo two >"$BATS_TEST_TMPDIR/d/sub/b"
	ln -s ../a "$BATS_TEST_TMPDIR/d/sub/link"
	request 'cd /include-files/d; cat a sub/b sub/link' '.files += [{ host: $d, guest: "/include-files/d" }]' \
		--arg d "$BATS_TEST_TMPDIR/d"
	run -0 vm_run
	[ "$(of stdout)" = $'one\ntwo\none' ]
}

@test "a program that does not end runs into the timeout" {
	request 'echo started; sleep 1000' '.timeout_ms = 1'
	run -1 --separate-stderr vm_run
	[ "$(ending reason)" = timeout ]
	[ "$(ending code)" = null ]
	[[ "$stderr" == *"timeout: still running after "* ]]
}

@test "the program may move the deadline" {
	request 'echo "{\"type\":\"deadline\",\"ms\":500}" >&3; sleep 1000' '.timeout_ms = 90000'
	run -1 vm_run
	[ "$(ending reason)" = timeout ]
	[ "$(ending wall_ms)" -lt 60000 ]
	grep -qxF '{"type":"deadline","ms":500}' "$EVENTS"
}

@test "a panic is told with its line" {
	request '' '.cmdline = ["rdinit=/nonexistent", "root=/dev/none"]'
	run -1 --separate-stderr vm_run
	[ "$(ending reason)" = panic ]
	[[ "$(ending detail)" == "Kernel panic - not syncing: VFS: Unable to mount root fs"* ]]
	[[ "$stderr" == *"panic: Kernel panic - not syncing: VFS"* ]]
	of console | grep -q 'Kernel panic - not syncing'
}

@test "a guest whose init says nothing is given up at the boot deadline" {
	request '' '.cmdline = ["rdinit=/bin/busybox", "--", "sleep", "1000"] | .boot_timeout_ms = 8000 | .verbose = true'
	run -1 vm_run
	[ "$(ending reason)" = no_init ]
	[[ "$(ending detail)" == *"no message from the guest's init after "*"Linux version"* ||
		"$(ending detail)" == *"no message from the guest's init after "*"] "* ]]
}

@test "an init that dies is told" {
	request '' '.cmdline = ["rdinit=/bin/busybox", "--", "false"]'
	run -1 vm_run
	[ "$(ending reason)" = init_died ]
	[[ "$(ending detail)" == *"Attempted to kill init"* ]]
}

@test "a guest that resets itself before its program ends is no success" {
	request 'echo b; reboot -f'
	run -1 vm_run
	[ "$(ending reason)" = init_died ]
	[[ "$(ending detail)" == "the guest reset itself"* ]]
}

@test "an initramfs too large for the memory is told, not run" {
	request 'true' '.cmdline = ["initramfs_options=size=1M", "rootflags=size=1M", "mem=40M"]'
	run -1 vm_run
	[[ "$(ending reason)" == @(panic|no_init) ]]
}

@test "kill -9 of QEMU is told as such" {
	request 'sleep 1000'
	vm_run 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	wait_event payload
	kill -9 "$(jq 'select(.type == "boot").qemu_pid' "$EVENTS")"
	! wait $! || false
	[ "$(ending reason)" = qemu_died ]
	[[ "$(ending detail)" == "QEMU was killed by signal 9"* ]]
}

@test "QEMU ends with ktstr-vm, however that ends" {
	local pid qemu sig
	for sig in TERM INT KILL; do
		request 'sleep 1000'
		# a shell lets what it puts into the background ignore SIGINT, and it would stay so
		env --default-signal=INT "$LIBEXEC/ktstr-vm" run --accel=tcg <"$REQUEST" >"$EVENTS" 2>/dev/null 3>&- &
		pid=$!
		wait_event boot
		qemu=$(jq 'select(.type == "boot").qemu_pid' "$EVENTS")
		[ -d "/proc/$qemu" ]
		kill -s "$sig" "$pid"
		wait_gone "$pid"
		wait_gone "$qemu"
		[ "$sig" = KILL ] || [ "$(ending reason)" = interrupted ]
		: >"$EVENTS"
	done
}

@test "QEMU ends when nobody reads the events any more" {
	request 'sleep 1000'
	"$LIBEXEC/ktstr-vm" run --accel=tcg <"$REQUEST" 2>/dev/null 3>&- | head -n 1 >"$EVENTS"
	wait_gone "$(jq .qemu_pid "$EVENTS")"
}

@test "a request may leave its pipe open" {
	request 'exit 5'
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	(cat "$REQUEST"; sleep 100) >"$BATS_TEST_TMPDIR/pipe" 3>&- &
	writer=$!
	run -5 timeout 90 "$LIBEXEC/ktstr-vm" run --accel=tcg <"$BATS_TEST_TMPDIR/pipe"
	kill "$writer"
}

@test "verbose shows the kernel's messages" {
	request true '.verbose = true'
	run -0 vm_run
	of console | grep -q 'Linux version'
	of console | grep -q 'Run /init as init process'
}

@test "the example of its page works" {
	cd "$BATS_TEST_TMPDIR"
	example_of ktstr-vm >example
	grep -q nproc example
	ln -s "$IMAGE" bzImage
	PATH=$LIBEXEC:$PATH run -0 --separate-stderr bash -o pipefail example
	[ "$output" = 8 ]
}
