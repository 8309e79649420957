#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-build: source trees to cache entries.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-tree

setup() {
	setup_paths
	unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	BUILD=$LIBEXEC/ktstr-build
	RESOLVE=$LIBEXEC/ktstr-resolve
	CACHE=$KTSTR_CACHE_DIR
	case $(uname -m) in
	aarch64) IMAGE=Image ;;
	*) IMAGE=bzImage ;;
	esac
	cd "$BATS_TEST_TMPDIR"
}

# build_tree DIR [OPTION…]: as the pipeline does.
build_tree() {
	local dir=$1

	shift
	"$RESOLVE" "$dir" >resolved && "$BUILD" "$@" <resolved
}

# A record of a tree that ktstr-fetch unpacked, as it leaves it.
fetched_record() {
	local root home

	root=$TMPDIR/ktstr-src-$(id -u)
	home=$root/$1
	mkdir -p "$home"
	chmod 700 "$root" "$home"
	kernel_tree "$home/linux-6.12.9"
	kernel_record "$1" '"version":"6.12.9"' '"state":"fetched"' "\"src\":\"$home/linux-6.12.9\"" '"temp":true'
}

entries() {
	find "$CACHE" -mindepth 1 -maxdepth 1 ! -name '.l*' ! -name .digests -printf '%f\n' | sort
}

# Whether the cache holds neither an entry nor anything half made.
nothing_cached() {
	[ -z "$(entries)" ]
}

@test "a clean tree is configured, built, stripped and stored" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	dir=$(jq -r .dir <<<"$output")
	key=$(jq -r .key <<<"$output")
	[ "$(jq -r .state <<<"$output")" = cached ]
	[ "$dir" = "$CACHE/$key" ]
	[[ $key == local-$(git -C linux rev-parse --short=7 HEAD)-* ]]
	cmp "$dir/$IMAGE" linux/arch/x86/boot/bzImage
	grep -qx CONFIG_SCHED_CLASS_EXT=y linux/.config
	grep -qx CONFIG_64BIT=y linux/.config
	[ -f linux/compile_commands.json ]
	[[ $stderr == *"✓ Kernel cached: $key"* ]]
	[[ $stderr == *"ktstr-build: image: $dir/$IMAGE"* ]]
	[ "$(entries)" = "$key" ]
	[ "$(stat -c %a "$dir")" = 755 ]
}

@test "metadata.json has the keys in their order" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	meta=$(jq -r .dir <<<"$output")/metadata.json
	[ "$(jq -r 'keys_unsorted | join(" ")' "$meta")" = "version source arch image_name config_hash built_at\
 ktstr_kconfig_hash extra_kconfig_hash has_vmlinux vmlinux_stripped source_vmlinux_size source_vmlinux_mtime_secs compiler key files" ]
	[ "$(jq -r '.source | [.type, .source_tree_path, .git_hash, .commit] | join(" ")' "$meta")" = \
		"local $PWD/linux $(git -C linux rev-parse --short=7 HEAD) $(git -C linux rev-parse HEAD)" ]
	[ "$(jq -r .compiler "$meta")" = "$(gcc --version | head -n 1)" ]
	[ "$(jq .source_vmlinux_size "$meta")" = "$(stat -c %s linux/vmlinux)" ]
	[ "$(jq .source_vmlinux_mtime_secs "$meta")" = "$(stat -c %Y linux/vmlinux)" ]
	crc=$(gzip -nc <linux/.config | tail -c8 | head -c4 | od -An -tx4 --endian=little | tr -d ' \n')
	[ "$(jq -r .config_hash "$meta")" = "$crc" ]
	[[ $(jq -r .built_at "$meta") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]
	[ "$(head -c 4 "$meta")" = $'{\n  ' ]
	[ "$(tail -c 2 "$meta")" = $'\n}' ]
}

