#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What goes into a guest: files, shared libraries, the archive.
bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	TOOL=${LIBEXEC%/libexec}/t/tool/vm-tool
	D=$BATS_TEST_TMPDIR/d
	mkdir -p "$D"
	cd "$D" || return 1
}

# library NAME FUNCTION [LINKER WORDS]
library() {
	echo "int $2(void); int $2(void) { return 1; }" >"$D/l.c"
	gcc -shared -fPIC -o "$1" "$D/l.c" "${@:3}"
}

# program NAME FUNCTION [LINKER WORDS]
program() {
	echo "int $2(void); int main(void) { return $2(); }" >"$D/p.c"
	gcc -o "$1" "$D/p.c" "${@:3}"
}

@test "libraries are those the dynamic linker takes" {
	run -0 "$TOOL" libs /bin/ls
	while read -r lib; do
		grep -qE "^$lib |^[^ ]+ $(realpath "$lib")$" <<<"$output"
	done < <(ldd /bin/ls | grep -oE '/[^ ]+')
}

@test "a static program, a script and a text file need nothing" {
	echo hello >text
	run -0 "$TOOL" libs /bin/busybox text
	[ "$output" = "" ]
}

@test "RUNPATH with \$ORIGIN is followed, in both spellings" {
	mkdir -p bin lib lib2
	library lib/libone.so one
	library lib2/libtwo.so two
	echo 'int one(void), two(void); int main(void) { return one() + two(); }' >m.c
	gcc -o bin/app m.c -Llib -Llib2 -lone -ltwo '-Wl,-rpath,$ORIGIN/../lib:${ORIGIN}/../lib2'
	run -0 "$TOOL" libs bin/app
	[[ "$output" == *"$D/lib/libone.so $D/lib/libone.so"* ]]
	[[ "$output" == *"$D/lib2/libtwo.so $D/lib2/libtwo.so"* ]]
	[[ "$output" == *"dir $D/lib"* ]]
}

@test "the libraries of libraries come too" {
	mkdir lib
	library lib/libinner.so inner
	echo 'int inner(void); int outer(void); int outer(void) { return inner(); }' >o.c
	gcc -shared -fPIC -o lib/libouter.so o.c -Llib -linner '-Wl,-rpath,$ORIGIN'
	program app outer -Llib -louter "-Wl,-rpath,$D/lib" -Wl,--allow-shlib-undefined
	run -0 "$TOOL" libs app
	[[ "$output" == *"$D/lib/libouter.so "*"$D/lib/libinner.so "* ]]
}

@test "LD_LIBRARY_PATH comes before RUNPATH and behind RPATH" {
	mkdir old env
	library old/libx.so x
	library env/libx.so x
	program runpath x -Lold -lx "-Wl,-rpath,$D/old" -Wl,--enable-new-dtags
	program rpath x -Lold -lx "-Wl,-rpath,$D/old" -Wl,--disable-new-dtags
	LD_LIBRARY_PATH=$D/env run -0 "$TOOL" libs runpath
	[[ "$output" == *"$D/env/libx.so "* ]]
	LD_LIBRARY_PATH=$D/env run -0 "$TOOL" libs rpath
	[[ "$output" == *"$D/old/libx.so "* ]]
}

@test "a library of another machine is passed over" {
	mkdir wrong right
	library right/libx.so x
	cp right/libx.so wrong/libx.so
	printf '\x28' | dd of=wrong/libx.so bs=1 seek=18 conv=notrunc status=none
	program app x -Lright -lx "-Wl,-rpath,$D/wrong:$D/right"
	run -0 "$TOOL" libs app
	[[ "$output" == *"$D/right/libx.so "* && "$output" != *"$D/wrong/"* ]]
}

@test "missing libraries are named, all of them" {
	mkdir lib
	library lib/libone.so one
	library lib/libtwo.so two
	echo 'int one(void), two(void); int main(void) { return one() + two(); }' >m.c
	gcc -o app m.c -Llib -lone -ltwo
	run -1 "$TOOL" libs app
	[[ "$output" == *"app: missing shared libraries: libone.so, libtwo.so" ]]
}

