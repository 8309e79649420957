# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the tests
# A real nginx on the loopback that takes GET and PUT, as a team would use for
# its kernels: DAV is its URL, DAV_DIR what lies behind it.

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

nginx_program() {
	PATH=$PATH:/usr/sbin:/sbin command -v nginx
}

# /: open; /auth/: user "team", password "s3cr:t@"; /readonly/: no PUT; /broken/: 500; /forbidden/: 403
dav_config() {
	cat <<-EOF
		daemon off;
		pid $1/pid;
		error_log $1/error.log;
		worker_processes 1;
		events { worker_connections 64; }
		http {
			access_log $1/access.log combined;
			client_body_temp_path $1/body; proxy_temp_path $1/p; fastcgi_temp_path $1/f; uwsgi_temp_path $1/u; scgi_temp_path $1/s;
			client_max_body_size 0;
			server {
				listen 127.0.0.1:$2;
				root $1/files;
				location / { dav_methods PUT DELETE; create_full_put_path on; }
				location /auth/ { auth_basic team; auth_basic_user_file $1/passwords; dav_methods PUT; create_full_put_path on; }
				location /readonly/ { }
				location /broken/ { return 500; }
				location /forbidden/ { return 403; }
			}
		}
	EOF
}

dav_start() {
	local home=$BATS_TEST_TMPDIR/dav _

	mkdir -p "$home/files"
	chmod 755 "$home" "$home/files"
	DAV_DIR=$home/files
	# the crypt of "s3cr:t@"
	echo "team:$(openssl passwd -apr1 's3cr:t@')" >"$home/passwords"
	for _ in 1 2 3 4 5; do
		DAV=http://127.0.0.1:$(free_port)
		{
			[ "$(id -u)" != 0 ] || echo 'user root;'
			dav_config "$home" "${DAV##*:}"
		} >"$home/conf"
		"$(nginx_program)" -p "$home" -e "$home/error.log" -c "$home/conf" 3>&- >"$home/out" 2>&1 &
		DAV_PID=$!
		wait_for 5 eval "curl -s -o '$home/answer' '$DAV/' || ! alive $DAV_PID" && alive "$DAV_PID" && return 0
	done
	cat "$home/out" "$home/error.log"
	return 1
}

dav_stop() {
	[ -z "${DAV_PID-}" ] || kill "$DAV_PID" 2>/dev/null || true
}

# Who asked for what: "PUT /x 201", one a line.
dav_log() {
	sed -E 's/^.*"([A-Z]+) ([^ ]*) [^"]*" ([0-9]+) .*$/\1 \2 \3/' "$BATS_TEST_TMPDIR/dav/access.log"
}