@test "the stored vmlinux keeps symbols, read-only data and BTF, and little else" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	small=$(jq -r .dir <<<"$output")/vmlinux
	for section in .rodata .BTF .strtab; do
		objcopy -O binary --only-section=$section --set-section-flags $section=alloc linux/vmlinux a
		objcopy -O binary --only-section=$section --set-section-flags $section=alloc "$small" b
		cmp a b
	done
	address=$(nm linux/vmlinux | sed -n 's/ . counter$//p')
	[ -n "$address" ]
	[ "$(nm "$small" | sed -n 's/ . counter$//p')" = "$address" ]
	nm "$small" | grep -q ' start$'
	nm "$small" | grep -q ' B zeroed$'
	run -0 readelf -SW "$small"
	[[ $output != *.debug_* && $output != *.comment* ]]
	[[ $output =~ \.text\ +NOBITS\ +[0-9a-f]+\ [0-9a-f]+\ 000000 ]]
	[[ $output =~ \.data\ +NOBITS\ +[0-9a-f]+\ [0-9a-f]+\ 000000 ]]
	[ "$(jq .vmlinux_stripped "${small%/*}/metadata.json")" = true ]
}

@test "the second run of a tree hits the cache" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	dir=$(jq -r .dir <<<"$output")
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r '.state + .dir' <<<"$output")" = "cached$dir" ]
	[[ $stderr != *building* ]]
	[ "$(entries | wc -l)" = 1 ]
}

@test "an equal entry is left as it is, --force replaces it" {
	fetched_record k1 >in
	"$BUILD" <in
	before=$(stat -c %i "$CACHE/k1")
	fetched_record k1 >in
	run -0 --separate-stderr "$BUILD" <in
	[[ $stderr == *"concurrent ktstr build populated cache slot k1"* ]]
	[ "$(stat -c %i "$CACHE/k1")" = "$before" ]
	fetched_record k1 >in
	run -0 --separate-stderr "$BUILD" --force <in
	[ "$(stat -c %i "$CACHE/k1")" != "$before" ]
	[ "$(entries)" = k1 ]
}

@test "a fetched source is built, stored as a tarball, and removed" {
	fetched_record 6.12.9-tarball-x >in
	run -0 --separate-stderr "$BUILD" <in
	meta=$CACHE/6.12.9-tarball-x/metadata.json
	[ "$(jq -c '[.version, .source, .source_vmlinux_size]' "$meta")" = '["6.12.9",{"type":"tarball"},null]' ]
	[ -z "$(find "$TMPDIR" -name 'linux-6.12.9')" ]
	[ "$(jq -r .label <<<"$output")" = x ]
}

@test "of a source that goes away only the image and vmlinux are made, of a tree of the user all" {
	export GOALS=$PWD/goals
	# shellcheck disable=SC2016
	say='$(shell echo "<$(MAKECMDGOALS)>" >>$(GOALS))'
	fetched_record 6.12.9-tarball-x >in
	echo "$say" >>"$(jq -r .src in)/Makefile"
	run -0 --separate-stderr "$BUILD" <in
	[[ $(xargs <goals) == "<defconfig> "*" <$IMAGE vmlinux>" ]]
	rm goals
	git_kernel_tree linux
	echo "$say" >>linux/Makefile
	git_commit linux says
	run -0 --separate-stderr build_tree ./linux
	[[ $(xargs <goals) == "<defconfig> "*" <> <compile_commands.json>" ]]
}

@test "a tarball on disk is stored as local, named by its digest, with the tree's version" {
	fetched_record local-abcdef0-x | sed 's/"version":"6.12.9"/"version":null/
		s/}$/,"tarball":"\/t.tar.xz","sha256":"abcdef0123456789"}/' >in
	run -0 --separate-stderr "$BUILD" <in
	meta=$CACHE/local-abcdef0-x/metadata.json
	[ "$(jq -c '[.version, .source]' "$meta")" = \
		'["6.12.9",{"type":"local","source_tree_path":null,"git_hash":"abcdef0"}]' ]
}

@test "a dirty tree is built in place and never stored" {
	git_kernel_tree linux
	echo '/* edit */' >>linux/init/main.c
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r '.state + " " + .dir' <<<"$output")" = "built $PWD/linux" ]
	[[ $(jq -r .label <<<"$output") == path_linux_??????_dirty ]]
	[[ $stderr == *"kernel built at $PWD/linux/arch/"* ]]
	[[ $stderr == *"skipping cache — working tree has uncommitted changes; "* ]]
	[ -f linux/compile_commands.json ]
	nothing_cached
}

@test "a tree that is no repository is built in place and never stored" {
	kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r .state <<<"$output")" = built ]
	[[ $stderr == *"skipping cache — source tree is not a git repository"* ]]
	nothing_cached
}

@test "an edit before the lock is held is noticed" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	echo '/* edit */' >>linux/init/main.c
	run -0 --separate-stderr "$BUILD" <resolved
	[[ $stderr == *"rebuilding to capture your local edits"* ]]
	[ "$(jq -r .state <<<"$output")" = built ]
	nothing_cached
}

@test "a commit before the lock is held is built under its own key" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	echo '/* edit */' >>linux/init/main.c
	git_commit linux second
	run -0 --separate-stderr "$BUILD" <resolved
	[[ $stderr == *"rebuilding for the new commit"* ]]
	[[ $(jq -r .key <<<"$output") == local-$(git -C linux rev-parse --short=7 HEAD)-* ]]
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "an edit or a commit during the build keeps the result out of the cache" {
	git_kernel_tree linux
	DURING='echo "/**/" >>init/main.c' run -0 --separate-stderr build_tree ./linux
	[[ $stderr == *"source tree changed during build ("*"); skipping cache store"* ]]
	[[ $stderr != *"caching vmlinux"* ]]
	[ "$(jq -r .state <<<"$output")" = built ]
	[[ $(jq -r .label <<<"$output") == *_dirty ]]
	nothing_cached
	git -C linux checkout -q init/main.c
	DURING='git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x' run -0 --separate-stderr build_tree ./linux
	[[ $stderr == *"HEAD has moved"* ]]
	nothing_cached
}

@test "a tree that cannot be looked at after the build is not stored" {
	git_kernel_tree linux
	DURING='echo broken >.git/HEAD' run -0 --separate-stderr build_tree ./linux
	[[ $stderr == *"skipping cache store"* ]]
	nothing_cached
}

