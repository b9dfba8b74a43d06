"""Clients of a server that sends more than they read.

Usage: pour.py reset CLIENTS PORT HELLO | slow CLIENTS PORT HELLO

  reset  each reads one byte of the answer, and resets the connection
  slow   each reads one byte a second; prints a line when all are connected, and, after a line on standard input, how many the server closed
"""
import json
import selectors
import socket
import struct
import sys
import time

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
IP_BIND_ADDRESS_NO_PORT = 24
ADDRESSES = [f"127.{a}.{b}.2" for a in range(1, 5) for b in range(1, 5)]
RECEIVE_BUFFER_BYTES = 4096
AT_ONCE = 50

how, clients, port, hello = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
made = 0


def connected():
    global made
    client = socket.socket()
    # Small, and set before the connect: otherwise the kernel buffers megabytes for the reader.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((ADDRESSES[made % len(ADDRESSES)], 0))
    client.connect(("127.0.0.1", port))
    client.sendall(hello)
    made += 1
    return client


def reset():
    while made < clients:
        batch = [connected() for _ in range(min(AT_ONCE, clients - made))]
        for client in batch:
            if client.recv(1) == b"":
                sys.exit("the server has closed")
        for client in batch:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            client.close()


def slow():
    everyone = [connected() for _ in range(clients)]
    print("slow", flush=True)
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    closed, taken = 0, 0
    while not selector.select(1):
        for client in list(everyone):
            try:
                piece = client.recv(1, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except ConnectionError:
                piece = b""
            taken += len(piece)
            if piece == b"":
                closed += 1
                everyone.remove(client)
                client.close()
    # A client whose connection was closed with unread bytes learns it at its next send, or from poll(2).
    for client in everyone:
        closed += client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    print(json.dumps({"closed": closed, "taken": taken}))


if how == "reset":
    reset()
else:
    slow()
