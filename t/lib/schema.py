#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hold JSON against share/schema.

schema.py DIR records <FILE       each line against the schema its type names
schema.py DIR document NAME <FILE  one document, or lines of documents, against one
schema.py DIR check                the schemas themselves

The schemas leave room for new keys, as readers have to; what our own programs
print may have no key that no schema knows.
"""
import json
import os
import sys

from jsonschema import Draft202012Validator, RefResolver


def close(schema):
    """No keys beyond those that are named."""
    if isinstance(schema, dict):
        if "properties" in schema and "type" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


def load(directory):
    store = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            store[name] = json.load(f)
    return store


class Judge:
    def __init__(self, store):
        self.store, self.cache, self.failed = store, {}, 0

    def hold(self, value, name, where):
        if name + ".json" not in self.store:
            print(f"{where}: no schema {name}")
            self.failed += 1
            return
        if name not in self.cache:
            schema = self.store[name + ".json"]
            self.cache[name] = Draft202012Validator(schema, resolver=RefResolver("", schema, store=self.store))
        for error in self.cache[name].iter_errors(value):
            print(f"{where}: {name}: at {'/'.join(map(str, error.absolute_path)) or 'top'}: {error.message[:400]}")
            self.failed += 1


def values(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def main():
    directory, what, *names = sys.argv[1:]
    store = load(directory)
    if what == "check":
        for name, schema in store.items():
            Draft202012Validator.check_schema(schema)
            assert schema["$id"] == name and schema["title"], name
        return
    for schema in store.values():
        close(schema)
    judge, count = Judge(store), 0
    for count, value in enumerate(values(sys.stdin.read()), 1):
        judge.hold(value, names[0] if names else value.get("type"), f"value {count}")
    if judge.failed or not count:
        sys.exit(f"schema.py: {judge.failed} faults in {count} values")


main()