@test "each option that a configuration must not lose is an error that says why" {
	local option hint

	git_kernel_tree linux
	while read -r option hint; do
		echo "CONFIG_$option" >linux/unmet
		run -1 --separate-stderr build_tree ./linux
		[[ $(jq -r .error.message <<<"$output") == *"options are missing:"$'\n'"  CONFIG_$option not set — "*"$hint"* ]]
		[ "$(jq -r .error.message <<<"$output" | grep -c ' not set — ')" = 1 ]
	done <<-'EOF'
		DEBUG_INFO_BTF pahole
		BPF_SYSCALL BPF programs
		FTRACE arm64
		KPROBE_EVENTS CONFIG_KPROBES
	EOF
	printf 'CONFIG_SCHED_CLASS_EXT\nCONFIG_BPF_EVENTS\n' >linux/unmet
	run -1 --separate-stderr build_tree ./linux
	message=$(jq -r .error.message <<<"$output")
	[[ $message == *"kernel build completed but critical config options are missing:"* ]]
	[[ $message == *"CONFIG_SCHED_CLASS_EXT not set — "*pahole* ]]
	[[ $message == *"CONFIG_BPF_EVENTS not set — "*CONFIG_KPROBE_EVENTS* ]]
	[[ $message != *CONFIG_FTRACE\ not* ]]
	[[ $stderr == *"CONFIG_SCHED_CLASS_EXT not set"* ]]
	nothing_cached
	# what was missing is installed: the same tree is configured once more
	rm linux/unmet
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "a .config that lacks any fragment line is completed, a complete one left alone" {
	git_kernel_tree linux
	printf 'CONFIG_SCHED_CLASS_EXT=y\nCONFIG_MINE=y\n' >linux/.config
	run -0 --separate-stderr build_tree ./linux
	grep -qx CONFIG_BPF_SYSCALL=y linux/.config
	grep -qx CONFIG_MINE=y linux/.config
	touch -d '1 hour ago' linux/.config
	before=$(stat -c %Y linux/.config)
	echo '/* edit */' >>linux/init/main.c
	run -0 --separate-stderr build_tree ./linux
	[ "$(stat -c %Y linux/.config)" = "$before" ]
}

@test "a lean kernel starts from nothing, and its options win" {
	git_kernel_tree linux
	KTSTR_LEAN=1 run -0 --separate-stderr build_tree ./linux
	[[ $(jq -r .key <<<"$output") == *-lean???????? ]]
	grep -qx '# CONFIG_MODULES is not set' linux/.config
	grep -qx '# CONFIG_BTRFS_FS is not set' linux/.config
	grep -qx CONFIG_SCHED_CLASS_EXT=y linux/.config
}

@test "a compile error shows make's last lines and where the rest is" {
	git_kernel_tree linux
	echo 'int broken = ;' >>linux/init/main.c
	git_commit linux broken
	run -1 --separate-stderr build_tree ./linux
	[ "$(grep -c 'error: expected expression before' <<<"$stderr")" = 1 ]
	[[ $(jq -r .error.message <<<"$output") == *"make -j"*" KCFLAGS=-Wno-error failed"*"log: $CACHE/.logs/local-"* ]]
	nothing_cached
}

@test "make gets no terminal to ask questions on" {
	git_kernel_tree linux
	sed -i 's/^vmlinux:.*/&\n\t@touch ..\/asking; ! read answer/' linux/Makefile
	git_commit linux asks
	"$RESOLVE" ./linux >resolved
	# what comes on our own standard input meanwhile is no answer
	{ cat resolved && wait_for 10 test -e asking && echo '{"type":"yes"}'; } | "$BUILD" >built
	[ "$(jq -r '.state // .type' built | tr '\n' ' ')" = "cached yes " ]
}

@test "a missing tool is named before anything is started" {
	fetched_record k1 >in
	mkdir bin
	for tool in make gcc flex bison perl python3 pahole; do
		ln -s "$(command -v $tool)" bin/
	done
	run -1 --separate-stderr env PATH="$PWD/bin" "$BUILD" <in
	[[ $stderr == *$'missing required tool(s):\n  - bc'* ]]
	[ ! -e "$CACHE" ] || nothing_cached
}

@test "two builds of one tree: the second waits and hits the cache" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	DURING=$(until_go) "$BUILD" <resolved >one 2>err1 3>&- &
	wait_for 10 test -e started
	"$BUILD" <resolved >two 2>err2 3>&- &
	wait_for 10 grep -q "source tree $PWD/linux is locked by a concurrent ktstr build — waiting for it to finish." err2
	touch go
	wait $!
	wait
	grep -q "pid=" err2
	grep -q "concurrent ktstr build populated cache slot local-" err2
	[ "$(jq -r .dir two)" = "$(jq -r .dir one)" ]
	[ "$(jq -r .state two)" = cached ]
	[ "$(entries | wc -l)" = 1 ]
}

@test "a full disk while storing is a clear error and leaves nothing" {
	git_kernel_tree linux
	sed -i 's/echo image; /head -c 3000000 \/dev\/urandom; /' linux/Makefile
	git_commit linux big
	mkdir -p "$CACHE"
	unshare -rm bash -c 'mount -t tmpfs -o size=1m none "$1" && shift && "$1" "$2" >resolved && "$3" <resolved >out 2>err
		echo $? >code
		find "$KTSTR_CACHE_DIR" -mindepth 1 -maxdepth 1 ! -name ".l*" >left' _ "$CACHE" "$RESOLVE" ./linux "$BUILD"
	[ "$(cat code)" = 1 ]
	[ "$(jq -r .state out)" = error ]
	grep -q "cache store failed: .*No space left on device" err
	[ ! -s left ]
	[ -f linux/arch/x86/boot/bzImage ]
}

# build_with_small DIR SIZE [COMMAND]: ./linux, with DIR on a disk of that size, after a command in it; leaves out, err, the
# exit code, and what DIR holds in the end
build_with_small() {
	mkdir -p "$1"
	unshare -rm bash -c 'dir=$1 size=$2 first=${3:-true}
		cp -a "$dir" copy && mount -t tmpfs -o "size=$size" none "$dir" && cp -a copy/. "$dir" && rm -rf copy || exit 99
		(cd "$dir" && eval "$first" 2>/dev/null)
		cat <"$RESOLVED" | "$BUILD" >out 2>err
		echo "${PIPESTATUS[1]}" >code
		find "$dir" -mindepth 1 >left; cp "$dir/.config" config 2>/dev/null || true' _ "$@"
}

