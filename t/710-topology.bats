#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Topologies, memory sizes, command lines: what a guest is made of.
bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	TOOL=${LIBEXEC%/libexec}/t/tool/vm-tool
}

topology() {
	"$TOOL" topology "$1"
}

@test "a label and a list say the same" {
	[ "$(topology 2n4l2c2t)" = "2n4l2c2t cpus=16 sockets=2 dies=2 apic=15" ]
	[ "$(topology 2,4,2,2)" = "$(topology 2n4l2c2t)" ]
}

@test "caches are sockets, or dies where a node has several" {
	[[ "$(topology 1n15l8c2t)" == *" cpus=240 sockets=15 dies=1 "* ]]
	[[ "$(topology 4n12l8c2t)" == *" cpus=192 sockets=4 dies=3 "* ]]
	[[ "$(topology 2n2l2c1t)" == *" cpus=4 sockets=2 dies=1 "* ]]
}

@test "every level of an APIC id takes a power of two" {
	[[ "$(topology 1n14l9c2t)" == *" apic=433" ]]
	[[ "$(topology 1n15l8c2t)" == *" apic=239" ]]
	[[ "$(topology 1n3l3c1t)" == *" apic=10" ]]
}

@test "a list that is none is refused by name" {
	run -1 topology 1,2,4
	[[ "$output" == *"invalid topology '1,2,4': expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')" ]]
	run -1 topology 1,2,4,1,1
	[[ "$output" == *"expected 'numa_nodes,llcs,cores,threads'"* ]]
	run -1 topology 1,2,x,1
	[[ "$output" == *"invalid cores value: 'x'" ]]
	run -1 topology 1,2,4,
	[[ "$output" == *"invalid threads value: ''" ]]
	run -1 topology '1, 2,4,1'
	[[ "$output" == *"invalid llcs value: ' 2'" ]]
	run -1 topology 4294967296,2,4,1
	[[ "$output" == *"invalid numa_nodes value: '4294967296'" ]]
	run -1 topology 1,0,4,1
	[[ "$output" == *"invalid topology '1,0,4,1': all values must be >= 1" ]]
}

@test "caches must divide evenly, and the CPUs must be countable" {
	run -1 topology 2,3,1,1
	[[ "$output" == *"llcs (3) must be divisible by numa_nodes (2)" ]]
	run -1 topology 1,65536,65536,2
	[[ "$output" == *"too many CPUs" ]]
}

@test "a label that is none is refused, an old one with its new form" {
	for bad in 1n2l4c 1n2l4c1t1 n2l4c1t 0n1l1c1t 1N2l4c1t ' 1n2l4c1t' 99999999999n1l1c1t ''; do
		run -1 topology "$bad"
		[[ "$output" == *"invalid --ktstr-topo format '$bad' (expected NnNlNcNt, e.g. 1n2l4c2t)" ]]
	done
	run -1 topology 2s4c2t
	[[ "$output" == *"1n2l4c2t"*$'\n'"hint: "*"1n2l4c2t" ]]
	run -1 topology 2s4l4c2t
	[[ "$output" == *"hint: "*"2n4l4c2t" ]]
}

@test "the least memory follows the formula" {
	local mib=1048576
	[ "$("$TOOL" floor 0 0 0)" = 256 ]
	[ "$("$TOOL" floor $((10 * mib)) $((2 * mib)) $((5 * mib)))" = 276 ]
	[ "$("$TOOL" floor 1 0 0)" = 259 ]
	[ "$("$TOOL" floor $((200 * mib)) $((50 * mib)) $((30 * mib)))" = 564 ]
}

@test "memory is the largest of the floor, 64 MiB a CPU, 256 and the wish" {
	[ "$("$TOOL" memory 100 1 0)" = 256 ]
	[ "$("$TOOL" memory 300 1 0)" = 300 ]
	[ "$("$TOOL" memory 300 8 0)" = 512 ]
	[ "$("$TOOL" memory 300 8 2048)" = 2048 ]
}

@test "memory is split over the nodes, the rest goes to the last" {
	run -0 "$TOOL" qemu 3n3l1c1t 1000
	[[ "$output" == *"id=m0,size=333M,"*"id=m1,size=333M,"*"id=m2,size=334M,"* ]]
	[[ "$output" == *"node,nodeid=2,memdev=m2,cpus=2-2"* ]]
	[ "$(grep -c '^dist,' <<<"$output")" = 3 ]
}

@test "the kernel's command line quotes blanks and names the clock only for KVM" {
	run -0 "$TOOL" cmdline tcg 'a=b c' plain
	[[ "$output" == *' a="b c" plain' ]]
	[[ "$output" != *kvm-clock* && "$output" != *pci=off* ]]
	[[ "$output" == *"console=ttyS0 "*" panic=-1 "*" rdinit=/init "* ]]
	run -0 "$TOOL" cmdline kvm
	[[ "$output" == *" clocksource=kvm-clock "* ]]
}

@test "a command line the kernel would cut or misread is refused" {
	run -1 "$TOOL" cmdline tcg "a=$(printf '%04096d' 0)"
	[[ "$output" == *"bytes long, 4095 at most"* ]]
	run -1 "$TOOL" cmdline tcg 'a="b"'
	[[ "$output" == *"has a quote or a control character"* ]]
}