@test "a damaged ELF file needs nothing and breaks nothing" {
	for n in 5 64 100 600 3000; do
		head -c "$n" /bin/ls >cut
		run -0 "$TOOL" libs cut
	done
	cp /bin/ls mad
	printf '\xff\xff\xff\xff\xff\xff\xff\x7f' | dd of=mad bs=1 seek=32 conv=notrunc status=none
	run -0 "$TOOL" libs mad
}

@test "the archive holds files, modes, parents, and links to moved libraries" {
	mkdir lib
	library lib/libx.so.1.0 x
	ln -s libx.so.1.0 lib/libx.so
	program app x -Llib -lx "-Wl,-rpath,$D/lib"
	echo text >data
	chmod 640 data
	"$TOOL" initramfs /deep/down/app=app /data=data >archive
	cpio -tv <archive >list 2>/dev/null
	grep -qE '^drwxr-xr-x .* deep/down$' list
	grep -qE '^-rwxr-xr-x .* deep/down/app$' list
	grep -qE '^-rw-r----- .* data$' list
	grep -qE "^-rwxr-xr-x .* ${D#/}/lib/libx.so.1.0$" list
	grep -qE "^lrwxrwxrwx .* ${D#/}/lib/libx.so -> $D/lib/libx.so.1.0$" list
	[ "$(cpio -i --to-stdout data <archive 2>/dev/null)" = text ]
	# a directory comes before what is in it
	[ "$(grep -nE ' deep$' list | cut -d: -f1)" -lt "$(grep -nE ' deep/down/app$' list | cut -d: -f1)" ]
}

@test "one place in the guest cannot hold two files" {
	echo a >a
	echo b >b
	run -1 "$TOOL" initramfs "/x=$D/a" "/x=$D/b"
	[[ "$output" == *"duplicate include path '/x': provided by both $D/a and $D/b" ]]
	run -1 "$TOOL" initramfs /x=a /x/y=b
	[[ "$output" == *"'/x' is both a file and the directory of '/x/y'" ]]
	run -1 "$TOOL" initramfs /x/y=b /x=a
	[[ "$output" == *"'/x' of a is a directory" ]]
	"$TOOL" initramfs /x=a /x=a | cpio -t 2>/dev/null | grep -cx x | grep -qx 1
}

@test "paths that climb, are relative to nothing or ours are refused" {
	echo a >a
	for bad in /../x /x/../y /x//y /x/. /x/ /.ktstr_job /init; do
		run -1 "$TOOL" initramfs "$bad=a"
		[[ "$output" == *"guest path '$bad' "* ]]
	done
}

@test "a file that is missing or no file is named" {
	mkfifo pipe
	run -1 "$TOOL" initramfs /x=nowhere
	[[ "$output" == *"file for the guest not found: nowhere" ]]
	run -1 "$TOOL" initramfs /x=pipe
	[[ "$output" == *"neither a regular file nor a directory: pipe" ]]
}

@test "a directory without files warns, pipes in it are passed over, loops end" {
	mkdir -p empty/sub loop
	mkfifo empty/sub/pipe
	ln -s . loop/again
	run -0 --separate-stderr "$TOOL" initramfs /x=empty
	[[ "$stderr" == *"warning: -i empty: directory contains no regular files" ]]
	run -1 "$TOOL" initramfs /x=loop
	[[ "$output" == *"directory loop/again contains itself" ]]
}

@test "a script without its interpreter warns" {
	printf '#!/usr/bin/python3 -E\n' >s
	run -0 --separate-stderr "$TOOL" initramfs /s=s
	[[ "$stderr" == *"warning: s is a script for /usr/bin/python3, which is not among the guest's files" ]]
	run -0 --separate-stderr "$TOOL" initramfs /s=s /usr/bin/python3=/bin/busybox
	[ "$stderr" = "" ]
}
