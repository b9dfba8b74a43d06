"""The address that a program is given as HOST:PORT, and the one that it really has."""

import sys


def argument(port):
    if len(sys.argv) == 1:
        return "127.0.0.1", port
    host, port = sys.argv[1].split(":")
    return host, int(port)


def announce(protocol, sock):
    print("listening on %s://%s:%s" % (protocol, *sock.getsockname()), file=sys.stderr)
