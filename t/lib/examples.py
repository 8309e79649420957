#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The commands of a manual page's EXAMPLES, NUL-terminated: lines that begin
with "$ " in a literal block, with the lines that continue an open quote or end
in a backslash.

examples.py PAGE...            all but those of blocks behind a comment "run by FILE: WHY"
examples.py --by FILE PAGE...  those of blocks that FILE is to run"""
import re
import sys


def commands(page, by):
    inside = literal = False
    whose = ""
    held = []
    for line in open(page, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(".Sh "):
            inside = line == ".Sh EXAMPLES"
        elif line.startswith('.\\" run by '):
            whose = line.split()[3].rstrip(":")
        elif line.startswith(".Bd -literal"):
            literal = True
        elif line == ".Ed":
            if held:
                yield "\n".join(held)
            held, literal, whose = [], False, ""
        elif inside and literal and whose == by:
            text = re.sub(r"\\(e|\(rs)", r"\\\\", line).replace("\\&", "").replace("\\-", "-").replace("\\\\", "\\")
            if text.startswith("$ "):
                if held:
                    yield "\n".join(held)
                held = [text[2:]]
            elif held and (held[-1].endswith("\\") or "\n".join(held).count("'") % 2):
                held.append(text)
            elif held:
                yield "\n".join(held)
                held = []


by, pages = (sys.argv[2], sys.argv[3:]) if sys.argv[1] == "--by" else ("", sys.argv[1:])
for page in pages:
    for command in commands(page, by):
        sys.stdout.write(command + "\0")
