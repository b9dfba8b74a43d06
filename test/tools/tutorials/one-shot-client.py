"""Sends one message and prints what comes back: one-shot-client.py [HOST:PORT]"""

import socket

import address

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(address.argument(8000))
client.send(b"Hello Server")
print(client.recv(1024).decode())
client.close()
