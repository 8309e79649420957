#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A kernel.org on the loopback: real HTTP, real files, faults on demand.

    kernel-org.py ROOT [--life SECONDS] [--tls CERT KEY] [--log FILE]

ROOT/pub/linux/kernel/vN.x/linux-V.tar.xz and ROOT/torvalds/t/linux-V-rcN.tar.gz are served as they are, with ETag, Range
and If-Range. releases.json, the directory listings and sha256sums.asc are made from the tarballs there, unless a file
of that name exists. The first line on stdout is the base URL. --log gets a line for each request: METHOD PATH STATUS
FIRST-BYTE. A base URL with a fault behind it breaks the tarball, and with "@NAME" behind the fault a client of its own
is counted:

    /+404 /+500     that status
    /+500x2         the first two times for each path
    /+html          a page instead
    /+badsum        a sha256sums.asc with other digests
    /+nosums        no sha256sums.asc
    /+noentry       a sha256sums.asc without entries
    /+cut           breaks off after half of the file, but goes on when asked
    /+cutall        breaks off after half of what was asked for, every time
    /+short         half of the bytes, with a length to match
    /+stall         half of the bytes, then nothing; asked to go on, nothing
    /+slow          64 KiB at a time with pauses
    /+gate@NAME     half of more than 64 KiB, the rest once there is a file ROOT/NAME.open
    /+drip          half of the bytes, then some bytes a second
    /+norange       knows no ranges
    /+changed       another ETag every time; half of the file the first time
    /+loop          redirects to itself
    /+moved         redirects to the plain URL
    /+big           a length of 1 TiB

and these releases.json: /+index-html, /+index-garbage, /+index-array, /+index-nolist, /+index-types, /+index-500,
/+index-next, /+index-eol.

It is a proxy, too: whole URLs are looked up here, CONNECT leads to any port of this machine.

The server ends with the process that started it, and after --life seconds.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import re
import select
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
import loopback  # noqa: E402, beside this file

VERSION = re.compile(r"linux-(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)\.tar\.[gx]z$")
SUMS = {}
SEEN = collections.Counter()


