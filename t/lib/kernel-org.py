#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A kernel.org on the loopback: real HTTP, real files, faults on demand.

    kernel-org.py ROOT [--life SECONDS]

ROOT/pub/linux/kernel/vN.x/linux-V.tar.xz and ROOT/torvalds/t/linux-V-rcN.tar.gz are served as they are. releases.json,
the directory listings and sha256sums.asc are made from the tarballs there. The first line on stdout is the base URL. A
base URL with a fault behind it breaks the tarball:

    /+404 /+500     that status
    /+html          a page instead
    /+badsum        a sha256sums.asc with other digests
    /+nosums        no sha256sums.asc
    /+noentry       a sha256sums.asc without entries
    /+cut           Content-Length of the whole, half of the bytes
    /+short         half of the bytes, with a length to match
    /+stall         half of the bytes, then nothing
    /+slow          64 KiB at a time with pauses

The server ends with the process that started it, and after --life seconds.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = re.compile(r"linux-(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)\.tar\.[gx]z$")
SUMS = {}


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


def releases(root):
    rows = []
    for path in sorted(root.glob("pub/linux/kernel/v*/linux-*")) + sorted(root.glob("torvalds/t/linux-*")):
        match = VERSION.search(path.name)
        if match:
            version = match.group(1)
            rows.append({"moniker": "mainline" if "-rc" in version else "stable", "version": version, "iseol": False})
    return json.dumps({"latest_stable": {"version": ""}, "releases": rows}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def missing(self, status=404):
        self.answer(b"no\n", "text/plain", status)

    def tarball(self, path, fault):
        if fault in ("404", "500"):
            return self.missing(int(fault))
        if fault == "html":
            return self.answer(b"<html>sign in</html>", "text/html; charset=utf-8")
        size = path.stat().st_size
        part = size // 2 if fault in ("cut", "short", "stall") else size
        self.send_response(200)
        self.send_header("Content-Type", "application/x-xz")
        self.send_header("Content-Length", str(part if fault == "short" else size))
        self.end_headers()
        self.send_bytes(path, part, fault == "slow")
        if fault == "stall":
            time.sleep(30)
        self.close_connection = fault in ("cut", "stall")

    def send_bytes(self, path, size, slow):
        self.wfile.flush()
        with path.open("rb") as file:
            at = 0
            while at < size:
                at += os.sendfile(self.connection.fileno(), file.fileno(), at, min(size - at, 65536 if slow else 1 << 20))
                if slow:
                    time.sleep(0.2)

    def do_GET(self):
        root = self.server.root
        fault, name = re.match(r"/(?:\+(\w+)/)?(.*)", self.path).groups()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            return self.missing(403)
        if name == "releases.json":
            return self.answer(releases(root), "application/json")
        if path.name == "sha256sums.asc" and path.parent.is_dir():
            return self.missing() if fault == "nosums" else self.answer(sums(path.parent, fault), "text/plain")
        if path.is_dir():
            return self.answer(listing(path), "text/html")
        if path.is_file() or fault in ("404", "500"):
            return self.tarball(path, fault)
        return self.missing()


def die_with_parent(parent, life):
    end = time.monotonic() + life
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.2)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--life", type=float, default=600)
    args = parser.parse_args()
    parent = os.getppid()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.root = args.root.resolve()
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=die_with_parent, args=(parent, args.life), daemon=True).start()
    try:
        server.serve_forever()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)


if __name__ == "__main__":
    main()
