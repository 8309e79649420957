# SPDX-License-Identifier: GPL-2.0-only
"""What the tests' servers on the loopback share: an address on stdout, and an end."""
import os
import sys
import threading
import time


def die_with(parent, life):
    end = time.monotonic() + life
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.2)
    os._exit(0)


def serve(server, scheme, life):
    """Say where the server is, then serve until the process that started us ends, or for life seconds."""
    parent = os.getppid()
    server.daemon_threads = True
    print(f"{scheme}://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=die_with, args=(parent, life), daemon=True).start()
    try:
        server.serve_forever()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
