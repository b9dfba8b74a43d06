"""Connects as fast as it can, AT_ONCE at a time, sends nothing and resets. Usage: connect_flood.py CONNECTIONS AT_ONCE PORT

Prints how many connections were established, and how many were refused.
"""
import socket
import struct
import sys

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
IP_BIND_ADDRESS_NO_PORT = 24
ADDRESSES = [f"127.{a}.{b}.4" for a in range(1, 9) for b in range(1, 9)]

connections, at_once, port = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
stood, refused, made = 0, 0, 0
while made < connections:
    batch = []
    for _ in range(min(at_once, connections - made)):
        client = socket.socket()
        client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        client.bind((ADDRESSES[made % len(ADDRESSES)], 0))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        made += 1
        try:
            client.connect(("127.0.0.1", port))
            stood += 1
        except OSError:
            refused += 1
        batch.append(client)
    for client in batch:
        client.close()
print(stood, refused)