@test "a disk that fills up under the log of make ends the build, by name" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	export RESOLVED=$PWD/resolved BUILD HERE=$PWD
	# make would go on for ever
	export DURING='echo $$ >$HERE/pid; yes "  CC      drivers/net/some.o"'
	run -0 timeout 60 bash -c "$(declare -f build_with_small); build_with_small '$CACHE/.logs' 64k"
	[ "$(cat code)" = 1 ]
	log=$CACHE/.logs/$(jq -r .key resolved).log
	[[ $(jq -r .error.message out) == "build $PWD/linux: make -j"*": write $log: No space left on device" ]]
	[ "$(grep -c 'error: ' err)" = 1 ]
	grep -q '^hint: .*KTSTR_CACHE_DIR' err
	gone "$(cat pid)"
	[[ $(cat left) != *.tmp.* ]]
	grep -q "/${log##*/}$" left
	nothing_cached
	[ -z "$(ls -A "$TMPDIR")" ]
	# not even begun
	build_with_small "$CACHE/.logs" 64k,nr_inodes=1
	[[ $(jq -r .error.message out) == "write $CACHE/.logs/local-"*".log: No space left on device" ]]
	grep -q '^hint: .*KTSTR_CACHE_DIR' err
	DURING='' run -0 --separate-stderr "$BUILD" <resolved
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "a disk that fills up where make builds is said by the error, the log is whole" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	export RESOLVED=$PWD/resolved BUILD
	export DURING='cat /dev/zero >filler'
	build_with_small "$PWD/linux" 1m
	[ "$(cat code)" = 1 ]
	log=$CACHE/.logs/$(jq -r .key resolved).log
	[[ $(jq -r .error.message out) == "build $PWD/linux: make -j"*" failed (exit code 2, log: $log): No space left on device" ]]
	[ "$(grep -c 'ktstr-build: error: ' err)" = 1 ]
	grep -qx "hint: make room where it builds, $PWD/linux, and where compilers work, $TMPDIR" err
	grep -q 'write error: No space left on device$' "$log"
	grep -q 'bzImage\] Error' "$log"
	nothing_cached
	[ -z "$(ls -A "$TMPDIR")" ]
	DURING='' run -0 --separate-stderr "$BUILD" <resolved
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "a .config that cannot be completed for want of room is as it was" {
	git_kernel_tree linux
	# the fragment does not fit into what is left of the file's page
	{ echo CONFIG_MINE=y; yes '# as it was' | head -n 250; } >linux/.config
	cp linux/.config mine
	"$RESOLVE" ./linux >resolved
	export RESOLVED=$PWD/resolved BUILD
	build_with_small "$PWD/linux" 1m 'cat /dev/zero >filler.o'
	[ "$(cat code)" = 1 ]
	grep -q "write $PWD/linux/.config: No space left on device" err
	cmp mine config
}

@test "a cache that cannot be written is told before make runs, and what to do" {
	git_kernel_tree linux
	mkdir -p "$CACHE"
	unshare -rm bash -c 'mount -t tmpfs none "$1" && mount -o remount,ro "$1" && shift && "$1" "$2" | "$3" >out 2>err
		echo "${PIPESTATUS[1]}" >code' _ "$CACHE" "$RESOLVE" ./linux "$BUILD"
	[ "$(cat code)" = 1 ]
	[ "$(jq -r .state out)" = error ]
	grep -qx "ktstr-build: error: write to the kernel cache $CACHE: Read-only file system" err
	grep -qx 'hint: set KTSTR_CACHE_DIR to a directory that can be written' err
	[ ! -e linux/.config ]
}

@test "an entry has its name only when all of it is on disk" {
	fetched_record k1 >in
	strace -f -y -qq -e trace=fsync,rename,renameat,renameat2 -o calls "$BUILD" <in >/dev/null
	stage=$(sed -n 's|.*rename("\([^"]*\)", "[^"]*/k1").*|\1|p' calls)
	[ -n "$stage" ]
	for file in "/$IMAGE" /vmlinux /metadata.json ''; do
		grep -q "fsync([0-9]*<$stage$file>) *= 0" <(sed '/"[^"]*\/k1"/,$d' calls)
	done
	grep -q "fsync([0-9]*<$CACHE>) *= 0" <(sed '1,/"[^"]*\/k1"/d' calls)
}

@test "an entry that is replaced is there at every moment" {
	fetched_record k1 >in
	"$BUILD" <in >/dev/null
	fetched_record k1 >in
	strace -f -y -qq -e trace=rename,renameat,renameat2,unlink,unlinkat,rmdir -o calls "$BUILD" --force <in >/dev/null
	grep -q 'renameat2(.*"[^"]*/\.tmp-k1-x[^"]*",.*"[^"]*/k1", RENAME_EXCHANGE) *= 0' calls
	run ! grep -E '(rename|unlink|rmdir)[^/]*"[^"]*/k1["/]|unlinkat\([0-9]+<[^>]*/k1>' <(grep -v RENAME_EXCHANGE calls | grep -F "$CACHE")
}

@test "kill -9 in the middle of a build: make goes too, and the next run builds" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	DURING='echo $PPID >../make.pid; sleep 20' "$BUILD" <resolved >one 2>err 3>&- &
	wait_for 10 test -s make.pid
	kill -KILL $!
	wait $! || true
	wait_for 5 gone "$(cat make.pid)"
	nothing_cached
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
}

