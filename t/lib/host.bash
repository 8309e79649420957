# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Hosts that are not there: trees with the files of /proc and /sys that
# --root reads. Load behind lib/common.

# host_tree DIR ALLOWED: an empty host whose process may run on ALLOWED.
host_tree() {
	mkdir -p "$1/proc/self" "$1/sys/devices/system/cpu" "$1/sys/devices/system/node"
	printf 'Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t%s\n' "$2" >"$1/proc/self/status"
}

# host_cpu DIR CPU LLC-ID LLC-CPUS CORE-CPUS [NODE]
host_cpu() {
	local cpu=$1/sys/devices/system/cpu/cpu$2 i

	mkdir -p "$cpu/topology"
	for i in 0 1 2 3; do
		mkdir -p "$cpu/cache/index$i"
		echo $((i == 0 ? 1 : i)) >"$cpu/cache/index$i/level"
		echo "$5" >"$cpu/cache/index$i/shared_cpu_list"
		echo "$2" >"$cpu/cache/index$i/id"
	done
	echo "$4" >"$cpu/cache/index3/shared_cpu_list"
	echo "$3" >"$cpu/cache/index3/id"
	echo "$5" >"$cpu/topology/core_cpus_list"
	mkdir -p "$1/sys/devices/system/node/node${6:-0}"
	ln -sfn "../../node/node${6:-0}" "$cpu/node${6:-0}"
}

# host_online DIR CPUS NODES
host_online() {
	echo "$2" >"$1/sys/devices/system/cpu/online"
	echo "$3" >"$1/sys/devices/system/node/online"
}

# Two LLCs of four CPUs each, no hardware threads.
two_llcs() {
	local c

	host_tree "$1" "${2:-0-7}"
	for c in 0 1 2 3; do host_cpu "$1" $c 0 0-3 $c; done
	for c in 4 5 6 7; do host_cpu "$1" $c 1 4-7 $c; done
	host_online "$1" 0-7 0
}

# One LLC of four cores with two threads each, numbered as on most machines:
# first threads first.
four_cores_smt() {
	local c

	host_tree "$1" "${2:-0-7}"
	for c in 0 1 2 3; do
		host_cpu "$1" $c 0 0-7 "$c,$((c + 4))"
		host_cpu "$1" $((c + 4)) 0 0-7 "$c,$((c + 4))"
	done
	host_online "$1" 0-7 0
}

# Three nodes with an LLC of two CPUs each; node 2 is nearer to node 0.
three_nodes() {
	local n

	host_tree "$1" 0-5
	for n in 0 1 2; do
		host_cpu "$1" $((2 * n)) $((10 + n)) "$((2 * n))-$((2 * n + 1))" $((2 * n)) $n
		host_cpu "$1" $((2 * n + 1)) $((10 + n)) "$((2 * n))-$((2 * n + 1))" $((2 * n + 1)) $n
	done
	echo "10 30 20" >"$1/sys/devices/system/node/node0/distance"
	echo "30 10 30" >"$1/sys/devices/system/node/node1/distance"
	echo "20 30 10" >"$1/sys/devices/system/node/node2/distance"
	host_online "$1" 0-5 0-2
}
