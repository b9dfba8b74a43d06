"""Keeps a loopback server busy until it is gone. Usage: flood.py stream | datagrams | handlers PORT"""
import socket
import sys

CONNECTIONS = 400
MESSAGE = b"m" * 64
CHUNK = b"c" * (256 * 1024)


def stream(server):
    with socket.create_connection(server) as client:
        while True:
            client.sendall(CHUNK)


def datagrams(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(server)
        while True:
            client.send(MESSAGE)


def handlers(server):
    """Every connection always has a message in transit."""
    clients = [socket.create_connection(server) for _ in range(CONNECTIONS)]
    for client in clients:
        client.sendall(MESSAGE)
    while True:
        for client in clients:
            if not client.recv(len(MESSAGE)):
                return
            client.sendall(MESSAGE)


try:
    {"stream": stream, "datagrams": datagrams, "handlers": handlers}[sys.argv[1]](("127.0.0.1", int(sys.argv[2])))
except ConnectionError:
    pass
