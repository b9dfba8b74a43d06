"""Prints the version of the running Python, and the public names of its socket and socketserver, one a line:
socket.AF_INET 2, socket.socket.recv, socket.socket.makefile().readline, socketserver.BaseServer.timeout."""

import inspect
import socket
import socketserver
import sys


def public(names):
    return {name for name in names if not name.startswith("_")}


def integer(name):
    value = getattr(socket, name)
    return " %d" % value if isinstance(value, int) and not isinstance(value, bool) else ""


def names_of_files():
    """The classes that makefile gives differ by mode; to a user they are one file."""
    left, right = socket.socketpair()
    with left, right:
        modes = [("r", None), ("w", None), ("rw", None), ("rb", None), ("wb", None), ("rwb", None), ("rwb", 0)]
        files = [left.makefile(mode, buffering) for mode, buffering in modes]
        names = {name for file in files for name in dir(file)}
        for file in files:
            file.close()
    return names


def tcp_server():
    server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
    server.server_close()
    return server


def stream_handler():
    left, right = socket.socketpair()
    with left, right:
        return socketserver.StreamRequestHandler(left, None, None)


def datagram_handler():
    with socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        return socketserver.DatagramRequestHandler((b"", receiver), receiver.getsockname(), None)


def members_of_classes():
    """What each class has that its bases do not have, also what only its objects have."""
    objects = {
        "BaseServer": socketserver.BaseServer(None, None),
        "TCPServer": tcp_server(),
        "BaseRequestHandler": socketserver.BaseRequestHandler(None, None, None),
        "StreamRequestHandler": stream_handler(),
        "DatagramRequestHandler": datagram_handler(),
    }
    for name in socketserver.__all__:
        found = getattr(socketserver, name)
        bases = {base.__name__ for base in inspect.getmro(found)[1:]}
        inherited = {each for base in bases if base in objects for each in vars(objects[base])}
        of_object = set(vars(objects[name])) - inherited if name in objects else set()
        for member in public(set(vars(found)) | of_object):
            yield "%s.%s" % (name, member)


names = {
    *("socket." + name + integer(name) for name in public(dir(socket))),
    *("socket.socket." + name for name in public(dir(socket.socket))),
    *("socket.socket.makefile()." + name for name in public(names_of_files())),
    *("socketserver." + name for name in public(dir(socketserver))),
    *("socketserver." + name for name in members_of_classes()),
}
print("%d.%d" % sys.version_info[:2])
print("\n".join(sorted(names)))