@test "SIGTERM ends make and all it started, and tells by the exit status" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >resolved
	DURING='echo $$ >../sh.pid; sleep 20' "$BUILD" <resolved >one 2>err 3>&- &
	wait_for 10 test -s sh.pid
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" = 143 ]
	wait_for 5 gone "$(cat sh.pid)"
	[ ! -s one ]
	nothing_cached
	[ -z "$(find "$TMPDIR" -mindepth 1)" ]
}

@test "SIGTERM while building an unpacked source removes that source" {
	fetched_record k1 >in
	DURING='touch ../../../../started; sleep 20' "$BUILD" <in >one 2>err 3>&- &
	wait_for 10 test -e started
	kill -TERM $!
	wait $! && code=0 || code=$?
	[ "$code" = 143 ]
	[ -z "$(find "$TMPDIR" -name 'linux-*')" ]
	nothing_cached
}

@test "a failed build keeps the unpacked source for the next run" {
	fetched_record k1 >in
	src=$(jq -r .src in)
	echo CONFIG_FTRACE >"$src/unmet"
	run -1 --separate-stderr "$BUILD" <in
	[ -f "$src/Makefile" ]
	rm "$src/unmet" "$src/.config"
	run -0 --separate-stderr "$BUILD" <in
	[ ! -e "$src" ]
}

@test "a source that was swept is an error that says so" {
	fetched_record k1 >in
	rm -r "$TMPDIR"/ktstr-src-*/k1
	run -1 --separate-stderr "$BUILD" <in
	[[ $(jq -r .error.message <<<"$output") == "source tree "*" is gone" ]]
}

@test "only what was fetched is removed as a temporary source, whatever a record says" {
	local src root=$TMPDIR/ktstr-src-1/k1

	kernel_tree mine/linux-6.12.9
	kernel_tree "$root/linux-6.12.9"
	for src in "$PWD/mine/linux-6.12.9" mine/linux-6.12.9 "$root/linux-6.12.9/" "$root/linux-6.12.9/.." "$root/../../../mine"; do
		kernel_record k1 '"state":"fetched"' "\"src\":\"$src\"" '"temp":true' >in
		run -1 --separate-stderr "$BUILD" <in
		[[ $(jq -r .error.message <<<"$output") == *"calls $src a temporary source"* ]]
	done
	[ -f mine/linux-6.12.9/Makefile ]
	[ -f "$root/linux-6.12.9/Makefile" ]
	nothing_cached
}

@test "two builds of one release: the second waits and needs no source of its own" {
	fetched_record k1 >in
	DURING=$(until_go) "$BUILD" <in >one 2>err1 3>&- &
	wait_for 10 test -e started
	"$BUILD" <in >two 2>err2 3>&- &
	wait_for 10 grep -q "is locked by a concurrent ktstr build" err2
	touch go
	wait $!
	wait
	[ "$(jq -r '.state + .dir' two)" = "cached$CACHE/k1" ]
	[ "$(entries)" = k1 ]
}

@test "variables that would make it another kernel do not reach make" {
	git_kernel_tree linux
	DURING='env >../env' ARCH=arm64 CROSS_COMPILE=x- KBUILD_OUTPUT=/tmp/o MAKEFLAGS=-n run -0 --separate-stderr build_tree ./linux
	grep -q '^PATH=' env
	! grep -E '^(ARCH|CROSS_COMPILE|KBUILD_OUTPUT)=' env
}

@test "what a killed store leaves is swept, and never taken for an entry" {
	mkdir -p "$CACHE/.tmp-k1-xAbCdEf" "$CACHE/.tmp-k9-xGhIjKl" "$CACHE/.tmp-k1-$$"
	echo half >"$CACHE/.tmp-k1-xAbCdEf/$IMAGE"
	fetched_record k1 >in
	run -0 --separate-stderr "$BUILD" <in
	[ "$(entries)" = ".tmp-k1-$$"$'\nk1' ]
}

@test "a store waits for who uses the entry, and says who that is when it gives up" {
	fetched_record k1 >in
	mkdir -p "$CACHE/.locks"
	exec 9>"$CACHE/.locks/k1.lock"
	flock -s 9
	KTSTR_CACHE_STORE_LOCK_TIMEOUT=1s run -1 --separate-stderr "$BUILD" <in
	[[ $(jq -r .error.message <<<"$output") == *'flock LOCK_EX on cache entry "k1" timed out after 1s (lockfile '*"pid="* ]]
	[[ $stderr == *KTSTR_CACHE_STORE_LOCK_TIMEOUT* ]]
	nothing_cached
}

@test "a corrupt entry under the key is replaced" {
	mkdir -p "$CACHE/k1"
	echo '{' >"$CACHE/k1/metadata.json"
	fetched_record k1 >in
	run -0 --separate-stderr "$BUILD" <in
	[ "$(jq -r .arch "$CACHE/k1/metadata.json")" = "$(uname -m)" ]
	[ "$(entries)" = k1 ]
}

@test "records that are not ours pass byte for byte" {
	cat >in <<-'REC'
		{"type":"kernel","index":0,"total":2,"spec":"a","label":"a","key":"k","state":"cached", "dir":"/d"}
		{"type":"kernel","index":1,"total":2,"spec":"b","label":"b","key":"k","state":"error","error":{"message":"m"}}
		{"type":"weather",   "rain":true}
	REC
	run -0 --separate-stderr "$BUILD" <in
	[ "$output" = "$(cat in)" ]
}

