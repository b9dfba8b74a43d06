"""A server on a Unix socket: unix-server.py stream|datagram|seqpacket PATH"""

import os
import socket
import sys

TYPES = {
    "stream": socket.SOCK_STREAM,
    "datagram": socket.SOCK_DGRAM,
    "seqpacket": socket.SOCK_SEQPACKET,
}


def answer_to(data):
    print("Received", data.decode())
    return b"Hello, " + data + b"!"


kind, path = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, TYPES[kind])
server.bind(path)
try:
    if kind != "datagram":
        server.listen(5)
    print(f"Waiting on {path} for {kind} clients...")
    while kind == "datagram":
        data, sender = server.recvfrom(1024)
        server.sendto(answer_to(data), sender)
    while True:
        peer, _ = server.accept()
        print("Connection opened")
        while data := peer.recv(1024):
            peer.send(answer_to(data))
        peer.close()
        print("Connection closed")
finally:
    os.unlink(path)
