"""Reads frames from standard input as a Python program does, and writes each one back reversed: frames.py KIND [FORMAT]."""

import json
import struct
import sys

source, sink = sys.stdin.buffer, sys.stdout.buffer


def lines(ending):
    for line in source:
        assert line.endswith(b"\n"), line
        text = line.rstrip(b"\r\n").decode()
        sink.write(text[::-1].encode() + ending.encode().decode("unicode_escape").encode())


def length_prefixed(layout):
    size = struct.calcsize(layout)
    while header := source.read(size):
        data = source.read(struct.unpack(layout, header)[0])
        sink.write(struct.pack(layout, len(data)) + data[::-1])


def varint_prefixed():
    while byte := source.read(1):
        length, shift = byte[0] & 0x7F, 7
        while byte[0] & 0x80:
            byte = source.read(1)
            length |= (byte[0] & 0x7F) << shift
            shift += 7
        data = source.read(length)
        while length > 0x7F:
            sink.write(bytes([length & 0x7F | 0x80]))
            length >>= 7
        sink.write(bytes([length]) + data[::-1])


def netstrings():
    while digits := source.read(1):
        while not digits.endswith(b":"):
            digits += source.read(1)
        data = source.read(int(digits[:-1]))
        assert source.read(1) == b","
        sink.write(b"%d:%s," % (len(data), data[::-1]))


def delimited():
    for data in source.read().split(b"\0")[:-1]:
        sink.write(data[::-1] + b"\0")


def json_lines():
    for line in source:
        sink.write(json.dumps({"got": json.loads(line)}, ensure_ascii=False).encode() + b"\n")


globals()[sys.argv[1]](*sys.argv[2:])
