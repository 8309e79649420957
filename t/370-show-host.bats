#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-show-host: this host, and odd ones made of files.

bats_require_minimum_version 1.5.0
load lib/common
load lib/host

setup() {
	setup_paths
	SHOW=$LIBEXEC/ktstr-show-host
	HOST=$BATS_TEST_TMPDIR/host
	cd "$BATS_TEST_TMPDIR"
}

# put PATH TEXT: a file of $HOST.
put() {
	mkdir -p "$HOST/${1%/*}"
	printf '%s\n' "$2" >"$HOST/$1"
}

field() {
	sed -n "s/^$1: //p" <<<"$output"
}

@test "every line, in its order" {
	run -0 --separate-stderr "$SHOW"
	[ "$(grep -v '^ ' <<<"$output" | cut -d: -f1 | xargs)" = "kernel_name kernel_release arch cpu_model cpu_vendor\
 total_memory_kb hugepages_total hugepages_free hugepages_size_kb online_cpus numa_nodes thp_enabled thp_defrag\
 kernel_cmdline cpufreq_governor sched_tunables heap_state" ]
	[ "$(field kernel_name)" = "$(uname -s)" ]
	[ "$(field kernel_release)" = "$(uname -r)" ]
	[ "$(field arch)" = "$(uname -m)" ]
	[ "$(field total_memory_kb)" = "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)" ]
	[ "$(field online_cpus)" = "$(getconf _NPROCESSORS_ONLN)" ]
	[ "$(field kernel_cmdline)" = "$(sed 's/[[:space:]]*$//' /proc/cmdline)" ]
	[ "$(field heap_state)" = "(unknown)" ]
}

@test "--json has the same as results have, and --ndjson is a record of it" {
	run -0 --separate-stderr "$SHOW" --json
	[ "$(jq -r .kernel_release <<<"$output")" = "$(uname -r)" ]
	[ "$(jq 'has("heap_state")' <<<"$output")" = false ]
	json=$(jq -c . <<<"$output")
	run -0 --separate-stderr "$SHOW" --ndjson
	[ "${#lines[@]}" = 1 ]
	[ "$(jq -c .context <<<"$output")" = "$json" ]
	[ "$(jq -r .type <<<"$output")" = host ]
	run -2 "$SHOW" --json --ndjson
	run -0 "$SHOW" --jq .kernel_release
	[ "$output" = "$(uname -r)" ]
	run -1 --separate-stderr "$SHOW" --root /nowhere
	[[ $stderr == *"--root /nowhere: No such file"* ]]
}

@test "a server: two nodes, governors, tunables, huge pages" {
	two_llcs "$HOST"
	for c in 4 5 6 7; do
		rm "$HOST/sys/devices/system/cpu/cpu$c/node0"
		host_cpu "$HOST" $c 1 4-7 $c 1
	done
	host_online "$HOST" 0-7 0-1
	for c in 0 1 2 3 4 5 6 7; do put "sys/devices/system/cpu/cpu$c/cpufreq/scaling_governor" performance; done
	put sys/devices/system/cpu/cpu5/cpufreq/scaling_governor powersave
	put proc/cpuinfo $'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon  9000 @ 2.0: GHz\n\nprocessor\t: 1\nvendor_id\t: Other'
	put proc/meminfo $'MemTotal:       131072 kB\nHugePages_Total:     512\nHugePages_Free:      500\nHugepagesize:       2048 kB'
	put proc/sys/kernel/sched_b 2
	put proc/sys/kernel/sched_a '1	2'
	put proc/sys/kernel/sched_empty ''
	put proc/sys/kernel/other 1
	mkdir "$HOST/proc/sys/kernel/sched_domain"
	put proc/sys/kernel/ostype Linux
	put proc/sys/kernel/osrelease 6.14.2
	put proc/sys/kernel/arch x86_64
	put proc/cmdline 'quiet  isolcpus=2 '
	put sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'
	put sys/kernel/mm/transparent_hugepage/defrag 'always defer defer+madvise [madvise] never'
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$output" = 'kernel_name: Linux
kernel_release: 6.14.2
arch: x86_64
cpu_model: Xeon  9000 @ 2.0: GHz
cpu_vendor: GenuineIntel
total_memory_kb: 131072
hugepages_total: 512
hugepages_free: 500
hugepages_size_kb: 2048
online_cpus: 8
numa_nodes: 2
thp_enabled: always [madvise] never
thp_defrag: always defer defer+madvise [madvise] never
kernel_cmdline: quiet  isolcpus=2
cpufreq_governor:
  cpu0 = performance
  cpu1 = performance
  cpu2 = performance
  cpu3 = performance
  cpu4 = performance
  cpu5 = powersave
  cpu6 = performance
  cpu7 = performance
sched_tunables:
  sched_a = 1	2
  sched_b = 2
heap_state: (unknown)' ]
	run -0 --separate-stderr "$SHOW" --root "$HOST" --json
	[ "$(jq -r 'keys_unsorted | join(" ")' <<<"$output")" = "cpu_model cpu_vendor total_memory_kb hugepages_total\
 hugepages_free hugepages_size_kb thp_enabled thp_defrag sched_tunables online_cpus numa_nodes cpufreq_governor\
 kernel_name kernel_release arch kernel_cmdline" ]
	[ "$(jq -c '[.cpufreq_governor["5"], .sched_tunables]' <<<"$output")" = '["powersave",{"sched_a":"1\t2","sched_b":"2"}]' ]
}

