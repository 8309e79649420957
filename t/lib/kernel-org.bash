# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel.org of a test file: one server for all its tests, over the tree
# in $BATS_FILE_TMPDIR/org.

# org_serve [OPTION…]: serve org from here on; its address is in ./url
org_serve() {
	python3 "$BATS_TEST_DIRNAME/lib/kernel-org.py" org --life 300 "$@" >url 3>&- &
	echo $! >server.pid
	wait_for 10 test -s url
}

org_stop() {
	kill "$(cat "$BATS_FILE_TMPDIR/server.pid")"
}