@test "the object count of a build is remembered for the next one's progress" {
	fetched_record k1 | "$BUILD" >/dev/null
	grep -Eq '^(x86_64|aarch64)-default-image [1-9][0-9]*$' "$CACHE/.logs/counts"
	fetched_record k2 >in
	KTSTR_PROGRESS_FD=8 "$BUILD" <in 8>progress >/dev/null
	jq -e 'select(.type == "progress" and .stage == "build" and .label == "x" and .state == "end")' progress
}

# A tree with kbuild's files; what they hold is for objects_estimate alone.
kbuild_tree() {
	mkdir -p kb/kernel kb/lib kb/drivers/net kb/drivers/off
	printf '%s\n' CONFIG_64BIT=y CONFIG_NET=y CONFIG_EXT=m CONFIG_NAME='"x=y"' '# CONFIG_OFF is not set' >kb/.config
	printf '%s\n' '# obj-y += nowhere.o' 'obj-y += kernel/ $(ARCH_CORE)' $'obj-$(CONFIG_NET)\t+= \\' $'\tdrivers/' \
		'kernel/%.o: kernel/%.c' $'\tobj-y = recipe.o' >kb/Kbuild
	printf 'ifeq ($(need-sub-make),1)\nlibs-y := lib/\nendif\n' >kb/Makefile
	cat >kb/kernel/Makefile <<-'EOF'
		obj-y = one.o two.o   # three.o
		two-y := a.o b.o
		two-$(CONFIG_OFF) += c.o
		two-objs += d.o
		obj-$(subst m,y,$(CONFIG_EXT)) += glue.o
		obj-$(CONFIG_EXT) += ext.o
		ext-y := e.o f.o
		ifdef CONFIG_OFF
		obj-y += off.o
		else ifneq ($(CONFIG_NET),)
		ifeq ($(BITS),64)
		obj-y += wide.o wide.o
		endif
		else
		obj-y += never.o
		endif
	EOF
	echo 'lib-y := string.o $(extra)' >kb/lib/Makefile
	printf 'obj-$(CONFIG_NET) += net/\nobj-$(CONFIG_OFF) += off/\nobj-y += ../drivers/\n' >kb/drivers/Kbuild
	printf 'obj-y += x.o\nobj-y += $(obj-y)\nobj-y += missing/\n' >kb/drivers/net/Makefile
	echo 'obj-y += off.o' >kb/drivers/off/Makefile
}

@test "before the first build kbuild's Makefiles say how long it will be" {
	local tool=$BATS_TEST_DIRNAME/../$B/t/tool/kernel

	kbuild_tree
	# five directories, lib.a; one, two's three, glue, wide; string; x; and what no list names
	[ "$("$tool" objects kb -)" = $((5 + 1 + 6 + 1 + 1 + 270)) ]
	# the module is linked, of its two parts
	[ "$("$tool" objects kb m)" = $((5 + 1 + 6 + 1 + 1 + 270 + 3)) ]
	rm kb/.config
	[ "$("$tool" objects kb -)" = 0 ]
	# a bar is drawn from it; one kind of configuration is no measure for another
	fetched_record k1 >in
	tree=$(jq -r .src in)
	printf 'obj-y += init/\n' >"$tree/Kbuild"
	printf 'obj-y += a.o b.o\n' >"$tree/init/Makefile"
	mkdir -p "$CACHE/.logs"
	echo "$(uname -m)-default-image 100000" >"$CACHE/.logs/counts"
	DURING='sleep 0.2; echo "  CC      late.o"' KTSTR_PROGRESS_FD=8 "$BUILD" <in 8>progress >/dev/null
	jq -se 'map(select(.text == "Building kernel..." and .done > 0).total) | unique == [274]' progress
}

# unknown_length WHAT: the tree kb is built as ever, nobody knows how long it takes
unknown_length() {
	[ "$(timeout 120 "$BATS_TEST_DIRNAME/../$B/t/tool/kernel" objects kb m)" = 0 ] || { echo "$1" >&2; return 1; }
}

@test "Makefiles beyond all measure make the length of a build unknown, and no more" {
	kbuild_tree
	cp -r kb whole
	fresh() { rm -rf kb && cp -r whole kb; }

	# each line twice as long as the one before
	{ echo 'v0 = wordlist'; for i in {1..24}; do echo "v$i = \$(v$((i - 1)))\$(v$((i - 1)))"; done; } >>kb/kernel/Makefile
	unknown_length doubled
	fresh && truncate -s 20G kb/kernel/Makefile
	unknown_length "a large file"
	fresh && truncate -s 20G kb/.config
	unknown_length "a large .config"
	fresh && seq -f 'obj-y += o%.0f.o' 100000 >>kb/kernel/Makefile
	unknown_length "many objects"
	fresh && seq -f 'v%.0f = x' 100000 >>kb/kernel/Makefile
	unknown_length "many names"
	# two ways down at each of 32 steps
	fresh && ln -s . kb/kernel/a && ln -s . kb/kernel/b && echo 'obj-y += a/ b/' >>kb/kernel/Makefile
	unknown_length "many paths"
	# what is deep and small is read as far as it goes
	fresh && { printf 'deep = '; printf '$(subst m,y,%.0s' {1..20000}; printf 'm'; printf ')%.0s' {1..20000}; echo; } >>kb/kernel/Makefile
	timeout 120 "$BATS_TEST_DIRNAME/../$B/t/tool/kernel" objects kb m
	fresh && rm kb/kernel/Makefile && mkfifo kb/kernel/Makefile
	timeout 120 "$BATS_TEST_DIRNAME/../$B/t/tool/kernel" objects kb m
}

