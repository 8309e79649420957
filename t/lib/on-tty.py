#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run a command on a terminal of its own and type into it.

    on-tty.py [--type TEXT KEYS | --do TEXT SHELL-LINE]... [--patience SECONDS] -- COMMAND [ARGS...]

When TEXT has been shown, KEYS are typed (escapes such as \\x03 are understood) or the line is run. Prints what was shown and ends with the
command's exit code, 128 + N for a signal. It is 99 when the text never came or the command did not end in time, 98 when
the terminal does not echo afterwards or a process of the session is still there.
"""
import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
from session import session  # noqa: E402, beside this file


def parse(argv):
    steps, patience = [], 60.0
    while argv and argv[0] != "--":
        if argv[0] == "--type":
            steps.append((argv[1].encode(), argv[2].encode().decode("unicode_escape").encode("latin-1")))
            argv = argv[3:]
        elif argv[0] == "--do":
            steps.append((argv[1].encode(), argv[2]))
            argv = argv[3:]
        elif argv[0] == "--patience":
            patience = float(argv[1])
            argv = argv[2:]
        else:
            sys.exit(__doc__)
    return steps, patience, argv[1:]


def main():
    steps, patience, command = parse(sys.argv[1:])
    tty, side = os.openpty()  # we keep the other side too, to read its settings at the end
    pid = os.fork()
    if pid == 0:
        os.close(tty)
        os.setsid()
        fcntl.ioctl(side, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(side, fd)
        os.close(side)
        os.execvp(command[0], command)
    before = termios.tcgetattr(side)
    end, shown, at, status = time.monotonic() + patience, b"", 0, None
    while time.monotonic() < end:
        if select.select([tty], [], [], 0.02)[0]:
            shown += os.read(tty, 65536)
        elif status is not None:
            break
        if steps and (where := shown.find(steps[0][0], at)) >= 0:
            at = where + len(steps[0][0])
            act = steps.pop(0)[1]
            if isinstance(act, str):
                subprocess.run(["bash", "-ec", act], check=True, stdin=subprocess.DEVNULL)
            else:
                os.write(tty, act)
        if status is None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
    sys.stdout.flush()
    left = [p for p in session(pid) if p != pid]
    for p in session(pid):
        os.kill(p, signal.SIGKILL)
    if status is None or steps:
        print(f"on-tty: {'did not end' if status is None else 'never shown: ' + repr(steps[0][0])}", file=sys.stderr)
        sys.exit(99)
    if left:
        print(f"on-tty: still running: {left}", file=sys.stderr)
        sys.exit(98)
    if termios.tcgetattr(side) != before or not termios.tcgetattr(side)[3] & termios.ECHO:
        print("on-tty: the terminal is not as it was", file=sys.stderr)
        sys.exit(98)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


main()
