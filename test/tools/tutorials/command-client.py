"""Has a command run: command-client.py COMMAND PATH"""

import socket
import struct
import sys


def recv_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            sys.exit("the server did not answer to the end")
        data += part
    return data


command, path = sys.argv[1:]
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(path)
client.sendall(command.encode() + b"\n")
while True:
    kind, length = struct.unpack("!BI", recv_exactly(client, 5))
    data = recv_exactly(client, length)
    if kind == 0:
        sys.exit(int(data))
    output = sys.stderr if kind == 2 else sys.stdout
    output.buffer.write(data)
    output.buffer.flush()
