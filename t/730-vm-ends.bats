#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# How ktstr-vm takes requests and tells the ends of QEMU apart. A script
# stands in for QEMU where it must misbehave in a chosen way.
bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$XDG_RUNTIME_DIR"
	cd "$BATS_TEST_TMPDIR" || return 1
	REQUEST=$BATS_TEST_TMPDIR/request.json
	EVENTS=$BATS_TEST_TMPDIR/events
	# the magic of the boot protocol where it belongs is all that is looked at
	head -c 4096 /dev/zero >bzImage
	printf HdrS | dd of=bzImage bs=1 seek=$((0x202)) conv=notrunc status=none
	request .
}

# request JQ-CODE [ARGUMENTS]
request() {
	jq -n --arg image "$BATS_TEST_TMPDIR/bzImage" "${@:2}" \
		'{ type: "vm", kernel: $image, topology: "1n1l1c1t", argv: ["/bin/true"] } | '"$1" >"$REQUEST"
}

# A QEMU: the script on stdin, with descriptors of its channels in $console,
# $bulk and $qmp, and its accelerator in $accel.
qemu() {
	{
		cat <<-'OUTER'
			all=" $* "
			console=$(grep -oP ' socket,id=console,fd=\K[0-9]+' <<<"$all")
			bulk=$(grep -oP ' socket,id=bulk,fd=\K[0-9]+' <<<"$all")
			qmp=$(grep -oP ' socket,id=qmp,fd=\K[0-9]+' <<<"$all")
			accel=$(grep -oP ' -accel \K[a-z]+' <<<"$all")
			say() { printf '%s\n' "$1" >&"$bulk"; }
			init() { say 'i{"type":"init","kernel_release":"1","cpus":1,"uptime_ms":1}'; }
		OUTER
		cat
	} | script "$BATS_TEST_TMPDIR/qemu"
	export KTSTR_QEMU=$BATS_TEST_TMPDIR/qemu
}

vm_run() {
	timeout 60 "$LIBEXEC/ktstr-vm" run "${@:---accel=tcg}" <"$REQUEST" >"$EVENTS"
}

ending() {
	[ "$(jq -r .type "$EVENTS" | grep -c '^exit$')" = 1 ] || return 1
	tail -n 1 "$EVENTS" | jq -r "select(.type == \"exit\").$1"
}

of() {
	jq -r "select(.type == \"$1\").line" "$EVENTS"
}

refused() {
	run -1 --separate-stderr vm_run
	[ ! -s "$EVENTS" ]
	[[ "$stderr" == *"$1"* ]]
}

@test "a request that is no JSON is refused with the place" {
	printf '{"type":"vm",\n "kernel":oops}\n' >"$REQUEST"
	refused "VM request: "
	[[ "$stderr" == *" at line 2 column "* ]]
	printf '{"type":"vm"' >"$REQUEST"
	refused " at line 1 column "
	: >"$REQUEST"
	refused "VM request: "
	request '.memory_mb = "much"'
	refused " at line "
	request '.type = "kernel"'
	refused "\"type\" is not \"vm\""
}

@test "what a request must have is named" {
	request 'del(.kernel)'
	refused "names no \"kernel\""
	request 'del(.topology)'
	refused "names no \"topology\""
	request '.argv = []'
	refused "\"argv\" is empty"
	request '.files = [{ host: "x" }]'
	refused "a file needs \"host\" and an absolute \"guest\" path"
	request '.env = ["novalue"]'
	refused "env entry 'novalue' is not NAME=VALUE"
	request '.accel = "hyper"'
	refused "accel is 'hyper', not auto, kvm or tcg"
}

@test "a bad topology is refused in the words of its form" {
	request '.topology = "1n2l4c"'
	refused "invalid --ktstr-topo format '1n2l4c' (expected NnNlNcNt, e.g. 1n2l4c2t)"
	request '.topology = "1,2,4"'
	refused "invalid topology '1,2,4': expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')"
	request '.topology = "2n3l1c1t"'
	refused "llcs (3) must be divisible by numa_nodes (2)"
}

