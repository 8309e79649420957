#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Press Tab in a real shell on a terminal of its own.

tab.py run  SHELL LINE...       type each LINE, Tab, " END", Enter: what runs tells what became of it;
                                with TAB_SHOWS=TEXT an Enter of its own takes what is offered
                                once TEXT is on the screen
tab.py list SHELL LINE WORD...  type LINE, Tab, Tab: wait until every WORD is on the screen

The shell's start-up files are those of $HOME; they set the prompt to "READY> ".
"""
import os
import re
import sys
import time

import pexpect

START = {
    "bash": ["--rcfile", os.path.expanduser("~/.bashrc"), "-i"],
    "zsh": ["-i"],
    "fish": ["-i"],
    "elvish": [],
}
ESCAPE = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[=>()][A-Z0-9]?|[\r\x07\x08]")


def screen(text):
    return ESCAPE.sub("", text)


def main():
    os.environ["TERM"] = "xterm"  # what the tests were started from may be dumb
    mode, shell, *lines = sys.argv[1:]
    child = pexpect.spawn(shell, START[shell], dimensions=(50, 160), timeout=30, encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = 0
    child.expect("READY> ")
    time.sleep(0.1)
    if mode == "run":
        for line in lines:
            child.send(line + "\t")
            if "TAB_SHOWS" in os.environ:
                child.expect(os.environ["TAB_SHOWS"])
                child.send("\r")
            child.send(" END\r")
            child.expect("RAN:([^\r\n]*)")
            print(child.match.group(1).strip())
            child.expect("READY> ")
    else:
        line, *words = lines
        child.send(line + "\t")
        time.sleep(0.3)
        child.send("\t")
        seen, end = "", time.monotonic() + float(os.environ.get("TAB_WAIT", "20"))
        while not all(w in screen(seen) for w in words):
            if time.monotonic() > end:
                sys.exit(f"tab.py: not on the screen of {shell}: {[w for w in words if w not in screen(seen)]}\n{screen(seen)}")
            try:
                seen += child.read_nonblocking(65536, 0.2)
            except pexpect.TIMEOUT:
                pass
    child.close(force=True)


main()