@test "an empty root: everything unknown, and no failure" {
	mkdir "$HOST"
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ -z "$stderr" ]
	[ "$(grep -c '(unknown)$' <<<"$output")" = 16 ]
	[ "$(field cpufreq_governor)" = "(empty)" ]
	run -0 --separate-stderr "$SHOW" --root "$HOST" --json
	[ "$(jq -c . <<<"$output")" = '{}' ]
}

@test "a container without /sys knows what /proc says" {
	put proc/meminfo 'MemTotal: 2048 kB'
	mkdir -p "$HOST/proc/sys/kernel"
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$(field total_memory_kb)" = 2048 ]
	[ "$(field online_cpus)" = "(unknown)" ]
	[ "$(field numa_nodes)" = "(unknown)" ]
	[ "$(field thp_enabled)" = "(unknown)" ]
	[ "$(field sched_tunables)" = "(empty)" ]
}

@test "this machine without /sys, in a mount namespace" {
	unshare -rm bash -c 'mount -t tmpfs none /sys && "$1" >out' _ "$SHOW"
	output=$(cat out)
	[ "$(field kernel_release)" = "$(uname -r)" ]
	[ "$(field online_cpus)" = "(unknown)" ]
	[ "$(field cpufreq_governor)" = "(empty)" ]
}

@test "an arm64 cpuinfo names neither model nor vendor" {
	put proc/cpuinfo $'processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\nprocessor\t: 1'
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$(field cpu_model)" = "(unknown)" ]
	[ "$(field cpu_vendor)" = "(unknown)" ]
}

@test "no NUMA and no caches: one node; offline CPUs are not counted" {
	for c in 0 1 2 3; do mkdir -p "$HOST/sys/devices/system/cpu/cpu$c"; done
	put sys/devices/system/cpu/online 0,2-3
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$(field online_cpus)" = 3 ]
	[ "$(field numa_nodes)" = 1 ]
	# listed as online, and not there
	put sys/devices/system/cpu/online 0-9
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$(field online_cpus)" = 4 ]
}

@test "files of nonsense are unknown values" {
	put sys/devices/system/cpu/online 'banana'
	put proc/meminfo $'MemTotal: lots kB\nHugePages_Total: -3\nHugepagesize: 99999999999999999999999 kB'
	head -c 100000 /dev/urandom >"$HOST/proc/cpuinfo"
	run -0 --separate-stderr "$SHOW" --root "$HOST"
	[ "$(field online_cpus)" = "(unknown)" ]
	[ "$(field total_memory_kb)" = "(unknown)" ]
	[ "$(field hugepages_total)" = "(unknown)" ]
	[ "$(field hugepages_size_kb)" = "(unknown)" ]
}

@test "what is shown is what a result written now has" {
	run -0 --separate-stderr "$SHOW" --json
	jq 'del(.hugepages_free)' <<<"$output" >live
	mkdir -p work && cd work
	CARGO_TARGET_DIR=$PWD/target "$LIBEXEC/ktstr-sidecar" write <<<'{"type":"result","outcome":"pass","test_name":"t","topology":"1n1l1c1t","scheduler":"eevdf","passed":true,"skipped":false,"stats":{},"work_type":"SpinWait"}'
	jq '.host | del(.hugepages_free)' target/ktstr/*/*.json | cmp - ../live
	# and the record of it is the one its row names
	CARGO_TARGET_DIR=$PWD/target "$LIBEXEC/ktstr-sidecar" read --pool | jq -c 'select(.type == "host") | del(.context.hugepages_free)' >of_row
	"$SHOW" --ndjson | jq -c 'del(.context.hugepages_free)' | cmp - of_row
}

@test "the command runs it" {
	run -0 --separate-stderr cargo-ktstr ktstr show-host
	[ "$(field kernel_release)" = "$(uname -r)" ]
	run -0 --separate-stderr cargo-ktstr ktstr show-host --json
	jq -e .arch <<<"$output"
}
