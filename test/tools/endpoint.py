"""The socket that a program is told to make, in one argument of JSON: {"type": 1, "address": {"family": 2, ...}}.

Family and type are the numbers of C; the address has host and port, a path, or an abstract name.
"""

import json
import socket


def make(argument):
    """The socket, and the address in Python's form."""
    spec = json.loads(argument)
    fields = spec["address"]
    return socket.socket(fields["family"], spec["type"]), native(fields)


def connect(argument):
    sock, address = make(argument)
    if is_datagram(sock) and sock.family == socket.AF_UNIX:
        # unix(7): only a socket with an address can be answered; "" has the kernel choose an abstract name.
        sock.bind(address + ".client" if isinstance(address, str) else "")
    sock.connect(address)
    return sock


def native(fields):
    if "abstract" in fields:
        return b"\0" + fields["abstract"].encode()
    if "path" in fields:
        return fields["path"]
    return fields["host"], fields["port"]


def portable(sock):
    """The socket's own address, for whoever is to connect to it."""
    name = sock.getsockname()
    fields = {"family": int(sock.family)}
    if isinstance(name, bytes):
        fields["abstract"] = name[1:].decode()
    elif isinstance(name, str):
        fields["path"] = name
    else:
        fields["host"], fields["port"] = name[:2]
    return json.dumps(fields)


def is_datagram(sock):
    return sock.type == socket.SOCK_DGRAM


def is_stream(sock):
    return sock.type == socket.SOCK_STREAM
