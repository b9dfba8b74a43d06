"""Sends messages of 64 bytes on several connections, and prints `intact` when every echo was correct.

Usage: echoes.py pipelined | alternating COUNT PORT

  pipelined    a thousand messages in transit at once
  alternating  one message in transit on each connection
"""
import socket
import struct
import sys

MESSAGE = struct.Struct("Q56x")
CONNECTIONS = 8
PIPELINED = 1000

how, count, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
for client in clients:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
batch = PIPELINED // CONNECTIONS if how == "pipelined" else 1
number = 0
intact = True


def received(client, size):
    data = bytearray()
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            sys.exit("the server has closed")
        data += piece
    return data


while number < count:
    on_the_way = []
    for client in clients:
        size = min(batch, count - number)
        sent = b"".join(MESSAGE.pack(number + index) for index in range(size))
        number += size
        client.sendall(sent)
        on_the_way.append((client, sent))
    for client, sent in on_the_way:
        intact = received(client, len(sent)) == sent and intact
for client in clients:
    client.close()
print("intact" if intact else "damaged")
