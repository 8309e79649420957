#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is on a picture: png.py FILE prints width, height, the colour of the
first pixel, how many colours there are, and how many pixels differ from the first."""
import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
at, packed = 8, b""
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + size]
    if kind == b"IHDR":
        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        assert depth == 8 and colour in (2, 6)
        step = 3 if colour == 2 else 4
    elif kind == b"IDAT":
        packed += body
    at += size + 12
raw, stride = zlib.decompress(packed), width * step
last, pixels = bytearray(stride), {}
for y in range(height):
    how = raw[y * (stride + 1)]
    line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
    if how:
        for x in range(stride):
            a = line[x - step] if x >= step else 0
            b = last[x]
            c = last[x - step] if x >= step else 0
            if how == 1:
                add = a
            elif how == 2:
                add = b
            elif how == 3:
                add = (a + b) // 2
            else:
                p = a + b - c
                pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
                add = a if pa <= pb and pa <= pc else b if pb <= pc else c
            line[x] = (line[x] + add) & 255
    for x in range(0, stride, step):
        pixel = bytes(line[x:x + 3])
        pixels[pixel] = pixels.get(pixel, 0) + 1
    if y == 0:
        first = bytes(line[:3])
    last = line
print(width, height, first.hex(), len(pixels), width * height - pixels[first])
