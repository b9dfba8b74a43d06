"""Makes the socket that one JSON argument describes: {"type": 1, "address": {"family": 2, ...}}.

Family and type are the numbers of C; the address has host and port, a path, or an abstract name.
"""

import json
import socket


def make(argument):
    """Returns the socket, and the address in Python's form."""
    spec = json.loads(argument)
    fields = spec["address"]
    return socket.socket(fields["family"], spec["type"]), native(fields)


def connect(argument):
    sock, address = make(argument)
    if is_datagram(sock) and sock.family == socket.AF_UNIX:
        # unix(7): only a socket with an address receives answers; with "" the kernel chooses an abstract name.
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
    """Returns the socket's own address, for a peer that connects to it."""
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
