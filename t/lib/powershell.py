#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Parse a PowerShell script by its grammar and print the keys of its $table, one a line.

powershell.py FILE

share/setup/install puts the grammar into build/python.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../build/python"))
import tree_sitter  # noqa: E402
import tree_sitter_powershell  # noqa: E402


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def main():
    with open(sys.argv[1], "rb") as f:
        text = f.read()
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(text)
    wrong = [n for n in nodes(tree.root_node) if n.is_error or n.is_missing]
    for n in wrong:
        print(f"line {n.start_point.row + 1}: {text[n.start_byte:n.end_byte][:60]!r}", file=sys.stderr)
    if wrong:
        sys.exit("powershell.py: this is no PowerShell")
    table = next(n for n in nodes(tree.root_node) if n.type == "hash_literal_expression")
    for entry in table.named_child(0).named_children:
        print(entry.named_child(0).text.decode().strip("'"))


main()