def sha256(path):
    stat = path.stat()
    key = (str(path), stat.st_size, stat.st_mtime_ns)
    if key not in SUMS:
        with path.open("rb") as file:
            SUMS[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return SUMS[key]


def tarballs(directory):
    return sorted(p for p in directory.glob("linux-*") if VERSION.search(p.name))


def sums(directory, fault):
    lines = ["-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", ""]
    for path in tarballs(directory) if fault != "noentry" else []:
        digest = sha256(path)
        lines.append(("0" * 64 if fault == "badsum" else digest) + "  " + path.name)
    lines += ["-----BEGIN PGP SIGNATURE-----", "", "not a real one", "-----END PGP SIGNATURE-----", ""]
    return "\n".join(lines).encode()


def listing(directory):
    rows = [f'<a href="{p.name}">{p.name}</a>' for p in sorted(directory.iterdir())]
    return ("<html><body><pre>\n" + "\n".join(rows) + "\n</pre></body></html>\n").encode()


def rows(root):
    for path in sorted(root.glob("pub/linux/kernel/v*/linux-*")) + sorted(root.glob("torvalds/t/linux-*")):
        match = VERSION.search(path.name)
        if match:
            version = match.group(1)
            yield {"moniker": "mainline" if "-rc" in version else "stable", "version": version, "iseol": False}


def releases(root, fault):
    made = root / "releases.json"
    if fault == "index-garbage":
        return b"{\"releases\": [ {"
    if fault == "index-array":
        return b"[1, 2]"
    if fault == "index-nolist":
        return b'{"releases": {"moniker": "stable"}}'
    if fault == "index-types":
        return json.dumps({"releases": [7, {"moniker": 1, "version": "6.12.99"}, {"moniker": "stable", "version": None},
                                        {"moniker": "stable", "version": "6.12.43", "iseol": "no"}]}).encode()
    if made.is_file():
        return made.read_bytes()
    return json.dumps({"latest_stable": {"version": ""}, "releases": list(rows(root))}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    first = 0

    def log_message(self, *args):
        pass

    def log_request(self, code="-", size="-"):
        if self.server.log:
            with self.server.lock:
                self.server.log.write(f"{self.command} {self.path} {int(code)} {self.first}\n")
                self.server.log.flush()

    def answer(self, body, kind, status=200, etag=None):
        if etag and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, status=404):
        self.answer(b"no\n", "text/plain", status)

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def range_from(self, size, etag, fault):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not asked or fault == "norange" or self.headers.get("If-Range", etag) != etag:
            return 0
        return int(asked.group(1))

    def tarball(self, path, fault, client):
        if fault in ("404", "500"):
            return self.missing(int(fault))
        if fault == "html":
            return self.answer(b"<html>sign in</html>", "text/html; charset=utf-8")
        if fault == "loop":
            return self.redirect(self.path)
        if fault == "moved":
            return self.redirect("/" + str(path.relative_to(self.server.root)))
        stat = path.stat()
        size = stat.st_size
        seen = SEEN[self.path]
        SEEN[self.path] += 1
        etag = f'"{size:x}-{stat.st_mtime_ns:x}{seen if fault == "changed" else ""}"'
        first = self.first = self.range_from(size, etag, fault)
        if first >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        told = 1 << 40 if fault == "big" else size - first
        part = size - first
        if fault in ("cutall", "short", "drip") or (fault in ("cut", "norange", "changed") and seen == 0):
            part //= 2
        if fault == "stall":
            part = 0 if first else part // 2
        if fault == "short":
            told = part
        self.send_response(206 if first else 200)
        self.send_header("Content-Type", "application/x-xz")
        self.send_header("Content-Length", str(told))
        self.send_header("ETag", etag)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return
        self.close_connection = part != told
        if fault == "gate" and part > 65536:
            self.send_bytes(path, first, part // 2, False)
            self.wait_at_gate(client)
            first, part = first + part // 2, part - part // 2
        self.send_bytes(path, first, part, fault == "slow")
        if fault == "stall":
            time.sleep(30)
        if fault == "drip":
            for _ in range(300):
                self.wfile.write(b"x")
                time.sleep(0.1)

    def wait_at_gate(self, name):
        end = time.monotonic() + 120
        while not (self.server.root / f"{name}.open").exists() and time.monotonic() < end:
            time.sleep(0.02)

    def send_bytes(self, path, first, size, slow):
        self.wfile.flush()
        with path.open("rb") as file:
            at, end = first, first + size
            file.seek(at)
            while at < end:
                piece = file.read(min(end - at, 65536 if slow else 1 << 20))
                self.wfile.write(piece)
                at += len(piece)
                if slow:
                    time.sleep(0.2)

    def index(self, fault):
        if fault == "index-500":
            return self.missing(500)
        if fault == "index-html":
            return self.answer(b"<html>sign in</html>", "text/html")
        body = releases(self.server.root, fault)
        return self.answer(body, "application/json", etag='"' + hashlib.md5(body).hexdigest() + '"')

    def do_GET(self):
        root = self.server.root
        self.first = 0
        # a proxy is asked with the whole URL
        fault, client, name = re.match(r"(?:http://[^/]*)?/(?:\+([\w-]+)(?:@(\w*))?/)?(.*)", self.path).groups()
        path = (root / name).resolve()
        times = re.fullmatch(r"(\d+)x(\d+)", fault or "")
        if times:
            SEEN[self.path] += 1
            if SEEN[self.path] <= int(times.group(2)):
                return self.missing(int(times.group(1)))
        if not path.is_relative_to(root):
            return self.missing(403)
        if name == "releases.json":
            return self.index(fault)
        if path.name == "sha256sums.asc" and path.parent.is_dir():
            if fault == "nosums":
                return self.missing()
            return self.answer(path.read_bytes() if path.is_file() else sums(path.parent, fault), "text/plain")
        if path.is_dir():
            return self.answer(listing(path), "text/html")
        if path.is_file() or fault in ("404", "500"):
            return self.tarball(path, fault, client)
        return self.missing()

    do_HEAD = do_GET

    def do_CONNECT(self):
        """As a proxy does for https: a tunnel, to this machine only."""
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as there:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: there, there: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    ends[end].sendall(piece)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # clients that go away in the middle are what the tests are about


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--life", type=float, default=600)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--log", type=pathlib.Path)
    args = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    server.root = args.root.resolve()
    server.log = args.log.open("w") if args.log else None
    server.lock = threading.Lock()
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*args.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    loopback.serve(server, "https" if args.tls else "http", args.life)


if __name__ == "__main__":
    main()
