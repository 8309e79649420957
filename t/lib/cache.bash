# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Entries of a kernel cache, as ktstr 0.5.2 writes them and as we do.

case $(uname -m) in
aarch64) ARCH=aarch64 IMAGE=Image ;;
*) ARCH=x86_64 IMAGE=bzImage ;;
esac

# crc FILE: its CRC-32, which gzip puts at its end
crc() {
	gzip -nc <"$1" | tail -c8 | head -c4 | od -An -tx4 --endian=little | tr -d ' \n'
}

KC=$(crc "$BATS_TEST_DIRNAME/../share/kconfig/ktstr.kconfig")

# entry KEY [JQ EDIT]: put an entry in the cache.
entry() {
	mkdir -p "$KTSTR_CACHE_DIR/$1"
	echo image >"$KTSTR_CACHE_DIR/$1/$IMAGE"
	jq -n --arg arch "$ARCH" --arg image "$IMAGE" --arg kc "$KC" '{version: "6.14.2", source: {type: "tarball"},
		arch: $arch, image_name: $image, config_hash: "00000001", built_at: "2026-01-02T03:04:05Z",
		ktstr_kconfig_hash: $kc, extra_kconfig_hash: null, has_vmlinux: false, vmlinux_stripped: false,
		source_vmlinux_size: null, source_vmlinux_mtime_secs: null} | '"${2:-.}" \
		>"$KTSTR_CACHE_DIR/$1/metadata.json"
}

# guest_vmlinux FILE: a vmlinux as far as a lookup reads it
guest_vmlinux() {
	echo 'int runqueues; long __per_cpu_offset[2];' | gcc -x c -c -o "$1" -
}

# summed_entry KEY: one with a vmlinux and with checksums, as a store leaves it.
summed_entry() {
	local dir=$KTSTR_CACHE_DIR/$1

	mkdir -p "$dir"
	head -c 20000 /dev/urandom >"$dir/vmlinux"
	entry "$1" ". + {has_vmlinux: true, key: \"$1\", files: {$IMAGE: {size: 6, crc32: \"$(printf 'image\n' | crc /dev/stdin)\"},
		vmlinux: {size: 20000, crc32: \"$(crc "$dir/vmlinux")\"}}}"
}

# Whether nothing half made is left in the cache.
no_temps() {
	[ -z "$(find "$KTSTR_CACHE_DIR" \( -name '.tmp-*' -o -name '*.tmp.*' \))" ]
}
