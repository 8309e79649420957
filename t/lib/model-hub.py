#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A model hub on the loopback: redirects to a signed address, ranges, faults on demand.

    model-hub.py ROOT LOG [--life SECONDS]

/ORG/NAME/resolve/main/FILE answers 302 to /cdn/FILE?signature=…, as public hubs do, which serves ROOT/FILE with an
ETag and byte ranges. The first line on stdout is the base URL; every request is a line of LOG: method, path, range. A
base URL with a fault behind it breaks the file:

    /+404 /+403 /+500   that status
    /+norange           ranges are not known
    /+cut               the first answer ends after half the bytes; the next is good
    /+torn              every answer ends after 100 kB
    /+stall             a quarter of the bytes, then nothing
    /+short /+long      a whole answer with fewer or more bytes
    /+changed           another ETag each time
    /+other             other bytes of the same length
    /+loop              redirects to itself
    /+slow              64 KiB at a time with pauses
"""
import argparse
import pathlib
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
import loopback  # noqa: E402, beside this file


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def empty(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        with self.server.lock:
            self.server.count += 1
            count = self.server.count
            with self.server.log.open("a") as log:
                log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")
        fault, name = re.match(r"/(?:\+(\w+)/)?(.*)", self.path).groups()
        if fault in ("404", "403", "500"):
            return self.empty(int(fault))
        if fault == "loop":
            return self.empty(302, Location=self.path)
        if "/resolve/" in name:
            prefix = f"/+{fault}" if fault else ""
            file = name.rsplit("/", 1)[1]
            return self.empty(302, Location=f"{prefix}/cdn/{file}?signature=abc%2Fdef&expires=1")
        path = self.server.root / name.split("?")[0].removeprefix("cdn/")
        if not path.is_file():
            return self.empty(404)
        return self.file(path.read_bytes(), fault, count)

    def file(self, body, fault, count):
        if fault == "other":
            body = bytes(b ^ 1 for b in body)
        if fault in ("short", "long"):
            body = body[:-1] if fault == "short" else body + b"x"
        at = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        etag = f'"v{count}"' if fault == "changed" else '"v1"'
        condition = self.headers.get("If-Range")
        if asked and fault != "norange" and condition in (None, etag):
            at = int(asked.group(1))
        if at > len(body):
            return self.empty(416)
        self.send_response(206 if at else 200)
        self.send_header("ETag", etag)
        if fault != "norange":
            self.send_header("Accept-Ranges", "bytes")
        if at:
            self.send_header("Content-Range", f"bytes {at}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - at))
        self.end_headers()
        end = len(body)
        if fault == "cut" and not at:
            end = len(body) // 2
        if fault == "torn":
            end = min(end, at + 100_000)
        if fault == "stall":
            end = len(body) // 4
        for start in range(at, end, 65536):
            self.wfile.write(body[start : min(start + 65536, end)])
            if fault == "slow":
                time.sleep(0.2)
        if fault == "stall":
            time.sleep(30)
        self.close_connection = end < len(body)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("log", type=pathlib.Path)
    parser.add_argument("--life", type=float, default=600)
    args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.root, server.log = args.root.resolve(), args.log.resolve()
    server.lock, server.count = threading.Lock(), 0
    loopback.serve(server, "http", args.life)


if __name__ == "__main__":
    main()
