"""Sends a line to a server: ask_lines.py ENDPOINT LINE COUNT

COUNT clients, one after the other, send the line and print the answer up to its line end, as CPython's
test_socketserver does with each of its servers.
"""

import os
import sys

import endpoint


def main():
    line = sys.argv[2].encode() + b"\n"
    for _ in range(int(sys.argv[3])):
        with endpoint.connect(sys.argv[1]) as client:
            client.sendall(line)
            answer = b""
            while not answer.endswith(b"\n") and (part := client.recv(100)):
                answer += part
            print(answer.decode().rstrip("\n"), flush=True)
            name = client.getsockname()
        if isinstance(name, str) and name:
            os.unlink(name)  # a Unix datagram client has a path of its own


main()
