#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Judge lib/json by Python's json (and jq where it is strict enough).

json-judge.py TOOL cases     documents that must be read, and ones that must not
json-judge.py TOOL random N  N random documents through reader and writer
json-judge.py TOOL doubles N N random bit patterns through the number writer
json-judge.py TOOL decimals N N decimal texts through the number reader
json-judge.py TOOL damage N  N documents with one byte changed: same verdict
"""
import json
import math
import random
import struct
import subprocess
import sys

DEPTH = 256

YES = [
    b"{}", b"[]", b'""', b"0", b"-0", b"null", b"true", b"false", b" \t\r\n[ ]\n",
    b"[0,-1,1.5,-0.0,1e5,1E5,1e+5,1e-5,0e0,0.0e-0,123456789012345678901234567890]",
    b"9007199254740993", b"18446744073709551615", b"-9223372036854775808",
    b"1.7976931348623157e308", b"5e-324", b"1e-400", b"0.1", b"100e-2", b"-1.0E+2",
    b'"\\"\\\\\\/\\b\\f\\n\\r\\t"', b'"\\u0041\\u00e9\\u20ac"', b'"\\uD83D\\uDE00"',
    b'"\\ud83d\\ude00"', b'"\\uFFFF\\uffff"', b'"\\u0000"', b'"\x7f"', b'"\xc2\x80"',
    b'"\xe2\x82\xac"', b'"\xf0\x9f\x98\x80"', b'"\xf4\x8f\xbf\xbf"', b'"\xed\x9f\xbf"',
    b'"\xee\x80\x80"', b'"\xef\xbf\xbf"', b'"\xe0\xa0\x80"', b'"\xf0\x90\x80\x80"',
    b'"\xe2\x80\xa8"', b'{"":0}', b'{"a":1,"a":2}', b'{"a":{"b":[{"c":null}]}}',
    b'{"\\u0061":1}', b"[[],[[]],{}]", b'"/"', b'"' + b"x" * 70000 + b'"',
    b"[" + b"1," * 20000 + b"1]", b"0." + b"0" * 500 + b"1", b"1" + b"0" * 300,
    b"[" * DEPTH + b"]" * DEPTH, b'{"a":' * (DEPTH - 1) + b"[]" + b"}" * (DEPTH - 1),
]
NO = [
    b"", b" ", b"\n", b"[", b"]", b"{", b"}", b"[1", b"[1,", b"[1,]", b"[,1]", b"[1 2]", b"[1,,2]",
    b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b"{a:1}", b"{'a':1}", b'{"a" 1}',
    b'{"a":1 "b":2}', b'{"a"::1}', b"{1:1}", b"{null:1}", b'{"a":1]', b"[1}", b"{,}", b"[:]",
    b'{"a","b"}', b'["a":1]', b"{}}", b"[]]", b"[][]", b"{}{}", b"1 2", b"1,", b"nul", b"nulll",
    b"NULL", b"True", b"tru", b"truefalse", b"fals", b"NaN", b"Infinity", b"-Infinity", b"nan",
    b"undefined", b"01", b"-01", b"00", b"1.", b".5", b"-.5", b"-", b"+1", b"--1", b"1e", b"1e+",
    b"1E-", b"1.e5", b"1.5.5", b"0x10", b"1_000", b"1e5.5", b"-a", b"0b1", b"1a", b"[1e]", b"1 .5",
    b"\xef\xbc\x91", b'"', b'"abc', b'"\\"', b'"\\', b'"\\x41"', b'"\\a"', b'"\\\'"', b'"\\u"',
    b'"\\u12"', b'"\\u12G4"', b'"\\u 123"', b'"\\u+123"', b'"\\U0041"', b'"\\\n"', b'"\\0"',
    b'"\n"', b'"\t"', b'"\x00"', b'"\x1f"', b"'a'", b'"a" "b"', b'"\\ud800"', b'"\\udc00"',
    b'"\\ud800\\u0041"', b'"\\ud800\\ud800"', b'"\\ud800x"', b'"\\udc00\\ud800"', b'"\\uD83D\\"',
    b'"\\ud83d\\n"', b'"\\ud83d\\u"', b'"\x80"', b'"\xbf"', b'"\xc0\x80"', b'"\xc1\xbf"', b'"\xc2"',
    b'"\xc2A"', b'"\xe0\x80\x80"', b'"\xe0\x9f\xbf"', b'"\xe2\x82"', b'"\xed\xa0\x80"',
    b'"\xed\xbf\xbf"', b'"\xf0\x80\x80\x80"', b'"\xf0\x8f\xbf\xbf"', b'"\xf4\x90\x80\x80"',
    b'"\xf5\x80\x80\x80"', b'"\xf8\x88\x80\x80\x80"', b'"\xff"', b'"\xfe\xff"', b'"\xf0\x9f\x98"',
    b"\xef\xbb\xbf{}", b"\xef\xbb\xbf", b"\xff\xfe{\x00}\x00", b"{}\x00", b"\x00", b"[1\x00]",
    b"[\x0c]", b"[\x0b]", b"\xc2\xa0[]", b"\xe2\x81\xa0[]", b"// x\n1", b"/**/1", b"1//", b"# x",
    b'{"a":1}//', b"[1/**/]", b"*", b"$", b"(1)", b"<a>", b"@", b"\\u0022a\\u0022", b'\\"a"',
    b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), b"[" * 10000 + b"]" * 10000, b"[" * 1000000,
    b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1), b'[{"a":' * 5000,
]


def run(tool, *args, data=b""):
    return subprocess.run([tool, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def fail(text):
    sys.exit("json-judge: " + text)


def refuse(name):
    raise ValueError(name)


def halves(value):
    """Whether a string holds half of a surrogate pair, which Python lets pass."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def python_reads(data):
    """Python's verdict, made strict: UTF-8, no NaN, whole pairs, our depth."""
    if depth(data) > DEPTH:
        return False
    try:
        return not halves(json.loads(data.decode(), parse_constant=refuse))
    except (ValueError, RecursionError):
        return False


