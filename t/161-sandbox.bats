#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The cgroup a build's make runs in: on a real kernel with cgroup v2, in a
# guest of four CPUs.

bats_require_minimum_version 1.5.0
load lib/vm

setup() {
	setup_vm
}

# guest SCRIPT: run it by busybox in a cgroup of its own, cpuset delegated
# below the root as a system manager does it. Its output is in $output.
guest() {
	local script

	script=$(
		cat <<-'EOF'
			mkdir -p /tmp /sys/fs/cgroup/user
			echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
			echo $$ >/sys/fs/cgroup/user/cgroup.procs
			U=/sys/fs/cgroup/user
			left() { find $U -mindepth 1 -type d -name "ktstr-build-*" | wc -l; }
		EOF
		cat
	)
	request "$script" '.topology = "'"${topology:-1n2l2c1t}"'" | .files += [{ host: $budget, guest: "/bin/ktstr-budget" }] |
		.files += [{ host: "/bin/busybox", guest: "/bin/sh" }] | .env = ["PATH=/bin"]' \
		--arg budget "$LIBEXEC/ktstr-budget"
	vm_run
	output=$(of stdout)
	echo "$output"
	of stderr
	of console | tail -n 5
	[ "$(ending code)" = 0 ]
}

@test "make runs in a cgroup of its own with its CPUs and nodes; we stay outside; it is gone afterwards" {
	guest <<-'EOF'
		busybox --install -s /bin
		ktstr-budget --cpu-cap 2 -- sh -c '
			sed s/^/inside:/ /proc/self/cgroup
			C=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
			echo cpus:$(cat $C/cpuset.cpus.effective) mems:$(cat $C/cpuset.mems.effective)
			echo nproc:$(nproc) outside:$(cat /proc/$PPID/cgroup)
			sleep 1000 &' 2>&1
		echo left:$(left) strays:$(ps -o args | grep -c "^sleep 1000")
	EOF
	[[ $output == *"inside:0::/user/ktstr-build-"* ]]
	[[ $output == *"cpus:0-1 mems:0"* ]]
	[[ $output == *"nproc:2 outside:0::/user"$'\n'* ]]
	[[ $output == *"using 2 of 4 CPUs: 0-1 (LLC 0)"* ]]
	[[ $output != *affinity* ]]
	[[ $output == *"left:0 strays:0"* ]]
}

@test "after kill -9 the next run ends what was left and removes its cgroup; a live one stays" {
	guest <<-'EOF'
		busybox --install -s /bin
		ktstr-budget --cpu-cap 1 -- sh -c 'echo up >/tmp/a; trap "" TERM; while :; do sleep 1; done' &
		a=$!
		ktstr-budget --cpu-cap 1 -- sh -c 'echo up >/tmp/b; sleep 1000' &
		while ! [ -e /tmp/a ] || ! [ -e /tmp/b ]; do sleep 0.1; done
		kill -9 $a
		wait $a
		echo before:$(left)
		ktstr-budget --cpu-cap 1 -- sh -c "echo during:\$(find $U -type d -name 'ktstr-build-*' | wc -l)"
		echo after:$(left) strays:$(ps -o args | grep -c "^sh -c echo up >/tmp/a")
	EOF
	[[ $output == *"before:2"* ]]
	[[ $output == *"during:2"* ]]
	[[ $output == *"after:1 strays:0"* ]]
}

@test "two builds side by side have a cgroup each, on different LLCs" {
	guest <<-'EOF'
		busybox --install -s /bin
		ktstr-budget -- sh -c 'cat /proc/self/cgroup >/tmp/a; nproc >>/tmp/a; while ! [ -e /tmp/b ]; do sleep 0.1; done; sleep 0.3' 2>/tmp/ea &
		while ! [ -s /tmp/a ]; do sleep 0.1; done
		ktstr-budget -- sh -c 'cat /proc/self/cgroup >/tmp/b; nproc >>/tmp/b' 2>/tmp/eb
		wait
		cat /tmp/a /tmp/b /tmp/ea /tmp/eb
		echo left:$(left)
	EOF
	[ "$(grep -c '^0::/user/ktstr-build-' <<<"$output")" = 2 ]
	[ "$(grep '^0::' <<<"$output" | sort -u | wc -l)" = 2 ]
	[[ $output == *"using 2 of 4 CPUs: 0-1 (LLC 0)"* ]]
	[[ $output == *"using 2 of 4 CPUs: 2-3 (LLC 1)"* ]]
	[[ $output == *"left:0"* ]]
}

