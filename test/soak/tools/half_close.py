"""Clients that end their half of the connection, and expect the whole reply. Usage: half_close.py CLIENTS REPLY_BYTES PORT

A quarter of the clients each: ends before the reply, during it, after it, or lets the server end first and continues to send.
Prints how many received the whole reply.
"""
import socket
import sys

clients, reply_bytes, port = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def received(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


REPLY = b"r" * reply_bytes
satisfied = 0
for number in range(clients):
    with socket.create_connection(("127.0.0.1", port)) as client:
        how = ("before", "during", "after", "first")[number % 4]
        client.sendall(how.encode() + b"\n")
        if how == "before":
            client.shutdown(socket.SHUT_WR)
            reply = received(client, reply_bytes + 1)
        elif how == "during":
            reply = received(client, reply_bytes // 2)
            client.shutdown(socket.SHUT_WR)
            reply += received(client, reply_bytes + 1 - len(reply))
        elif how == "after":
            reply = received(client, reply_bytes)
            client.shutdown(socket.SHUT_WR)
            reply += received(client, 1)
        else:
            reply = received(client, reply_bytes + 1)
            client.sendall(REPLY)
            client.shutdown(socket.SHUT_WR)
        satisfied += reply == REPLY
print(satisfied)
