# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel.org of a test file: one server for all its tests, over the tree
# in $BATS_FILE_TMPDIR/org; or a test's own, over ./org. Small releases for it.

# shellcheck source=t/lib/kernel-tree.bash
source "$BATS_TEST_DIRNAME/lib/kernel-tree.bash"

# org_release VERSION [BYTES]: the tree ./linux-VERSION, with that much noise
# in it, and its tarball where kernel.org has it, below ./org
org_release() {
	local tree=linux-$1

	[ -d "$tree" ] || kernel_tree "$tree"
	[ -z "${2:-}" ] || head -c "$2" /dev/urandom >"$tree/init/noise"
	mkdir -p "org/pub/linux/kernel/v${1%%.*}.x" org/torvalds/t
	case $1 in
	*-rc*) tar czf "org/torvalds/t/$tree.tar.gz" "$tree" ;;
	*) tar cJf "org/pub/linux/kernel/v${1%%.*}.x/$tree.tar.xz" "$tree" ;;
	esac
}

# org_serve [OPTION…]: serve ./org from here on; its address is in ./url and
# KTSTR_KERNEL_ORG. It ends with the shell that calls this at the latest.
org_serve() {
	rm -f url
	python3 "$BATS_TEST_DIRNAME/lib/kernel-org.py" org --life 3600 "$@" >url 2>server.log 3>&- &
	echo $! >server.pid
	wait_for 10 test -s url
	KTSTR_KERNEL_ORG=$(head -n 1 url)
	export KTSTR_KERNEL_ORG
}

# org_gate NAME: let the tarballs go on whose server has the fault gate@NAME.
org_gate() {
	: >"$BATS_FILE_TMPDIR/org/$1.open"
}

org_stop() {
	kill "$(cat "$BATS_FILE_TMPDIR/server.pid")"
}

# A root of our own in ./ca.pem, and a certificate of it for the loopback in
# ./cert.pem and ./key.pem.
org_certificate() {
	local new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

	openssl req -x509 "${new[@]}" -keyout ca.key -out ca.pem -days 2 -subj '/CN=test root' 2>/dev/null
	openssl req "${new[@]}" -keyout key.pem -out csr.pem -subj '/CN=127.0.0.1' 2>/dev/null
	openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out cert.pem \
		-extfile <(echo 'subjectAltName=IP:127.0.0.1') 2>/dev/null
}
