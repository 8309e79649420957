#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The commands of a manual page's EXAMPLES, NUL-terminated: lines that begin
with "$ " in a literal block, with the lines that continue an open quote or end
in a backslash. A block behind a comment "not run: WHY" is left out."""
import re
import sys


def commands(page):
    inside = literal = skip = False
    held = []
    for line in open(page, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(".Sh "):
            inside = line == ".Sh EXAMPLES"
        elif line.startswith('.\\" not run: '):
            skip = True
        elif line.startswith(".Bd -literal"):
            literal = True
        elif line == ".Ed":
            if held:
                yield "\n".join(held)
            held, literal, skip = [], False, False
        elif inside and literal and not skip:
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


for page in sys.argv[1:]:
    for command in commands(page):
        sys.stdout.write(command + "\0")
