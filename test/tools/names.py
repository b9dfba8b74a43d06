"""Calls functions of Python's socket module: reads a JSON list of [name, arguments, keywords] from standard input, and
writes a list of the results to standard output. Bytes are {"hex": "..."} both ways; an error is {"error": class, "errno": number}."""

import json
import socket
import sys


def coming(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return tuple(value) if isinstance(value, list) else value


def going(value):
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, (list, tuple)):
        return [going(each) for each in value]
    return value


def outcome(name, arguments, keywords):
    try:
        return {"value": going(getattr(socket, name)(*map(coming, arguments), **keywords))}
    except Exception as error:
        return {"error": type(error).__name__, "errno": getattr(error, "errno", None)}


print(json.dumps([outcome(*call) for call in json.load(sys.stdin)]))