@test "--clean begins from what the repository holds, under the key of that" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	plain=$(jq -r .key <<<"$output")
	echo CONFIG_MINE=y >linux/.config
	touch linux/arch/stale
	"$RESOLVE" --clean ./linux >resolved
	[ "$(jq -r '.state + .key' resolved)" = "cached$plain" ]
	"$RESOLVE" --force --clean ./linux >resolved
	run -0 --separate-stderr "$BUILD" --force --clean <resolved
	[[ $stderr == *"ktstr-build: make mrproper"* ]]
	[ "$(jq -r '.state + .key' <<<"$output")" = "cached$plain" ]
	run ! grep -q MINE linux/.config
	[ ! -e linux/arch/stale ]
}

@test "--clean means nothing to a source that was fetched" {
	fetched_record k1 >in
	run -0 --separate-stderr "$BUILD" --clean <in
	[[ $stderr == *"--clean is only meaningful with --source (downloaded sources start clean)"* ]]
	[ "$(entries)" = k1 ]
}

@test "mrproper that fails is an error, and nothing is built" {
	git_kernel_tree linux
	sed -i 's/^mrproper:/&\n\t@exit 7/' linux/Makefile
	git_commit linux fails
	"$RESOLVE" --clean ./linux >resolved
	run -1 --separate-stderr "$BUILD" --clean <resolved
	[[ $(jq -r .error.message <<<"$output") == *"make mrproper failed"* ]]
	[ ! -e linux/.config ]
}

@test "--extra-kconfig is merged last, part of the key, and in the metadata" {
	git_kernel_tree linux
	printf 'CONFIG_FOO=y\n' >extra
	run -0 --separate-stderr build_with extra
	key=$(jq -r .key <<<"$output")
	[[ $key == local-*-xkc2ce4027e ]]
	grep -qx CONFIG_FOO=y linux/.config
	[ "$(jq -r .extra_kconfig_hash "$CACHE/$key/metadata.json")" = 2ce4027e ]
	[[ $stderr != *warning* ]]
	run -0 --separate-stderr build_with extra
	[ "$(jq -r '.state + .key' <<<"$output")" = "cached$key" ]
	# another text is another kernel
	printf 'CONFIG_FOO=m\n' >extra
	run -0 --separate-stderr build_with extra
	[ "$(jq -r .key <<<"$output")" != "$key" ]
	grep -qx CONFIG_FOO=m linux/.config
}

build_with() {
	(cd / && "$RESOLVE" --extra-kconfig "$OLDPWD/$1" "$OLDPWD/linux") >resolved && "$BUILD" <resolved
}

