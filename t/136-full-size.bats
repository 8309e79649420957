#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A tarball in full size from a loopback kernel.org, over HTTP and over TLS: the
# tree is the one tar makes of it.

bats_require_minimum_version 1.5.0
load lib/common
load lib/kernel-org

setup() {
	setup_paths
	cd "$BATS_TEST_TMPDIR"
	TARBALL=$("$BATS_TEST_DIRNAME/lib/full-size" 6.12.9)
	mkdir -p org/pub/linux/kernel/v6.x
	ln "$TARBALL" org/pub/linux/kernel/v6.x 2>/dev/null || cp "$TARBALL" org/pub/linux/kernel/v6.x
	version_record 6.12.9 >in
}

# Fetch it, and compare it with what tar made of it.
fetch_whole() {
	local sum

	run -0 --separate-stderr "$LIBEXEC/ktstr-fetch" <in
	sum=$(sha256sum <"$TARBALL")
	[[ $stderr == *"sha256 verified ($(stat -c %s "$TARBALL") bytes, hash ${sum%% *})"* ]]
	[ "$(jq -r .state <<<"$output")" = fetched ]
	"$BATS_TEST_DIRNAME/lib/tree-sum" "$(jq -r .src <<<"$output")" | cmp - "$TARBALL.tree"
	[ "$(wc -l <"$TARBALL.tree")" -gt 160000 ]
	cmp "$TARBALL" "$KTSTR_CACHE_DIR/.tarballs/linux-6.12.9.tar.xz"
	rm -r "$TMPDIR" "$KTSTR_CACHE_DIR"
}

@test "over HTTP" {
	org_serve
	[[ $KTSTR_KERNEL_ORG == http:* ]]
	fetch_whole
}

@test "over TLS, by a root the environment names" {
	org_certificate
	org_serve --tls cert.pem key.pem
	[[ $KTSTR_KERNEL_ORG == https:* ]]
	export SSL_CERT_FILE=$PWD/ca.pem
	unset SSL_CERT_DIR CURL_CA_BUNDLE
	fetch_whole
}