@test "a kernel that is missing or none is refused" {
	request '.kernel = "/nowhere"'
	refused "kernel path not found: /nowhere"
	mkdir empty
	request '.kernel = "empty"'
	refused "no kernel image in empty"
	echo text >file
	request '.kernel = "file"'
	refused "file is not a bootable kernel image"
}

@test "a directory with an image is a kernel, in both layouts" {
	qemu <<<'exit 9'
	mkdir -p entry tree/arch/x86/boot
	cp bzImage entry
	cp bzImage tree/arch/x86/boot
	for kernel in entry tree; do
		request '.kernel = $k' --arg k "$kernel"
		run -1 vm_run
		[[ "$(jq -r 'select(.type == "boot").kernel' "$EVENTS")" == "$kernel"/*bzImage ]]
	done
}

@test "files that cannot go in are refused before anything starts" {
	request '.files = [{ host: "/nowhere/x", guest: "/x" }]'
	refused "file for the guest not found: /nowhere/x"
	request '.files = [{ host: "/bin/ls", guest: "/x" }, { host: "/bin/cat", guest: "/x" }]'
	refused "duplicate include path '/x': provided by both /bin/ls and /bin/cat"
}

@test "a missing QEMU is told with its package" {
	KTSTR_QEMU=/nonexistent run -1 --separate-stderr vm_run
	[ "$(ending reason)" = qemu_missing ]
	[[ "$(ending detail)" == "qemu-system-x86_64 not found. Install it: apt-get install qemu-system-x86"* ]]
	[[ "$stderr" == *"qemu-system-x86_64 not found. Install it: apt-get install qemu-system-x86"* ]]
}

@test "a QEMU that fails is told with its status and its words" {
	qemu <<<'echo "qemu: no such option" >&2; exit 3'
	run -1 --separate-stderr vm_run
	[ "$(ending reason)" = qemu_died ]
	[ "$(ending detail)" = "QEMU ended with exit status 3: qemu: no such option" ]
	[ "$(ending code)" = null ]
}

@test "a QEMU that floods its errors is remembered by the last of them" {
	qemu <<<'for i in {1..5000}; do echo "complaint number $i"; done >&2; exit 1'
	run -1 vm_run
	[[ "$(ending detail)" == *"complaint number 5000" ]]
	[ "$(ending detail | wc -c)" -lt 10000 ]
}

@test "a silent QEMU is given up at the boot deadline, however it takes signals" {
	qemu <<<'trap "" TERM INT HUP; while :; do sleep 1; done'
	request '.boot_timeout_ms = 300'
	run -1 vm_run
	[ "$(ending reason)" = no_init ]
	[ "$(ending wall_ms)" -lt 20000 ]
}

@test "a QEMU that keeps running after the program's end is stopped" {
	qemu <<<'init; say "i{\"type\":\"payload_exit\",\"code\":4}"; exec sleep 1000'
	run -4 vm_run
	[ "$(ending reason)" = "done" ]
	[ "$(ending wall_ms)" -lt 30000 ]
}

@test "a QEMU that closes its channels and stays is given up" {
	qemu <<<'init; eval "exec $bulk>&- $console>&- $qmp>&- 2>&-"; exec sleep 1000'
	request '.timeout_ms = 1500'
	run -1 vm_run
	[ "$(ending reason)" = timeout ]
}

@test "console lines are cut at 64 KiB and made UTF-8" {
	qemu <<-'EOF'
		{
			head -c 200000 /dev/zero | tr '\0' x
			printf '\nbad \377 byte\r\nlast words'
		} >&"$console"
		init
		say 'i{"type":"payload_exit","code":0}'
	EOF
	run -0 vm_run
	[ "$(of console | awk '{ print length($0) }' | head -n 4 | tr '\n' ' ')" = "65536 65536 65536 3392 " ]
	[ "$(of console | tail -n 2)" = $'bad \xef\xbf\xbd byte\nlast words' ]
}

@test "a panic whose last line has no end is a panic" {
	qemu <<<'printf "[ 1.0] Kernel panic - not syncing: cut sho" >&"$console"'
	run -1 vm_run
	[ "$(ending reason)" = panic ]
	[ "$(ending detail)" = "Kernel panic - not syncing: cut sho" ]
}

# int3: a guest that says how often it was started, and dies of a breakpoint
# unless its CPUs take turns; $version is that of its QEMU.
int3() {
	qemu <<-EOF
		echo '{"QMP": {"version": {"qemu": {"micro": 22, "minor": ${1#*.}, "major": ${1%.*}}, "package": "x"}, "capabilities": []}}' >&"\$qmp"
		read -r hello <&"\$qmp"
		init
		say 'p{"type":"n","i":1}'
		if [[ \$all == *" -accel tcg,thread=single "* ]]; then
			say 'i{"type":"payload_exit","code":6}'
		else
			printf '[ 3.0] Oops: int3: 0000 [#1] SMP\n' >&"\$console"
			${2-exec sleep 1000}
		fi
	EOF
}

@test "a guest in which an old QEMU runs code that is gone is run once more, its CPUs taking turns" {
	local version
	for version in 7.2 8.0; do
		int3 "$version"
		run -6 --separate-stderr vm_run
		[[ $stderr == *"running this guest once more, its CPUs taking turns: QEMU $version ran a breakpoint that the guest's kernel had taken out (QEMU 8.1"* ]]
		[ "$(jq -r 'select(.type == "boot").accel' "$EVENTS" | xargs)" = "tcg tcg" ]
		[ "$(ending reason)" = "done" ]
	done
	# of another QEMU it is the guest's own fault, and what is no breakpoint always
	for version in 8.1 10.0; do
		int3 "$version" 'echo "Kernel panic - not syncing: Fatal exception" >&"$console"'
		run -1 --separate-stderr vm_run
		[ "$(ending detail)" = "Kernel panic - not syncing: Fatal exception" ]
		[ "$(grep -c '"type":"boot"' "$EVENTS")" = 1 ]
	done
	qemu <<<'printf "[ 3.0] Oops: 0000 [#1] SMP\n[ 3.1] Kernel panic - not syncing: Fatal exception\n" >&"$console"'
	run -1 vm_run
	[ "$(ending detail)" = "Kernel panic - not syncing: Fatal exception" ]
	[ "$(grep -c '"type":"boot"' "$EVENTS")" = 1 ]
}

@test "a guest that hangs in its panic is not waited for" {
	qemu <<<'init; echo "Kernel panic - not syncing: stuck" >&"$console"; exec sleep 1000'
	run -1 vm_run
	[ "$(ending reason)" = panic ]
}

@test "an end before init is told with the console's last lines" {
	qemu <<<'for i in {1..30}; do echo "line $i"; done >&"$console"'
	run -1 vm_run
	[ "$(ending reason)" = no_init ]
	[ "$(ending detail | tail -n +2)" = "$(printf 'line %d\n' {11..30})" ]
}

@test "a line without an end cannot fill the memory" {
	qemu <<<'init; printf p >&"$bulk"; head -c 60000000 /dev/zero | tr "\0" x >&"$bulk"; sleep 1000'
	run -1 vm_run
	[ "$(ending reason)" = init_died ]
	[ "$(ending detail)" = "the guest sent a line without an end" ]
}

@test "what QEMU has left in its channels is read whole, however late that is" {
	qemu <<<'seq 12000 >&"$console"'
	run -1 --separate-stderr strace -qq -o calls -e 'trace=?poll,?ppoll' -e 'inject=?poll,?ppoll:delay_exit=1200000' \
		"$LIBEXEC/ktstr-vm" run --accel=tcg <"$REQUEST"
	cat <<<"$output" >"$EVENTS"
	[ "$(of console | wc -l)" = 12000 ]
	[ "$(ending reason)" = no_init ]
}

@test "a slow reader loses nothing and stops no deadline" {
	qemu <<-'EOF'
		init
		for i in {1..3000}; do printf 'p{"type":"n","i":%d,"x":"%01000d"}\n' $i 0; done >&"$bulk"
		say 'i{"type":"payload_exit","code":0}'
	EOF
	"$LIBEXEC/ktstr-vm" run --accel=tcg <"$REQUEST" | { sleep 1; cat; } >"$EVENTS"
	[ "$(jq -r 'select(.type == "n").i' "$EVENTS" | tail -n 1)" = 3000 ]
	[ "$(grep -c '"type":"n"' "$EVENTS")" = 3000 ]
	[ "$(ending reason)" = "done" ]
}

@test "a remembered verdict is believed for this boot only" {
	qemu <<<'init; say "i{\"type\":\"payload_exit\",\"code\":0}"'
	printf '%s %s\nkvm\nforged\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" >"run/ktstr-kvm-$(id -u)"
	run -0 vm_run --accel=auto
	[ "$(jq -c 'select(.type == "boot") | [.accel, .accel_reason]' "$EVENTS")" = '["kvm","forged"]' ]
	printf 'another boot\nkvm\nforged\n' >"run/ktstr-kvm-$(id -u)"
	run -0 vm_run --accel=auto
	[ "$(jq -r 'select(.type == "boot").accel_reason' "$EVENTS")" != forged ]
}

@test "a guest KVM gives up on is run once more without it, and that is remembered" {
	qemu <<-'EOF'
		if [ "$accel" = kvm ]; then
			echo "KVM internal error. Suberror: 1" >&2
			exec sleep 1000
		fi
		init
		say 'i{"type":"payload_exit","code":6}'
	EOF
	printf '%s %s\nkvm\nforged\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" >"run/ktstr-kvm-$(id -u)"
	run -6 --separate-stderr vm_run --accel=auto
	[[ "$stderr" == *"running guests without KVM: "* ]]
	[ "$(jq -r 'select(.type == "boot").accel' "$EVENTS" | tr '\n' ' ')" = "kvm tcg " ]
	[ "$(ending reason)" = "done" ]
	run -6 --separate-stderr vm_run --accel=auto
	[ "$stderr" = "" ]
	[ "$(jq -r 'select(.type == "boot").accel' "$EVENTS")" = tcg ]
}

@test "the same stop told by QMP alone is noticed" {
	qemu <<-'EOF'
		if [ "$accel" = kvm ]; then
			echo '{"QMP": {"version": {}, "capabilities": []}}' >&"$qmp"
			read -r hello <&"$qmp"
			echo '{"return": {}}' >&"$qmp"
			echo '{"timestamp": {}, "event": "STOP"}' >&"$qmp"
			read -r query <&"$qmp"
			[[ $hello == *qmp_capabilities* && $query == *query-status* ]] || exit 1
			echo '{"return": {"status": "internal-error", "running": false}}' >&"$qmp"
			exec sleep 1000
		fi
		init
		say 'i{"type":"payload_exit","code":0}'
	EOF
	printf '%s %s\nkvm\nforged\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" >"run/ktstr-kvm-$(id -u)"
	run -0 vm_run --accel=auto
	[ "$(jq -r 'select(.type == "boot").accel' "$EVENTS" | tr '\n' ' ')" = "kvm tcg " ]
}

@test "KTSTR_ACCEL comes before the request, --accel before both" {
	qemu <<<'init; say "i{\"type\":\"payload_exit\",\"code\":0}"'
	request '.accel = "kvm"'
	KTSTR_ACCEL=tcg run -0 vm_run --
	KTSTR_ACCEL=nothing run -1 --separate-stderr vm_run --
	[[ "$stderr" == *"accelerator 'nothing' is not auto, kvm or tcg"* ]]
	KTSTR_ACCEL=nothing run -0 vm_run --accel=tcg
}

@test "more CPUs than TCG can address are refused with the reason" {
	request '.topology = "1n14l9c2t"'
	run -1 vm_run
	[ "$(ending reason)" = kvm_failed ]
	[[ "$(ending detail)" == "topology 1n14l9c2t needs APIC ids up to 433; without KVM"* ]]
}

@test "a verb that is none is a usage error" {
	run -2 --separate-stderr "$LIBEXEC/ktstr-vm" dance </dev/null
	[[ "$stderr" == *"unrecognized subcommand 'dance'"* ]]
	run -2 "$LIBEXEC/ktstr-vm" </dev/null
	run -2 "$LIBEXEC/ktstr-vm" run --accel=fast </dev/null
}
