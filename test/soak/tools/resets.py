"""Clients that reset their connections. Usage: resets.py recv | sendall | accept CLIENTS PORT

  recv     each reads one byte first, so the server is in recv
  sendall  each reads only one byte from the server, so the server is in sendall
  accept   each resets as soon as it is connected
"""
import socket
import struct
import sys

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
AT_ONCE = 100

phase, clients, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for begin in range(0, clients, AT_ONCE):
    batch = [socket.create_connection(("127.0.0.1", port)) for _ in range(min(AT_ONCE, clients - begin))]
    for client in batch:
        if phase != "accept" and client.recv(1) == b"":
            sys.exit("the server has closed")
    for client in batch:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        client.close()
