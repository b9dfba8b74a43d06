"""A client on a Unix socket: unix-client.py stream|datagram|seqpacket PATH"""

import socket
import sys

TYPES = {
    "stream": socket.SOCK_STREAM,
    "datagram": socket.SOCK_DGRAM,
    "seqpacket": socket.SOCK_SEQPACKET,
}
kind, path = sys.argv[1:]
client = socket.socket(socket.AF_UNIX, TYPES[kind])
if kind == "datagram":
    client.bind("")
client.connect(path)
for message in ["Rose", "Think", "Babala"]:
    client.send(message.encode())
    print("Received", client.recv(1024).decode())
client.close()
