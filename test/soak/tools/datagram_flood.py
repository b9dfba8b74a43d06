"""Sends datagrams from several sockets as fast as it can, until it is killed. Usage: datagram_flood.py PEERS PORT"""
import socket
import sys

peers, port = int(sys.argv[1]), int(sys.argv[2])
sockets = []
for _ in range(peers):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", port))
    sockets.append(client)
print("floods", flush=True)
while True:
    for client in sockets:
        try:
            client.send(b"f" * 64)
        except OSError:
            pass