@test "--extra-kconfig says what it overrides and what did not survive" {
	git_kernel_tree linux
	printf 'CONFIG_FTRACE=y\n# CONFIG_BTRFS_FS is not set\nCONFIG_FOO=y\n' >extra
	echo CONFIG_FOO >linux/unmet
	run -0 --separate-stderr build_with extra
	[[ $stderr == *"warning: --extra-kconfig overrides baked-in CONFIG_BTRFS_FS (was =y, now is not set)"* ]]
	[[ $stderr != *"overrides baked-in CONFIG_FTRACE"* && $stderr != *"overrides baked-in CONFIG_FOO"* ]]
	[[ $stderr == *"warning: --extra-kconfig line did not survive: CONFIG_FOO=y; the final state is CONFIG_FOO is not set"* ]]
	grep -qx '# CONFIG_BTRFS_FS is not set' linux/.config
	# what is typed is shown, and of an option only what is said last
	printf 'CONFIG_SMP=y\nCONFIG_BTRFS_FS=n\nCONFIG_NUMA=y\nCONFIG_SMP=n\n' >extra
	run -0 --separate-stderr "$RESOLVE" --extra-kconfig extra ./linux
	[ "$stderr" = "ktstr-resolve: warning: --extra-kconfig overrides baked-in CONFIG_BTRFS_FS (was =y, now =n)
ktstr-resolve: warning: --extra-kconfig overrides baked-in CONFIG_SMP (was =y, now =n)" ]
}

@test "a path kbuild cannot build in is told what it should be" {
	git_kernel_tree "my linux"
	sed -i '1i $(error source directory cannot contain spaces or colons)' "my linux/Makefile"
	run -1 --separate-stderr bash -c '"$1" "./my linux" | "$2"' - "$RESOLVE" "$BUILD"
	[[ $(jq -r .error.hint <<<"$output") == "move $(realpath "my linux") to a path without blanks and ':'"* ]]
}

@test "a source tree that cannot be written is an error before make" {
	git_kernel_tree linux
	"$RESOLVE" ./linux >in
	run -1 --separate-stderr unshare --user --map-root-user --mount bash -c '
		mount --bind linux linux && mount -o remount,ro,bind linux && "$1" <in' - "$BUILD"
	[ "$(jq -r .error.message <<<"$output")" = "write to the source tree $(realpath linux): Read-only file system" ]
	[[ $stderr == *"hint: trees are built in place; git+$(realpath linux)#HEAD builds a clone"* ]]
}

@test "worktrees of one commit, built at the same time, have a log each" {
	git_kernel_tree one
	sed -i '1i -include own.mk' one/Makefile
	git_commit one 'a Makefile that takes more'
	git clone -q one two
	echo '$(info of one)$(shell until [ -e go ]; do sleep 0.02; done)' >one/own.mk
	echo '$(error of two)' >two/own.mk
	"$RESOLVE" ./one | "$BUILD" >out 2>err 3>&- &
	wait_for 10 grep -q 'building ' err
	run -1 --separate-stderr bash -c '"$1" ./two | "$2"' - "$RESOLVE" "$BUILD"
	touch one/go
	wait
	[ "$(jq -r .state out)" = cached ]
	[[ $stderr == *"of two"* && $stderr != *"of one"* ]]
	log=$(sed -n 's/.*log: //p' err)
	grep -q 'of one' "$log"
	! grep -q 'of two' "$log"
}

@test "a fragment of very many lines costs next to nothing" {
	git_kernel_tree linux
	seq -f 'CONFIG_OPTION_%g=m' 60000 >extra
	run -0 --separate-stderr bash -c 'ulimit -t 8 && exec "$@"' - "$RESOLVE" --extra-kconfig extra ./linux
	[ "$(jq -r .state <<<"$output")" = fetched ]
}

@test "--extra-kconfig that cannot be read is told before anything is fetched" {
	mkdir dir
	printf '\377\n' >binary
	mkfifo pipe
	: >empty
	while read -r file why; do
		run -1 --separate-stderr "$RESOLVE" --extra-kconfig "$file" 6.14.2
		[[ $stderr == *"error: --extra-kconfig $file: $why"* && -z $output ]] || { echo "$stderr"; return 1; }
	done <<-'EOF'
		nowhere file not found
		dir is a directory
		binary file is not valid UTF-8
		pipe is a pipe
	EOF
	run -0 --separate-stderr "$RESOLVE" --extra-kconfig empty 6.14.2
	[[ $stderr == *"warning: --extra-kconfig file is empty"* ]]
	[[ $(jq -r .key <<<"$output") == *-xkc00000000 ]]
}

@test "a fragment that changed since its key was made is refused" {
	fetched_record k-kc00000000 >in
	run -1 --separate-stderr "$BUILD" <in
	[[ $stderr == *"is for another configuration: its key ends in kc00000000, not in kc"* ]]
	[[ $stderr == *"resolve it again"* ]]
	nothing_cached
}

@test "a record edited to another release or commit is refused" {
	fetched_record 6.12.8-tarball-x >in
	run -1 --separate-stderr "$BUILD" <in
	[[ $stderr == *"is for another release: its key is 6.12.8-tarball-x, its version 6.12.9"* ]]
	git_kernel_tree work
	"$RESOLVE" "git+$PWD/work#main" | "$LIBEXEC/ktstr-fetch" >in
	sed -i 's/-git-......./-git-1234567/' in
	run -1 --separate-stderr "$BUILD" <in
	[[ $stderr == *"is for another commit: its key is main-git-1234567-"*", its source $(git -C work rev-parse HEAD)"* ]]
	nothing_cached
}

@test "a failing configuration names the fragment" {
	git_kernel_tree linux
	sed -i 's/^olddefconfig:/&\n\t@exit 3/' linux/Makefile
	git_commit linux fails
	echo CONFIG_FOO=y >extra
	run -1 --separate-stderr build_with extra
	[[ $(jq -r .error.message <<<"$output") == "kernel configure failed (with --extra-kconfig fragment merged; check its lines): make olddefconfig failed"* ]]
	run -1 --separate-stderr build_tree ./linux
	[[ $(jq -r .error.message <<<"$output") == "kernel configure failed: make olddefconfig failed"* ]]
}

@test "--force is refused while tests run from the entry" {
	git_kernel_tree linux
	build_tree ./linux >built
	"$RESOLVE" --force ./linux >resolved
	key=$(jq -r .key resolved)
	exec 9>"$CACHE/.locks/$key.lock"
	flock -s 9
	run -1 --separate-stderr "$BUILD" --force <resolved
	[[ $(jq -r .error.message <<<"$output") == "cache entry \"$key\" is locked by active test runs (lockfile $CACHE/.locks/$key.lock, holders:"*"pid="* ]]
	exec 9>&-
	run -0 --separate-stderr "$BUILD" --force <resolved
}

@test "a tree with new options is configured again rather than asked about them" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	printf 'config NEW\n\tbool "new"\n' >>linux/Kconfig
	git_commit linux new
	run -0 --separate-stderr build_tree ./linux
	[ "$(jq -r .state <<<"$output")" = cached ]
	grep -qx '# CONFIG_NEW is not set' linux/.config
}

@test "a dirty tree that is built again is neither configured nor compiled again" {
	git_kernel_tree linux
	echo '/* edit */' >>linux/init/main.c
	run -0 --separate-stderr build_tree ./linux
	# also not for compile_commands.json, which depends on the objects
	[ "$(cat "$KTSTR_CACHE_DIR"/.logs/*.log | grep -c 'CC  *init/main.o')" = 1 ]
	run -0 --separate-stderr build_tree ./linux
	[[ $stderr == *"Kernel built"* && $stderr != *"Kernel configured"* ]]
	[ "$(cat "$KTSTR_CACHE_DIR"/.logs/*.log | grep -c 'CC  *init/main.o')" = 0 ]
}

@test "an entry of another commit with the same seven digits is not served" {
	git_kernel_tree linux
	run -0 --separate-stderr build_tree ./linux
	meta=$(jq -r .dir <<<"$output")/metadata.json
	sed -i "s/\"commit\": \"[0-9a-f]*\"/\"commit\": \"$(printf 'a%.0s' {1..40})\"/" "$meta"
	run -0 --separate-stderr build_tree ./linux
	[[ $stderr == *"is of another commit"* && $stderr == *building* ]]
	[ "$(jq -r .source.commit "$(jq -r .dir <<<"$output")/metadata.json")" = "$(git -C linux rev-parse HEAD)" ]
}