def depth(data):
    deep = most = 0
    inside = False
    skip = False
    for c in data:
        if skip:
            skip = False
        elif inside and c == 0x5C:
            skip = True
        elif c == 0x22:
            inside = not inside
        elif not inside and c in b"[{":
            deep += 1
            most = max(most, deep)
        elif not inside and c in b"]}":
            deep -= 1
    return most


def same(a, b):
    """Equal values of equal types; doubles bit for bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def cases(tool):
    for want, docs in ((True, YES), (False, NO)):
        for doc in docs:
            shown = repr(doc[:60])
            got = run(tool, "check", data=doc)
            if got.returncode not in (0, 1):
                fail(f"{shown}: exit {got.returncode}: {got.stderr.decode()}")
            if (got.returncode == 0) != want:
                fail(f"{shown}: should {'' if want else 'not '}be read: {got.stderr.decode()}")
            if not want and b" at line " not in got.stderr:
                fail(f"{shown}: no position in {got.stderr!r}")
            if python_reads(doc) != want:
                fail(f"{shown}: the list and Python do not agree")
    print(f"{len(YES)} read, {len(NO)} refused")


def text(rng):
    pool = 'ab"\\/\b\f\n\r\t\x00\x01\x1f\x7fé€\u2028\ud7ff\ue000\uffff😀\U0010ffff '
    return "".join(rng.choice(pool) for _ in range(rng.randrange(12)))


def number(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randrange(-(2**63), 2**64)
    if kind == 1:
        return rng.choice([0, 1, -1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), -0.0, 0.0, 5e-324, 1e16, 1e15])
    if kind == 2:
        return rng.randrange(-1000, 1000) / rng.choice([1, 2, 3, 10, 1000])
    value = struct.unpack("d", struct.pack("Q", rng.getrandbits(64)))[0]
    return value if math.isfinite(value) else rng.random()


def value(rng, level=0):
    kind = rng.randrange(4 if level > 5 else 7)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return text(rng)
    if kind < 4:
        return number(rng)
    if kind < 5:
        return [value(rng, level + 1) for _ in range(rng.randrange(5))]
    return {text(rng).replace("\x00", "") + str(i): value(rng, level + 1) for i in range(rng.randrange(5))}


def random_documents(tool, count):
    rng = random.Random(20)
    docs = [value(rng) for _ in range(count)]
    lines = [json.dumps(d, ensure_ascii=rng.random() < 0.5).encode() for d in docs]
    got = run(tool, "echo-lines", data=b"".join(line + b"\n" for line in lines))
    if got.returncode != 0:
        fail(got.stderr.decode())
    out = got.stdout.split(b"\n")[:-1]
    if len(out) != count:
        fail(f"{len(out)} documents came back from {count}")
    for doc, line, back in zip(docs, lines, out):
        if not same(json.loads(back), doc):
            fail(f"{line!r} came back as {back!r}")
    # jq knows numbers as doubles only, so it judges the text and the structure
    judged = [d for d in out if b"\\u0000" not in d]
    jq = subprocess.run(["jq", "-c", "type"], input=b"\n".join(judged), stdout=subprocess.PIPE, check=True)
    if len(jq.stdout.split(b"\n")) - 1 != len(judged):
        fail("jq reads another number of documents")
    print(f"{count} documents")


def notation(value):
    """Python's shortest digits in serde_json's notation."""
    sign, digits, exponent = repr_digits(value)
    if not -5 <= exponent < 16:
        return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    return f"{sign}{digits[:exponent + 1]}.{digits[exponent + 1:] or '0'}"


def repr_digits(value):
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    place = len(whole) - 1 + int(exponent or 0)
    digits = whole + fraction
    lead = len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    sign = "-" if math.copysign(1, value) < 0 else ""
    return (sign, digits, place - lead) if digits else (sign, "0", 0)


def doubles(tool, count):
    rng = random.Random(21)
    bits = [rng.getrandbits(64) for _ in range(count)]
    bits += [e << 52 for e in range(2047)] + [(e << 52) + 1 for e in range(2047)] + [1 << i for i in range(52)]
    bits += [struct.unpack("Q", struct.pack("d", float(f"{m}e{e}")))[0] for e in range(-30, 30) for m in (1, -1, 12, 999)]
    bits += [struct.unpack("Q", struct.pack("d", x / 1000))[0] for x in range(2000)] + [1 << 63]
    got = run(tool, "doubles", data="".join(f"{b:016x}\n" for b in bits).encode())
    lines = got.stdout.decode().split("\n")[:-1]
    if len(lines) != len(bits):
        fail(f"{len(lines)} numbers came back from {len(bits)}: {got.stderr.decode()}")
    for b, line in zip(bits, lines):
        v = struct.unpack("d", struct.pack("Q", b))[0]
        want = notation(v) if math.isfinite(v) else "0.0"
        if line != want:
            fail(f"bits {b:016x}: {line}, expected {want}")
    print(f"{len(bits)} doubles")


def decimals(tool, count):
    """Decimal texts, read: short ones, long ones, at the edges of what is read the fast way."""
    rng = random.Random(23)
    texts = ["0", "-0", "0.0", "-0.0", "0.1", "9007199254740992", "9007199254740993", "9007199254740991.5", "123456789012345.6",
             "0.00000000000001", "0.000000000000001", "99999999999999.99", "1e22", "1e23", "4.35", "0.3", "2.675"]
    for _ in range(count):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, 20)))
        point = rng.randrange(1, len(digits) + 1)
        text = (digits[:point].lstrip("0") or "0") + ("." + digits[point:] if digits[point:] else "")
        texts.append(rng.choice(["", "", "-"]) + text + rng.choice(["", "", "", "e3", "E-7"]))
    got = run(tool, "typed", data=("{" + ",".join(f'"f64":{t}' for t in texts) + "}").encode())
    lines = got.stdout.decode().split("\n")[:-1]
    if len(lines) != len(texts):
        fail(f"{len(lines)} numbers came back from {len(texts)}: {got.stderr.decode()}")
    for text, line in zip(texts, lines):
        want, have = float(text), float.fromhex(line.split()[1])
        if want != have or math.copysign(1, want) != math.copysign(1, have):
            fail(f"{text} was read as {line}")
    print(f"{len(texts)} decimals")


def damage(tool, count):
    rng = random.Random(22)
    docs = []
    while len(docs) < count:
        doc = bytearray(json.dumps(value(rng), ensure_ascii=rng.random() < 0.5).encode())
        where = rng.randrange(len(doc))
        how = rng.randrange(3)
        if how == 0:
            doc[where] = rng.choice(b'[]{}",:\\u0-+.eE1 \x80\xff\x01')
        elif how == 1:
            del doc[where]
        else:
            doc = doc[:where]
        if b"\n" not in doc and doc.strip(b" "):
            docs.append(bytes(doc))
    got = run(tool, "echo-lines", data=b"".join(d + b"\n" for d in docs))
    lines = got.stdout.split(b"\n")[:-1]
    if len(lines) != len(docs):
        fail(f"{len(lines)} verdicts on {len(docs)} documents: {got.stderr.decode()[-200:]}")
    refused = 0
    for doc, line in zip(docs, lines):
        want = python_reads(doc)
        if want and b"inf" in json.dumps(json.loads(doc)).lower().encode().replace(b'"inf', b""):
            continue  # a number that no double holds
        if (line != b"error") != want:
            fail(f"{doc!r}: should {'' if want else 'not '}be read")
        refused += not want
    print(f"{count} documents, {refused} of them broken")


if __name__ == "__main__":
    sys.setrecursionlimit(20000)
    jobs = {"cases": cases, "random": random_documents, "doubles": doubles, "decimals": decimals, "damage": damage}
    jobs[sys.argv[2]](sys.argv[1], *map(int, sys.argv[3:]))