@test "where a cgroup is not to be had: affinity, and the reason once" {
	guest <<-'EOF'
		busybox --install -s /bin
		echo 1 >/sys/fs/cgroup/user/cpuset.cpus
		ktstr-budget --cpu-cap 1 -- nproc 2>&1 | sed s/^/narrow:/
		echo >/sys/fs/cgroup/user/cpuset.cpus
		echo $$ >/sys/fs/cgroup/cgroup.procs
		ktstr-budget --cpu-cap 2 -- nproc 2>&1 | sed s/^/root:/
		echo -cpuset >/sys/fs/cgroup/user/cgroup.subtree_control
		echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control
		echo $$ >/sys/fs/cgroup/user/cgroup.procs
		ktstr-budget --cpu-cap 2 -- nproc 2>&1 | sed s/^/none:/
		umount -l /sys/fs/cgroup
		ktstr-budget --cpu-cap 2 -- nproc 2>&1 | sed s/^/gone:/
	EOF
	[[ $output == *"root:ktstr-budget: using 2 of 4 CPUs: 0-1 (LLC 0), kept there by affinity, without a cgroup: this process is in the cgroup v2 root (0::/)"$'\n'"root:2"* ]]
	[[ $output == *"none:"*"parent cgroup does not expose cpuset controller"$'\n'"none:2"* ]]
	[[ $output == *"gone:"*"cgroup v2 not mounted at /sys/fs/cgroup"$'\n'"gone:2"* ]]
}

@test "an ordinary user gets one where it is delegated to him, and the reason where it is not" {
	guest <<-'EOF'
		busybox --install -s /bin
		chmod 1777 /tmp
		mkdir -p /etc
		echo nobody:x:65534:65534::/:/bin/sh >/etc/passwd
		nobody() { su -s /bin/sh nobody -c "exec /bin/ktstr-budget --cpu-cap 1 -- sed s/^/$1:/ /proc/self/cgroup" 2>&1 | sed "s/^ktstr-budget:/$1:/"; }
		nobody no
		chown 65534 $U $U/cgroup.procs $U/cgroup.subtree_control $U/cgroup.threads
		nobody yes
		echo left:$(left)
	EOF
	[[ $output == *"no: using 1 of 4 CPUs: 0 (LLC 0), kept there by affinity, without a cgroup: insufficient permission to create / write cgroup files"$'\n'"no:0::/user"$'\n'* ]]
	[[ $output == *"yes:0::/user/ktstr-build-"* ]]
	[[ $output == *"left:0"* ]]
}

@test "on two nodes memory stays near, with a cgroup and without" {
	topology=2n2l2c1t
	guest <<-'EOF'
		busybox --install -s /bin
		ktstr-budget --cpu-cap 2 -- sh -c 'sed -n s/^Mems_allowed_list:./in:/p /proc/self/status' 2>/tmp/a
		echo $$ >/sys/fs/cgroup/cgroup.procs
		ktstr-budget --cpu-cap 2 -- sh -c 'grep -o "prefer.*:[0-9-]*" /proc/self/numa_maps | sort -u | sed "s/^/out:/"' 2>/tmp/b
		ktstr-budget --cpu-cap 3 -- nproc 2>&1
		cat /tmp/a /tmp/b
	EOF
	[[ $output == *"in:0"$'\n'* ]]
	[[ $output == *"out:prefer (many):0"$'\n'* ]]
	[[ $output == *"using 2 of 4 CPUs: 0-1 (LLC 0)"* ]]
	[[ $output == *"reserving LLCs [0 (node 0), 1 (node 1)] across 2 NUMA nodes"* ]]
}
